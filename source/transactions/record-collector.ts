/**
 * Which records make up a transaction's changes, in the order the server would tell them: eight bytes a record.
 *
 * A speculative tuple (INSERT … ON CONFLICT) counts where it is confirmed, and not at all when it is taken back.
 */
import type { Lsn } from '../bytes/lsn.js';
import {
  DeleteFlag,
  deleteFlags,
  deleteOffset,
  InsertFlag,
  insertFlags,
  insertOffset,
  multiInsertCount,
} from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { Relations } from './relations.js';

/** Records of one (sub)transaction. */
export interface CollectedRecords {
  /** Where each stands in the order: its own LSN, or that of its confirmation. */
  readonly order: Lsn[];
  readonly lsns: Lsn[];
  /** How many changes the record holds at most. */
  readonly counts: number[];
  /** First record that touched the catalog, 0 when none did; and the catalogs touched. */
  catalogLsn: Lsn;
  readonly catalogs: Set<string>;
  /** A speculative insert waiting for its confirmation. */
  speculative: { readonly lsn: Lsn; readonly block: number; readonly offset: number } | undefined;
}

function createCollected(): CollectedRecords {
  return { order: [], lsns: [], counts: [], catalogLsn: 0, catalogs: new Set(), speculative: undefined };
}

export class RecordCollector {
  readonly #relations: Relations;
  readonly #byXid = new Map<number, CollectedRecords>();
  /** Collect only these; all when undefined. */
  readonly #wanted: ReadonlySet<number> | undefined;

  constructor(relations: Relations, wanted?: ReadonlySet<number>) {
    this.#relations = relations;
    this.#wanted = wanted;
  }

  /** Looks at the record under the cursor. */
  add(record: RecordCursor): void {
    const { xid } = record;
    if (xid === 0 || (this.#wanted !== undefined && !this.#wanted.has(xid))) return;
    switch (record.rmid) {
      case ResourceManager.heap:
        this.#heap(record);
        return;
      case ResourceManager.heap2:
        if ((record.info & Heap2Operation.mask) === Heap2Operation.multiInsert && this.#holdsRows(record)) {
          this.#push(record, record.lsn, multiInsertCount(record));
        }
        return;
      case ResourceManager.sequence:
      case ResourceManager.logicalMessage:
        this.#push(record, record.lsn, 1);
        return;
    }
  }

  /** Takes the records of a transaction and its committed children, merged into one order; the others' are forgotten by forget(). */
  take(xids: readonly number[]): CollectedRecords {
    const parts: CollectedRecords[] = [];
    for (const xid of xids) {
      const found = this.#byXid.get(xid);
      if (!found) continue;
      this.#byXid.delete(xid);
      parts.push(found);
    }
    if (parts.length === 1) return parts[0];
    const merged = createCollected();
    const all = parts.flatMap((part) =>
      part.order.map((order, i) => ({ order, lsn: part.lsns[i], count: part.counts[i] })),
    );
    all.sort((a, b) => a.order - b.order);
    for (const each of all) {
      merged.order.push(each.order);
      merged.lsns.push(each.lsn);
      merged.counts.push(each.count);
    }
    for (const part of parts) {
      if (part.catalogLsn !== 0 && (merged.catalogLsn === 0 || part.catalogLsn < merged.catalogLsn))
        merged.catalogLsn = part.catalogLsn;
      for (const name of part.catalogs) merged.catalogs.add(name);
    }
    return merged;
  }

  #of(xid: number): CollectedRecords {
    let collected = this.#byXid.get(xid);
    if (!collected) {
      collected = createCollected();
      this.#byXid.set(xid, collected);
    }
    return collected;
  }

  #push(record: RecordCursor, lsn: Lsn, count: number): void {
    const collected = this.#of(record.xid);
    collected.order.push(record.lsn);
    collected.lsns.push(lsn);
    collected.counts.push(count);
  }

  /** Is the record's relation one whose tuples may be rows? Notes the catalog when it is the catalog's. */
  #holdsRows(record: RecordCursor): boolean {
    const relation = this.#relations.at(
      record.blockTablespace[0],
      record.blockDatabase[0],
      record.blockFileNode[0],
    );
    if (relation.role === 'catalog') {
      const name = this.#relations.catalogName(relation, record.lsn);
      if (name === undefined) return false;
      const collected = this.#of(record.xid);
      if (collected.catalogLsn === 0) collected.catalogLsn = record.lsn;
      collected.catalogs.add(name);
      return false;
    }
    return relation.role !== 'toast' && relation.role !== 'sequence';
  }

  #heap(record: RecordCursor): void {
    const operation = record.info & HeapOperation.mask;
    if (operation === HeapOperation.truncate) {
      this.#push(record, record.lsn, record.view.getUint32(record.mainOffset + 4, true));
      return;
    }
    if (record.blockCount === 0) return;
    switch (operation) {
      case HeapOperation.insert:
        if (!this.#holdsRows(record)) return;
        if ((insertFlags(record) & InsertFlag.speculative) !== 0) {
          this.#of(record.xid).speculative = {
            lsn: record.lsn,
            block: record.blockNumber[0],
            offset: insertOffset(record),
          };
          return;
        }
        this.#push(record, record.lsn, 1);
        return;
      case HeapOperation.confirm: {
        const collected = this.#of(record.xid);
        if (collected.speculative) this.#push(record, collected.speculative.lsn, 1);
        collected.speculative = undefined;
        return;
      }
      case HeapOperation.delete:
        if (!this.#holdsRows(record)) return;
        if ((deleteFlags(record) & DeleteFlag.isSuper) !== 0) {
          const { speculative } = this.#of(record.xid);
          if (speculative?.block === record.blockNumber[0] && speculative.offset === deleteOffset(record)) {
            this.#of(record.xid).speculative = undefined;
          }
          return;
        }
        this.#push(record, record.lsn, 1);
        return;
      case HeapOperation.update:
      case HeapOperation.hotUpdate:
        if (this.#holdsRows(record)) this.#push(record, record.lsn, 1);
        return;
    }
  }
}
