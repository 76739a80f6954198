/** Transactions to be repeated, written while they are read: the bytes that TransactionBytes would write later. */
import type { TextSink } from '../bytes/text-sink.js';
import type { Change } from '../rows/row-change.js';
import type { StoredRow } from '../rows/stored-row.js';
import type { AheadWriter, PlainTransaction } from '../transactions/ahead-writer.js';
import { DELETE, INSERT, StatementBytes, UPDATE } from './statement-bytes.js';
import { BEGIN, END } from './transaction-bytes.js';
import { writePlainHeading } from './transaction-heading.js';

export class AheadBytes implements AheadWriter {
  sink: TextSink;
  statements = 0;
  isRefused = false;
  /** Whoever shows rows takes care of that. */
  readonly isFull = false;
  readonly #bytes = new StatementBytes();

  /** `sink`: where the first rows go. */
  constructor(sink: TextSink) {
    this.sink = sink;
  }

  inserted(row: StoredRow): boolean {
    return this.#write(INSERT, row, row);
  }

  updated(before: StoredRow, after: StoredRow): boolean {
    return this.#write(UPDATE, before, after);
  }

  deleted(row: StoredRow): boolean {
    return this.#write(DELETE, row, row);
  }

  change(_change: Change): void {
    this.isRefused = true;
  }

  #write(kind: number, from: StoredRow, to: StoredRow): boolean {
    if (!this.#bytes.write(this.sink, kind, from, to)) return false;
    this.statements++;
    return true;
  }

  frame({ xid, commitLsn, commitTime }: PlainTransaction, body: TextSink, into: TextSink): void {
    writePlainHeading(into, xid, commitTime, commitLsn);
    into.prepared(BEGIN);
    into.copy(body.bytes, 0, body.length);
    into.prepared(END);
  }
}
