/** WAL gathered from places, as those see it who read it: for each position a file, or why there is none. */
import type { Lsn } from '../bytes/lsn.js';
import type { SegmentDisagreement } from './disagreement.js';
import type { MissingSegment, SegmentFile, WalSegments } from './segments.js';
import type { TimelineSpan } from './timeline-span.js';

/** A position without a usable file, and what was found in its place. */
export interface UnusableSegment extends MissingSegment {
  readonly state: 'missing' | 'recycled' | 'foreign';
}

/** WalSegments that were gathered from places. */
export interface WalPlaces extends WalSegments {
  /** The places, in the order in which they are asked, as the operator knows them. */
  readonly places: readonly string[];
  /** The node's path, oldest timeline first. */
  readonly history: readonly TimelineSpan[];
  at(lsn: Lsn): SegmentFile | UnusableSegment;
  look(lsn: Lsn): SegmentFile | UnusableSegment;
  /** As at(), out of files that are there: no place is asked. */
  atHand(lsn: Lsn): SegmentFile | UnusableSegment;
  /** A gap of several segments is told by its first, however long it is. */
  list(): readonly (SegmentFile | UnusableSegment)[];
  /** First LSNs of the segments that any file's name stands for on this history, ascending, none of them opened. */
  namedPositions(): readonly Lsn[];
  /** First LSN of the last segment that has a usable file; undefined when there is none. */
  lastUsable(): Lsn | undefined;
  /** Copies of segments that did not agree, among those that were read. */
  disagreements(): readonly SegmentDisagreement[];
}
