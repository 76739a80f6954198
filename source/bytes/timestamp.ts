/**
 * Microseconds since 2000-01-01 00:00 UTC: PostgreSQL's TimestampTz (datatype/timestamp.h), as a number.
 * Exact for every commit time until the year 2255.
 */
export type TimestampMicros = number;

/** 2000-01-01 as milliseconds since the Unix epoch. */
export const POSTGRES_EPOCH_MS = 946_684_800_000;

const TWO_TO_32 = 0x1_0000_0000;

/** Reads a little-endian TimestampTz at `offset`. */
export function readTimestamp(view: DataView, offset: number): TimestampMicros {
  return view.getInt32(offset + 4, true) * TWO_TO_32 + view.getUint32(offset, true);
}

const MICROS_IN_SECOND = 1_000_000;
/** The second written last, since whoever writes times writes those of one second by the thousand. */
let writtenSecond = Number.NaN;
let writtenText = '';

/** `2026-11-21T02:45:47.184429Z`: UTC with microseconds, as `list --json` prints it. */
export function formatTimestamp(micros: TimestampMicros): string {
  const second = Math.floor(micros / MICROS_IN_SECOND);
  if (second !== writtenSecond) {
    writtenText = new Date(POSTGRES_EPOCH_MS + second * 1000).toISOString().slice(0, -4);
    writtenSecond = second;
  }
  return `${writtenText}${String(micros - second * MICROS_IN_SECOND).padStart(6, '0')}Z`;
}
