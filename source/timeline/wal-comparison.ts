/**
 * Two nodes' WAL side by side. A standby writes the very bytes it received, so where two nodes share a past their WAL is
 * the same byte for byte; where they part, every record differs (its back link, its checksum, its times).
 */
import type { Lsn } from '../bytes/lsn.js';
import { firstDifference } from '../wal/disagreement.js';
import { LONG_PAGE_HEADER_SIZE } from '../wal/page-header.js';
import { WalReader } from '../wal/reader.js';
import { segmentStart } from '../wal/segment-name.js';
import type { SegmentFile, WalSegments } from '../wal/segments.js';

/** What a comparison of a stretch found. */
export interface StretchComparison {
  /** Bytes that both sides have and that were compared. */
  readonly compared: number;
  /** First LSN compared; meaningless when nothing was. */
  readonly from: Lsn;
  /** First byte that differs; undefined when all compared bytes are the same. */
  readonly differsAt?: Lsn;
  /** Segments that one side lacks, with the reason, oldest first. */
  readonly missing: readonly string[];
}

function usable(segments: WalSegments, lsn: Lsn): SegmentFile | string {
  const found = segments.at(lsn);
  return 'missing' in found ? `${found.fileName}: ${found.reason}` : found;
}

/** Compares the raw bytes of both sides in [from, to), as far as both have them. */
export function compareStretch(left: WalSegments, right: WalSegments, from: Lsn, to: Lsn): StretchComparison {
  let compared = 0;
  let first = to;
  const missing: string[] = [];
  for (let at = from; at < to; ) {
    let next = Math.min(to, segmentStart(at, left.segmentSize) + left.segmentSize);
    const leftSegment = usable(left, at);
    const rightSegment = usable(right, at);
    if (typeof leftSegment === 'string' || typeof rightSegment === 'string') {
      missing.push(typeof leftSegment === 'string' ? leftSegment : (rightSegment as string));
    } else {
      next = Math.min(
        next,
        leftSegment.startLsn + leftSegment.length,
        rightSegment.startLsn + rightSegment.length,
      );
      const { startLsn } = leftSegment;
      const offset = firstDifference(leftSegment, rightSegment, at - startLsn, next - startLsn);
      const differsAt = offset === undefined ? undefined : startLsn + offset;
      if (compared === 0) first = at;
      if (differsAt !== undefined)
        return { compared: compared + differsAt - at, from: first, differsAt, missing };
      compared += next - at;
    }
    at = next;
  }
  return { compared, from: first, missing };
}

/**
 * What a node has at an LSN: a valid record; the end of its WAL; a broken record although its WAL goes on behind it; or a
 * missing segment, so that nobody knows.
 */
export type FoundAt = 'record' | 'end' | 'damaged' | 'missing';

/** Where two nodes that should share this WAL part. */
export interface Parting {
  /** The first record that is not the same on both sides, or where the shorter side ends. */
  readonly lsn: Lsn;
  readonly left: FoundAt;
  readonly right: FoundAt;
}

/** Why a reader that was asked for a record stopped; `lsn` is where. */
function stopped(reader: WalReader, lsn: Lsn): FoundAt {
  if (reader.end?.kind === 'missing') return 'missing';
  if (reader.end?.kind === 'damaged') return 'damaged';
  return reader.continuesAfter(lsn) === undefined ? 'end' : 'damaged';
}

/** True when both readers stand on the same record: same place, same bytes. */
function sameRecord(left: WalReader, right: WalReader): boolean {
  return (
    left.lsn === right.lsn &&
    left.totalLength === right.totalLength &&
    left.buffer.compare(
      right.buffer,
      right.start,
      right.start + right.totalLength,
      left.start,
      left.start + left.totalLength,
    ) === 0
  );
}

/** Walks both sides record by record from `from` until they part. Undefined when they differ from the first record on. */
function walkUntilParting(
  left: WalSegments,
  right: WalSegments,
  from: Lsn,
  stopAt?: Lsn,
): Parting | undefined {
  const leftReader = new WalReader(left, { stopAt });
  const rightReader = new WalReader(right, { stopAt });
  try {
    let shared = false;
    let leftGoesOn = leftReader.seekFirstRecord(from) && leftReader.next();
    let rightGoesOn = rightReader.seekFirstRecord(from) && rightReader.next();
    let lsn = from;
    while (leftGoesOn && rightGoesOn && sameRecord(leftReader, rightReader)) {
      shared = true;
      lsn = leftReader.endLsn;
      leftGoesOn = leftReader.next();
      rightGoesOn = rightReader.next();
    }
    if (!shared) return undefined;
    return {
      lsn,
      left: leftGoesOn ? 'record' : stopped(leftReader, lsn),
      right: rightGoesOn ? 'record' : stopped(rightReader, lsn),
    };
  } finally {
    leftReader.closeFile();
    rightReader.closeFile();
  }
}

/**
 * Finds where two nodes part whose WAL ought to be common in [from, to): by halving over the segments that both have, then
 * record by record. Undefined when they have no common WAL there, or differ as far back as both reach.
 */
export function findParting(
  left: WalSegments,
  right: WalSegments,
  positions: readonly Lsn[],
  to?: Lsn,
): Parting | undefined {
  const both = positions.filter(
    (position) => !('missing' in left.look(position)) && !('missing' in right.look(position)),
  );
  let low = 0;
  let high = both.length;
  // Invariant: segments before `low` are the same, segments from `high` on differ.
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = both[middle];
    const end = Math.min(start + left.segmentSize, to ?? Number.POSITIVE_INFINITY);
    const same = compareStretch(left, right, start, end).differsAt === undefined;
    if (same) low = middle + 1;
    else high = middle;
  }
  const parted = low < both.length ? walkUntilParting(left, right, both[low], to) : undefined;
  if (parted) return parted;
  // The parting is the first record of that segment, or there is none: the segment before holds the last common record.
  return low > 0 ? walkUntilParting(left, right, both[low - 1], to) : undefined;
}

/** What `segments` has at `lsn`. */
export function foundAt(segments: WalSegments, lsn: Lsn): FoundAt {
  const reader = new WalReader(segments);
  try {
    return reader.readAt(lsn) ? 'record' : stopped(reader, lsn);
  } finally {
    reader.closeFile();
  }
}

/**
 * The record that `lsn` lies inside of (`from` is undefined when it begins in an earlier segment); undefined when a record may begin
 * or end there, or nothing can be read around it.
 */
export function recordAround(segments: WalSegments, lsn: Lsn): { from?: Lsn; to: Lsn } | undefined {
  const reader = new WalReader(segments);
  try {
    if (lsn % segments.pageSize <= LONG_PAGE_HEADER_SIZE) return undefined;
    if (!reader.seekFirstRecord(segmentStart(lsn, segments.segmentSize))) return undefined;
    if (reader.position > lsn) return { to: reader.position };
    while (reader.position < lsn) if (!reader.next()) return undefined;
    return reader.position === lsn ? undefined : { from: reader.lsn, to: reader.position };
  } finally {
    reader.closeFile();
  }
}
