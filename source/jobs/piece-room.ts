/**
 * Memory for the pieces of an export that wait to be written. What has been written is used again: left to the garbage collector, which
 * sees little of it, tens of megabytes of it lay about.
 */
import { PIECE_BYTES } from '../rows/row-visitor.js';

/** A piece ends with a row, somewhat behind PIECE_BYTES; those of long rows have memory of their own. */
const ROOM = PIECE_BYTES + PIECE_BYTES / 4;
/** Kept unused: as many as may wait. */
const MOST_KEPT = 16;

export class PieceRoom {
  readonly #kept: ArrayBufferLike[] = [];

  /** A copy of a piece; giveBack() when it is written. */
  copy(piece: Uint8Array): Uint8Array {
    if (piece.length > ROOM) return new Uint8Array(piece);
    const copy = new Uint8Array(this.#kept.pop() ?? new ArrayBuffer(ROOM), 0, piece.length);
    copy.set(piece);
    return copy;
  }

  /** Memory that nobody looks at any more. */
  giveBack(memory: ArrayBufferLike): void {
    if (memory.byteLength === ROOM && this.#kept.length < MOST_KEPT) this.#kept.push(memory);
  }
}
