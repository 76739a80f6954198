/**
 * Which records make up transactions' changes, in the order the server would tell them.
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
import { isTransactionalMessage } from '../wal/logical-message.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import { emptiedFile } from '../wal/storage-record.js';
import type { LocalRelation, Relations } from './relations.js';

/** Takes what the sieve lets through. */
export interface RecordSink {
  /**
   * The record at `lsn` holds `count` changes of (sub)transaction `xid`: exactly so many, or at most. `order` is where it counts: at its
   * own LSN, or at that of its confirmation; it grows from call to call.
   */
  changes(xid: number, order: Lsn, lsn: Lsn, count: number, exact: boolean): void;
  /** The record at `lsn` changes a catalog. */
  catalog(xid: number, lsn: Lsn, name: string): void;
}

/** A speculative insert waiting for its confirmation. */
export interface SpeculativeInsert {
  readonly lsn: Lsn;
  readonly block: number;
  readonly offset: number;
}

export class RecordSieve {
  readonly #relations: Relations;
  readonly #sink: RecordSink;
  /** Let only these through; all when undefined. */
  readonly #wanted: ReadonlySet<number> | undefined;
  /** What waits for its confirmation, by xid. */
  speculative = new Map<number, SpeculativeInsert>();

  constructor(relations: Relations, sink: RecordSink, wanted?: ReadonlySet<number>) {
    this.#relations = relations;
    this.#sink = sink;
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
      case ResourceManager.heap2: {
        if ((record.info & Heap2Operation.mask) !== Heap2Operation.multiInsert) return;
        const relation = this.#rowsOf(record);
        if (relation) this.#take(record, record.lsn, multiInsertCount(record), relation);
        return;
      }
      case ResourceManager.logicalMessage:
        if (isTransactionalMessage(record)) this.#sink.changes(xid, record.lsn, record.lsn, 1, true);
        return;
      case ResourceManager.sequence:
        this.#sink.changes(xid, record.lsn, record.lsn, 1, false);
        return;
      case ResourceManager.storage:
        // A file cut off at its beginning may be a table's that was truncated.
        if (emptiedFile(record)) this.#sink.changes(xid, record.lsn, record.lsn, 1, false);
        return;
    }
  }

  #take(record: RecordCursor, lsn: Lsn, count: number, relation: LocalRelation): void {
    this.#sink.changes(record.xid, record.lsn, lsn, count, relation.role === 'table' && relation.alwaysTable);
  }

  /** The record's relation if its tuples may be rows. Tells of the catalog's. */
  #rowsOf(record: RecordCursor): LocalRelation | undefined {
    const relation = this.#relations.at(
      record.blockTablespace[0],
      record.blockDatabase[0],
      record.blockFileNode[0],
    );
    if (relation.role === 'catalog') {
      const name = this.#relations.catalogName(relation, record.lsn);
      if (name !== undefined) this.#sink.catalog(record.xid, record.lsn, name);
      return undefined;
    }
    return relation.role === 'toast' || relation.role === 'sequence' ? undefined : relation;
  }

  #heap(record: RecordCursor): void {
    const { xid } = record;
    const operation = record.info & HeapOperation.mask;
    if (operation === HeapOperation.truncate) {
      this.#sink.changes(
        xid,
        record.lsn,
        record.lsn,
        record.view.getUint32(record.mainOffset + 4, true),
        false,
      );
      return;
    }
    if (record.blockCount === 0) return;
    switch (operation) {
      case HeapOperation.insert: {
        const relation = this.#rowsOf(record);
        if (!relation) return;
        if ((insertFlags(record) & InsertFlag.speculative) === 0)
          return this.#take(record, record.lsn, 1, relation);
        const { lsn, blockNumber } = record;
        this.speculative.set(xid, { lsn, block: blockNumber[0], offset: insertOffset(record) });
        return;
      }
      case HeapOperation.confirm: {
        const relation = this.#rowsOf(record);
        const waiting = this.speculative.get(xid);
        if (waiting && relation) this.#take(record, waiting.lsn, 1, relation);
        this.speculative.delete(xid);
        return;
      }
      case HeapOperation.delete: {
        const relation = this.#rowsOf(record);
        if (!relation) return;
        if ((deleteFlags(record) & DeleteFlag.isSuper) === 0)
          return this.#take(record, record.lsn, 1, relation);
        const waiting = this.speculative.get(xid);
        if (waiting?.block === record.blockNumber[0] && waiting.offset === deleteOffset(record))
          this.speculative.delete(xid);
        return;
      }
      case HeapOperation.update:
      case HeapOperation.hotUpdate: {
        const relation = this.#rowsOf(record);
        if (relation) this.#take(record, record.lsn, 1, relation);
        return;
      }
    }
  }
}
