/**
 * A private temporary directory for segments that are not files of their own anywhere: unpacked from an archive, fetched from a server.
 * Made (mode 0700) when first needed, removed when closed and when the process ends. Unpacked segments are kept only up to a bound,
 * the one not used for longest goes first: it can be unpacked again.
 */
import { mkdirSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hold, newName } from '../bytes/leftovers.js';
import { type Compression, type Unpacked, unpackFile } from './compressed-file.js';

/** Bytes of unpacked segments that are kept, and the least number of segments whatever their size. */
const KEPT_BYTES = 1024 ** 3;
const KEPT_SEGMENTS = 4;

export class WalSpool {
  readonly #parent: string;
  #directory: string | undefined;
  #letGo: () => void = () => {};
  #count = 0;
  /** By the packed file's path, the one used last at the end. */
  readonly #unpacked = new Map<string, Unpacked & { readonly path: string }>();
  #unpackedBytes = 0;

  /** `parent`: where the directory is made, the system's place for temporary files when not given. */
  constructor(parent: string = tmpdir()) {
    this.#parent = parent;
  }

  /** The directory, made now or before. */
  directory(): string {
    if (this.#directory !== undefined) return this.#directory;
    const directory = join(this.#parent, newName('forkpoint-wal-'));
    this.#letGo = hold({ path: directory });
    mkdirSync(directory, { mode: 0o700 });
    this.#directory = directory;
    return directory;
  }

  /** A path for a new file or directory in it. */
  newPath(name: string): string {
    return join(this.directory(), `${++this.#count}-${name}`);
  }

  /**
   * A file that holds what the packed file `path` does, unpacked now or before; it may be gone after the next call. `most` is how many
   * bytes it may have. Throws CorruptDatumError when the packed file is broken, and the file system's errors.
   */
  unpack(path: string, compression: Compression, most: number): Unpacked & { readonly path: string } {
    const known = this.#unpacked.get(path);
    if (known) {
      this.#unpacked.delete(path);
      this.#unpacked.set(path, known);
      return known;
    }
    const to = this.newPath('unpacked');
    let result: Unpacked;
    try {
      result = unpackFile(path, to, compression, most);
    } catch (error) {
      rmSync(to, { force: true });
      throw error;
    }
    const unpacked = { ...result, path: to };
    this.#unpacked.set(path, unpacked);
    this.#unpackedBytes += unpacked.bytes;
    this.#makeRoom();
    return unpacked;
  }

  /** Removes everything. */
  close(): void {
    this.#letGo();
    this.#unpacked.clear();
    this.#unpackedBytes = 0;
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }

  #makeRoom(): void {
    for (const [path, { path: file, bytes }] of this.#unpacked) {
      if (this.#unpackedBytes <= KEPT_BYTES || this.#unpacked.size <= KEPT_SEGMENTS) return;
      this.#unpacked.delete(path);
      this.#unpackedBytes -= bytes;
      unlinkSync(file);
    }
  }
}
