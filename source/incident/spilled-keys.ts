/**
 * A number for each of any number of keys, in memory that hardly grows with them: so many are held in a table, and when that is full it
 * goes to the temporary file as a run of keys. The newest number of a key counts.
 */
import type { KeyDigest } from './key-digest.js';
import { type KeyFile, KeyRun } from './key-run.js';
import { KeyTable } from './key-table.js';

/** Keys in memory, as many as half a million slots of a table hold. */
const MOST_IN_MEMORY = 340_000;

export class SpilledKeys {
  readonly #file: KeyFile | undefined;
  readonly #most: number;
  readonly #table = new KeyTable();
  /** The newest last. */
  readonly #runs: KeyRun[] = [];

  /** Without a file all keys stay in memory. */
  constructor(file: KeyFile | undefined) {
    this.#file = file;
    this.#most = file?.keysInMemory ?? MOST_IN_MEMORY;
  }

  /** How many keys are in memory. */
  get held(): number {
    return this.#table.size;
  }

  /** The number kept under the key; undefined when there is none. */
  get(key: KeyDigest): number | undefined {
    return this.#table.get(key) ?? this.#inRuns(key, 0);
  }

  /** Is there one? */
  has(key: KeyDigest): boolean {
    return this.#table.has(key) || this.#inRuns(key, 0) !== undefined;
  }

  /** Keeps a number, below 2^32 - 1, under the key. False when there is room for no more: then nothing was kept. */
  set(key: KeyDigest, number: number): boolean {
    if (this.#file !== undefined && this.#table.size >= this.#most) {
      const run = KeyRun.write(this.#file, this.#table);
      if (run === undefined) return false;
      this.#runs.push(run);
      this.#table.clear();
    }
    this.#table.set(key, number);
    return true;
  }

  /** All keys, put into `key` one after the other, with their numbers. Nothing may be set meanwhile. */
  *all(key: KeyDigest): Generator<number> {
    yield* this.#table.all(key);
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      for (const number of this.#runs[i].all(key)) {
        const isNewer = this.#table.has(key) || this.#inRuns(key, i + 1) !== undefined;
        if (!isNewer) yield number;
      }
    }
  }

  /** The newest number of a key in the runs from one on. */
  #inRuns(key: KeyDigest, from: number): number | undefined {
    for (let i = this.#runs.length - 1; i >= from; i--) {
      const number = this.#runs[i].get(key);
      if (number !== undefined) return number;
    }
    return undefined;
  }
}
