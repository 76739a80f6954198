/**
 * Transactions that were prepared for two-phase commit (twophase.c) and not resolved so far. Whoever is still among them where WAL ends
 * is in doubt: it may yet be committed.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import type { PreparedTransaction, RecordedOrigin } from '../wal/transaction-record.js';
import type { OpenTransaction } from './open-transaction.js';
import type { TransactionEntry } from './transaction-index.js';
import type { TransactionShape } from './transaction-shapes.js';

/** One of them. */
export interface UnresolvedTransaction {
  readonly transaction: OpenTransaction;
  /** Its own, and its subtransactions'. */
  readonly xids: readonly number[];
  readonly gid: string;
  readonly origin?: RecordedOrigin;
  readonly databaseOid: number;
  readonly time: number;
  /** Where the record that prepared it begins and ends. */
  readonly lsn: Lsn;
  readonly endLsn: Lsn;
}

export class PreparedTransactions {
  readonly #byXid = new Map<number, UnresolvedTransaction>();

  /** `record` prepared `transaction`; `prepare` is what it says. */
  add(record: RecordCursor, prepare: PreparedTransaction, transaction: OpenTransaction): void {
    const { xid, subxids, gid, origin, databaseOid, time } = prepare;
    const { lsn, endLsn } = record;
    this.#byXid.set(xid, {
      transaction,
      xids: [xid, ...subxids],
      gid,
      origin,
      databaseOid,
      time,
      lsn,
      endLsn,
    });
  }

  /** COMMIT PREPARED or ROLLBACK PREPARED: it is none of them any more. Undefined when it was prepared before the WAL that was read. */
  resolve(xid: number): UnresolvedTransaction | undefined {
    const prepared = this.#byXid.get(xid);
    if (prepared) this.#byXid.delete(xid);
    return prepared;
  }

  /** What the transactions that are prepared now did. */
  *transactions(): Iterable<OpenTransaction> {
    for (const { transaction } of this.#byXid.values()) yield transaction;
  }

  /** Those that were prepared behind `lostFrom` and changed something, in the order in which they were. */
  inDoubt(lostFrom: Lsn): UnresolvedTransaction[] {
    return [...this.#byXid.values()]
      .filter((each) => each.endLsn > lostFrom && each.transaction.hasChanges)
      .sort((a, b) => a.lsn - b.lsn);
  }
}

/** One that is in doubt, as the index takes it. */
export function entryInDoubt(
  { transaction, xids, lsn, endLsn, time, origin, gid }: UnresolvedTransaction,
  lostFrom: Lsn,
  beginningMissing: boolean,
  shape: TransactionShape,
): TransactionEntry {
  return {
    xid: xids[0],
    firstLsn: transaction.firstLsn,
    commitLsn: lsn,
    commitEndLsn: endLsn,
    commitTime: time,
    walBytes: transaction.walBytes,
    state: 'prepared',
    origin,
    straddlesFork: transaction.firstLsn < lostFrom,
    beginningMissing,
    changesCatalog: transaction.changesCatalog,
    buildsOn: transaction,
    toDecode: transaction.toDecode,
    gid,
    shape,
  };
}
