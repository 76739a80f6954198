/**
 * Between what goes by and what is written of it ahead: rows-ahead.ts chooses and tells in these terms, and ahead-assembly.ts makes
 * statements of it, be it on the spot or in another thread.
 */
import type { RecordCursor } from '../wal/record-cursor.js';
import type { WalSegments } from '../wal/segments.js';
import type { PlainTransaction } from './ahead-writer.js';
import type { LocatedTable } from './located-tables.js';
import type { RowSources } from './rows-in-place.js';

/** A lost transaction that is told by its rows alone, and has committed. */
export interface LostAhead extends PlainTransaction {
  readonly walBytes: number;
}

/** Takes what goes by, in the order in which it does. */
export interface AheadRows {
  /** Nothing more is made use of. */
  readonly hasStopped: boolean;
  /** Should nothing be told for a while, as there is no room for it? Then isBehind() waits until there is. */
  readonly isFull: boolean;
  /**
   * The row, or rows, of the record under the cursor, valid until this returns. `isWritten`: it is a lost one, of `table`, as the catalog has
   * that at this age. `isKept`: it may be another change's old row. `writer`: who wrote the row that an update or delete met
   * (OldRowLog.writerFor).
   */
  row(
    record: RecordCursor,
    isWritten: boolean,
    isKept: boolean,
    table: LocatedTable | undefined,
    catalogAge: number,
    writer: number,
  ): void;
  /** What this (sub)transaction did is to be written later. */
  leave(xid: number): void;
  /** Is it known of it already that it is to be written later? Where that costs too much to find out, it is not. */
  isLeft(xid: number): boolean;
  /** The transaction has committed as the `number`th of all, and has so many rows in the database of that number. */
  lost(transaction: LostAhead, number: number, database: number, statements: number): void;
  /** This (sub)transaction writes nothing more. */
  ended(xid: number): void;
  /** There is nothing more to tell. */
  finish(): void;
  /** Waits, no longer than so many milliseconds, for whoever works on what was told. True when there is more to wait for. */
  isBehind(milliseconds: number): boolean;
  /** Lets go of everything. */
  close(): void;
}

/** Transactions that follow each other in commit order, all of one database, written by one state of the catalog: in one piece. */
export interface PieceRun {
  /** The number of the first in commit order, and how many they are. */
  readonly first: number;
  count: number;
  /** By the number that lost() was told. */
  readonly database: number;
  readonly catalogAge: number;
  statements: number;
  /** Where in the piece they are. */
  readonly from: number;
  to: number;
}

/** Hears what was made of what was told. */
export interface AheadResults {
  /**
   * The next piece of what was written: `runs` in commit order, of transactions that wrote so many bytes of WAL. `bytes` are valid until this
   * returns, those of the last piece from then on. False when nothing more can be taken.
   */
  piece(bytes: Buffer, runs: readonly PieceRun[], walBytes: number, isLast: boolean): boolean;
  /** It turned out not to pay. */
  gaveUp(): void;
}

/** What goes by where. */
export interface ReadingAhead {
  readonly sources: RowSources;
  readonly segments: WalSegments;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
}

/** Makes what takes the rows. */
export type RowsTo = (reading: ReadingAhead, results: AheadResults) => AheadRows;
