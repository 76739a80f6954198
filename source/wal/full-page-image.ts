/**
 * A page out of a record's full-page image: decompressed, its hole filled with zeros (RestoreBlockImage() in xlogreader.c).
 */
import { lz4Decompress } from '../bytes/lz4.js';
import { pglzDecompress } from '../bytes/pglz.js';
import { zstdDecompress } from '../bytes/zstd.js';
import type { RecordCursor } from './record-cursor.js';
import type { RecordVersion } from './record-versions.js';

/** Does the record carry an image of this block that replaces the page (BKPIMAGE_APPLY)? */
export function hasPageImage(record: RecordCursor, blockId: number, version: RecordVersion): boolean {
  return record.imageLength[blockId] > 0 && (record.imageInfo[blockId] & version.imageApply) !== 0;
}

/**
 * The page as it was after the record was applied, in a buffer of `blockSize` bytes of its own (or `target`).
 * Throws CorruptDatumError when a compressed image does not decompress to what it promises.
 */
export function restorePageImage(
  record: RecordCursor,
  blockId: number,
  version: RecordVersion,
  blockSize: number,
  target: Buffer = Buffer.allocUnsafe(blockSize),
): Buffer {
  const info = record.imageInfo[blockId];
  const start = record.imageOffset[blockId];
  const end = start + record.imageLength[blockId];
  const hole = record.imageHoleOffset[blockId];
  const holeLength = record.imageHoleLength[blockId];
  let image: Buffer = record.buffer;
  let from = start;
  if ((info & version.imageCompressedBits) !== 0) {
    const rawSize = blockSize - holeLength;
    if ((info & version.imagePglz) !== 0) image = pglzDecompress(image, start, end, rawSize);
    else if ((info & version.imageLz4) !== 0) image = lz4Decompress(image, start, end, rawSize);
    else image = zstdDecompress(image, start, end, rawSize);
    from = 0;
  }
  if (holeLength === 0) {
    image.copy(target, 0, from, from + blockSize);
    return target;
  }
  image.copy(target, 0, from, from + hole);
  target.fill(0, hole, hole + holeLength);
  image.copy(target, hole + holeLength, from + hole, from + blockSize - holeLength);
  return target;
}
