/**
 * Many keys with a number each, written to the temporary file once and read back one by one: in order of their digests, so that one read finds
 * any; and bits in memory that tell of nearly all other keys that they are not there.
 */
import type { TemporaryFile } from '../transactions/temporary-file.js';
import type { KeyDigest } from './key-digest.js';
import type { KeyTable } from './key-table.js';

/** What of a temporary file is needed. */
export interface KeyFile extends Pick<TemporaryFile, 'append' | 'read'> {
  /** Keys of one kind that are in memory before they go there; some hundred thousand when it does not say. */
  readonly keysInMemory?: number;
}

const WORDS = 4;
const BYTES = WORDS * 4;
/** Keys read at once: one look into the file finds a key, or that it is not there. */
const BLOCK = 128;
/** Keys read at once by who wants all of them. */
const MANY = 4096;
/** Bits in memory for each key, at least: of a hundred keys that are not there one is looked for in the file. */
const BITS_A_KEY = 12;

export class KeyRun {
  readonly #file: KeyFile;
  readonly #position: number;
  readonly #count: number;
  /** The first word of each block's first key. */
  readonly #starts: Uint32Array;
  readonly #bits: Uint32Array;
  readonly #mask: number;
  readonly #block = new Int32Array(BLOCK * WORDS);
  readonly #blockBytes = new Uint8Array(this.#block.buffer);
  /** The block held. */
  #held = -1;

  private constructor(file: KeyFile, position: number, words: Int32Array) {
    this.#file = file;
    this.#position = position;
    this.#count = words.length / WORDS;
    this.#starts = new Uint32Array(Math.ceil(this.#count / BLOCK));
    for (let i = 0; i < this.#starts.length; i++) this.#starts[i] = words[i * BLOCK * WORDS];
    const bits = 2 ** Math.ceil(Math.log2(this.#count * BITS_A_KEY + 32));
    this.#bits = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
    for (let at = 0; at < words.length; at += WORDS) {
      this.#note(words[at + 1]);
      this.#note(words[at + 2]);
      this.#note(words[at + 1] ^ (words[at + 2] >>> 7));
    }
  }

  /** Writes all that is in a table; undefined when the file cannot take it. */
  static write(file: KeyFile, table: KeyTable): KeyRun | undefined {
    const words = table.sorted();
    const position = file.append(new Uint8Array(words.buffer, 0, words.byteLength));
    return position === undefined ? undefined : new KeyRun(file, position, words);
  }

  /** The number kept under the key; undefined when there is none. */
  get({ first, second, third }: KeyDigest): number | undefined {
    if (!this.#isNoted(second) || !this.#isNoted(third) || !this.#isNoted(second ^ (third >>> 7)))
      return undefined;
    const wanted = first >>> 0;
    for (let block = this.#blockBefore(wanted); block < this.#starts.length; block++) {
      const length = this.#read(block);
      const words = this.#block;
      for (let at = 0; at < length; at += WORDS) {
        const here = words[at] >>> 0;
        if (here > wanted) return undefined;
        if (here === wanted && words[at + 1] === second && words[at + 2] === third)
          return (words[at + 3] >>> 0) - 1;
      }
    }
    return undefined;
  }

  /** All keys, put into `key` one after the other, with their numbers. */
  *all(key: KeyDigest): Generator<number> {
    const words = new Int32Array(MANY * WORDS);
    for (let from = 0; from < this.#count; from += MANY) {
      const count = Math.min(MANY, this.#count - from);
      this.#file.read(this.#position + from * BYTES, new Uint8Array(words.buffer, 0, count * BYTES));
      for (let at = 0; at < count * WORDS; at += WORDS) {
        key.first = words[at];
        key.second = words[at + 1];
        key.third = words[at + 2];
        yield (words[at + 3] >>> 0) - 1;
      }
    }
  }

  /** The last block that begins before the word: equal ones may begin in it. */
  #blockBefore(first: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle] < first) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** Has the block in memory; how many words it has. */
  #read(block: number): number {
    const from = block * BLOCK;
    const count = Math.min(BLOCK, this.#count - from);
    if (this.#held !== block) {
      this.#held = -1;
      this.#file.read(this.#position + from * BYTES, this.#blockBytes.subarray(0, count * BYTES));
      this.#held = block;
    }
    return count * WORDS;
  }

  #note(word: number): void {
    const bit = word & this.#mask;
    this.#bits[bit >>> 5] |= 1 << (bit & 31);
  }

  #isNoted(word: number): boolean {
    const bit = word & this.#mask;
    return (this.#bits[bit >>> 5] & (1 << (bit & 31))) !== 0;
  }
}
