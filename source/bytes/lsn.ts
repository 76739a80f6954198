/**
 * Log sequence numbers: a byte's address in the endless stream of WAL.
 *
 * PostgreSQL's XLogRecPtr is an unsigned 64-bit integer (access/xlogdefs.h). Here it is a JavaScript
 * number, exact up to 2^53 (8 PiB of WAL): arithmetic stays in registers and typed arrays can hold it
 * (Float64Array). A cluster beyond that is refused, never rounded.
 */
import type { TextSink } from './text-sink.js';

/** A place in WAL, in bytes. */
export type Lsn = number;

const TWO_TO_32 = 0x1_0000_0000;

/** Writes an LSN as PostgreSQL does (`%X/%X`): `0/B9DF928`. */
export function formatLsn(lsn: Lsn): string {
  const high = Math.floor(lsn / TWO_TO_32);
  const low = lsn % TWO_TO_32;
  return `${high.toString(16).toUpperCase()}/${low.toString(16).toUpperCase()}`;
}

/** The same into a sink. */
export function appendLsn(sink: TextSink, lsn: Lsn): void {
  appendHexadecimal(sink, Math.floor(lsn / TWO_TO_32));
  sink.byte(SLASH);
  appendHexadecimal(sink, lsn % TWO_TO_32);
}

const SLASH = 0x2f;
const HEXADECIMAL = Buffer.from('0123456789ABCDEF');

function appendHexadecimal(sink: TextSink, value: number): void {
  let shift = 28;
  while (shift > 0 && value >>> shift === 0) shift -= 4;
  for (; shift >= 0; shift -= 4) sink.byte(HEXADECIMAL[(value >>> shift) & 0xf]);
}

/** Reads `%X/%X`. Returns undefined when the text is not an LSN or lies beyond 2^53. */
export function parseLsn(text: string): Lsn | undefined {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text.trim());
  if (!match) return undefined;
  const lsn = Number.parseInt(match[1], 16) * TWO_TO_32 + Number.parseInt(match[2], 16);
  return Number.isSafeInteger(lsn) ? lsn : undefined;
}

/** Reads a little-endian 64-bit LSN at `offset`. Throws RangeError beyond 2^53. */
export function readLsn(view: DataView, offset: number): Lsn {
  const lsn = view.getUint32(offset + 4, true) * TWO_TO_32 + view.getUint32(offset, true);
  if (!Number.isSafeInteger(lsn)) throw new RangeError(`LSN beyond 2^53 at byte ${offset}`);
  return lsn;
}

/** MAXALIGN: the next multiple of 8, the alignment of every WAL record and tuple on a 64-bit platform. */
export function maxAlign(value: number): number {
  const rest = value % 8;
  return rest === 0 ? value : value + 8 - rest;
}
