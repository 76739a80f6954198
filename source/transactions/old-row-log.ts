/**
 * For every update and delete that was read: which record wrote the row it replaced.
 *
 * Sixteen bytes a change (its LSN, its old row's writer), in LSN order, so a binary search finds them again. What is beyond one
 * chunk in memory goes to the temporary file. When that is full, the log ends there, and what comes later is not remembered.
 */
import type { Lsn } from '../bytes/lsn.js';
import { WRITER_FORGOTTEN, WRITER_UNKNOWN } from './page-history.js';
import type { TemporaryFile } from './temporary-file.js';

const PAIRS_IN_CHUNK = 4096;
const CHUNK_BYTES = PAIRS_IN_CHUNK * 16;
/** Chunks kept that were read back: rows changed at one time were mostly written at another one time. */
const KEPT_CHUNKS = 32;

export class OldRowLog {
  readonly #file: TemporaryFile;
  /** The chunk being filled: LSN, writer, LSN, writer … */
  readonly #tail = new Float64Array(PAIRS_IN_CHUNK * 2);
  #tailPairs = 0;
  /** First LSN of each chunk in the file, and where it is. */
  readonly #firstLsns: Lsn[] = [];
  readonly #positions: number[] = [];
  /** Chunks read back, the one not used for longest first. */
  readonly #kept = new Map<number, Float64Array>();
  /** From here on nothing is remembered. */
  #endsAt = Number.POSITIVE_INFINITY;

  constructor(file: TemporaryFile) {
    this.#file = file;
  }

  /** Remembers `writer` (see PageHistories.writerOf) for the change at `lsn`, which is greater than all before; false when it could not. */
  append(lsn: Lsn, writer: number): boolean {
    if (this.#tailPairs === PAIRS_IN_CHUNK && !this.#spill(lsn)) return false;
    this.#tail[this.#tailPairs * 2] = lsn;
    this.#tail[this.#tailPairs * 2 + 1] = writer;
    this.#tailPairs++;
    return true;
  }

  /** The writer of the row that the change at `lsn` replaced; WRITER_UNKNOWN or WRITER_FORGOTTEN when there is none to be named. */
  writerFor(lsn: Lsn): number {
    if (lsn >= this.#endsAt) return WRITER_FORGOTTEN;
    if (this.#tailPairs > 0 && lsn >= this.#tail[0]) return find(this.#tail, this.#tailPairs, lsn);
    let low = 0;
    let high = this.#firstLsns.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firstLsns[middle] <= lsn) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? WRITER_UNKNOWN : find(this.#chunk(low - 1), PAIRS_IN_CHUNK, lsn);
  }

  #spill(next: Lsn): boolean {
    if (this.#endsAt !== Number.POSITIVE_INFINITY) return false;
    const position = this.#file.append(new Uint8Array(this.#tail.buffer));
    if (position === undefined) {
      this.#endsAt = next;
      return false;
    }
    this.#firstLsns.push(this.#tail[0]);
    this.#positions.push(position);
    this.#tailPairs = 0;
    return true;
  }

  #chunk(number: number): Float64Array {
    let pairs = this.#kept.get(number);
    if (pairs) {
      this.#kept.delete(number);
    } else {
      pairs = new Float64Array(PAIRS_IN_CHUNK * 2);
      this.#file.read(this.#positions[number], new Uint8Array(pairs.buffer, 0, CHUNK_BYTES));
      if (this.#kept.size >= KEPT_CHUNKS) this.#kept.delete(this.#kept.keys().next().value as number);
    }
    this.#kept.set(number, pairs);
    return pairs;
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
  return low < count && pairs[low * 2] === lsn ? pairs[low * 2 + 1] : WRITER_UNKNOWN;
}
