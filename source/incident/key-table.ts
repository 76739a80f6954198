/**
 * A number for each of many keys, in some thirty bytes a key: keys are kept as 96-bit digests of their text, in typed arrays, since the
 * lost part can hold millions of rows.
 */

import type { KeyDigest } from './key-digest.js';

const FIRST_CAPACITY = 1024;
/**
 * One that has grown to some thousand slots has half a million next: keys are also handed on in the order of their digests, and would
 * crowd at the beginning of a table that grows in step with them.
 */
const LAST_SMALL = 16 * 1024;
const FIRST_LARGE = 512 * 1024;

export class KeyTable {
  #capacity = FIRST_CAPACITY;
  /** Three words of digest and the number plus one (0: the place is free), place by place. */
  #words = new Int32Array(FIRST_CAPACITY * 4);
  /** What is left of a digest's first word when it is shifted by so much is the slot where its key belongs. */
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

  /** All of them in order of their digests' first words (as unsigned numbers), four words each: a digest, and the number plus one. */
  sorted(): Int32Array<ArrayBuffer> {
    const sorted = new Int32Array(this.#size * 4);
    // They lie nearly so; those that found no room before the end, and went on at the beginning, come last.
    const length = this.#sortInto(sorted, 0, false);
    this.#sortInto(sorted, length, true);
    return sorted;
  }

  #sortInto(sorted: Int32Array, length: number, wrapped: boolean): number {
    const words = this.#words;
    let end = length * 4;
    for (let from = 0; from < words.length; from += 4) {
      if (words[from + 3] === 0) {
        if (wrapped) break;
        continue;
      }
      const first = words[from] >>> 0;
      if (first >>> this.#shift > from / 4 !== wrapped) continue;
      let to = end;
      for (; to > 0 && sorted[to - 4] >>> 0 > first; to -= 4) sorted.copyWithin(to, to - 4, to);
      for (let i = 0; i < 4; i++) sorted[to + i] = words[from + i];
      end += 4;
    }
    return end / 4;
  }

  /** Where a digest is, or would be put. */
  #placeOf(first: number, second: number, third: number): number {
    const words = this.#words;
    const mask = this.#capacity - 1;
    for (let slot = first >>> this.#shift; ; slot = (slot + 1) & mask) {
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
    this.#capacity = this.#capacity === LAST_SMALL ? FIRST_LARGE : this.#capacity * 2;
    this.#shift = 32 - Math.log2(this.#capacity);
    this.#words = new Int32Array(this.#capacity * 4);
    for (let from = 0; from < old.length; from += 4) {
      if (old[from + 3] === 0) continue;
      const place = this.#placeOf(old[from], old[from + 1], old[from + 2]);
      for (let i = 0; i < 4; i++) this.#words[place + i] = old[from + i];
    }
  }
}
