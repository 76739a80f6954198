/**
 * Many files as one small one: a list of paths and sizes, the bytes one after the other, all through Brotli with a window wide enough to
 * find what two data directories have in common. Put files that resemble each other next to each other.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

export interface PackedFile {
  /** Relative, with `/`. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Bytes of the length of the list, which comes first. */
const LENGTH_BYTES = 4;

/** 64 MB: a few WAL segments of 16 MB fit. */
const WINDOW_BITS = 26;

/** Compresses files into one buffer, in the order given. Slow: it is done once, reading it back is quick. */
export function pack(files: readonly PackedFile[]): Buffer {
  const list = Buffer.from(JSON.stringify(files.map(({ path, bytes }) => [path, bytes.length])));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(list.length);
  const all = Buffer.concat([length, list, ...files.map(({ bytes }) => bytes)]);
  return brotliCompressSync(all, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LARGE_WINDOW]: true,
      [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: all.length,
    },
  });
}

/** The files of a pack, in their order. Throws when it is not one. */
export function unpack(packed: Uint8Array): PackedFile[] {
  const all = brotliDecompressSync(packed, {
    params: { [constants.BROTLI_DECODER_PARAM_LARGE_WINDOW]: true },
  });
  let at = LENGTH_BYTES + all.readUInt32LE(0);
  const list = JSON.parse(all.toString('utf8', LENGTH_BYTES, at)) as [path: string, size: number][];
  return list.map(([path, size]) => {
    const bytes = all.subarray(at, at + size);
    at += size;
    return { path, bytes };
  });
}

/** Writes files below a directory, making the directories they need. */
export function writeFiles(directory: string, files: Iterable<PackedFile>): void {
  const made = new Set<string>();
  for (const { path, bytes } of files) {
    const file = join(directory, path);
    const parent = dirname(file);
    if (!made.has(parent)) mkdirSync(parent, { recursive: true });
    made.add(parent);
    writeFileSync(file, bytes);
  }
}

/** Reads files below a directory; directories among the paths stand for nothing but what else is named. */
export function readFiles(directory: string, paths: Iterable<string>): PackedFile[] {
  return [...paths].map((path) => ({ path, bytes: readFileSync(join(directory, path)) }));
}
