/** Where an export goes: a file that appears whole or not at all, or standard output. */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { hold } from '../bytes/leftovers.js';
import { refuseReadOnlyPlace } from '../bytes/read-only-place.js';
import { TextSink } from '../bytes/text-sink.js';
import { PIECE_BYTES } from '../rows/row-visitor.js';

/** A piece that made more room than this necessary is no reason to keep it. */
const MOST_ROOM = 16 * PIECE_BYTES;

/** What an output has taken so far. */
export interface Output {
  /** Path, or `-` for standard output. */
  readonly path: string;
  /** Bytes written. */
  readonly bytes: number;
  /** Takes text; true when that made a chunk full and it was written. */
  write(text: string): boolean;
  /** Text goes in here as well; drain() is to be called now and then. */
  readonly sink: TextSink;
  /** Writes what is in the sink when that is a chunk; true when it did. */
  drain(): boolean;
  /** Takes UTF-8 that was made elsewhere, a good piece of it, and writes it behind all that was taken before. */
  writeUtf8(bytes: Uint8Array): void;
  /** Writes what is left and makes sure it is on disk, still under the temporary name. */
  finish(): void;
  /** Gives the file its name; nothing to do for standard output. */
  publish(): void;
  /** The whole export succeeded: nothing is taken back any more. */
  keep(): void;
  /** Takes back what was written: the temporary file, or after `publish` the new file unless it replaced an older one. */
  discard(): void;
  /** Hexadecimal SHA-256 of everything written; after `finish`. */
  readonly sha256: string;
}

/** Standard output was closed by its reader (EPIPE): faces end quietly. */
export class OutputClosedError extends Error {
  constructor() {
    super('standard output was closed before everything was written');
    this.name = 'OutputClosedError';
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

const WRITE_FAILURES: Readonly<Record<string, readonly [what: string, next: string]>> = {
  ENOSPC: ['no space left on device', 'free some space or choose another place; nothing was kept'],
  EDQUOT: ['disk quota exceeded', 'free some space or choose another place; nothing was kept'],
  EFBIG: [
    'the file is larger than the limit allows (ulimit -f, or the file system)',
    'raise the limit; nothing was kept',
  ],
  EROFS: ['the file system is read-only', 'choose another place'],
  EACCES: ['permission denied', 'choose a directory you may write to'],
  EPERM: ['operation not permitted', 'choose a directory you may write to'],
  ENOENT: ['no such directory', 'create it first, or choose another place'],
  ENOTDIR: ['a part of the path is not a directory', 'choose another place'],
  EIO: ['input/output error', 'choose another place; nothing was kept'],
};

/** Turns a failed system call into a sentence for the operator. */
export function writeFailure(error: unknown, path: string): unknown {
  const known = WRITE_FAILURES[errorCode(error)];
  if (!known) return error;
  return new ForkpointError(
    { what: `cannot write: ${known[0]}`, where: path, next: known[1] },
    { cause: error },
  );
}

/** The error for a name that is taken. */
export function fileExists(path: string): ForkpointError {
  return new ForkpointError({
    what: 'the file exists already',
    where: path,
    next: 'choose another name, or say --overwrite to replace it',
  });
}

/** Hashing, chunking and writing to a file descriptor: common to both kinds. */
abstract class DescriptorOutput implements Output {
  readonly path: string;
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');
  #digest: string | undefined;
  readonly sink = new TextSink(PIECE_BYTES * 2);

  constructor(path: string) {
    this.path = path;
  }

  protected abstract writeBytes(bytes: Uint8Array, offset: number): number;
  abstract finish(): void;
  abstract publish(): void;
  abstract keep(): void;
  abstract discard(): void;

  write(text: string): boolean {
    this.sink.utf8(text);
    return this.drain();
  }

  drain(): boolean {
    if (this.sink.length < PIECE_BYTES) return false;
    this.flush();
    return true;
  }

  protected flush(): void {
    const { sink } = this;
    if (sink.length === 0) return;
    this.#put(sink.bytes.subarray(0, sink.length));
    sink.length = 0;
    if (sink.bytes.length > MOST_ROOM) sink.restart(PIECE_BYTES * 2);
  }

  writeUtf8(bytes: Uint8Array): void {
    this.flush();
    this.#put(bytes);
  }

  #put(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let offset = 0; offset < bytes.length; ) offset += this.writeBytes(bytes, offset);
    this.bytes += bytes.length;
  }

  get sha256(): string {
    this.#digest ??= this.#hash.digest('hex');
    return this.#digest;
  }
}

class FileOutput extends DescriptorOutput {
  readonly #overwrite: boolean;
  readonly #temporary: string;
  readonly #descriptor: number;
  #open = true;
  #state: 'temporary' | 'published' | 'replaced' | 'gone' = 'temporary';
  #letGo: () => void = () => {};

