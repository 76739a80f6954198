/** Zstandard, which full-page images use under `wal_compression = zstd` (15). */
import { Decompress } from 'fzstd';
import { CorruptDatumError } from './corrupt-datum.js';

/** The window every decoder must offer (RFC 8878, 3.1.1.1.2). A page needs a thousandth of it. */
const LARGEST_WINDOW = 8 << 20;

/**
 * How much memory the frame at `start` asks for (RFC 8878, 3.1.1.1): its window, or the size of its content when it
 * is one segment. A damaged header could ask for gigabytes.
 */
function frameWindow(source: Uint8Array, start: number): number {
  const descriptor = source[start + 4];
  if ((descriptor & 0x20) === 0) {
    const base = 2 ** (10 + (source[start + 5] >> 3));
    return base + (base / 8) * (source[start + 5] & 7);
  }
  const dictionaryIdSize = [0, 1, 2, 4][descriptor & 3];
  const sizeLength = 1 << (descriptor >> 6);
  let size = sizeLength === 2 ? 256 : 0;
  for (let index = 0; index < sizeLength; index++)
    size += source[start + 5 + dictionaryIdSize + index] * 256 ** index;
  return size;
}

/**
 * Decompresses source[start,end), one or more zstd frames, which must give exactly `rawSize` bytes.
 * Throws CorruptDatumError when they do not.
 */
export function zstdDecompress(source: Uint8Array, start: number, end: number, rawSize: number): Buffer {
  if (end > source.length) throw new CorruptDatumError('zstd data is cut short');
  if (end - start < 6 || frameWindow(source, start) > Math.max(rawSize, LARGEST_WINDOW))
    throw new CorruptDatumError('zstd data begins with a header that makes no sense');
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
