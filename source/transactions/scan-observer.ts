/** Somebody who looks on while WAL is read for the first time, and may make something of what goes by. */
import type { RecordCursor } from '../wal/record-cursor.js';
import type { TransactionEntry } from './transaction-index.js';

/** What a scan tells as it goes. */
export interface ScanObserver {
  /** Is it to be told nothing more for a while? Then isBehind() waits until it can be told more. */
  readonly isFull: boolean;
  /** Waits, no longer than so many milliseconds, for what it has to do. True when there is more to wait for. */
  isBehind(milliseconds: number): boolean;
  /** A record of the heap's resource managers: all that the scan notes of it is noted. */
  heapRecord(record: RecordCursor): void;
  /** A lost transaction has committed, and was put into the index as its `number`th. */
  lost(entry: TransactionEntry, number: number): void;
  /** These (sub)transactions have ended, or were prepared: they write nothing more. */
  ended(xid: number, subxids: readonly number[]): void;
  /** There is nothing more to read. */
  finished(): void;
}
