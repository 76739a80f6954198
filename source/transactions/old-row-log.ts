/**
 * For every update and delete that was read: which record wrote the row it replaced.
 *
 * Sixteen bytes a change (its LSN, its old row's writer), in LSN order, so a binary search finds them again. What is beyond one
 * chunk in memory goes to a private temporary file: opened with mode 0600 and unlinked at once, so that nothing stays behind
 * however forkpoint ends.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';

const PAIRS_IN_CHUNK = 64 * 1024;
const CHUNK_BYTES = PAIRS_IN_CHUNK * 16;

export class OldRowLog {
  readonly #directory: string;
  #file: number | undefined;
  /** The chunk being filled: LSN, writer, LSN, writer … */
  #tail = new Float64Array(PAIRS_IN_CHUNK * 2);
  #tailPairs = 0;
  /** First LSN of each chunk in the file. */
  readonly #firstLsns: Lsn[] = [];
  /** The chunk last read back. */
  #loaded = -1;
  #loadedPairs: Float64Array = new Float64Array(0);

  /** `directory`: where a temporary file may be made; the system's when not given. */
  constructor(directory: string = tmpdir()) {
    this.#directory = directory;
  }

  /** Bytes in the temporary file. */
  get spilledBytes(): number {
    return this.#firstLsns.length * CHUNK_BYTES;
  }

  /** Remembers `writer` (see PageHistories.writerOf) for the change at `lsn`, which is greater than all before. */
  append(lsn: Lsn, writer: number): void {
    if (this.#tailPairs === PAIRS_IN_CHUNK) this.#spill();
    this.#tail[this.#tailPairs * 2] = lsn;
    this.#tail[this.#tailPairs * 2 + 1] = writer;
    this.#tailPairs++;
  }

  /** The writer of the row that the change at `lsn` replaced; 0 when unknown. */
  writerFor(lsn: Lsn): number {
    if (this.#tailPairs > 0 && lsn >= this.#tail[0]) return find(this.#tail, this.#tailPairs, lsn);
    let low = 0;
    let high = this.#firstLsns.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firstLsns[middle] <= lsn) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return 0;
    this.#load(low - 1);
    return find(this.#loadedPairs, PAIRS_IN_CHUNK, lsn);
  }

  /** Lets go of the temporary file. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #spill(): void {
    try {
      this.#file ??= openUnlinked(this.#directory);
      const bytes = new Uint8Array(this.#tail.buffer);
      let written = 0;
      while (written < CHUNK_BYTES) {
        written += writeSync(this.#file, bytes, written, CHUNK_BYTES - written, this.spilledBytes + written);
      }
    } catch (error) {
      throw new ForkpointError(
        {
          what: `cannot write the temporary file that remembers old rows: ${(error as Error).message}`,
          where: this.#directory,
          next: 'free some space there or name another place with --temp-dir',
        },
        { cause: error },
      );
    }
    this.#firstLsns.push(this.#tail[0]);
    this.#tailPairs = 0;
  }

  #load(chunk: number): void {
    if (chunk === this.#loaded) return;
    const pairs = new Float64Array(PAIRS_IN_CHUNK * 2);
    const bytes = new Uint8Array(pairs.buffer);
    let have = 0;
    while (have < CHUNK_BYTES) {
      const got = readSync(this.#file as number, bytes, have, CHUNK_BYTES - have, chunk * CHUNK_BYTES + have);
      if (got === 0) throw new Error('the temporary file of old rows ended early');
      have += got;
    }
    this.#loaded = chunk;
    this.#loadedPairs = pairs;
  }
}

function openUnlinked(directory: string): number {
  const folder = mkdtempSync(join(directory, 'forkpoint-'));
  try {
    return openSync(join(folder, 'old-rows'), 'wx+', 0o600);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function find(pairs: Float64Array, count: number, lsn: Lsn): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pairs[middle * 2] < lsn) low = middle + 1;
    else high = middle;
  }
  return low < count && pairs[low * 2] === lsn ? pairs[low * 2 + 1] : 0;
}
