/**
 * Places in heap pages where something was written, a bit each: relation, block, offset. Blocks that lie together share one array, so
 * that a table written all over takes a few bytes a page.
 */

/** Blocks that share one array of bits. */
const CHUNK_SHIFT = 6;
const BLOCKS_IN_CHUNK = 1 << CHUNK_SHIFT;
/** Bytes of bits kept; places beyond are not told any more. */
const MOST_BYTES = 32 * 1024 * 1024;

/** The bits of one relation. */
interface RelationBits {
  /** 32-bit words that each block has: room for so many times 32 offset numbers. */
  words: number;
  readonly chunks: (Uint32Array | undefined)[];
}

export class WrittenPlaces {
  readonly #relations: (RelationBits | undefined)[] = [];
  readonly #most: number;
  #bytes = 0;

  /** `most`: bytes of bits, beyond which places are not told any more. */
  constructor(most = MOST_BYTES) {
    this.#most = most;
  }

  /** Something was written there. `relation` is a number of the caller's, from 1. */
  add(relation: number, block: number, offset: number): void {
    let bits = this.#relations[relation];
    if (bits === undefined) {
      bits = { words: 4, chunks: [] };
      this.#relations[relation] = bits;
    }
    if (offset >> 5 >= bits.words) bits = this.#widen(relation, bits, offset);
    const number = block >>> CHUNK_SHIFT;
    let chunk = bits.chunks[number];
    if (chunk === undefined) {
      if (this.#bytes >= this.#most) return;
      chunk = new Uint32Array(BLOCKS_IN_CHUNK * bits.words);
      this.#bytes += chunk.byteLength;
      bits.chunks[number] = chunk;
    }
    chunk[(block & (BLOCKS_IN_CHUNK - 1)) * bits.words + (offset >> 5)] |= 1 << (offset & 31);
  }

  /** Was something written there? undefined: it cannot be told, too much was written. */
  has(relation: number, block: number, offset: number): boolean | undefined {
    const absent = this.#bytes >= this.#most ? undefined : false;
    const bits = this.#relations[relation];
    if (bits === undefined) return absent;
    const chunk = bits.chunks[block >>> CHUNK_SHIFT];
    if (chunk === undefined) return absent;
    if (offset >> 5 >= bits.words) return false;
    const word = chunk[(block & (BLOCKS_IN_CHUNK - 1)) * bits.words + (offset >> 5)];
    return (word & (1 << (offset & 31))) !== 0;
  }

  /** Room for higher offset numbers: rows are small. */
  #widen(relation: number, old: RelationBits, offset: number): RelationBits {
    let words = old.words;
    while (offset >> 5 >= words) words *= 2;
    const bits: RelationBits = { words, chunks: [] };
    old.chunks.forEach((chunk, number) => {
      if (chunk === undefined) return;
      const wider = new Uint32Array(BLOCKS_IN_CHUNK * words);
      for (let block = 0; block < BLOCKS_IN_CHUNK; block++)
        wider.set(chunk.subarray(block * old.words, (block + 1) * old.words), block * words);
      this.#bytes += wider.byteLength - chunk.byteLength;
      bits.chunks[number] = wider;
    });
    this.#relations[relation] = bits;
    return bits;
  }
}
