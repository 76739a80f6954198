/**
 * What heap records do to pages, while the one pass goes by: which record wrote which tuple (page-history, old-row-log), where TOASTed
 * values lie, what the catalog must hear, and how many rows each transaction changed.
 */
import type { Lsn } from '../bytes/lsn.js';
import { hasPageImage } from '../wal/full-page-image.js';
import {
  DeleteFlag,
  deleteFlags,
  deleteOffset,
  insertedTuple,
  insertOffset,
  isDifference,
  loggedOldTuple,
  logsNewTuple,
  multiInsertCount,
  multiInsertedTuples,
  multiInsertOffset,
  UpdateFlag,
  updatedTuple,
  updateFlags,
  updateNewOffset,
  updateOldBlockId,
  updateOldOffset,
} from '../wal/heap-record.js';
import type { WalReader } from '../wal/reader.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import { Heap2Operation, HeapOperation } from '../wal/resource-managers.js';
import { tupleRemoval } from '../wal/tuple-removal.js';
import type { CatalogScan } from './catalog-scan.js';
import { keepsKeys } from './kept-keys.js';
import type { OldRowLog } from './old-row-log.js';
import type { OpenTransaction, OpenTransactions, RelationCounts } from './open-transaction.js';
import { PageHistories } from './page-history.js';
import { type LocalRelation, replicaIdentityIndex } from './relations.js';
import type { RowLineage } from './row-lineage.js';
import type { TemporaryFile } from './temporary-file.js';
import type { ToastChunks } from './toast-chunks.js';
import { ToastScan } from './toast-scan.js';
import { oldPlace } from './tuple-place.js';
import type { TupleSource } from './tuple-source.js';
import { isReadable, unreadableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';

/** Everything it looks at and fills. */
export interface HeapScanParts {
  /** The record under it is the one to look at. */
  readonly reader: WalReader;
  /** Hears of what is the catalog's own. */
  readonly catalog: CatalogScan;
  readonly transactions: OpenTransactions;
  readonly oldRows: OldRowLog;
  readonly lineage: RowLineage;
  readonly tuples: TupleSource;
  readonly toast: ToastChunks;
  /** Takes what does not fit into memory. */
  readonly file: TemporaryFile;
}

export class HeapScan {
  readonly #reader: WalReader;
  readonly #catalog: CatalogScan;
  readonly #transactions: OpenTransactions;
  readonly #oldRows: OldRowLog;
  readonly #lineage: RowLineage;
  readonly #tuples: TupleSource;
  readonly #toast: ToastScan;
  readonly #histories: PageHistories;
  readonly #version: RecordVersion;

  constructor(parts: HeapScanParts) {
    this.#reader = parts.reader;
    this.#catalog = parts.catalog;
    this.#transactions = parts.transactions;
    this.#oldRows = parts.oldRows;
    this.#lineage = parts.lineage;
    this.#tuples = parts.tuples;
    this.#toast = new ToastScan(parts.reader, parts.tuples, parts.toast);
    this.#histories = new PageHistories(parts.file);
    this.#version = recordVersion(parts.reader.segments.majorVersion);
  }

  /** A checkpoint whose redo pointer is `redo`: from there on every page's first change carries its image. */
  checkpoint(redo: Lsn): void {
    this.#histories.checkpoint(redo);
    if (!this.#histories.overflowed) this.#lineage.checkpoint(redo);
  }

  /** There is no record any more: what only the reading of later ones would need is let go. */
  finish(): void {
    this.#histories.close();
  }

  /** Images of heap pages in records that write no tuple. */
  images(): void {
    const reader = this.#reader;
    // Of pruning and locking, which are every sixth record of small transactions, most.
    if (reader.isPlain) return;
    for (let id = 0; id < reader.blockCount; id++) {
      if (reader.blockInUse[id] === 1 && reader.blockFork[id] === 0 && reader.imageLength[id] > 0)
        this.#page(id, this.#catalog.relationOf(id));
    }
  }

  /** Notes the record's image of a page, if it has one. */
  #page(id: number, relation: LocalRelation): void {
    const reader = this.#reader;
    if (!hasPageImage(reader, id, this.#version)) return;
    if (relation.role === 'toast' || (relation.role === 'ignored' && relation.definition?.kind === 'i'))
      return;
    this.#histories.image(relation.number, reader.blockNumber[id], reader.lsn);
    if (relation.followed) this.#catalog.image(relation, id);
  }

  /** Notes what the record does to the whole page that it puts tuples onto: making it anew, or an image. */
  #newPage(relation: LocalRelation): void {
    const reader = this.#reader;
    if ((reader.info & HeapOperation.initPage) !== 0)
      this.#histories.initialize(relation.number, reader.blockNumber[0], reader.lsn);
    this.#page(0, relation);
  }

  /** A record of the heap2 resource manager. */
  heap2Record(): void {
    if ((this.#reader.info & Heap2Operation.mask) === Heap2Operation.multiInsert) this.#multiInsert();
    else this.images();
  }

  /** A record of the heap resource manager. */
  heapRecord(): void {
    const reader = this.#reader;
    if (reader.blockCount === 0) {
      if ((reader.info & HeapOperation.mask) === HeapOperation.truncate) this.#catalog.truncate();
      return;
    }
    switch (reader.info & HeapOperation.mask) {
      case HeapOperation.insert:
        return this.#insert();
      case HeapOperation.delete:
        return this.#delete();
      case HeapOperation.update:
      case HeapOperation.hotUpdate:
        return this.#update();
      case HeapOperation.inplace:
        return this.#inplace();
      default:
        return this.images();
    }
  }

  #insert(): void {
    const reader = this.#reader;
    const relation = this.#catalog.relationOf(0);
    this.#newPage(relation);
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    if (relation.role === 'toast') return this.#toast.inserted(relation, transaction);
    if (relation.role === 'unknown') this.#toast.perhapsInserted(relation);
    const block = reader.blockNumber[0];
    const offset = insertOffset(reader);
    if (logsNewTuple(reader)) this.#histories.write(relation.number, block, offset, reader.lsn);
    if (relation.followed)
      this.#catalog.wrote(relation, block, offset, insertedTuple(reader), WRITER_UNKNOWN);
    else this.#lineage.wrote(transaction, relation, block, offset, reader.lsn);
    const counts = this.#counts(transaction, relation);
    if (counts !== undefined) counts.insert++;
  }

  #multiInsert(): void {
    const reader = this.#reader;
    const relation = this.#catalog.relationOf(0);
    this.#newPage(relation);
    const block = reader.blockNumber[0];
    const count = multiInsertCount(reader);
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    if (relation.followed) {
      const tuples = multiInsertedTuples(reader);
      for (let i = 0; i < count; i++) {
        const offset = multiInsertOffset(reader, i);
        if (tuples) this.#histories.write(relation.number, block, offset, reader.lsn);
        this.#catalog.wrote(relation, block, offset, tuples?.[i], WRITER_UNKNOWN);
      }
    } else {
      for (let i = 0; i < count; i++)
        this.#lineage.wrote(transaction, relation, block, multiInsertOffset(reader, i), reader.lsn);
      if (hasPageImage(reader, 0, this.#version) === false || reader.blockDataLength[0] > 0) {
        for (let i = 0; i < count; i++)
          this.#histories.write(relation.number, block, multiInsertOffset(reader, i), reader.lsn);
      }
    }
    const counts = this.#counts(transaction, relation);
    if (counts !== undefined) counts.insert += count;
  }

  #delete(): void {
    const reader = this.#reader;
    const relation = this.#catalog.relationOf(0);
    if (relation.role === 'toast') return;
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    const block = reader.blockNumber[0];
    const offset = deleteOffset(reader);
    const writer = this.#histories.writerOf(relation.number, block, offset);
    this.#page(0, relation);
    if (relation.followed) {
      this.#catalog.removed(relation, block, offset);
      const counts = this.#counts(transaction, relation);
      if (counts !== undefined) counts.delete++;
      return;
    }
    if ((deleteFlags(reader) & DeleteFlag.isSuper) !== 0) {
      // ON CONFLICT took its speculative tuple back: neither of the two happened.
      const counts = this.#counts(transaction, relation);
      if (counts !== undefined) counts.insert--;
      return;
    }
    const known = this.#remember(transaction, relation, block, offset, this.#orOwnImage(writer, 0));
    const counts = this.#counts(transaction, relation);
    if (counts !== undefined) counts.delete++;
    if (counts === undefined || this.#isReadable(known)) return;
    counts.partial++;
    if (loggedOldTuple(reader, 8) === undefined) counts.unreadable++;
  }

  #update(): void {
    const reader = this.#reader;
    const relation = this.#catalog.relationOf(0);
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    const oldBlockId = updateOldBlockId(reader);
    const oldBlock = reader.blockNumber[oldBlockId];
    const oldOffset = updateOldOffset(reader);
    const met = this.#orOwnImage(this.#histories.writerOf(relation.number, oldBlock, oldOffset), oldBlockId);
    const writer = this.#remember(transaction, relation, oldBlock, oldOffset, met);
    this.#newPage(relation);
    if (oldBlockId === 1) this.#page(1, relation);
    if (relation.followed) this.#catalog.removed(relation, oldBlock, oldOffset);
    const oldIsReadable = this.#isReadable(writer);
    const newIsReadable = !isDifference(reader) || oldIsReadable || this.#tuples.isOnDisk(reader);
    this.#updated(transaction, relation, writer, newIsReadable);
    const counts = this.#counts(transaction, relation);
    if (counts === undefined) return;
    counts.update++;
    // One that is not known may turn out to be a table.
    if (relation.role !== 'table' && relation.role !== 'unknown') return;
    if (!oldIsReadable) counts.partial++;
    if (!newIsReadable || !(oldIsReadable || this.#tellsOldKey(relation))) counts.unreadable++;
    if (!keepsKeys(reader, relation.definition)) {
      counts.moves++;
      this.#lineage.noteDoubtful(relation, reader.lsn);
    }
  }

  /** Remembers where an update put its new row, which `oldWriter` wrote the one of before, and tells the catalog when it is one of its own. */
  #updated(
    transaction: OpenTransaction,
    relation: LocalRelation,
    oldWriter: number,
    readable: boolean,
  ): void {
    const reader = this.#reader;
    const block = reader.blockNumber[0];
    const offset = updateNewOffset(reader);
    if (logsNewTuple(reader)) {
      const writer = readable ? reader.lsn : unreadableWriter(reader.lsn);
      this.#histories.write(relation.number, block, offset, writer);
    }
    if (relation.followed) this.#catalog.wrote(relation, block, offset, updatedTuple(reader), oldWriter);
    else this.#lineage.wrote(transaction, relation, block, offset, reader.lsn);
  }

  /** Can the row that the update or delete under the reader met be had, from WAL or from a disk? */
  #isReadable(writer: number): boolean {
    if (isReadable(writer)) return true;
    return this.#tuples.isReadable(writer, oldPlace(this.#reader), tupleRemoval(this.#reader));
  }

  /** Does the update under the reader say which row it met, be it logged or by the key that did not change? */
  #tellsOldKey(relation: LocalRelation): boolean {
    const reader = this.#reader;
    if (loggedOldTuple(reader, 14) !== undefined) return true;
    const isLogical = (updateFlags(reader) & UpdateFlag.containsNewTuple) !== 0;
    return isLogical && relation.definition !== undefined && !!replicaIdentityIndex(relation.definition);
  }

  /** The counters of what the transaction did to a relation; undefined where rows are nobody's. One of the catalog's is noted as such. */
  #counts(transaction: OpenTransaction, relation: LocalRelation): RelationCounts | undefined {
    if (relation.role === 'catalog') {
      if (this.#catalog.isRemarkable(relation)) transaction.changesCatalog = true;
      return undefined;
    }
    return relation.role === 'ignored' ? undefined : transaction.of(relation);
  }

  /**
   * An image in the record itself shows the page after the change, but the old tuple still stands on it: when nothing older is
   * known, it is the old row's source. (Unless the change itself pruned the page, which no insert, update or delete does.)
   */
  #orOwnImage(writer: number, blockId: number): number {
    const isKnown = writer !== WRITER_UNKNOWN && writer !== WRITER_FORGOTTEN;
    return !isKnown && hasPageImage(this.#reader, blockId, this.#version) ? -this.#reader.lsn : writer;
  }

  /**
   * Notes who wrote the row at (block, offset) that the record under the reader updates or deletes, and whether that was another lost
   * transaction; what of that is known from now on. The catalog is told at once, whatever can be kept.
   */
  #remember(
    transaction: OpenTransaction,
    relation: LocalRelation,
    block: number,
    offset: number,
    writer: number,
  ): number {
    const reader = this.#reader;
    let others = false;
    if (!relation.followed) {
      if (this.#histories.overflowed) this.#lineage.pagesForgotten();
      others = this.#lineage.met(transaction, relation, block, offset, writer, reader);
    }
    return this.#oldRows.append(reader.lsn, writer, others) || relation.followed ? writer : WRITER_FORGOTTEN;
  }

  #inplace(): void {
    const relation = this.#catalog.relationOf(0);
    this.#page(0, relation);
    if (relation.followed) this.#catalog.overwritten(relation);
  }
}
