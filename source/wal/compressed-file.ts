/**
 * Segments as archives keep them: packed with gzip, zstd or lz4. Recognised by their first bytes, since an archive command may pack a
 * file without telling so in its name. Unpacked into a file, in pieces: a segment may have a gigabyte.
 */
import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { constants, gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { CutShortError, LZ4_FRAME_MAGIC, lz4FrameHead, unpackLz4Frames } from '../bytes/lz4-frame.js';

/** What can be unpacked here. */
export type Compression = 'gzip' | 'zstd' | 'lz4';

/** What the first bytes of a file say about how it is packed. */
export type Packing =
  | { readonly packed: false }
  | { readonly packed: true; readonly compression: Compression }
  /** Packed or encrypted in a way that nothing here undoes. */
  | { readonly packed: true; readonly compression: undefined; readonly reason: string };

/** Formats that are named when they are met, with the program that unpacks them. */
const OTHERS: readonly (readonly [magic: Buffer, what: string, next: string])[] = [
  [Buffer.from('BZh'), 'compressed with bzip2', 'bunzip2 -k'],
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), 'compressed with xz', 'xz -dk'],
  [Buffer.from([0x5d, 0x00, 0x00]), 'compressed with lzma', 'xz -dk --format=lzma'],
  [Buffer.from([0x89, 0x4c, 0x5a, 0x4f]), 'compressed with lzop', 'lzop -d'],
  [Buffer.from([0x1f, 0x9d]), 'compressed with compress', 'gunzip -k'],
  [Buffer.from([0x02, 0x21, 0x4c, 0x18]), "compressed in lz4's legacy format", 'lz4 -d'],
  [Buffer.from('PK'), 'a zip archive', 'unzip'],
  [Buffer.from('Salted__'), 'encrypted (openssl)', "the backup tool's own restore command"],
  [Buffer.from('-----BEGIN PGP'), 'encrypted (PGP)', 'gpg -d'],
];

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.length >= magic.length && head.compare(magic, 0, magic.length, 0, magic.length) === 0;
}

/** How a file is packed, by its first bytes (16 are enough). */
export function packingOf(head: Buffer): Packing {
  if (head[0] === 0x1f && head[1] === 0x8b) return { packed: true, compression: 'gzip' };
  if (head.length >= 4) {
    const magic = head.readUInt32LE(0);
    if (magic === 0xfd2fb528) return { packed: true, compression: 'zstd' };
    if (magic === LZ4_FRAME_MAGIC) return { packed: true, compression: 'lz4' };
  }
  for (const [magic, what, next] of OTHERS) {
    if (!startsWith(head, magic)) continue;
    const reason = `${what}, which is not read here: unpack it (${next}) into a directory and name that one`;
    return { packed: true, compression: undefined, reason };
  }
  return { packed: false };
}

/** Bytes of a packed file that surely hold the first page's header: a zstd block is unpacked whole. */
export const PACKED_HEAD = 160 * 1024;

/** The first bytes of what a packed file holds, at least `wanted` where it has them. Throws CorruptDatumError. */
export function unpackHead(head: Buffer, compression: Compression, wanted: number): Buffer {
  switch (compression) {
    case 'gzip':
      try {
        return gunzipSync(head.subarray(0, 16 * 1024), { finishFlush: constants.Z_SYNC_FLUSH });
      } catch (error) {
        throw new CorruptDatumError(`the gzip file cannot be unpacked: ${(error as Error).message}`);
      }
    case 'lz4':
      return Buffer.from(lz4FrameHead(head, wanted));
    case 'zstd': {
      let first = Buffer.alloc(0);
      const decompress = new Decompress((bytes) => {
        if (first.length < wanted) first = Buffer.concat([first, bytes]);
      });
      try {
        decompress.push(head, false);
      } catch (error) {
        throw new CorruptDatumError(`the zstd file cannot be unpacked: ${(error as Error).message}`);
      }
      return first;
    }
  }
}

/** What came out of a packed file. */
export interface Unpacked {
  readonly bytes: number;
  /** The packed file ends early: what there was of it was unpacked. */
  readonly cutShort: boolean;
}

/** Bytes read from a packed file at once. */
const PIECE = 256 * 1024;

/**
 * Unpacks `from` into the new file `to` (mode 0600), of at most `most` bytes. Throws CorruptDatumError when its contents are broken, and
 * the file system's errors; the file is the caller's to remove then.
 */
export function unpackFile(from: string, to: string, compression: Compression, most: number): Unpacked {
  const output = openSync(to, 'wx', 0o600);
  let bytes = 0;
  const write = (piece: Uint8Array): void => {
    if (bytes + piece.length > most)
      throw new CorruptDatumError(`it holds more than the ${most} bytes of a segment`);
    for (let at = 0; at < piece.length; ) at += writeSync(output, piece, at);
    bytes += piece.length;
  };
  let cutShort = false;
  try {
    if (compression === 'gzip') cutShort = unpackGzip(from, write, most);
    else {
      const input = openSync(from, 'r');
      try {
        if (compression === 'lz4') unpackLz4Frames((length) => readUpTo(input, length), write);
        else unpackZstd(input, write);
      } finally {
        closeSync(input);
      }
    }
  } catch (error) {
    if (!(error instanceof CutShortError)) throw error;
    cutShort = true;
  } finally {
    closeSync(output);
  }
  return { bytes, cutShort };
}

function readUpTo(file: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let have = 0;
  while (have < length) {
    const got = readSync(file, bytes, have, length - have, null);
    if (got === 0) break;
    have += got;
  }
  return bytes.subarray(0, have);
}

/** Node's zlib unpacks without waiting only what it has whole. */
function unpackGzip(from: string, write: (bytes: Uint8Array) => void, most: number): boolean {
  const packed = readFileSync(from);
  const unpack = (finishFlush: number): Buffer => gunzipSync(packed, { finishFlush, maxOutputLength: most });
  try {
    write(unpack(constants.Z_FINISH));
    return false;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw new CorruptDatumError(`it holds more than the ${most} bytes of a segment`);
    if (code !== 'Z_BUF_ERROR')
      throw new CorruptDatumError(`the gzip file cannot be unpacked: ${(error as Error).message}`);
    write(unpack(constants.Z_SYNC_FLUSH));
    return true;
  }
}

function unpackZstd(input: number, write: (bytes: Uint8Array) => void): void {
  let tooMuch: unknown;
  const decompress = new Decompress((bytes) => {
    try {
      write(bytes);
    } catch (error) {
      tooMuch = error;
      throw error;
    }
  });
  try {
    for (;;) {
      const piece = readUpTo(input, PIECE);
      decompress.push(piece, piece.length < PIECE);
      if (piece.length < PIECE) return;
    }
  } catch (error) {
    if (tooMuch !== undefined) throw tooMuch;
    const { code, message } = error as { code?: number; message: string };
    // ZstdErrorCode.UnexpectedEOF.
    if (code === 5) throw new CutShortError('the zstd file ends early');
    throw new CorruptDatumError(`the zstd file cannot be unpacked: ${message}`);
  }
}
