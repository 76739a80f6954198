/** What keys are spilled to, in memory, so that it can be counted. */
import type { KeyFile } from '../../source/incident/key-run.js';

export class MemoryFile implements KeyFile {
  readonly keysInMemory: number;
  readonly #most: number;
  readonly #pieces: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  #size = 0;
  /** How often it was read. */
  reads = 0;

  /** Takes no more than `most` pieces. */
  constructor(keysInMemory: number, most = Number.POSITIVE_INFINITY) {
    this.keysInMemory = keysInMemory;
    this.#most = most;
  }

  /** Bytes written. */
  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array): number | undefined {
    if (this.#pieces.length >= this.#most) return undefined;
    const at = this.#size;
    this.#pieces.push({ at, bytes: bytes.slice() });
    this.#size += bytes.length;
    return at;
  }

  read(position: number, into: Uint8Array): void {
    this.reads++;
    const piece = this.#pieces.findLast(({ at }) => at <= position);
    const from = position - (piece?.at ?? 0);
    if (!piece || from + into.length > piece.bytes.length) throw new RangeError('read what was not written');
    into.set(piece.bytes.subarray(from, from + into.length));
  }
}
