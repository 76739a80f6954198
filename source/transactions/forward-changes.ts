/** Changes of many transactions, one after the other: in one walk over WAL that gathers their records as it goes. */
import type { Lsn } from '../bytes/lsn.js';
import type { Change } from '../rows/row-change.js';
import { NO_PAUSE, type RowVisitor, type VisitableChanges } from '../rows/row-visitor.js';
import type { ChangeDecoder } from './changes.js';
import type { ForwardWalk } from './forward-walk.js';
import type { OpenedTransactions } from './opened-transactions.js';
import type { RecordChanges } from './record-changes.js';
import type { CollectedRecords } from './record-collector.js';
import type { Scan } from './scan.js';
import { NOTHING_BETWEEN } from './statements-between.js';
import type { TransactionChanges } from './transaction-changes.js';

/** Records that are shown without a look at how full the visitor is: a page of rows each at most. */
const SHOWN_AT_ONCE = 16;
/** Bytes of WAL that can be walked over in the time that it takes to open a transaction to read it by itself. */
const OPENING_COSTS = 8192;
const NOTHING: readonly Change[] = [];

/** How many runs of transactions are gone over by one walk. */
export interface ForwardOptions {
  /** Kept from run to run. */
  readonly walk: ForwardWalk;
  /** No transaction of this run or a later one began before, but for those that are too long. */
  readonly keepFrom: Lsn;
  /** Transactions that lie over more bytes of WAL than this are read one by one. */
  readonly longest: number;
}

/** Of what a run's changes are had. */
export interface ForwardChangesContext {
  readonly scan: Scan;
  readonly decoder: ChangeDecoder;
  readonly transactions: OpenedTransactions;
  readonly records: RecordChanges;
  /** Of transactions that are read one by one. */
  readonly apart: TransactionChanges;
}

/** Runs of transactions. */
export class ForwardChanges {
  readonly #scan: Scan;
  readonly #decoder: ChangeDecoder;
  readonly #transactions: OpenedTransactions;
  readonly #records: RecordChanges;
  readonly #apart: TransactionChanges;

  constructor({ scan, decoder, transactions, records, apart }: ForwardChangesContext) {
    this.#scan = scan;
    this.#decoder = decoder;
    this.#transactions = transactions;
    this.#records = records;
    this.#apart = apart;
  }

  /**
   * Changes of many transactions in one forward walk over WAL, or one by one where that is less to read. `indexes` ascends, and with a walk
   * that is kept so do runs. Each transaction's changes must be consumed before the next one is asked for.
   */
  *changes(
    indexes: Uint32Array | readonly number[],
    options: ForwardOptions,
  ): Generator<{ index: number; changes: VisitableChanges }> {
    if (indexes.length === 0) return;
    const { walk, keepFrom, longest } = options;
    walk.passOver(keepFrom);
    const { index: places } = this.#scan;
    const last = places.commitLsn(indexes[indexes.length - 1]);
    let apart = 0;
    for (const index of indexes) apart += places.commitLsn(index) - places.firstLsn(index);
    const alone = apart + indexes.length * OPENING_COSTS < last - walk.position;
    for (const index of indexes) {
      const firstLsn = places.firstLsn(index);
      const commitLsn = places.commitLsn(index);
      if (alone || !places.isCommitted(index) || firstLsn < walk.from || commitLsn - firstLsn > longest) {
        // Began long ago, or ended in no commit record: a walk of its own costs less than carrying everything along.
        yield { index, changes: this.#apart.visitable(index) };
        continue;
      }
      const records = walk.to(commitLsn, places.hasChildren(index) ? undefined : places.xid(index));
      // One that changed the catalog has more to tell than its records, and is walked over for that.
      const changes =
        records && !places.changesCatalog(index)
          ? this.#collected(records, index, walk)
          : this.#apart.visitable(index);
      yield { index, changes };
    }
  }

  #collected({ lsns }: CollectedRecords, index: number, walk: ForwardWalk): VisitableChanges {
    const ahead = this.#scan.index.beginningMissing(index)
      ? this.#transactions.ahead(this.#transactions.summary(index))
      : NOTHING;
    return new CollectedChanges(
      () => this.#decodeCollected(lsns, ahead),
      (visitor) => {
        if (lsns.length > SHOWN_AT_ONCE || ahead.length > 0)
          return this.#records.visit(lsns, ahead, visitor, false);
        for (let i = 0; i < lsns.length; i++) {
          const record = walk.passed(lsns[i]);
          if (record) this.#decoder.visit(record, undefined, visitor, false);
          else this.#records.visitRecord(lsns[i], visitor, false);
        }
        return NO_PAUSE;
      },
    );
  }

  *#decodeCollected(lsns: readonly Lsn[], ahead: readonly Change[]): Generator<Change> {
    yield* ahead;
    yield* this.#records.decode(lsns, undefined, false, NOTHING_BETWEEN);
  }
}

/** Changes of a transaction whose records are known. */
class CollectedChanges implements VisitableChanges {
  readonly #decode: () => Iterator<Change>;
  readonly visit: (visitor: RowVisitor) => Iterable<void>;

  constructor(decode: () => Iterator<Change>, visit: (visitor: RowVisitor) => Iterable<void>) {
    this.#decode = decode;
    this.visit = visit;
  }

  [Symbol.iterator](): Iterator<Change> {
    return this.#decode();
  }
}
