/**
 * Transactions as bytes of SQL: what transaction-sql.ts writes, without a string for every row. Whatever is out of the ordinary, a row or a
 * whole transaction, is written as lines by that.
 */
import { PreparedText } from '../bytes/prepared-text.js';
import type { TextSink } from '../bytes/text-sink.js';
import type { Change } from '../rows/row-change.js';
import { NO_PAUSE, PIECE_BYTES, type RowVisitor, type VisitableChanges } from '../rows/row-visitor.js';
import type { StoredRow } from '../rows/stored-row.js';
import type { TransactionSummary } from '../transactions/transaction.js';
import { ChangeLines, type SqlOptions } from './change-lines.js';
import { DELETE, INSERT, StatementBytes, UPDATE } from './statement-bytes.js';
import type { Tally } from './tally.js';
import { writeHeading } from './transaction-heading.js';
import { BEGINNING, ENDING, transactionLines } from './transaction-sql.js';

const LINE_FEED = 0x0a;
/** What stands before a transaction's statements, and behind them. */
export const BEGIN = new PreparedText(BEGINNING.map((line) => `${line}\n`).join(''));
export const END = new PreparedText(`${ENDING}\n\n`);

/** Is it told by its rows alone, and framed as most are? */
function isOrdinary({ state, changesCatalog, preparedBeforeFork }: TransactionSummary): boolean {
  return state === 'committed' && !changesCatalog && preparedBeforeFork !== true;
}

/** Writes transactions, one after the other, into a sink. Not for guarded statements. */
export class TransactionBytes implements RowVisitor {
  readonly #options: SqlOptions;
  readonly #tally: Tally;
  readonly #isUndo: boolean;
  #sink: TextSink;
  #xid = 0;
  /** Made when something comes that is no ordinary row. */
  #lines: ChangeLines | undefined;
  readonly #bytes = new StatementBytes();

  constructor(sink: TextSink, options: SqlOptions, tally: Tally) {
    this.#sink = sink;
    this.#options = options;
    this.#tally = tally;
    this.#isUndo = options.direction === 'undo';
  }

  /**
   * Writes a transaction and the empty line behind it. `changes` come in the order in which they are to be written. Yields when the sink
   * holds a piece that is worth being taken away; what is small is written at once.
   */
  write(transaction: TransactionSummary, changes: VisitableChanges): Iterable<void> {
    if (!isOrdinary(transaction)) return this.#writeLines(transaction, changes);
    const sink = this.#sink;
    this.#xid = transaction.xid;
    this.#lines = undefined;
    writeHeading(sink, transaction);
    sink.prepared(BEGIN);
    const rest = changes.visit(this);
    if (rest !== NO_PAUSE) return this.#writeRest(rest);
    this.#end();
    return NO_PAUSE;
  }

  *#writeRest(rest: Iterable<void>): Generator<void> {
    yield* rest;
    this.#end();
  }

  #end(): void {
    this.#finishLines();
    this.#sink.prepared(END);
  }

  *#writeLines(transaction: TransactionSummary, changes: VisitableChanges): Generator<void> {
    for (const line of transactionLines(transaction, changes, this.#options, this.#tally)) {
      this.#line(line);
      if (this.isFull) yield;
    }
    this.#sink.byte(LINE_FEED);
  }

  get isFull(): boolean {
    return this.#sink.length >= PIECE_BYTES;
  }

  inserted(row: StoredRow): boolean {
    return this.#isUndo ? this.#write(DELETE, row, row) : this.#write(INSERT, row, row);
  }

  updated(before: StoredRow, after: StoredRow): boolean {
    return this.#isUndo ? this.#write(UPDATE, after, before) : this.#write(UPDATE, before, after);
  }

  deleted(row: StoredRow): boolean {
    return this.#isUndo ? this.#write(INSERT, row, row) : this.#write(DELETE, row, row);
  }

  change(change: Change): void {
    this.#lines ??= new ChangeLines(this.#xid, this.#options, this.#tally);
    for (const line of this.#lines.take(change)) this.#line(line);
  }

  #write(kind: number, from: StoredRow, to: StoredRow): boolean {
    // What was held back waited for something that belongs to it, and this does not.
    this.#finishLines();
    if (!this.#bytes.write(this.#sink, kind, from, to)) return false;
    this.#tally.statements++;
    return true;
  }

  #finishLines(): void {
    if (this.#lines?.holdsBack) for (const line of this.#lines.finish()) this.#line(line);
  }

  #line(line: string): void {
    this.#sink.utf8(line);
    this.#sink.byte(LINE_FEED);
  }
}
