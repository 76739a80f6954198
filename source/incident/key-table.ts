/**
 * A number for each of many keys, in some thirty bytes a key: keys are kept as 96-bit digests of their text, in typed arrays, since the
 * lost part can hold millions of rows.
 */

import type { KeyDigest } from './key-digest.js';

const FIRST_CAPACITY = 1024;

export class KeyTable {
  #capacity = FIRST_CAPACITY;
  /** Three words of digest and the number plus one (0: the place is free), place by place. */
  #words = new Int32Array(FIRST_CAPACITY * 4);
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

  /** Where a digest is, or would be put. */
  #placeOf(first: number, second: number, third: number): number {
    const words = this.#words;
    const mask = this.#capacity - 1;
    for (let slot = first & mask; ; slot = (slot + 1) & mask) {
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
    this.#words = new Int32Array(this.#capacity * 4);
    for (let from = 0; from < old.length; from += 4) {
      if (old[from + 3] === 0) continue;
      const place = this.#placeOf(old[from], old[from + 1], old[from + 2]);
      for (let i = 0; i < 4; i++) this.#words[place + i] = old[from + i];
    }
  }
}
