/**
 * A lost transaction that committed, as the index takes it. There is one of it for a whole scan, filled anew for each: they come by the
 * million, and making an object for each took longer than adding it.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import type { RecordedOrigin, TransactionEnd } from '../wal/transaction-record.js';
import type { OpenTransaction } from './open-transaction.js';
import type { TransactionEntry } from './transaction-index.js';
import type { TransactionShape } from './transaction-shapes.js';

/** What is known of one from the record that prepared it, when there was one. */
export interface PreparedBefore {
  readonly gid: string;
  readonly endLsn: Lsn;
}

export class CommittedEntry implements TransactionEntry {
  readonly state = 'committed';
  xid = 0;
  firstLsn: Lsn = 0;
  commitLsn: Lsn = 0;
  commitEndLsn: Lsn = 0;
  commitTime = 0;
  walBytes = 0;
  origin: RecordedOrigin | undefined = undefined;
  preparedBeforeFork = false;
  straddlesFork = false;
  changesCatalog = false;
  hasChildren = false;
  toDecode = false;
  buildsOn: OpenTransaction | undefined = undefined;
  gid: string | undefined = undefined;
  beginningMissing = false;
  shape: TransactionShape;

  constructor(shape: TransactionShape) {
    this.shape = shape;
  }

  /** `record` says of `transaction` what `end` holds; it commits behind the fork at `fork`. Its shape and whether its beginning is missing are for others to set. */
  fill(
    record: RecordCursor,
    end: TransactionEnd,
    transaction: OpenTransaction,
    prepared: PreparedBefore | undefined,
    fork: Lsn,
  ): void {
    this.xid = end.xid;
    this.firstLsn = transaction.firstLsn;
    this.commitLsn = record.lsn;
    this.commitEndLsn = record.endLsn;
    this.commitTime = end.time;
    this.walBytes = transaction.walBytes;
    this.origin = end.origin;
    this.preparedBeforeFork = end.twoPhase && (prepared?.endLsn ?? 0) <= fork;
    this.straddlesFork = transaction.firstLsn < fork;
    this.changesCatalog = transaction.changesCatalog;
    this.hasChildren = end.subxids.length > 0;
    this.toDecode = transaction.toDecode;
    this.buildsOn = transaction;
    this.gid = end.gid ?? prepared?.gid;
  }
}
