/**
 * Two copies of one segment should be the same. Where they are not, one may simply end earlier (half-copied, received only so far, its
 * tail zeroed), or be damaged; or both hold valid WAL and one of them is another history's. Only records tell.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { Lsn } from '../bytes/lsn.js';
import { WalReader } from './reader.js';
import { ResourceManager, XlogOperation } from './resource-managers.js';
import type { MissingSegment, SegmentFile, WalSegments } from './segments.js';
import { readablePath } from './segments.js';

/** Two places that do not agree about a segment. */
export interface SegmentDisagreement {
  readonly fileName: string;
  /** The first byte that differs. */
  readonly lsn: Lsn;
  /** `conflict`: both hold valid WAL there. `damaged`: one copy is broken there, the other is not. */
  readonly kind: 'conflict' | 'damaged';
  /** The file that is read, and the other one. */
  readonly taken: string;
  readonly other: string;
  /** Why that one is read. */
  readonly reason: string;
}

/** Bytes compared at once. */
const CHUNK = 1024 * 1024;

/** Reads `length` bytes from `position` on, fewer at the file's end. */
export function readAt(file: number, buffer: Buffer, length: number, position: number): number {
  let have = 0;
  while (have < length) {
    const got = readSync(file, buffer, have, length - have, position + have);
    if (got === 0) break;
    have += got;
  }
  return have;
}

/** First differing offset in [from, to) of two files' bytes, undefined when none; a file's end counts as a difference. */
export function firstDifference(
  left: SegmentFile,
  right: SegmentFile,
  from: number,
  to: number,
): number | undefined {
  const leftFile = openSync(readablePath(left), 'r');
  try {
    const rightFile = openSync(readablePath(right), 'r');
    try {
      const size = Math.min(CHUNK, Math.max(0, to - from));
      const leftBytes = Buffer.allocUnsafe(size);
      const rightBytes = Buffer.allocUnsafe(size);
      for (let at = from; at < to; at += size) {
        const wanted = Math.min(size, to - at);
        const have = Math.min(
          readAt(leftFile, leftBytes, wanted, at),
          readAt(rightFile, rightBytes, wanted, at),
        );
        if (leftBytes.compare(rightBytes, 0, have, 0, have) !== 0) {
          for (let index = 0; ; index++) if (leftBytes[index] !== rightBytes[index]) return at + index;
        }
        if (have < wanted) return at + have;
      }
      return undefined;
    } finally {
      closeSync(rightFile);
    }
  } finally {
    closeSync(leftFile);
  }
}

/** How one copy stands at a byte: a valid record, its end, damage, or nothing that this segment alone could tell. */
type Standing = 'valid' | 'ends' | 'damaged' | 'unknown';

/** What a reader sees of one copy of a segment: that, and the segments behind it. */
function seenThrough(file: SegmentFile, segments: WalSegments): WalSegments {
  const end = file.startLsn + segments.segmentSize;
  const at = (lsn: Lsn): SegmentFile | MissingSegment => {
    if (lsn >= end) return segments.look(lsn);
    if (lsn >= file.startLsn && lsn < file.startLsn + file.length) return file;
    const { fileName, timeline, startLsn } = file;
    return { fileName, timeline, startLsn, missing: true, reason: 'not looked at' };
  };
  return {
    segmentSize: segments.segmentSize,
    pageSize: segments.pageSize,
    majorVersion: segments.majorVersion,
    systemIdentifier: segments.systemIdentifier,
    at,
    look: at,
    timelineAt: (lsn) => segments.timelineAt(lsn),
    waiting: () => false,
    list: () => [file],
  };
}

function standingAt(file: SegmentFile, lsn: Lsn, segments: WalSegments): Standing {
  const reader = new WalReader(seenThrough(file, segments));
  try {
    if (!reader.seekFirstRecord(file.startLsn)) return reader.end?.kind === 'damaged' ? 'damaged' : 'ends';
    if (reader.position > lsn) return 'unknown';
    while (reader.next()) {
      const isSwitch = reader.rmid === ResourceManager.xlog && (reader.info & 0xf0) === XlogOperation.switch;
      // What follows a switch is nobody's: archive commands may have cleared it.
      if (isSwitch) return lsn < reader.lsn + reader.totalLength ? 'valid' : 'ends';
      if (reader.endLsn > lsn) return 'valid';
    }
    const { end } = reader;
    if (end?.kind === 'missing') return 'unknown';
    if (end?.kind === 'damaged') return 'damaged';
    return reader.continuesAfter(end?.lsn ?? lsn) === undefined ? 'ends' : 'damaged';
  } finally {
    reader.closeFile();
  }
}

/** Which of two copies is to be read. */
export interface Settled {
  readonly taken: SegmentFile;
  /** What is to be told; undefined when one copy is merely shorter. */
  readonly disagreement?: SegmentDisagreement;
}

/**
 * Compares two copies of a segment as far as both reach, `first` being the one of the place that comes first. `segments` tells what
 * lies behind the segment.
 */
export function settle(first: SegmentFile, second: SegmentFile, segments: WalSegments): Settled {
  const longer = second.length > first.length ? second : first;
  const offset = firstDifference(first, second, 0, Math.min(first.length, second.length));
  if (offset === undefined) return { taken: longer };
  const lsn = first.startLsn + offset;
  const stands = [standingAt(first, lsn, segments), standingAt(second, lsn, segments)];
  const [taken, other, left] =
    TRUST[stands[1]] > TRUST[stands[0]] ? [second, first, stands[0]] : [first, second, stands[1]];
  const better = stands[taken === first ? 0 : 1];
  if (left === 'ends' && better !== 'damaged') return { taken };
  const damaged = better === 'damaged' || left === 'damaged';
  return {
    taken,
    disagreement: {
      fileName: taken.fileName,
      lsn,
      kind: damaged ? 'damaged' : 'conflict',
      taken: taken.path,
      other: other.path,
      reason:
        better === 'damaged'
          ? 'neither copy is whole there'
          : damaged
            ? 'the other copy is damaged there'
            : 'both hold valid WAL there, which only different histories can, and its place was named first',
    },
  };
}

/** Whom to believe: one that only ends proves nothing about what follows. */
const TRUST: Readonly<Record<Standing, number>> = { valid: 3, unknown: 2, damaged: 1, ends: 0 };
