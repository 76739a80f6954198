/**
 * Two nodes share every byte of WAL before their fork: where one of them has lost a segment, the other's serves.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { UnusableSegment, WalPlaces } from './places.js';
import type { SegmentFile } from './segments.js';

/**
 * `own` WAL, completed by segments of `other` that end before `fork`. The segment that holds the fork is never lent: behind
 * the fork it is another node's.
 */
export function withCommonHistory(own: WalPlaces, other: WalPlaces, fork: Lsn): WalPlaces {
  const lent = (found: SegmentFile | UnusableSegment): found is SegmentFile =>
    !('missing' in found) && found.startLsn + own.segmentSize <= fork;
  /** Files that are there first, whoever's they are; then places that have to be asked. */
  const completed =
    (...ways: readonly ((places: WalPlaces, lsn: Lsn) => SegmentFile | UnusableSegment)[]) =>
    (lsn: Lsn): SegmentFile | UnusableSegment => {
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
  const look = completed((places, lsn) => places.look(lsn));
  const positions = (): readonly Lsn[] => {
    const all = new Set(own.namedPositions());
    for (const position of other.namedPositions()) {
      if (position + own.segmentSize <= fork) all.add(position);
    }
    return [...all].sort((a, b) => a - b);
  };
  return {
    segmentSize: own.segmentSize,
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
    atHand: completed((places, lsn) => places.atHand(lsn)),
    look,
    waiting: () => own.waiting() || other.waiting(),
    namedPositions: positions,
    lastUsable: () => own.lastUsable() ?? other.list().filter(lent).at(-1)?.startLsn,
    list: () => {
      const byPosition = new Map<Lsn, SegmentFile | UnusableSegment>();
      for (const segment of other.list()) if (lent(segment)) byPosition.set(segment.startLsn, segment);
      for (const segment of own.list()) {
        if (!('missing' in segment) || !byPosition.has(segment.startLsn)) {
          byPosition.set(segment.startLsn, segment);
        }
      }
      return [...byPosition.values()].sort((a, b) => a.startLsn - b.startLsn);
    },
    disagreements: () => own.disagreements(),
  };
}
