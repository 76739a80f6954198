/**
 * Two nodes share every byte of WAL before their fork: where one of them has lost a segment, or its copy is damaged, the other's serves.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type { Lsn } from '../bytes/lsn.js';
import { firstDifference, readAt, type SegmentDisagreement } from './disagreement.js';
import { WalReader } from './reader.js';
import { segmentStart } from './segment-name.js';
import { readablePath, type SegmentFile } from './segments.js';
import type { WalSpool } from './spool.js';
import type { UnusableSegment, WalPlaces } from './wal-places.js';

type Found = SegmentFile | UnusableSegment;

/** Bytes copied at once. */
const PIECE = 1024 * 1024;

/**
 * `own` WAL, completed by segments of `other` that end before `fork`. The segment that holds the fork is never lent: behind
 * the fork it is another node's. With a spool, damage in it before the fork is mended in a copy.
 */
export function withCommonHistory(own: WalPlaces, other: WalPlaces, fork: Lsn, spool?: WalSpool): WalPlaces {
  const { segmentSize } = own;
  const lent = (found: Found): found is SegmentFile =>
    !('missing' in found) && found.startLsn + segmentSize <= fork;
  /** What is read instead of own files that turned out to be damaged, by their segments' first LSNs. */
  const mended = new Map<Lsn, SegmentFile>();
  const disagreements: SegmentDisagreement[] = [];
  /** Files that are there first, whoever's they are; then places that have to be asked. */
  const completed =
    (...ways: readonly ((places: WalPlaces, lsn: Lsn) => Found)[]) =>
    (lsn: Lsn): Found => {
      const better = mended.size > 0 ? mended.get(segmentStart(lsn, segmentSize)) : undefined;
      if (better) return better;
      let missing: UnusableSegment | undefined;
      for (const way of ways) {
        const found = way(own, lsn);
        if (!('missing' in found)) return found;
        missing = found;
        if (lsn >= fork) continue;
        const others = way(other, lsn);
        if (lent(others)) return others;
        if ('missing' in others && others.pending) missing = { ...found, pending: true };
      }
      return missing as UnusableSegment;
    };
  const atHand = completed((places, lsn) => places.atHand(lsn));

  /** Takes the other's copy of the segment at `start`, up to the fork, if both are the same up to `damage`. */
  const take = (start: Lsn, damage: Lsn): void => {
    const mine = own.atHand(start);
    const theirs = other.atHand(start);
    const shared = Math.min(segmentSize, fork - start);
    if (mended.has(start) || 'missing' in mine || 'missing' in theirs || theirs.length < shared) return;
    const same = Math.min(Math.max(0, damage - start), mine.length);
    if (firstDifference(mine, theirs, 0, same) !== undefined) return;
    const offset = firstDifference(mine, theirs, same, shared);
    if (offset === undefined) return;
    const better = shared === segmentSize ? theirs : spool && spliced(mine, theirs, shared, spool);
    if (!better) return;
    mended.set(start, better);
    disagreements.push({
      fileName: mine.fileName,
      lsn: start + offset,
      kind: 'damaged',
      taken: theirs.path,
      other: mine.path,
      reason: 'the other copy is damaged there, and before the fork both nodes share every byte',
    });
  };

  const mend = (lsn: Lsn, path: string): boolean => {
    if (lsn >= fork) return false;
    const start = segmentStart(lsn, segmentSize);
    const before = mended.size;
    // Only what the other side holds as a whole record of the shared part is better.
    const reader = new WalReader(other);
    try {
      if (!reader.readAt(lsn) || reader.endLsn > fork) return false;
      for (let at = start; at < reader.endLsn; at += segmentSize) take(at, lsn);
    } finally {
      reader.closeFile();
    }
    // Another reader may have had it mended already.
    const now = atHand(start);
    return mended.size > before || (mended.has(start) && !('missing' in now) && now.path !== path);
  };

  const positions = (): readonly Lsn[] => {
    const all = new Set(own.namedPositions());
    for (const position of other.namedPositions()) {
      if (position + segmentSize <= fork) all.add(position);
    }
    return [...all].sort((a, b) => a - b);
  };
  return {
    segmentSize,
    pageSize: own.pageSize,
    majorVersion: own.majorVersion,
    systemIdentifier: own.systemIdentifier,
    places: own.places,
    history: own.history,
    timelineAt: (lsn) => own.timelineAt(lsn),
    at: completed(
      (places, lsn) => places.atHand(lsn),
      (places, lsn) => places.at(lsn),
    ),
    atHand,
    look: completed((places, lsn) => places.look(lsn)),
    mend,
    waiting: () => own.waiting() || other.waiting(),
    namedPositions: positions,
    lastUsable: () => own.lastUsable() ?? other.list().filter(lent).at(-1)?.startLsn,
    list: () => {
      const byPosition = new Map<Lsn, Found>();
      for (const segment of other.list()) if (lent(segment)) byPosition.set(segment.startLsn, segment);
      for (const segment of own.list()) {
        if (!('missing' in segment) || !byPosition.has(segment.startLsn)) {
          byPosition.set(segment.startLsn, mended.get(segment.startLsn) ?? segment);
        }
      }
      return [...byPosition.values()].sort((a, b) => a.startLsn - b.startLsn);
    },
    disagreements: () => [...own.disagreements(), ...disagreements],
  };
}

/** A copy of `mine` whose first `shared` bytes are `theirs`. */
function spliced(mine: SegmentFile, theirs: SegmentFile, shared: number, spool: WalSpool): SegmentFile {
  const path = spool.newPath(mine.fileName);
  const output = openSync(path, 'wx', 0o600);
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    for (const [from, until, source] of [
      [0, shared, theirs],
      [shared, mine.length, mine],
    ] as const) {
      const input = openSync(readablePath(source), 'r');
      try {
        for (let at = from; at < until; ) {
          const have = readAt(input, piece, Math.min(PIECE, until - at), at);
          if (have === 0) break;
          for (let written = 0; written < have; )
            written += writeSync(output, piece, written, have - written, at + written);
          at += have;
        }
      } finally {
        closeSync(input);
      }
    }
  } finally {
    closeSync(output);
  }
  return { ...mine, path: `${mine.path} (before the fork: ${theirs.path})`, unpacked: () => path };
}
