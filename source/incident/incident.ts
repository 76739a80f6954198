/**
 * An opened incident in its own thread: synchronous where it only reads files, so that the command line can be a
 * plain loop. `IncidentClient` is the same thing behind a worker's door.
 */
import type { Change } from '../rows/row-change.js';
import type { LostBesides } from '../transactions/lost-besides.js';
import type { IncidentOverview, ListedTransaction, Progress, RowVerdict } from './model.js';

export interface Incident {
  /** Both sides and the fork, with what reading has added so far. */
  overview(): IncidentOverview;
  /** Reads WAL for about `milliseconds`; false when there is nothing left to read. Throws ForkpointError. */
  step(milliseconds: number): boolean;
  progress(): Progress;
  /** What is lost beside the rows of transactions: nothing until the old side is read to its end. */
  besides(): LostBesides;
  /** Reads the new primary's WAL to its end too, when it is a directory: then the overview knows where it ends. */
  readNewSide(): Promise<void>;
  /** Asks the places that have to be asked for what reading came upon and did not find; done at once when there is nothing. */
  fetch(): Promise<void>;
  /** Bytes in temporary files of both sides, and of threads that help. */
  readonly temporaryBytes: number;
  /** Lost transactions known so far, in commit order. */
  readonly length: number;
  /** The transaction at a position in commit order, its verdict `pending` until judged. */
  transaction(index: number): ListedTransaction;
  /** Its changes in the order they were made (or backwards, for undo), decoded one by one: constant memory. */
  changes(index: number, backwards?: boolean): Iterable<Change>;
  /**
   * Changes of many transactions, one forward pass over WAL (or backwards, transaction by transaction): what an
   * export wants. `indexes` is ascending; they come back ascending, or descending when `backwards`.
   */
  transactionsWithChanges(
    indexes: Iterable<number>,
    backwards?: boolean,
  ): Iterable<{ transaction: ListedTransaction; changes: Iterable<Change> }>;
  /** Compares everything lost with what the new primary has written since; fills in the verdicts of `transaction()`. */
  judge(onProgress?: () => void): Promise<void>;
  /**
   * Verdicts of changes [from, from + count) of a transaction (all when not said), in their order; undefined where a verdict makes no
   * sense (catalog, message). Empty while it has not been judged.
   */
  verdicts(index: number, from?: number, count?: number): Promise<(RowVerdict | undefined)[]>;
  /** Earlier lost transactions that this one builds upon, by position; empty until judged. */
  dependencies(index: number): readonly number[];
  close(): void;
}
