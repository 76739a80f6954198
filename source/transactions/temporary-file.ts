/**
 * A private temporary file for what does not fit into memory: opened with mode 0600 and unlinked at once, so that nothing stays behind
 * however forkpoint ends. It only grows. When it cannot (a full disk), it says so once and for all, and its users do with less.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TemporaryFile {
  readonly #directory: string;
  readonly #limit: number;
  #file: number | undefined;
  #size = 0;
  #failure: string | undefined;

  /** `directory`: the system's for temporary files when not given. `limit` in bytes: beyond it the disk counts as full. */
  constructor(directory: string = tmpdir(), limit = Number.POSITIVE_INFINITY) {
    this.#directory = directory;
    this.#limit = limit;
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
      if (this.#size + bytes.length > this.#limit)
        throw new Error(`its limit of ${this.#limit} bytes is reached`);
      this.#file ??= openUnlinked(this.#directory);
      let written = 0;
      while (written < bytes.length)
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.#size + written);
    } catch (error) {
      this.#failure = `the temporary file in ${this.#directory} cannot be written: ${(error as Error).message}`;
      return undefined;
    }
    const at = this.#size;
    this.#size += bytes.length;
    return at;
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

function openUnlinked(directory: string): number {
  const folder = mkdtempSync(join(directory, 'forkpoint-'));
  try {
    return openSync(join(folder, 'spilled'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
