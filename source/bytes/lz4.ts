/** LZ4's block format: TOAST under `default_toast_compression = lz4` (14), full-page images under `wal_compression = lz4` (15); inside a frame (lz4-frame.ts), files. */
import { CorruptDatumError } from './corrupt-datum.js';

/** A match is never shorter, so its length is written less this. */
const SHORTEST_MATCH = 4;
/** A length nibble of 15 goes on in further bytes, until one is below 255. */
const NIBBLE_FULL = 15;

/**
 * Decompresses the block source[start,end) into `output` from `to` on, where it may refer back to what `output` holds before. Gives the
 * end of what it wrote, which is never behind `limit`.
 *
 * A block is sequences: a token (literal length, match length), literals, a 16-bit distance back. The last one has
 * literals only. With `enough` (an offset in `output`) it stops where that is reached: the block may be
 * cut short behind.
 *
 * Throws CorruptDatumError when the stream ends early, gives more than fits, or points before the output's beginning.
 */
export function lz4DecodeBlock(
  source: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  to: number,
  limit: number,
  enough = Number.POSITIVE_INFINITY,
): number {
  if (end > source.length) throw new CorruptDatumError('lz4 data is cut short');
  const begin = to;
  let from = start;

  /** Adds the bytes that continue a length whose nibble was full. */
  const continuedLength = (length: number): number => {
    let byte: number;
    do {
      if (from >= end) throw new CorruptDatumError('lz4 data ends inside a length');
      byte = source[from++];
      length += byte;
    } while (byte === 255);
    return length;
  };

  for (;;) {
    if (from >= end) throw new CorruptDatumError('lz4 data ends before its last literals');
    const token = source[from++];
    const nibble = token >> 4;
    const literals = nibble === NIBBLE_FULL ? continuedLength(nibble) : nibble;
    if (to + Math.min(literals, end - from) >= enough) {
      while (to < enough) output[to++] = source[from++];
      return to;
    }
    if (literals > end - from) throw new CorruptDatumError('lz4 data ends inside its literals');
    if (literals > limit - to) throw new CorruptDatumError(`lz4 data gives more than ${limit - begin} bytes`);
    for (const stop = from + literals; from < stop; ) output[to++] = source[from++];
    if (from === end) return to;

    if (end - from < 2) throw new CorruptDatumError('lz4 data ends inside a distance');
    const distance = source[from] | (source[from + 1] << 8);
    from += 2;
    const matchNibble = token & 0x0f;
    const length =
      (matchNibble === NIBBLE_FULL ? continuedLength(matchNibble) : matchNibble) + SHORTEST_MATCH;
    if (distance === 0 || distance > to)
      throw new CorruptDatumError(`lz4 data refers ${distance} bytes back at byte ${to} of its output`);
    if (length > limit - to) throw new CorruptDatumError(`lz4 data gives more than ${limit - begin} bytes`);
    // Byte by byte: a match may overlap what it is writing.
    for (const stop = to + length; to < stop; to++) output[to] = output[to - distance];
    if (to >= enough) return to;
  }
}

/**
 * Decompresses source[start,end), which must give exactly `rawSize` bytes (what LZ4_decompress_safe does).
 * Throws CorruptDatumError when the stream ends early or late, or points before the output's beginning.
 */
export function lz4Decompress(source: Uint8Array, start: number, end: number, rawSize: number): Buffer {
  const output = Buffer.allocUnsafe(rawSize);
  const to = lz4DecodeBlock(source, start, end, output, 0, rawSize);
  if (to !== rawSize) throw new CorruptDatumError(`lz4 data gives ${to} bytes of the ${rawSize} it should`);
  return output;
}
