/**
 * The short way from tuples to whoever writes rows down: rows as their tuples' bytes hold them, without a string or an object for each.
 *
 * It is taken row by row, and only where it says exactly what the long way (Change objects) would say: whoever cannot tell that of a row
 * says so, and gets that row as a Change.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Change } from './row-change.js';
import type { RowDecoder } from './row-decoder.js';
import type { StoredRow } from './stored-row.js';

/** Bytes of text that are worth being taken away: hashed, written, sent. */
export const PIECE_BYTES = 256 * 1024;

/** Takes a transaction's changes in their order. The rows it is shown are only good until it returns. */
export interface RowVisitor {
  /** A row that was put in. False when this row has to come as a Change: then nothing was taken of it. */
  inserted(row: StoredRow): boolean;
  /** The same for a row that was changed; both are of the same table. `lsn`: where the record begins. */
  updated(before: StoredRow, after: StoredRow, lsn: Lsn): boolean;
  /** The same for a row that was taken out. */
  deleted(row: StoredRow, lsn: Lsn): boolean;
  /** Anything else, and what was refused before. */
  change(change: Change): void;
  /** It holds as much as should be held before somebody takes it away. */
  readonly isFull: boolean;
  /** Where it is there, it is asked first. */
  readonly keys?: KeyVisitor;
}

/** Takes changes by less than their whole rows, which spares looking for what rows were before. */
export interface KeyVisitor {
  /** What is to be shown of changes of the table's rows: nothing of them, unique keys where these are had alone, or whole rows. */
  needs(decoder: RowDecoder): 'nothing' | 'keys' | 'rows';
  /** A row of which nothing is to be shown was changed or taken out by the record at `lsn`. */
  unseen(lsn: Lsn): void;
  /** A row was changed, and kept all its unique keys: what it is now. False as with RowVisitor. */
  kept(after: StoredRow, lsn: Lsn): boolean;
  /** A row was taken out whose only unique key is in `row`; other columns say nothing. False as with RowVisitor. */
  gone(row: StoredRow, lsn: Lsn): boolean;
}

/** Changes that can be had either way. */
export interface VisitableChanges extends Iterable<Change> {
  /**
   * Shows them all, in the same order, while the result is gone through: that yields whenever the visitor is full, so that its caller may
   * take away what it holds. Few changes are shown before this returns, which then returns NO_PAUSE.
   */
  visit(visitor: RowVisitor): Iterable<void>;
}

/** Nothing is left to be gone through. */
export const NO_PAUSE: readonly undefined[] = [];

/** Can these changes be had the short way? */
export function isVisitable(changes: Iterable<Change>): changes is VisitableChanges {
  return 'visit' in changes;
}