  constructor(path: string, overwrite: boolean) {
    super(path);
    this.#overwrite = overwrite;
    refuseReadOnlyPlace(path);
    if (existsSync(path)) {
      if (!overwrite) throw fileExists(path);
      if (!lstatSync(path).isFile()) {
        throw new ForkpointError({
          what: 'this is no regular file and cannot be replaced',
          where: path,
          next: 'choose another name, or - for standard output',
        });
      }
    }
    this.#temporary = join(dirname(path), `.forkpoint-${randomBytes(8).toString('hex')}.tmp`);
    this.#letGo = hold({ path: this.#temporary });
    try {
      this.#descriptor = openSync(this.#temporary, 'wx', 0o600);
    } catch (error) {
      this.#letGo();
      throw writeFailure(error, path);
    }
    // The umask may only have taken rights away, but some file systems give more than was asked.
    fchmodSync(this.#descriptor, 0o600);
  }

  protected writeBytes(bytes: Uint8Array, offset: number): number {
    try {
      return writeSync(this.#descriptor, bytes, offset);
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  finish(): void {
    this.flush();
    try {
      fsyncSync(this.#descriptor);
    } catch (error) {
      throw writeFailure(error, this.path);
    }
    this.#close();
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#descriptor);
  }

  publish(): void {
    try {
      if (this.#overwrite) {
        renameSync(this.#temporary, this.path);
        this.#state = 'replaced';
      } else {
        this.#linkNew();
        this.#letGo();
        this.#letGo = hold({ path: this.path });
        this.#state = 'published';
      }
      this.#syncDirectory();
    } catch (error) {
      throw writeFailure(error, this.path);
    }
  }

  /** A hard link never replaces a file that somebody made meanwhile, as a rename would. */
  #linkNew(): void {
    try {
      linkSync(this.#temporary, this.path);
    } catch (error) {
      if (errorCode(error) === 'EEXIST' || existsSync(this.path)) throw fileExists(this.path);
      // A file system without hard links.
      renameSync(this.#temporary, this.path);
      return;
    }
    unlinkSync(this.#temporary);
  }

  #syncDirectory(): void {
    const directory = openSync(dirname(this.path), 'r');
    try {
      fsyncSync(directory);
    } finally {
      closeSync(directory);
    }
  }

  keep(): void {
    this.#letGo();
  }

  discard(): void {
    this.#letGo();
    this.#close();
    const path =
      this.#state === 'temporary' ? this.#temporary : this.#state === 'published' ? this.path : undefined;
    this.#state = 'gone';
    if (path === undefined) return;
    try {
      unlinkSync(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw writeFailure(error, path);
    }
  }
}

/** How long to wait when standard output is a pipe that takes nothing just now (EAGAIN). */
const PIPE_WAIT_MS = 5;

/** Writes to standard output, waiting for a slow reader; returns how many bytes it took. Throws OutputClosedError when there is none any more. */
export function writeStandardOutput(bytes: Uint8Array, offset = 0): number {
  for (;;) {
    try {
      return writeSync(1, bytes, offset);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'EPIPE') throw new OutputClosedError();
      if (code !== 'EAGAIN') throw writeFailure(error, 'standard output');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_WAIT_MS);
    }
  }
}

class StandardOutput extends DescriptorOutput {
  constructor() {
    super('-');
  }

  protected writeBytes(bytes: Uint8Array, offset: number): number {
    return writeStandardOutput(bytes, offset);
  }

  finish(): void {
    this.flush();
  }

  publish(): void {}
  keep(): void {}
  discard(): void {}
}

/**
 * Opens an output. A file is written under a temporary name next to its own (mode 0600) and gets its name only when
 * complete; an existing one is refused unless `overwrite`. `-` is standard output. Throws ForkpointError.
 */
export function openOutput(path: string, overwrite: boolean): Output {
  return path === '-' ? new StandardOutput() : new FileOutput(path, overwrite);
}
