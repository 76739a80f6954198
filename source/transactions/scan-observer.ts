/** Somebody who looks on while WAL is read for the first time, and may make something of what goes by. */
import type { RecordCursor } from '../wal/record-cursor.js';
import type { TransactionEntry } from './transaction-index.js';

/** What a scan tells as it goes. */
export interface ScanObserver {
  /** A record of the heap's resource managers: all that the scan notes of it is noted. */
  heapRecord(record: RecordCursor): void;
  /** A lost transaction has committed, and was put into the index as its `number`th. */
  lost(entry: TransactionEntry, number: number): void;
  /** These (sub)transactions have ended, or were prepared: they write nothing more. */
  ended(xid: number, subxids: readonly number[]): void;
  /** There is nothing more to read. */
  finished(): void;
}
