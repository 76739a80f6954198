/** Touches of keys, one after the other, each with what came before it under the same key; in the temporary file but for the last. */
import type { KeyFile } from './key-run.js';

const PAIR = 2;
const BYTES = PAIR * 4;
/** Touches in a piece. */
const PIECE = 64 * 1024;
/** Touches read at once: who looks for one often looks for its neighbours next. */
const READ = 64;

export class TouchLog {
  readonly #file: KeyFile | undefined;
  /** Where the pieces lie in the file; those that it could not take are here. */
  readonly #pieces: (number | Uint32Array)[] = [];
  #tail = new Uint32Array(1024 * PAIR);
  #length = 0;
  readonly #read = new Uint32Array(READ * PAIR);
  readonly #readBytes = new Uint8Array(this.#read.buffer);
  #readFrom = -1;

  /** Without a file all stay in memory. */
  constructor(file: KeyFile | undefined) {
    this.#file = file;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a touch, which gets the next number. */
  add(touch: number, previous: number): void {
    let at = this.#length % PIECE;
    if (at === 0 && this.#length > 0) this.#endPiece();
    at *= PAIR;
    if (at === this.#tail.length) {
      const larger = new Uint32Array(at * 2);
      larger.set(this.#tail);
      this.#tail = larger;
    }
    this.#tail[at] = touch;
    this.#tail[at + 1] = previous;
    this.#length++;
  }

  /** The touch with a number. */
  touch(number: number): number {
    return this.#word(number, 0);
  }

  /** What came before it. */
  previous(number: number): number {
    return this.#word(number, 1);
  }

  #endPiece(): void {
    const position = this.#file?.append(new Uint8Array(this.#tail.buffer));
    if (position === undefined) {
      this.#pieces.push(this.#tail);
      this.#tail = new Uint32Array(PIECE * PAIR);
    } else this.#pieces.push(position);
  }

  #word(number: number, word: number): number {
    const at = number % PIECE;
    const piece = this.#pieces[(number - at) / PIECE] ?? this.#tail;
    if (typeof piece !== 'number') return piece[at * PAIR + word];
    const from = number - (number % READ);
    if (this.#readFrom !== from) {
      this.#readFrom = -1;
      (this.#file as KeyFile).read(piece + (at - (number - from)) * BYTES, this.#readBytes);
      this.#readFrom = from;
    }
    return this.#read[(number - from) * PAIR + word];
  }
}
