/** Ninety-six bits that stand for a key: the same for its text as a string and as bytes. */

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
  return h ^ (h >>> 16);
}

const FACTORS = [0xcc9e2d51, 0x1b873593, 0x239b961b] as const;
const SEEDS = [0x2545f491, 0x9e3779b9, 0x6a09e667] as const;

/** The digest of one key, in three signed words. Used again for the next one. */
export class KeyDigest {
  first = 0;
  second = 0;
  third = 0;

  /** Of a key as a string (see row-keys.ts). `space` keeps keys of different kinds apart. */
  ofText(space: number, key: string): this {
    let a = mixed(SEEDS[0], space, FACTORS[0]);
    let b = mixed(SEEDS[1], space, FACTORS[1]);
    let c = mixed(SEEDS[2], space, FACTORS[2]);
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i) + 1;
      a = mixed(a, unit, FACTORS[0]);
      b = mixed(b, unit ^ (a >>> 11), FACTORS[1]);
      c = mixed(c, unit ^ (b >>> 7), FACTORS[2]);
    }
    this.#finish(a, b, c, key.length);
    return this;
  }

  /** Of the same key as bytes[0,length); false when these are not all ASCII: then only the string tells. */
  ofAscii(space: number, bytes: Uint8Array, length: number): boolean {
    let a = mixed(SEEDS[0], space, FACTORS[0]);
    let b = mixed(SEEDS[1], space, FACTORS[1]);
    let c = mixed(SEEDS[2], space, FACTORS[2]);
    let bits = 0;
    for (let i = 0; i < length; i++) {
      const byte = bytes[i];
      bits |= byte;
      const unit = byte + 1;
      a = mixed(a, unit, FACTORS[0]);
      b = mixed(b, unit ^ (a >>> 11), FACTORS[1]);
      c = mixed(c, unit ^ (b >>> 7), FACTORS[2]);
    }
    this.#finish(a, b, c, length);
    return bits < 0x80;
  }

  #finish(a: number, b: number, c: number, length: number): void {
    this.first = finished(a ^ length);
    this.second = finished(b + this.first);
    this.third = finished(c ^ this.second);
  }
}
