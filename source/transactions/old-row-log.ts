/**
 * For every update and delete that was read: which record wrote the row it replaced.
 *
 * Sixteen bytes a change (its LSN, its old row's writer), in LSN order, so a binary search finds them again. What is beyond one
 * chunk in memory goes to the temporary file. When that is full, the log ends there, and what comes later is not remembered.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { TemporaryFile } from './temporary-file.js';
import { hashOf } from './tuple-table.js';
import { WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';

const PAIRS_IN_CHUNK = 1024;
const CHUNK_BYTES = PAIRS_IN_CHUNK * 16;
/** Chunks kept that were read back: rows changed at one time were mostly written at another one time. */
const KEPT_CHUNKS = 128;
/** Bits that say of a writer's LSN, by its hash, that it may be wanted: some megabytes for some millions. */
const WANTED_BITS = 1 << 24;
/** Put onto a writer that is another lost transaction: LSNs are multiples of eight, and what a writer has besides is less than this. */
const OTHERS = 4;

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
  /** Made when somebody asks who is wanted, from the changes that were read by then: so many chunks of the file, so many of the tail. */
  #wanted: Uint32Array | undefined;
  #wantedChunks = 0;
  #wantedOfTail = 0;
  /** The chunk looked into last, the LSNs it is for, and where the last answer was: the next question is mostly about what comes soon after. */
  #current: Float64Array;
  #from: Lsn = 0;
  #before: Lsn = 0;
  #last = 0;

  constructor(file: TemporaryFile) {
    this.#file = file;
    this.#current = this.#tail;
  }

  /**
   * Remembers `writer` (see PageHistories.writerOf) for the change at `lsn`, which is greater than all before, and whether the row was
   * another lost transaction's; false when it could not.
   */
  append(lsn: Lsn, writer: number, others = false): boolean {
    if (this.#tailPairs === PAIRS_IN_CHUNK && !this.#spill(lsn)) return false;
    const at = this.#tailPairs++ * 2;
    this.#tail[at] = lsn;
    this.#tail[at + 1] = others ? (writer < 0 ? writer - OTHERS : writer + OTHERS) : writer;
    return true;
  }

  /** May the row that the record at `lsn` wrote be the old row of a change that was read, or of one that is still to come? Where it is not, seldom. */
  isWanted(lsn: Lsn): boolean {
    if (this.#tailPairs === 0 || lsn >= this.#tail[(this.#tailPairs - 1) * 2]) return true;
    if (
      this.#wanted === undefined ||
      this.#wantedOfTail !== this.#tailPairs ||
      this.#wantedChunks !== this.#positions.length
    )
      this.#noteWanted();
    return isNoted(this.#wanted as Uint32Array, lsn);
  }

  /** Notes all writers that were not noted so far. */
  #noteWanted(): void {
    this.#wanted ??= new Uint32Array(WANTED_BITS / 32);
    if (this.#wantedChunks < this.#positions.length) {
      const chunk = new Float64Array(PAIRS_IN_CHUNK * 2);
      for (; this.#wantedChunks < this.#positions.length; this.#wantedChunks++) {
        this.#file.read(this.#positions[this.#wantedChunks], new Uint8Array(chunk.buffer));
        noteWriters(this.#wanted, chunk, 0, PAIRS_IN_CHUNK);
      }
      this.#wantedOfTail = 0;
    }
    noteWriters(this.#wanted, this.#tail, this.#wantedOfTail, this.#tailPairs);
    this.#wantedOfTail = this.#tailPairs;
  }

  /** The writer of the row that the change at `lsn` replaced; WRITER_UNKNOWN or WRITER_FORGOTTEN when there is none to be named. */
  writerFor(lsn: Lsn): number {
    const last = (this.#tailPairs - 1) * 2;
    const stored = last >= 0 && this.#tail[last] === lsn ? this.#tail[last + 1] : this.#stored(lsn);
    return isOthers(stored) ? stored - Math.sign(stored) * OTHERS : stored;
  }

  /** Was the row that the change at `lsn` replaced written by another lost transaction? */
  isOthers(lsn: Lsn): boolean {
    return isOthers(this.#stored(lsn));
  }

  #stored(lsn: Lsn): number {
    if (lsn >= this.#endsAt) return WRITER_FORGOTTEN;
    if (this.#tailPairs > 0 && lsn >= this.#tail[0])
      return writerAt(this.#tail, search(this.#tail, 0, this.#tailPairs, lsn), this.#tailPairs, lsn);
    if (lsn < this.#from || lsn >= this.#before) {
      const number = this.#chunkFor(lsn);
      if (number < 0) return WRITER_UNKNOWN;
      this.#current = this.#chunk(number);
      this.#from = this.#firstLsns[number];
      this.#before = this.#firstLsns[number + 1] ?? this.#tail[0];
      this.#last = 0;
    }
    const pairs = this.#current;
    let first = this.#last;
    if (pairs[first * 2] > lsn) first = 0;
    else if (pairs[first * 2] < lsn) {
      // A few steps forward find most of them.
      const near = Math.min(first + NEAR, PAIRS_IN_CHUNK - 1);
      while (first < near && pairs[first * 2] < lsn) first++;
    }
    const found = pairs[first * 2] === lsn ? first : search(pairs, first, PAIRS_IN_CHUNK, lsn);
    this.#last = Math.min(found, PAIRS_IN_CHUNK - 1);
    return writerAt(pairs, found, PAIRS_IN_CHUNK, lsn);
  }

  /** The number of the spilled chunk that has the change at `lsn`, if any has; -1: it is before all. */
  #chunkFor(lsn: Lsn): number {
    let low = 0;
    let high = this.#firstLsns.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#firstLsns[middle] <= lsn) low = middle + 1;
      else high = middle;
    }
    return low - 1;
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

/** Which of the bits says of a writer that it may be wanted. What OTHERS adds to it does not matter. */
function bitOf(writer: number): number {
  return hashOf(writer) & (WANTED_BITS - 1);
}

function isNoted(wanted: Uint32Array, writer: number): boolean {
  const bit = bitOf(writer);
  return (wanted[bit >>> 5] & (1 << (bit & 31))) !== 0;
}

/** Those of pairs[from, end). */
function noteWriters(wanted: Uint32Array, pairs: Float64Array, from: number, end: number): void {
  for (let pair = from; pair < end; pair++) {
    const bit = bitOf(pairs[pair * 2 + 1]);
    wanted[bit >>> 5] |= 1 << (bit & 31);
  }
}

function isOthers(stored: number): boolean {
  return Math.abs(stored) % 8 >= OTHERS;
}

/** How many pairs further the next answer is looked for before it is searched. */
const NEAR = 8;

/** The first pair of pairs[from, count) whose LSN is not less. */
function search(pairs: Float64Array, from: number, count: number, lsn: Lsn): number {
  let low = from;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pairs[middle * 2] < lsn) low = middle + 1;
    else high = middle;
  }
  return low;
}

function writerAt(pairs: Float64Array, index: number, count: number, lsn: Lsn): number {
  return index < count && pairs[index * 2] === lsn ? pairs[index * 2 + 1] : WRITER_UNKNOWN;
}
