/**
 * What heap records do to pages, while the one pass goes by: which record wrote which tuple (page-history, old-row-log), where TOASTed
 * values lie, what the catalog must hear, and how many rows each transaction changed.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import type { HeaderlessTuple } from '../heap/deform.js';
import { TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import { hasPageImage, restorePageImage } from '../wal/full-page-image.js';
import {
  DeleteFlag,
  deleteFlags,
  deleteOffset,
  insertedTuple,
  insertOffset,
  type LoggedTuple,
  loggedOldTuple,
  multiInsertCount,
  multiInsertedTuples,
  multiInsertOffset,
  parseTruncate,
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
import { emptiedFile } from '../wal/storage-record.js';
import { tupleRemoval } from '../wal/tuple-removal.js';
import { ChunkOrder } from './chunk-order.js';
import { keepsKeys } from './kept-keys.js';
import type { OldRowLog } from './old-row-log.js';
import type { OpenTransaction, OpenTransactions, RelationCounts } from './open-transaction.js';
import { PageHistories } from './page-history.js';
import type { TuplePlaceInRelation } from './past-tuples.js';
import { type LocalRelation, type Relations, replicaIdentityIndex } from './relations.js';
import type { RowLineage } from './row-lineage.js';
import type { TemporaryFile } from './temporary-file.js';
import { isWholeChunk } from './toast-chunk.js';
import { type ToastChunks, untoldFile } from './toast-chunks.js';
import type { TupleSource } from './tuple-source.js';
import { TupleUnavailableError } from './tuple-unavailable.js';
import { isReadable, unreadableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';

/** Everything it looks at and fills. */
export interface HeapScanParts {
  /** The record under it is the one to look at. */
  readonly reader: WalReader;
  readonly catalog: Catalog & CatalogFeed;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
  readonly relations: Relations;
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
  readonly #catalog: Catalog & CatalogFeed;
  readonly #blockSize: number;
  readonly #relations: Relations;
  readonly #transactions: OpenTransactions;
  readonly #oldRows: OldRowLog;
  readonly #lineage: RowLineage;
  readonly #tuples: TupleSource;
  readonly #toast: ToastChunks;
  readonly #histories: PageHistories;
  readonly #version: RecordVersion;
  /** Raised whenever the catalog may answer differently: what was unknown is asked again. */
  #catalogAge = 0;
  readonly #identifiedAt = new Map<LocalRelation, number>();

  constructor(parts: HeapScanParts) {
    this.#reader = parts.reader;
    this.#catalog = parts.catalog;
    this.#blockSize = parts.blockSize;
    this.#relations = parts.relations;
    this.#transactions = parts.transactions;
    this.#oldRows = parts.oldRows;
    this.#lineage = parts.lineage;
    this.#tuples = parts.tuples;
    this.#toast = parts.toast;
    this.#histories = new PageHistories(parts.file);
    this.#version = recordVersion(parts.reader.segments.majorVersion);
  }

  /** Raised whenever the catalog may answer differently. */
  get catalogAge(): number {
    return this.#catalogAge;
  }

  /** Somebody else told the catalog something new. */
  catalogChanged(): void {
    this.#catalogAge++;
  }

