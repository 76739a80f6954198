/**
 * CRC-32C (Castagnoli), the checksum of every WAL record, of pg_control and of pg_filenode.map (port/pg_crc32c.h).
 *
 * Slicing by eight: eight bytes a step through eight tables, the way pg_crc32c_sb8.c explains it, in one Uint32Array so that
 * the engine keeps a single base pointer.
 */

/** The polynomial 0x1EDC6F41, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

/** `count` tables of 256 entries, one after the other: what a byte comes to that is followed by as many zero bytes as the table's number. */
export function crcTables(count: number): Uint32Array {
  const tables = new Uint32Array(count * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const previous = tables[at - 256];
    tables[at] = (previous >>> 8) ^ tables[previous & 0xff];
  }
  return tables;
}

const TABLES = crcTables(8);

/**
 * Continues a CRC-32C over bytes [start, end). `state` is the running value before its final inversion; begin with
 * 0xffffffff (INIT_CRC32C) and end with `~state >>> 0` (FIN_CRC32C).
 */
export function updateCrc32c(state: number, bytes: Uint8Array, start: number, end: number): number {
  const tables = TABLES;
  let crc = state;
  let at = start;
  const wideEnd = end - 7;
  while (at < wideEnd) {
    const low = crc ^ (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24));
    crc =
      tables[1792 + (low & 0xff)] ^
      tables[1536 + ((low >>> 8) & 0xff)] ^
      tables[1280 + ((low >>> 16) & 0xff)] ^
      tables[1024 + (low >>> 24)] ^
      tables[768 + bytes[at + 4]] ^
      tables[512 + bytes[at + 5]] ^
      tables[256 + bytes[at + 6]] ^
      tables[bytes[at + 7]];
    at += 8;
  }
  while (at < end) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at++]) & 0xff];
  return crc;
}

/** CRC-32C of bytes [start, end), as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return ~updateCrc32c(0xffffffff, bytes, start, end) >>> 0;
}
