/** Where WAL bytes come from, for one cluster: files found in any number of places, each checked before use. */
import type { Lsn } from '../bytes/lsn.js';

/** A segment that was found and checked: its first page carries the right system identifier, timeline and address. */
export interface SegmentFile {
  /** Where it was found: the file that people know. Its bytes are read from `readablePath()`. */
  readonly path: string;
  /** The place it came from, as the operator named it: `pg_wal`'s path, an archive, a server. */
  readonly place: string;
  /** A file with its bytes, when `path` is packed: made when asked for, and perhaps gone after another segment was asked for. */
  readonly unpacked?: () => string;
  readonly fileName: string;
  readonly timeline: number;
  /** First LSN in it. */
  readonly startLsn: Lsn;
  /** Bytes that may be read; less than the segment size for a truncated or half-copied file. */
  readonly length: number;
  /** Named `.partial`: valid only as far as its pages say. */
  readonly partial: boolean;
}

/** A file from which the segment's bytes can be read now: itself, or what it was unpacked into. */
export function readablePath(segment: SegmentFile): string {
  return segment.unpacked ? segment.unpacked() : segment.path;
}

/** Why a segment cannot be read. */
export interface MissingSegment {
  readonly fileName: string;
  readonly timeline: number;
  readonly startLsn: Lsn;
  readonly missing: true;
  /** One sentence: absent, recycled (its pages carry address X), belongs to another cluster … */
  readonly reason: string;
  /** A file of that name is there, and is neither pre-allocated nor recycled: what it should hold was written, and is broken. */
  readonly broken?: boolean;
  /** A place that has to be asked for it was not asked yet: whoever waits may find it here. */
  readonly pending?: boolean;
}

/** The WAL of one node as one line of bytes, along that node's own timeline history. */
export interface WalSegments {
  /** Bytes a segment (a power of two from 1 MiB to 1 GiB). */
  readonly segmentSize: number;
  /** XLOG_BLCKSZ. */
  readonly pageSize: number;
  readonly majorVersion: number;
  /** Decimal text of the 64-bit system identifier, and its two halves for comparing on the fly. */
  readonly systemIdentifier: string;
  /** The segment that holds `lsn` on this node's history, ready to be read: unpacked, and compared with its other copies. */
  at(lsn: Lsn): SegmentFile | MissingSegment;
  /** The same by a look at its first page only: nothing is unpacked, fetched or compared. */
  look(lsn: Lsn): SegmentFile | MissingSegment;
  /** Places that take a while were asked for something: what was missing may be there later. */
  waiting(): boolean;
  /**
   * The record at `lsn` cannot be read, in the file known as `path` or one before it: is there a better copy? True when another file is
   * read from now on.
   */
  mend?(lsn: Lsn, path: string): boolean;
  /** Timeline an LSN belongs to on this node's history. */
  timelineAt(lsn: Lsn): number;
  /** Every segment position known of (present, partial or known to be missing) in LSN order. */
  list(): readonly (SegmentFile | MissingSegment)[];
}