  /** The relation of a block reference, identified as well as the catalog can. */
  #relation(blockId: number): LocalRelation {
    const reader = this.#reader;
    const relation = this.#relations.at(
      reader.blockTablespace[blockId],
      reader.blockDatabase[blockId],
      reader.blockFileNode[blockId],
    );
    if (relation.role !== 'unknown' && relation.role !== 'ignored' && !relation.maybeTransient)
      return relation;
    if (this.#identifiedAt.get(relation) === this.#catalogAge) return relation;
    this.#identifiedAt.set(relation, this.#catalogAge);
    this.#relations.identify(relation, {
      lsn: reader.lsn,
      ownXids: this.#transactions.xidsChangingCatalog(),
    });
    return relation;
  }

  /** A checkpoint whose redo pointer is `redo`: from there on every page's first change carries its image. */
  checkpoint(redo: Lsn): void {
    this.#histories.checkpoint(redo);
    if (!this.#histories.overflowed) this.#lineage.checkpoint(redo);
  }

  /** Images of heap pages in records that write no tuple. */
  images(): void {
    const reader = this.#reader;
    for (let id = 0; id < reader.blockCount; id++) {
      if (reader.blockInUse[id] === 1 && reader.blockFork[id] === 0 && reader.imageLength[id] > 0)
        this.#page(id, this.#relation(id));
    }
  }

  /** Notes what the record does to a whole page: an image, or making it anew. */
  #page(id: number, relation: LocalRelation): void {
    const reader = this.#reader;
    if (relation.role === 'toast' || (relation.role === 'ignored' && relation.definition?.kind === 'i'))
      return;
    if (hasPageImage(reader, id, this.#version)) {
      this.#histories.image(relation.number, reader.blockNumber[id], reader.lsn);
      if (relation.followed) {
        const page = restorePageImage(reader, id, this.#version, this.#blockSize);
        this.#catalog.pageImage(relation.locator, reader.blockNumber[id], page, reader.lsn);
        this.#catalogAge++;
      }
    }
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
      if ((reader.info & HeapOperation.mask) === HeapOperation.truncate) this.#truncate();
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
    const relation = this.#relation(0);
    const block = reader.blockNumber[0];
    if ((reader.info & HeapOperation.initPage) !== 0)
      this.#histories.initialize(relation.number, block, reader.lsn);
    this.#page(0, relation);
    if (relation.role === 'toast') {
      this.#toastChunk(relation);
      return;
    }
    if (relation.role === 'unknown') this.#perhapsChunk(relation);
    const offset = insertOffset(reader);
    this.#wrote(relation, block, offset, insertedTuple(reader), 0);
    this.#count(relation, 'insert', 1);
  }

  #toastChunk(relation: LocalRelation): void {
    const reader = this.#reader;
    const oid = relation.definition?.oid;
    if (oid === undefined) return;
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    const logged = insertedTuple(reader);
    if (logged !== undefined) {
      this.#noteChunk(oid, reader.buffer, logged, transaction);
      return;
    }
    try {
      const tuple = this.#tuples.inserted(reader);
      this.#noteChunk(oid, tuple.buffer, tuple, transaction);
    } catch (error) {
      // The value will be found incomplete when it is wanted, and said to be.
      if (!(error instanceof TupleUnavailableError)) throw error;
      transaction.toDecode = true;
    }
  }

  /** Should the relation turn out to be a TOAST table, its values will be looked for. */
  #perhapsChunk(relation: LocalRelation): void {
    const reader = this.#reader;
    try {
      const { buffer, data, hoff, end } = this.#tuples.inserted(reader);
      const start = data + hoff - TUPLE_HEADER_SIZE;
      if (isWholeChunk(buffer, start, end))
        this.#toast.add(untoldFile(relation.number), reader.lsn, buffer, start);
    } catch (error) {
      if (!(error instanceof TupleUnavailableError)) throw error;
    }
  }

  #noteChunk(
    oid: number,
    bytes: Buffer,
    { data, hoff, end }: HeaderlessTuple,
    transaction: OpenTransaction,
  ): void {
    const start = data + hoff - TUPLE_HEADER_SIZE;
    this.#toast.add(oid, this.#reader.lsn, bytes, start);
    transaction.chunks ??= new ChunkOrder();
    if (!transaction.chunks.follows(oid, bytes, start, end)) transaction.toDecode = true;
  }

  #multiInsert(): void {
    const reader = this.#reader;
    const relation = this.#relation(0);
    const block = reader.blockNumber[0];
    if ((reader.info & HeapOperation.initPage) !== 0)
      this.#histories.initialize(relation.number, block, reader.lsn);
    this.#page(0, relation);
    const count = multiInsertCount(reader);
    if (relation.followed) {
      const tuples = multiInsertedTuples(reader);
      for (let i = 0; i < count; i++)
        this.#wrote(relation, block, multiInsertOffset(reader, i), tuples?.[i], 0);
      this.#count(relation, 'insert', count);
      return;
    }
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    for (let i = 0; i < count; i++)
      this.#lineage.wrote(transaction, relation, block, multiInsertOffset(reader, i), reader.lsn);
    if (hasPageImage(reader, 0, this.#version) === false || reader.blockDataLength[0] > 0) {
      for (let i = 0; i < count; i++)
        this.#histories.write(relation.number, block, multiInsertOffset(reader, i), reader.lsn);
    }
    this.#count(relation, 'insert', count);
  }

  #delete(): void {
    const reader = this.#reader;
    const relation = this.#relation(0);
    const block = reader.blockNumber[0];
    const offset = deleteOffset(reader);
    if (relation.role === 'toast') return;
    const writer = this.#histories.writerOf(relation.number, block, offset);
    this.#page(0, relation);
    if (relation.followed) {
      this.#catalog.tupleRemoved(relation.locator, block, offset, reader.xid, reader.lsn);
      this.#catalogAge++;
      this.#count(relation, 'delete', 1);
      return;
    }
    if ((deleteFlags(reader) & DeleteFlag.isSuper) !== 0) {
      // ON CONFLICT took its speculative tuple back: neither of the two happened.
      this.#count(relation, 'insert', -1);
      return;
    }
    const known = this.#remember(this.#orOwnImage(writer, 0), relation, 0, offset);
    this.#count(relation, 'delete', 1);
    if (this.#isReadable(known, 0, offset)) return;
    const counts = this.#counts(relation);
    counts.partial++;
    if (loggedOldTuple(reader, 8) === undefined) counts.unreadable++;
  }

  /** Does the record update or delete a row that another lost transaction wrote? */
  #meetsOthers(relation: LocalRelation, blockId: number, offset: number, writer: number): boolean {
    if (relation.followed) return false;
    const reader = this.#reader;
    if (this.#histories.overflowed) this.#lineage.pagesForgotten();
    return this.#lineage.met(
      this.#transactions.of(reader.xid, reader.lsn),
      relation,
      reader.blockNumber[blockId],
      offset,
      writer,
      reader.lsn,
      () => this.#placeOf(blockId, offset),
    );
  }

  #update(): void {
    const reader = this.#reader;
    const relation = this.#relation(0);
    const newBlock = reader.blockNumber[0];
    const newOffset = updateNewOffset(reader);
    const oldBlockId = updateOldBlockId(reader);
    const oldBlock = reader.blockNumber[oldBlockId];
    const oldOffset = updateOldOffset(reader);
    const writer = this.#remember(
      this.#orOwnImage(this.#histories.writerOf(relation.number, oldBlock, oldOffset), oldBlockId),
      relation,
      oldBlockId,
      oldOffset,
    );
    if ((reader.info & HeapOperation.initPage) !== 0)
      this.#histories.initialize(relation.number, newBlock, reader.lsn);
    this.#page(0, relation);
    if (oldBlockId === 1) this.#page(1, relation);
    if (relation.followed) {
      this.#catalog.tupleRemoved(relation.locator, oldBlock, oldOffset, reader.xid, reader.lsn);
    }
    const logged = updatedTuple(reader);
    const oldIsReadable = this.#isReadable(writer, oldBlockId, oldOffset);
    const isDifference = logged !== undefined && (logged.prefix > 0 || logged.suffix > 0);
    const newIsReadable = !isDifference || oldIsReadable || this.#tuples.isOnDisk(reader);
    this.#wrote(relation, newBlock, newOffset, logged, writer, newIsReadable);
    this.#count(relation, 'update', 1);
    // One that is not known may turn out to be a table.
    if (relation.role !== 'table' && relation.role !== 'unknown') return;
    if (!oldIsReadable) this.#counts(relation).partial++;
    if (!newIsReadable || !(oldIsReadable || this.#tellsOldKey(relation)))
      this.#counts(relation).unreadable++;
    if (!keepsKeys(reader, relation.definition)) {
      this.#counts(relation).moves++;
      this.#lineage.noteDoubtful(relation, reader.lsn);
    }
  }

  /** Can the row that an update or delete met be had, from WAL or from a disk? */
  #isReadable(writer: number, blockId: number, offset: number): boolean {
    if (isReadable(writer)) return true;
    return this.#tuples.isReadable(writer, this.#placeOf(blockId, offset), tupleRemoval(this.#reader));
  }

  /** A place on the page of one of the record's blocks. */
  #placeOf(blockId: number, offset: number): TuplePlaceInRelation {
    const reader = this.#reader;
    return {
      tablespaceOid: reader.blockTablespace[blockId],
      databaseOid: reader.blockDatabase[blockId],
      fileNode: reader.blockFileNode[blockId],
      block: reader.blockNumber[blockId],
      offset,
    };
  }

  /** Does the update under the reader say which row it met, be it logged or by the key that did not change? */
  #tellsOldKey(relation: LocalRelation): boolean {
    const reader = this.#reader;
    if (loggedOldTuple(reader, 14) !== undefined) return true;
    const isLogical = (updateFlags(reader) & UpdateFlag.containsNewTuple) !== 0;
    return isLogical && relation.definition !== undefined && !!replicaIdentityIndex(relation.definition);
  }

  #counts(relation: LocalRelation): RelationCounts {
    return this.#transactions.of(this.#reader.xid, this.#reader.lsn).of(relation);
  }

  /** Adds to what the record's transaction did to a relation. */
  #count(relation: LocalRelation, operation: 'insert' | 'update' | 'delete', rows: number): void {
    const transaction = this.#transactions.of(this.#reader.xid, this.#reader.lsn);
    if (relation.role === 'catalog') {
      if (this.#relations.catalogName(relation, this.#reader.lsn) !== undefined)
        transaction.changesCatalog = true;
    } else if (relation.role !== 'ignored') transaction.of(relation)[operation] += rows;
  }

  /**
   * An image in the record itself shows the page after the change, but the old tuple still stands on it: when nothing older is
   * known, it is the old row's source. (Unless the change itself pruned the page, which no insert, update or delete does.)
   */
  #orOwnImage(writer: number, blockId: number): number {
    const isKnown = writer !== WRITER_UNKNOWN && writer !== WRITER_FORGOTTEN;
    return !isKnown && hasPageImage(this.#reader, blockId, this.#version) ? -this.#reader.lsn : writer;
  }

  /** Notes who wrote the row that the record replaces, at `offset` of one of its blocks; what could be kept of that. */
  #remember(writer: number, relation: LocalRelation, blockId: number, offset: number): number {
    const others = this.#meetsOthers(relation, blockId, offset, writer);
    return this.#oldRows.append(this.#reader.lsn, writer, others) ? writer : WRITER_FORGOTTEN;
  }

  /** A tuple came to stand at (block, offset): remembers where, and tells the catalog when it is one of its own. */
  #wrote(
    relation: LocalRelation,
    block: number,
    offset: number,
    logged: LoggedTuple | undefined,
    oldWriter: number,
    readable = true,
  ): void {
    const reader = this.#reader;
    if (logged !== undefined) {
      const writer = readable ? reader.lsn : unreadableWriter(reader.lsn);
      this.#histories.write(relation.number, block, offset, writer);
    }
    if (!relation.followed) {
      const transaction = this.#transactions.of(reader.xid, reader.lsn);
      this.#lineage.wrote(transaction, relation, block, offset, reader.lsn);
      return;
    }
    this.#catalogAge++;
    if (logged === undefined) return;
    try {
      const tuple = this.#tuples.newTuple(reader, offset, logged, oldWriter).copy();
      this.#catalog.tupleWritten(relation.locator, block, offset, tuple, reader.xid, reader.lsn);
    } catch (error) {
      // The catalog's own row is on disk in some version; a table it cannot tell will be said to be unknown.
      if (!(error instanceof TupleUnavailableError)) throw error;
    }
  }

  #inplace(): void {
    const reader = this.#reader;
    const relation = this.#relation(0);
    this.#page(0, relation);
    if (!relation.followed || reader.blockDataLength[0] === 0) return;
    const data = reader.buffer.subarray(
      reader.blockDataOffset[0],
      reader.blockDataOffset[0] + reader.blockDataLength[0],
    );
    const offset = reader.view.getUint16(reader.mainOffset, true);
    this.#catalog.tupleOverwritten(
      relation.locator,
      reader.blockNumber[0],
      offset,
      Buffer.from(data),
      reader.lsn,
    );
    this.#catalogAge++;
  }

  /** There is no record any more: what only the reading of later ones would need is let go. */
  finish(): void {
    this.#histories.close();
  }

  /** A record of the storage resource manager: a file cut off at its beginning, when it is the transaction's own, was truncated. */
  storageRecord(): void {
    const reader = this.#reader;
    const file = reader.xid === 0 ? undefined : emptiedFile(reader);
    if (!file) return;
    const relation = this.#relations.at(file.tablespaceOid, file.databaseOid, file.fileNode);
    const moment = { lsn: reader.lsn, ownXids: this.#transactions.xidsChangingCatalog() };
    this.#relations.identify(relation, moment);
    const { definition, role } = relation;
    if (role !== 'table' || !definition || definition.persistence !== 'p') return;
    const seenByOthers = this.#catalog.rows(file.databaseOid, { lsn: reader.lsn })?.relation(definition.oid);
    if (seenByOthers?.fileNode !== file.fileNode)
      this.#transactions.of(reader.xid, reader.lsn).emptied.push(definition);
  }

  #truncate(): void {
    const reader = this.#reader;
    const record = parseTruncate(reader);
    const moment = { lsn: reader.lsn, ownXids: this.#transactions.xidsChangingCatalog() };
    const transaction = this.#transactions.of(reader.xid, reader.lsn);
    for (const oid of record.relationOids) {
      const definition = this.#catalog.relationByOid(record.databaseOid, oid, moment);
      if (definition && definition.kind === 'r' && !definition.system) transaction.truncated.push(definition);
    }
  }
}
