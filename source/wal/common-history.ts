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
  const at = (lsn: Lsn): SegmentFile | UnusableSegment => {
    const found = own.at(lsn);
    if (!('missing' in found)) return found;
    const others = other.at(lsn);
    return lent(others) ? others : found;
  };
  const positions = new Set(own.namedPositions());
  for (const position of other.namedPositions()) {
    if (position + own.segmentSize <= fork) positions.add(position);
  }
  const namedPositions = [...positions].sort((a, b) => a - b);
  return {
    segmentSize: own.segmentSize,
    pageSize: own.pageSize,
    majorVersion: own.majorVersion,
    systemIdentifier: own.systemIdentifier,
    places: own.places,
    history: own.history,
    timelineAt: (lsn) => own.timelineAt(lsn),
    at,
    namedPositions: () => namedPositions,
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
  };
}
