/** Records in a segment's file, changed by hand. */
import { updateCrc32c } from '../../source/bytes/crc32c.js';

/** sizeof(XLogRecord), and where in it xl_crc is. */
const RECORD_HEADER = 24;
const RECORD_CRC_AT = 20;

/** Gives the record at `at`, when it lies within a page, the checksum that its bytes have. Says whether it does. */
export function makeRight(file: Buffer, at: number, pageSize: number): boolean {
  const length = file.readUInt32LE(at);
  if (length < RECORD_HEADER || (at % pageSize) + length > pageSize) return false;
  // The checksum is over the data first and the header, up to the checksum, last.
  const body = updateCrc32c(0xffffffff, file, at + RECORD_HEADER, at + length);
  file.writeUInt32LE(~updateCrc32c(body, file, at, at + RECORD_CRC_AT) >>> 0, at + RECORD_CRC_AT);
  return true;
}
