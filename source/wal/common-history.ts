/**
 * Two nodes share every byte of WAL before their fork: where one of them has lost a segment, the other's serves.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { MissingSegment, SegmentFile, WalSegments } from './segments.js';

/**
 * `own` WAL, completed before `fork` by what `other` has. From the fork on only `own` counts: of the other's segment that
 * holds the fork, whole pages before it may be read.
 */
export function withCommonHistory(own: WalSegments, other: WalSegments, fork: Lsn): WalSegments {
  const borrow = (lsn: Lsn): SegmentFile | undefined => {
    if (lsn >= fork) return undefined;
    const found = other.at(lsn);
    if ('missing' in found) return undefined;
    const common = fork - found.startLsn;
    const length = Math.min(found.length, common - (common % own.pageSize));
    return lsn - found.startLsn < length ? { ...found, length } : undefined;
  };
  const at = (lsn: Lsn): SegmentFile | MissingSegment => {
    const found = own.at(lsn);
    return 'missing' in found ? (borrow(lsn) ?? found) : found;
  };
  return {
    segmentSize: own.segmentSize,
    pageSize: own.pageSize,
    majorVersion: own.majorVersion,
    systemIdentifier: own.systemIdentifier,
    timelineAt: (lsn) => own.timelineAt(lsn),
    at,
    list: () => {
      const byPosition = new Map<Lsn, SegmentFile | MissingSegment>();
      for (const segment of other.list()) {
        const borrowed = 'missing' in segment ? undefined : borrow(segment.startLsn);
        if (borrowed) byPosition.set(segment.startLsn, borrowed);
      }
      for (const segment of own.list()) {
        if (!('missing' in segment) || !byPosition.has(segment.startLsn)) {
          byPosition.set(segment.startLsn, segment);
        }
      }
      return [...byPosition.values()].sort((a, b) => a.startLsn - b.startLsn);
    },
  };
}
