/** Transactions written ahead, one behind the other in commit order, in pieces of about one size. */
import { TextSink } from '../bytes/text-sink.js';
import type { AheadResults, LostAhead, PieceRun } from './ahead-rows.js';
import type { AheadWriter } from './ahead-writer.js';

/** Bytes that a piece has, about: the last transaction in it may reach beyond. */
export const PIECE = 256 * 1024;

export class AheadPieces {
  readonly #results: AheadResults;
  readonly #sink = new TextSink(PIECE + PIECE / 4);
  #runs: PieceRun[] = [];
  #walBytes = 0;
  /** Nothing more is taken. */
  isFull = false;

  constructor(results: AheadResults) {
    this.#results = results;
  }

  /** Adds a transaction, whose rows made `statements` statements, in `body`. */
  add(
    transaction: LostAhead,
    number: number,
    database: number,
    catalogAge: number,
    statements: number,
    body: TextSink,
    writer: AheadWriter,
  ): void {
    if (this.#sink.length >= PIECE) this.#tell(false);
    if (this.isFull) return;
    const sink = this.#sink;
    const from = sink.length;
    writer.frame(transaction, body, sink);
    let run = this.#runs.at(-1);
    if (
      run === undefined ||
      run.first + run.count !== number ||
      run.catalogAge !== catalogAge ||
      run.database !== database
    ) {
      run = { first: number, count: 0, database, catalogAge, statements: 0, from, to: from };
      this.#runs.push(run);
    }
    run.count++;
    run.statements += statements;
    run.to = sink.length;
    this.#walBytes += transaction.walBytes;
  }

  /** Nothing more comes. */
  finish(): void {
    if (!this.isFull && this.#runs.length > 0) this.#tell(true);
  }

  #tell(isLast: boolean): void {
    const sink = this.#sink;
    if (!this.#results.piece(sink.bytes.subarray(0, sink.length), this.#runs, this.#walBytes, isLast))
      this.isFull = true;
    this.#runs = [];
    this.#walBytes = 0;
    sink.length = 0;
  }
}
