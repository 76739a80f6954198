/**
 * A private temporary file for what does not fit into memory: opened with mode 0600 and unlinked at once, so that nothing stays behind
 * however forkpoint ends. It only grows. When it cannot (a full disk), it says so once and for all, and its users do with less.
 */
import { closeSync, constants, openSync, readSync, statfsSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hold, newName } from '../bytes/leftovers.js';

export class TemporaryFile {
  readonly #directory: string;
  readonly #limit: number;
  #file: number | undefined;
  #size = 0;
  #failure: string | undefined;
  /** The other one, of two that share a limit and a disk: this one's lesser, which gives way to it, or its greater. */
  #lesser: TemporaryFile | undefined;
  #greater: TemporaryFile | undefined;

  /** `directory`: the system's for temporary files when not given. `limit` in bytes: beyond it the disk counts as full. */
  constructor(directory: string = tmpdir(), limit = Number.POSITIVE_INFINITY) {
    this.#directory = directory;
    this.#limit = limit;
  }

  /**
   * Another file for what can be done without: it has what this one leaves of the limit and a part of what is free on the disk, and is given
   * up should this one want that.
   */
  lesser(): TemporaryFile {
    const lesser = new TemporaryFile(this.#directory, Math.min(this.#limit, freeBytes(this.#directory) / 4));
    lesser.#greater = this;
    this.#lesser = lesser;
    return lesser;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that may still be written. */
  get room(): number {
    return this.#failure === undefined ? this.#limit - this.#size : 0;
  }

  /** Why nothing more can be written; undefined while it can. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Where the bytes were put, or undefined when they could not be written whole; then nothing will be written any more. */
  append(bytes: Uint8Array): number | undefined {
    if (this.#failure !== undefined) return undefined;
    try {
      this.#write(bytes);
    } catch (error) {
      const lesser = this.#lesser;
      if (lesser) {
        this.#lesser = undefined;
        lesser.#giveUp();
        return this.append(bytes);
      }
      this.#failure = `the temporary file in ${this.#directory} cannot be written: ${(error as Error).message}`;
      return undefined;
    }
    const at = this.#size;
    this.#size += bytes.length;
    return at;
  }

  #write(bytes: Uint8Array): void {
    const others = (this.#lesser?.size ?? 0) + (this.#greater?.size ?? 0);
    if (this.#size + others + bytes.length > this.#limit)
      throw new Error(`its limit of ${this.#limit} bytes is reached`);
    this.#file ??= openUnlinked(this.#directory);
    let written = 0;
    while (written < bytes.length)
      written += writeSync(this.#file, bytes, written, bytes.length - written, this.#size + written);
  }

  /** Frees what it takes: what was written is gone. */
  #giveUp(): void {
    this.close();
    this.#size = 0;
    this.#failure = 'it was given up';
  }

  /** Fills `into` from what was written at `position`. */
  read(position: number, into: Uint8Array): void {
    let have = 0;
    while (have < into.length) {
      const got = readSync(this.#file as number, into, have, into.length - have, position + have);
      if (got === 0) throw new Error('the temporary file ended early');
      have += got;
    }
  }

  /** Lets go of it. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** Linux's O_TMPFILE without O_DIRECTORY (fcntl.h): a file of the directory that has no name from the beginning. */
const NAMELESS = 0o20000000;

function openUnlinked(directory: string): number {
  if (process.platform === 'linux') {
    const { O_DIRECTORY, O_RDWR, O_EXCL } = constants;
    try {
      return openSync(directory, NAMELESS | O_DIRECTORY | O_RDWR | O_EXCL, 0o600);
    } catch {
      // Not every file system can. Where it is the directory that is wrong, this is found below.
    }
  }
  const path = join(directory, newName('forkpoint-'));
  const letGo = hold({ path });
  try {
    const file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return file;
  } finally {
    letGo();
  }
}

/** Bytes that a directory's file system has left for everybody; as many as you like where it does not tell. */
function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
