/**
 * The records of many transactions, gathered side by side in one walk over WAL. One that has more than can be held is let go: its
 * records are then walked to on their own (transaction-records.ts).
 */
import type { Lsn } from '../bytes/lsn.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { RecordSieve } from './record-sieve.js';
import type { Relations } from './relations.js';

/** Records held of one (sub)transaction. */
const MOST_HELD = 4096;

/** Records of one (sub)transaction. */
interface HeldRecords {
  /** Where each stands in the order, and the record itself. */
  readonly order: Lsn[];
  readonly lsns: Lsn[];
  tooMany: boolean;
}

/** Records of a whole transaction, in order. */
export interface CollectedRecords {
  readonly lsns: readonly Lsn[];
}

const NO_RECORDS: CollectedRecords = { lsns: [] };

export class RecordCollector {
  readonly #sieve: RecordSieve;
  readonly #byXid = new Map<number, HeldRecords>();

  constructor(relations: Relations) {
    this.#sieve = new RecordSieve(relations, {
      changes: (xid, order, lsn) => this.#push(this.#of(xid), order, lsn),
      // One that changed the catalog is walked to on its own.
      catalog: () => {},
    });
  }

  /** Looks at the record under the cursor. */
  add(record: RecordCursor): void {
    this.#sieve.add(record);
  }

  /** As take(), of a transaction without children. */
  takeOne(xid: number): CollectedRecords | undefined {
    const found = this.#byXid.get(xid);
    if (!found) return NO_RECORDS;
    this.#byXid.delete(xid);
    this.#sieve.speculative.delete(xid);
    return found.tooMany ? undefined : found;
  }

  /** Takes the records of a transaction and its committed children, merged into one order; undefined when they were too many to be held. */
  take(xids: readonly number[]): CollectedRecords | undefined {
    const parts: HeldRecords[] = [];
    for (const xid of xids) {
      const found = this.#byXid.get(xid);
      if (!found) continue;
      this.#byXid.delete(xid);
      this.#sieve.speculative.delete(xid);
      parts.push(found);
    }
    if (parts.some((part) => part.tooMany)) return undefined;
    if (parts.length === 1) return parts[0];
    const all = parts.flatMap((part) => part.order.map((order, i) => ({ order, lsn: part.lsns[i] })));
    all.sort((a, b) => a.order - b.order);
    return { lsns: all.map(({ lsn }) => lsn) };
  }

  #of(xid: number): HeldRecords {
    let held = this.#byXid.get(xid);
    if (!held) {
      held = { order: [], lsns: [], tooMany: false };
      this.#byXid.set(xid, held);
    }
    return held;
  }

  #push(held: HeldRecords, order: Lsn, lsn: Lsn): void {
    if (held.tooMany) return;
    if (held.lsns.length === MOST_HELD) {
      held.tooMany = true;
      held.order.length = 0;
      held.lsns.length = 0;
      return;
    }
    held.order.push(order);
    held.lsns.push(lsn);
  }
}
