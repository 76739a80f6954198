/** What each export format is: a few generators of text around a stream of transactions. */
import type { TextSink } from '../bytes/text-sink.js';
import type { ExportRequest, IncidentOverview, ListedTransaction, LossFigures } from '../incident/model.js';
import type { Change } from '../rows/row-change.js';
import type { VisitableChanges } from '../rows/row-visitor.js';
import type { Tally } from '../sql/tally.js';
import type { LostBesides } from '../transactions/lost-besides.js';
import type { Selection, Selections } from './selection.js';

/** Everything an export says about where it comes from. */
export interface ExportContext {
  /** forkpoint's own version. */
  readonly version: string;
  readonly overview: IncidentOverview;
  readonly loss: LossFigures;
  readonly besides: LostBesides;
  readonly selections: Selections;
}

/** What transactions are written from: plain data, for any thread. */
export interface BodyContext {
  readonly request: ExportRequest;
  /** Transactions in doubt were chosen by hand, and nothing else: write them as if they had been committed. */
  readonly inDoubtChosen: boolean;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
}

/** What one file is written from. */
export interface FileContext extends Omit<ExportContext, 'selections'>, BodyContext {
  /** The database the file is for; undefined when it holds all. */
  readonly database: string | undefined;
  readonly selection: Selection;
}

/** Writes transactions, each by itself. */
export interface TransactionWriter {
  /** Text in pieces, each ending a line. `changes` are in the order in which they are to be written. */
  transaction(transaction: ListedTransaction, changes: Iterable<Change>): Iterable<string>;
  /**
   * The same bytes straight into a sink, for changes that can be had without strings; it yields whenever the sink holds enough to be taken
   * away. Absent where a format has no such way, or not under the options it was opened with.
   */
  readonly write?: (
    transaction: ListedTransaction,
    changes: VisitableChanges,
    sink: TextSink,
  ) => Iterable<void>;
}

/** Writes one file: text around its transactions, in pieces, each ending a line. */
export interface FormatWriter extends TransactionWriter {
  header(): Iterable<string>;
  footer(): Iterable<string>;
}

/** A format: how its files are called, and how they are written. */
export interface Format {
  /** With the dot. */
  readonly extension: string;
  /** Its content belongs to one database, so several need several files. */
  readonly perDatabase: boolean;
  readonly open: (context: FileContext, tally: Tally) => FormatWriter;
  /** Transactions alone, for parts of a file that are written apart and put together; undefined when they cannot be. */
  readonly openPart?: (context: BodyContext, tally: Tally) => TransactionWriter;
}
