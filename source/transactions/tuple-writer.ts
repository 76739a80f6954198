/**
 * Which record wrote a tuple, as one number: the LSN of the record that holds it; negative when it lies in that record's full-page image;
 * one more when it cannot be had from it; or one of two words for not knowing.
 */
import type { Lsn } from '../bytes/lsn.js';

/** Nothing is known of the tuple: its page was never seen whole, and nothing was written to its place. */
export const WRITER_UNKNOWN = 0;

/** Something may have been written to its place, but that could not be kept. Not a multiple of eight, so no LSN. */
export const WRITER_FORGOTTEN = 2;

/** Added to a writer's LSN when its tuple cannot be had from it: a difference from a row that is not known. LSNs are multiples of eight. */
const UNREADABLE = 1;

/** The writer of a tuple that cannot be read from its record. */
export function unreadableWriter(lsn: Lsn): number {
  return lsn + UNREADABLE;
}

/** Was the writer's tuple found not to be readable from its record? */
export function isUnreadable(writer: number): boolean {
  // The remainder of large numbers takes its time; dividing by a power of two is exact.
  const eighths = (writer - UNREADABLE) / 8;
  return writer > 0 && Math.floor(eighths) === eighths;
}

/** Can the tuple be read from its writer's record, directly or through the differences before it? */
export function isReadable(writer: number): boolean {
  return writer !== WRITER_UNKNOWN && writer !== WRITER_FORGOTTEN && !isUnreadable(writer);
}

/** The LSN of a writer's record, whether its tuple can be read or not. */
export function readableWriter(writer: number): Lsn {
  return Math.floor(Math.abs(writer) / 8) * 8;
}
