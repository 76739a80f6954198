/**
 * Names of WAL files: segments (`0000000200000000000000B9`), half-finished ones (`….partial`), timeline histories
 * (`00000002.history`) and backup histories (access/xlog_internal.h: XLogFileName, TLHistoryFileName).
 */
import type { Lsn } from '../bytes/lsn.js';

const TWO_TO_32 = 0x1_0000_0000;

/** Smallest and largest segment that initdb makes (access/xlog_internal.h: WalSegMinSize, WalSegMaxSize), in bytes. */
export const MINIMUM_SEGMENT_SIZE = 1024 * 1024;
export const MAXIMUM_SEGMENT_SIZE = 1024 * 1024 * 1024;

/** True for a power of two from 1 MiB to 1 GiB (access/xlog_internal.h: IsValidWalSegSize). */
export function isValidSegmentSize(bytes: number): boolean {
  return bytes >= MINIMUM_SEGMENT_SIZE && bytes <= MAXIMUM_SEGMENT_SIZE && (bytes & (bytes - 1)) === 0;
}

function hexadecimal(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}

/** What a segment's name tells once the segment size is known. */
export interface SegmentName {
  readonly timeline: number;
  /** First LSN the segment holds. */
  readonly startLsn: Lsn;
  /** Named `.partial`: the end of a timeline, left by a promotion or a receiver. */
  readonly partial: boolean;
}

/** First LSN of the segment that holds `lsn`. `segmentSize` in bytes. */
export function segmentStart(lsn: Lsn, segmentSize: number): Lsn {
  return lsn - (lsn % segmentSize);
}

/** Name of the segment that holds `lsn` on `timeline` (XLogFileName). `segmentSize` in bytes. */
export function segmentFileName(timeline: number, lsn: Lsn, segmentSize: number): string {
  const segmentNumber = Math.floor(lsn / segmentSize);
  const segmentsPerId = TWO_TO_32 / segmentSize;
  return (
    hexadecimal(timeline) +
    hexadecimal(Math.floor(segmentNumber / segmentsPerId)) +
    hexadecimal(segmentNumber % segmentsPerId)
  );
}

/**
 * Reads a segment's name, `.partial` included. Undefined when the name is not one, or names a segment that cannot
 * exist at this segment size (its last eight digits go too far) or beyond 2^53.
 */
export function parseSegmentFileName(name: string, segmentSize: number): SegmentName | undefined {
  const match = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?$/.exec(name);
  if (!match) return undefined;
  const timeline = Number.parseInt(match[1], 16);
  const id = Number.parseInt(match[2], 16);
  const segment = Number.parseInt(match[3], 16);
  const segmentsPerId = TWO_TO_32 / segmentSize;
  const startLsn = (id * segmentsPerId + segment) * segmentSize;
  if (timeline === 0 || segment >= segmentsPerId || !Number.isSafeInteger(startLsn)) return undefined;
  return { timeline, startLsn, partial: match[4] !== undefined };
}

/** True when a name has the form of a segment's or a `.partial` segment's, whatever the segment size. */
export function looksLikeSegmentName(name: string): boolean {
  return /^[0-9A-F]{24}(\.partial)?$/.test(name);
}

/** Name of a timeline's history file (TLHistoryFileName). */
export function historyFileName(timeline: number): string {
  return `${hexadecimal(timeline)}.history`;
}
