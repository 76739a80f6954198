/** XXH32, the checksum of LZ4's frame format (xxHash specification, `doc/xxhash_spec.md` of xxHash): seed 0. */

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
/** Bytes taken at once: one 32-bit lane for each of the four accumulators. */
const STRIPE = 16;

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function round(accumulator: number, lane: number): number {
  return Math.imul(rotateLeft((accumulator + Math.imul(lane, PRIME_2)) | 0, 13), PRIME_1);
}

function laneAt(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/** The checksum of bytes that come in pieces. */
export class XxHash32 {
  #a = (PRIME_1 + PRIME_2) | 0;
  #b = PRIME_2 | 0;
  #c = 0;
  #d = -PRIME_1 | 0;
  #length = 0;
  readonly #rest = new Uint8Array(STRIPE);
  #restLength = 0;

  /** Takes the next bytes. */
  update(bytes: Uint8Array): this {
    this.#length += bytes.length;
    let at = 0;
    if (this.#restLength > 0) {
      const taken = Math.min(STRIPE - this.#restLength, bytes.length);
      this.#rest.set(bytes.subarray(0, taken), this.#restLength);
      this.#restLength += taken;
      at = taken;
      if (this.#restLength < STRIPE) return this;
      this.#stripe(this.#rest, 0);
      this.#restLength = 0;
    }
    for (; at + STRIPE <= bytes.length; at += STRIPE) this.#stripe(bytes, at);
    this.#rest.set(bytes.subarray(at));
    this.#restLength = bytes.length - at;
    return this;
  }

  /** The checksum of all bytes so far, unsigned. */
  digest(): number {
    let hash =
      this.#length >= STRIPE
        ? (rotateLeft(this.#a, 1) +
            rotateLeft(this.#b, 7) +
            rotateLeft(this.#c, 12) +
            rotateLeft(this.#d, 18)) |
          0
        : PRIME_5;
    hash = (hash + this.#length) | 0;
    let at = 0;
    for (; at + 4 <= this.#restLength; at += 4) {
      hash = Math.imul(rotateLeft((hash + Math.imul(laneAt(this.#rest, at), PRIME_3)) | 0, 17), PRIME_4);
    }
    for (; at < this.#restLength; at++) {
      hash = Math.imul(rotateLeft((hash + Math.imul(this.#rest[at], PRIME_5)) | 0, 11), PRIME_1);
    }
    hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
    hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #stripe(bytes: Uint8Array, at: number): void {
    this.#a = round(this.#a, laneAt(bytes, at));
    this.#b = round(this.#b, laneAt(bytes, at + 4));
    this.#c = round(this.#c, laneAt(bytes, at + 8));
    this.#d = round(this.#d, laneAt(bytes, at + 12));
  }
}

/** XXH32 of `bytes`, unsigned. */
export function xxHash32(bytes: Uint8Array): number {
  return new XxHash32().update(bytes).digest();
}
