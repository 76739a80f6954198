/**
 * A number for each of many keys, in some thirty bytes a key: keys are kept as 96-bit digests of their text, in typed arrays, since the
 * lost part can hold millions of rows.
 */

const FIRST_CAPACITY = 1024;

/** One step of MurmurHash3's mixing (x86, 32 bits). */
function mixed(hash: number, value: number, factor: number): number {
  const rotated = Math.imul(value, factor);
  const turned = hash ^ ((rotated << 15) | (rotated >>> 17));
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0;
}

/** MurmurHash3's finalizer: every bit of the input moves every bit of the result. */
function finished(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export class KeyTable {
  #capacity = FIRST_CAPACITY;
  /** Three words of digest and the number plus one (0: the place is free), place by place. */
  #words = new Uint32Array(FIRST_CAPACITY * 4);
  #size = 0;
  /** The digest made last. */
  #first = 0;
  #second = 0;
  #third = 0;

  /** How many keys there are. */
  get size(): number {
    return this.#size;
  }

  /** The number kept under the key; undefined when there is none. `space` keeps keys of different kinds apart. */
  get(space: number, key: string): number | undefined {
    this.#digest(space, key);
    const number = this.#words[this.#placeOf() + 3];
    return number === 0 ? undefined : number - 1;
  }

  /** Keeps a number, below 2^32 - 1, under the key. */
  set(space: number, key: string, number: number): void {
    if (this.#size * 3 >= this.#capacity * 2) this.#grow();
    this.#digest(space, key);
    const place = this.#placeOf();
    if (this.#words[place + 3] === 0) {
      this.#words[place] = this.#first;
      this.#words[place + 1] = this.#second;
      this.#words[place + 2] = this.#third;
      this.#size++;
    }
    this.#words[place + 3] = number + 1;
  }

  #digest(space: number, key: string): void {
    let a = mixed(0x2545f491, space, 0xcc9e2d51);
    let b = mixed(0x9e3779b9, space, 0x1b873593);
    let c = mixed(0x6a09e667, space, 0x239b961b);
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i) + 1;
      a = mixed(a, unit, 0xcc9e2d51);
      b = mixed(b, unit ^ (a >>> 11), 0x1b873593);
      c = mixed(c, unit ^ (b >>> 7), 0x239b961b);
    }
    this.#first = finished(a ^ key.length);
    this.#second = finished(b + this.#first);
    this.#third = finished(c ^ this.#second);
  }

  /** Where the digest made last is, or would be put. */
  #placeOf(): number {
    const words = this.#words;
    const mask = this.#capacity - 1;
    for (let slot = this.#first & mask; ; slot = (slot + 1) & mask) {
      const place = slot * 4;
      if (
        words[place + 3] === 0 ||
        (words[place] === this.#first &&
          words[place + 1] === this.#second &&
          words[place + 2] === this.#third)
      )
        return place;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#capacity *= 2;
    this.#words = new Uint32Array(this.#capacity * 4);
    for (let from = 0; from < old.length; from += 4) {
      if (old[from + 3] === 0) continue;
      this.#first = old[from];
      this.#second = old[from + 1];
      this.#third = old[from + 2];
      this.#words.set(old.subarray(from, from + 4), this.#placeOf());
    }
  }
}
