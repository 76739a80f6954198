/**
 * What was written ahead: bytes of many transactions behind each other, in commit order, in pieces that go to a temporary file. When that
 * cannot take more, what comes later is simply not there.
 */
import type { PieceRun } from './ahead-rows.js';
import type { TemporaryFile } from './temporary-file.js';

/** Runs of transactions that are noted at most: that many are reached only where hardly two in a row could be written. */
const MOST_RUNS = 256 * 1024;

/** A run of transactions, and in which piece it is. */
export interface WrittenRun extends Omit<Readonly<PieceRun>, 'database'> {
  readonly database: string;
  readonly piece: number;
}

export class WrittenAhead {
  readonly #file: TemporaryFile;
  /** Where in the file pieces are, and how long they are. */
  readonly #positions: number[] = [];
  readonly #lengths: number[] = [];
  readonly #runs: WrittenRun[] = [];
  /** The last piece stays here. */
  #last: Buffer | undefined;
  /** A piece read back. */
  #read = Buffer.alloc(0);
  #readPiece = -1;

  constructor(file: TemporaryFile) {
    this.#file = file;
  }

  /** Adds a piece, whose runs' databases have these names by number. False when nothing more can be taken. `isLast`: its bytes stay as they are. */
  add(bytes: Buffer, runs: readonly PieceRun[], databases: readonly string[], isLast: boolean): boolean {
    if (this.#runs.length >= MOST_RUNS) return false;
    if (isLast) this.#last = bytes;
    else {
      const position = this.#file.append(bytes);
      if (position === undefined) return false;
      this.#positions.push(position);
      this.#lengths.push(bytes.length);
    }
    const piece = isLast ? this.#positions.length : this.#positions.length - 1;
    for (const run of runs) this.#runs.push({ ...run, database: databases[run.database], piece });
    return true;
  }

  /** All runs, in commit order. */
  get runs(): readonly WrittenRun[] {
    return this.#runs;
  }

  /** The bytes of a run, valid until others are asked for; undefined when they are not there any more. */
  bytesOf({ piece, from, to }: WrittenRun): Buffer | undefined {
    if (piece === this.#positions.length) return this.#last?.subarray(from, to);
    if (piece !== this.#readPiece) {
      if (this.#file.failure !== undefined && this.#file.size === 0) return undefined;
      const length = this.#lengths[piece];
      if (this.#read.length < length) this.#read = Buffer.allocUnsafeSlow(length);
      this.#file.read(this.#positions[piece], this.#read.subarray(0, length));
      this.#readPiece = piece;
    }
    return this.#read.subarray(from, to);
  }
}
