/** What writes transactions down while they are still being read: implemented above, where it is known what is to be written. */
import type { Lsn } from '../bytes/lsn.js';
import type { TextSink } from '../bytes/text-sink.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { RowVisitor } from '../rows/row-visitor.js';

/** A transaction that is told by its rows alone: what its heading says. */
export interface PlainTransaction {
  readonly xid: number;
  readonly commitLsn: Lsn;
  readonly commitTime: TimestampMicros;
}

/** Takes rows of many transactions as they come. */
export interface AheadWriter extends RowVisitor {
  /** Where the rows that follow are to be written. */
  sink: TextSink;
  /** Statements written so far, of whomever. */
  readonly statements: number;
  /** Something came that has to be written in another way. To be set back by who looks at it. */
  isRefused: boolean;
  /** Writes a whole transaction, of which `body` holds what its rows made. */
  frame(transaction: PlainTransaction, body: TextSink, into: TextSink): void;
}
