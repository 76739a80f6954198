/**
 * Are the chunks of the TOASTed values that one transaction writes as toast_save_datum() (access/common/toast_internals.c) writes them? One
 * value after the other, its chunks in order, all but the last of one length. What is not will be found broken by whoever reads the value.
 */
import { CHUNK_DATA, chunkSequence, chunkValueId, isWholeChunk } from './toast-chunk.js';

export class ChunkOrder {
  #relation = 0;
  #value = 0;
  #sequence = -1;
  /** Bytes of the value's first chunk, and of the last one met. */
  #fullLength = 0;
  #length = 0;

  /** The transaction wrote bytes[start, end), the values of a chunk, into a TOAST relation. False when it or one before it is broken. */
  follows(relation: number, bytes: Buffer, start: number, end: number): boolean {
    if (!isWholeChunk(bytes, start, end)) return false;
    const value = chunkValueId(bytes, start);
    const sequence = chunkSequence(bytes, start);
    const length = end - start - CHUNK_DATA;
    const goesOn =
      sequence === this.#sequence + 1 &&
      value === this.#value &&
      relation === this.#relation &&
      this.#length === this.#fullLength &&
      length <= this.#fullLength;
    this.#relation = relation;
    this.#value = value;
    this.#sequence = sequence;
    this.#length = length;
    if (sequence === 0) this.#fullLength = length;
    return sequence === 0 || goesOn;
  }
}
