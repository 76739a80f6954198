/**
 * isn_out and ean13_out (contrib/isn): the numbers of books, serials, music and goods, all kept as EAN13.
 *
 * The server prints hyphens out of tables of publishers' ranges that it carries along (and that change between versions), and leaves parts of
 * a number out where the type has a shorter form. Here all thirteen digits are written, which every type's input function reads back to the
 * very same value.
 */
import { type OutputFunction, requireLength } from '../output.js';

/** ean13 (isn.h): the number, shifted left by one bit, and below it whether its check digit was wrong (weak mode), which is written `!`. */
export const isnOutput: OutputFunction = (bytes, start, end) => {
  requireLength(bytes, start, end, 8);
  const stored = bytes.readBigUInt64LE(start);
  const digits = (stored >> 1n).toString().padStart(13, '0');
  return (stored & 1n) === 1n ? `${digits}!` : digits;
};
