/**
 * A number for each of many keys, in some thirty bytes a key: keys are kept as 96-bit digests of their text, in typed arrays, since the
 * lost part can hold millions of rows.
 */

import { largeMemory } from '../bytes/large-memory.js';
import type { KeyDigest } from './key-digest.js';

const FIRST_CAPACITY = 1024;
/** Keys are put in order by so many first bits of their digests, and then each among those that share them. */
const BUCKET_BITS = 16;

let factors = 1;
/** An odd number, unlike those before it. */
function nextFactor(): number {
  factors = Math.imul(factors, 0x9e3779b1);
  return factors;
}

/** What sorted() gives. */
let sortedWords = new Int32Array(0);

export class KeyTable {
  #capacity = FIRST_CAPACITY;
  /** Three words of digest and the number plus one (0: the place is free), place by place. */
  #words = new Int32Array(FIRST_CAPACITY * 4);
  /**
   * What is left of the product of a digest's second word and the table's own factor when it is shifted by so much is the slot where its
   * key belongs. Keys also come in the order of their first words (sorted), or in that of another table's slots: in one that both orders
   * had to do with they would crowd.
   */
  readonly #factor = nextFactor();
  #shift = 32 - Math.log2(FIRST_CAPACITY);
  #size = 0;

  /** How many keys there are. */
  get size(): number {
    return this.#size;
  }

  /** The number kept under the key; undefined when there is none. */
  get(key: KeyDigest): number | undefined {
    const number = this.#words[this.#placeOf(key.first, key.second, key.third) + 3];
    return number === 0 ? undefined : (number >>> 0) - 1;
  }

  /** Is there one? */
  has(key: KeyDigest): boolean {
    return this.#words[this.#placeOf(key.first, key.second, key.third) + 3] !== 0;
  }

  /** Keeps a number, below 2^32 - 1, under the key. */
  set(key: KeyDigest, number: number): void {
    if (this.#size * 3 >= this.#capacity * 2) this.#grow();
    const { first, second, third } = key;
    const place = this.#placeOf(first, second, third);
    if (this.#words[place + 3] === 0) {
      this.#words[place] = first;
      this.#words[place + 1] = second;
      this.#words[place + 2] = third;
      this.#size++;
    }
    this.#words[place + 3] = number + 1;
  }

  /** All of them, put into `key` one after the other, with their numbers. */
  *all(key: KeyDigest): Generator<number> {
    const words = this.#words;
    for (let from = 0; from < words.length; from += 4) {
      if (words[from + 3] === 0) continue;
      key.first = words[from];
      key.second = words[from + 1];
      key.third = words[from + 2];
      yield (words[from + 3] >>> 0) - 1;
    }
  }

  /**
   * All of them in order of their digests' first words (as unsigned numbers), four words each: a digest, and the number plus one. To be
   * done with before any table is sorted again.
   */
  sorted(): Int32Array<ArrayBuffer> {
    const words = this.#words;
    const ends = new Uint32Array(2 ** BUCKET_BITS);
    const shift = 32 - BUCKET_BITS;
    for (let from = 0; from < words.length; from += 4)
      if (words[from + 3] !== 0) ends[words[from] >>> shift]++;
    // Where each bucket begins, which becomes where it ends as keys are put in.
    let before = 0;
    for (let bucket = 0; bucket < ends.length; bucket++) {
      const count = ends[bucket];
      ends[bucket] = before;
      before += count * 4;
    }
    if (sortedWords.length < before) sortedWords = new Int32Array(largeMemory(before * 4));
    for (let from = 0; from < words.length; from += 4) {
      if (words[from + 3] === 0) continue;
      const bucket = words[from] >>> shift;
      const to = ends[bucket];
      for (let i = 0; i < 4; i++) sortedWords[to + i] = words[from + i];
      ends[bucket] = to + 4;
    }
    sortNearly(sortedWords, before);
    return sortedWords.subarray(0, before);
  }

  /** Lets all of them go; the memory stays for others. */
  clear(): void {
    this.#words.fill(0);
    this.#size = 0;
  }

  /** Where a digest is, or would be put. */
  #placeOf(first: number, second: number, third: number): number {
    const words = this.#words;
    const mask = this.#capacity - 1;
    for (let slot = Math.imul(second, this.#factor) >>> this.#shift; ; slot = (slot + 1) & mask) {
      const place = slot * 4;
      if (
        words[place + 3] === 0 ||
        (words[place] === first && words[place + 1] === second && words[place + 2] === third)
      )
        return place;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#capacity *= 2;
    this.#shift = 32 - Math.log2(this.#capacity);
    this.#words = new Int32Array(largeMemory(this.#capacity * 16), 0, this.#capacity * 4);
    for (let from = 0; from < old.length; from += 4) {
      if (old[from + 3] === 0) continue;
      const place = this.#placeOf(old[from], old[from + 1], old[from + 2]);
      for (let i = 0; i < 4; i++) this.#words[place + i] = old[from + i];
    }
  }
}

/** Puts keys in order that are nearly so. */
function sortNearly(words: Int32Array, length: number): void {
  for (let from = 4; from < length; from += 4) {
    const first = words[from] >>> 0;
    if (words[from - 4] >>> 0 <= first) continue;
    const second = words[from + 1];
    const third = words[from + 2];
    const number = words[from + 3];
    let to = from;
    for (; to > 0 && words[to - 4] >>> 0 > first; to -= 4) {
      words[to] = words[to - 4];
      words[to + 1] = words[to - 3];
      words[to + 2] = words[to - 2];
      words[to + 3] = words[to - 1];
    }
    words[to] = first;
    words[to + 1] = second;
    words[to + 2] = third;
    words[to + 3] = number;
  }
}
