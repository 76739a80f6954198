/**
 * pg_filenode.map: which file each mapped catalog lives in (utils/cache/relmapper.c). pg_class cannot say that of
 * itself, nor of the tables needed to read it.
 */
import { readFileSync } from 'node:fs';
import { crc32c } from '../bytes/crc32c.js';
import { ForkpointError } from '../bytes/errors.js';
import type { Oid } from './model.js';

/** RELMAPPER_FILEMAGIC */
const MAGIC = 0x592717;

/** Where the checksum is, by the file's size: room for 62 mappings until 15, for 64 from 16 on. */
const CHECKSUM_OFFSET_BY_SIZE: Readonly<Record<number, number>> = { 512: 504, 524: 520 };

/** File node by relation OID. */
export type FileNodeMap = ReadonlyMap<Oid, number>;

/** Reads the map's bytes. Returns one sentence instead when they are not a valid map. */
export function parseFileNodeMap(bytes: Uint8Array): FileNodeMap | string {
  const checksumOffset = CHECKSUM_OFFSET_BY_SIZE[bytes.length];
  if (checksumOffset === undefined) return `a relation map is 512 or 524 bytes long, not ${bytes.length}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic !== MAGIC)
    return `invalid magic number ${magic.toString(16)} in a relation map: wanted ${MAGIC.toString(16)}`;
  const stored = view.getUint32(checksumOffset, true);
  const computed = crc32c(bytes, 0, checksumOffset);
  if (stored !== computed)
    return `the relation map's checksum is ${stored.toString(16)}, its bytes say ${computed.toString(16)}`;
  const count = view.getUint32(4, true);
  if (8 + count * 8 > checksumOffset) return `a relation map cannot hold ${count} mappings`;
  const map = new Map<Oid, number>();
  for (let index = 0; index < count; index++) {
    map.set(view.getUint32(8 + index * 8, true), view.getUint32(12 + index * 8, true));
  }
  return map;
}

/** Reads a pg_filenode.map. Throws ForkpointError that names the file. */
export function readFileNodeMap(path: string): FileNodeMap {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new ForkpointError(
      {
        what: `the map of catalog files cannot be read: ${(error as Error).message}`,
        where: path,
        next: 'the catalog cannot be read without it; take the file from a backup of this server if there is one',
      },
      { cause: error },
    );
  }
  const map = parseFileNodeMap(bytes);
  if (typeof map !== 'string') return map;
  throw new ForkpointError({
    what: map,
    where: path,
    next: 'the file is damaged; take it from a backup of this server if there is one',
  });
}
