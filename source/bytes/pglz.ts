/** PostgreSQL's own LZ compression (common/pg_lzcompress.c): TOAST's default, and full-page images under `wal_compression = pglz`. */
import { CorruptDatumError } from './corrupt-datum.js';

/** The shortest match a tag can say; the longest it says without an extra length byte is 18. */
const SHORTEST_MATCH = 3;
const LONGEST_PLAIN_MATCH = 18;

/**
 * Decompresses source[start,end), which must give exactly `rawSize` bytes (pglz_decompress with check_complete).
 *
 * The stream is groups of eight items headed by a control byte, lowest bit first: 0 is a literal byte, 1 a tag of two
 * or three bytes naming a distance back into the output and a length.
 *
 * Throws CorruptDatumError when the stream ends early or late, or points before the output's beginning.
 */
export function pglzDecompress(source: Uint8Array, start: number, end: number, rawSize: number): Buffer {
  if (end > source.length) throw new CorruptDatumError('pglz data is cut short');
  const output = Buffer.allocUnsafe(rawSize);
  let from = start;
  let to = 0;
  while (from < end && to < rawSize) {
    let control = source[from++];
    for (let item = 0; item < 8 && from < end && to < rawSize; item++, control >>= 1) {
      if ((control & 1) === 0) {
        output[to++] = source[from++];
        continue;
      }
      if (from + 2 > end) throw new CorruptDatumError('pglz data ends inside a tag');
      let length = (source[from] & 0x0f) + SHORTEST_MATCH;
      const distance = ((source[from] & 0xf0) << 4) | source[from + 1];
      from += 2;
      if (length === LONGEST_PLAIN_MATCH) {
        if (from >= end) throw new CorruptDatumError('pglz data ends inside a tag');
        length += source[from++];
      }
      if (distance === 0 || distance > to)
        throw new CorruptDatumError(`pglz data refers ${distance} bytes back at byte ${to} of its output`);
      // As the server does, a last match may promise more than the value holds: it is cut at the value's end.
      const stop = Math.min(to + length, rawSize);
      // Byte by byte: a match may overlap what it is writing.
      for (; to < stop; to++) output[to] = output[to - distance];
    }
  }
  if (to !== rawSize || from !== end)
    throw new CorruptDatumError(
      `pglz data gives ${to} bytes of the ${rawSize} it should, with ${end - from} bytes left over`,
    );
  return output;
}
