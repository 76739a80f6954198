/** Zstandard, which full-page images use under `wal_compression = zstd` (15). */
import { Decompress } from 'fzstd';
import { CorruptDatumError } from './corrupt-datum.js';

/**
 * Decompresses source[start,end), one or more zstd frames, which must give exactly `rawSize` bytes.
 * Throws CorruptDatumError when they do not.
 */
export function zstdDecompress(source: Uint8Array, start: number, end: number, rawSize: number): Buffer {
  if (end > source.length) throw new CorruptDatumError('zstd data is cut short');
  const output = Buffer.allocUnsafe(rawSize);
  let to = 0;
  const decompressor = new Decompress((block) => {
    if (to + block.length > rawSize)
      throw new CorruptDatumError(`zstd data gives more than ${rawSize} bytes`);
    output.set(block, to);
    to += block.length;
  });
  try {
    decompressor.push(source.subarray(start, end), true);
  } catch (error) {
    if (error instanceof CorruptDatumError) throw error;
    throw new CorruptDatumError(`zstd data cannot be read: ${(error as Error).message}`, { cause: error });
  }
  if (to !== rawSize) throw new CorruptDatumError(`zstd data gives ${to} bytes of the ${rawSize} it should`);
  return output;
}
