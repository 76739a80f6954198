/**
 * What was written ahead: bytes of many transactions behind each other, in commit order, in pieces that go to a temporary file as they
 * become full. When that cannot take more, what comes later is simply not there.
 */
import { TextSink } from '../bytes/text-sink.js';
import type { AheadWriter } from './ahead-writer.js';
import type { TemporaryFile } from './temporary-file.js';
import type { TransactionEntry } from './transaction-index.js';

/** Bytes that a piece has, about. */
const PIECE = 256 * 1024;
/** Runs of transactions that are noted at most: that many are reached only where hardly two in a row could be written. */
const MOST_RUNS = 256 * 1024;

/** Transactions that follow each other in commit order, all of one database, written by one state of the catalog. */
export interface WrittenRun {
  /** The number of the first in commit order, and how many they are. */
  readonly first: number;
  count: number;
  readonly database: string;
  readonly catalogAge: number;
  statements: number;
  /** In which piece they are, and where. */
  readonly piece: number;
  readonly from: number;
  to: number;
}

export class WrittenAhead {
  readonly #file: TemporaryFile;
  /** The piece that is being filled. */
  readonly #sink = new TextSink(PIECE + PIECE / 4);
  /** Where in the file the pieces before it are, and how long they are. */
  readonly #positions: number[] = [];
  readonly #lengths: number[] = [];
  readonly #runs: WrittenRun[] = [];
  /** The last of them while it may go on. */
  #open: WrittenRun | undefined;
  /** A piece read back. */
  #read = Buffer.alloc(0);
  #readPiece = -1;
  /** Nothing more is taken. */
  #isFull = false;

  constructor(file: TemporaryFile) {
    this.#file = file;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Adds a transaction, whose rows made `statements` statements, in `body`. */
  add(
    entry: TransactionEntry,
    number: number,
    catalogAge: number,
    statements: number,
    body: TextSink,
    writer: AheadWriter,
  ): void {
    if (this.#isFull) return;
    const sink = this.#sink;
    if (sink.length >= PIECE) this.#spill();
    if (this.#isFull) return;
    const from = sink.length;
    writer.frame(entry, body, sink);
    const { database } = entry.shape;
    let run = this.#open;
    if (
      run === undefined ||
      run.first + run.count !== number ||
      run.catalogAge !== catalogAge ||
      run.database !== database
    ) {
      const piece = this.#positions.length;
      run = { first: number, count: 0, database, catalogAge, statements: 0, piece, from, to: from };
      this.#runs.push(run);
      this.#open = run;
    }
    run.count++;
    run.statements += statements;
    run.to = sink.length;
  }

  #spill(): void {
    const sink = this.#sink;
    const position = this.#file.append(sink.bytes.subarray(0, sink.length));
    this.#open = undefined;
    if (position === undefined || this.#runs.length >= MOST_RUNS) {
      this.#isFull = true;
      return;
    }
    this.#positions.push(position);
    this.#lengths.push(sink.length);
    sink.length = 0;
  }

  /** All runs, in commit order. */
  get runs(): readonly WrittenRun[] {
    return this.#runs;
  }

  /** The bytes of a run, valid until others are asked for; undefined when they are not there any more. */
  bytesOf({ piece, from, to }: WrittenRun): Buffer | undefined {
    if (piece === this.#positions.length) return this.#sink.bytes.subarray(from, to);
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
