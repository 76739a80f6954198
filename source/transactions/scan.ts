/**
 * The one pass over a node's WAL: every record is read and checked once, in order.
 *
 * On the way it feeds the catalog, remembers where tuples were written (page-history, old-row-log), and counts what each
 * transaction does; when one commits after `lostFrom`, it goes into the index. Rows are not decoded here.
 */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import { TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import { hasPageImage, restorePageImage } from '../wal/full-page-image.js';
import {
  DeleteFlag,
  deleteFlags,
  deleteOffset,
  insertedTuple,
  insertOffset,
  type LoggedTuple,
  multiInsertCount,
  multiInsertedTuples,
  multiInsertOffset,
  parseTruncate,
  updatedTuple,
  updateNewOffset,
  updateOldBlockId,
  updateOldOffset,
} from '../wal/heap-record.js';
import { WalReader } from '../wal/reader.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import {
  Heap2Operation,
  HeapOperation,
  RelationMapOperation,
  ResourceManager,
  TransactionOperation,
  XlogOperation,
} from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { parsePrepare, parseTransactionEnd } from '../wal/transaction-record.js';
import { OldRowLog } from './old-row-log.js';
import { OpenTransaction } from './open-transaction.js';
import { PageHistories } from './page-history.js';
import { type LocalRelation, Relations } from './relations.js';
import { shapeOf } from './shape.js';
import { ToastChunks } from './toast-chunks.js';
import { TransactionIndex } from './transaction-index.js';
import { TupleSource, TupleUnavailableError } from './tuple-source.js';

/** What a scan is told. */
export interface ScanOptions {
  readonly segments: WalSegments;
  readonly catalog: Catalog & CatalogFeed;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
  /** A record's first byte, a checkpoint's redo pointer: where reading begins. */
  readonly startLsn: Lsn;
  /** Transactions whose commit record ends after this LSN are wanted. */
  readonly lostFrom: Lsn;
  readonly tempDir?: string;
}

/** A transaction that was prepared and not resolved so far. */
interface Prepared {
  readonly transaction: OpenTransaction;
  readonly xids: readonly number[];
  readonly gid: string;
  readonly databaseOid: number;
  readonly time: number;
  readonly lsn: Lsn;
  readonly endLsn: Lsn;
}

/** How many records are read between two looks at the clock. */
const RECORDS_BETWEEN_LOOKS = 2048;

export class Scan {
  readonly index = new TransactionIndex();
  readonly histories = new PageHistories();
  readonly oldRows: OldRowLog;
  readonly tuples: TupleSource;
  readonly relations: Relations;
  readonly toast = new ToastChunks();
  readonly reader: WalReader;
  /** Time of the last commit before lostFrom, 0 when none was seen. */
  lastCommitTimeBefore = 0;
  /** Set when there is nothing more to read. */
  finished = false;

  readonly #options: ScanOptions;
  readonly #version: RecordVersion;
  readonly #open = new Map<number, OpenTransaction>();
  readonly #prepared = new Map<number, Prepared>();
  #lastOpen: OpenTransaction | undefined;
  /** Raised whenever the catalog may answer differently: what was unknown is asked again. */
  #catalogAge = 0;
  readonly #identifiedAt = new Map<LocalRelation, number>();

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#version = recordVersion(options.segments.majorVersion);
    this.oldRows = new OldRowLog(options.tempDir);
    this.tuples = new TupleSource(options.segments, options.blockSize, this.oldRows);
    this.relations = new Relations(options.catalog);
    this.reader = new WalReader(options.segments, { blockSize: options.blockSize });
    this.reader.seek(options.startLsn);
  }

  /** Reads for about `milliseconds`; false when WAL has come to its end. */
  step(milliseconds: number): boolean {
    if (this.finished) return false;
    const deadline = performance.now() + milliseconds;
    for (;;) {
      for (let i = 0; i < RECORDS_BETWEEN_LOOKS; i++) {
        if (!this.reader.next()) {
          this.#finish();
          return false;
        }
        this.#record();
      }
      if (performance.now() >= deadline) return true;
    }
  }

  /** Lets go of files. What was found can no longer be decoded. */
  close(): void {
    this.reader.closeFile();
    this.tuples.close();
    this.oldRows.close();
  }

  #record(): void {
    const { reader } = this;
    if (reader.xid !== 0) this.#transaction(reader.xid).walBytes += reader.totalLength;
    switch (reader.rmid) {
      case ResourceManager.heap:
        return this.#heap();
      case ResourceManager.heap2:
        if ((reader.info & Heap2Operation.mask) === Heap2Operation.multiInsert) return this.#multiInsert();
        return this.#images();
      case ResourceManager.xlog: {
        const operation = reader.info & 0xf0;
        if (operation === XlogOperation.fullPageImage || operation === XlogOperation.fullPageImageForHint)
          this.#images();
        return;
      }
      case ResourceManager.transaction:
        return this.#transactionRecord();
      case ResourceManager.relationMap:
        if ((reader.info & 0xf0) === RelationMapOperation.update) {
          // xl_relmap_update: dbid, tsid, nbytes, data.
          const { view, mainOffset, mainLength } = reader;
          const map = reader.buffer.subarray(mainOffset + 12, mainOffset + mainLength);
          this.#options.catalog.mapReplaced(view.getUint32(mainOffset, true), Buffer.from(map), reader.lsn);
          this.#catalogAge++;
        }
        return;
      case ResourceManager.sequence:
      case ResourceManager.logicalMessage:
        if (reader.xid !== 0) this.#transaction(reader.xid).hasOtherChanges = true;
        return;
    }
  }

  #transaction(xid: number): OpenTransaction {
    const last = this.#lastOpen;
    if (last !== undefined && last.xid === xid) return last;
    let found = this.#open.get(xid);
    if (!found) {
      found = new OpenTransaction(xid, this.reader.lsn);
      this.#open.set(xid, found);
    }
    this.#lastOpen = found;
    return found;
  }

  /** The relation of a block reference, identified as well as the catalog can. */
  #relation(blockId: number): LocalRelation {
    const { reader } = this;
    const relation = this.relations.at(
      reader.blockTablespace[blockId],
      reader.blockDatabase[blockId],
      reader.blockFileNode[blockId],
    );
    if (relation.role !== 'unknown' && relation.role !== 'ignored') return relation;
    if (this.#identifiedAt.get(relation) === this.#catalogAge) return relation;
    this.#identifiedAt.set(relation, this.#catalogAge);
    this.relations.identify(relation, { lsn: reader.lsn, ownXids: this.#xidsChangingCatalog() });
    return relation;
  }

  /**
   * Transactions in flight that changed the catalog. A relation file that no committed transaction knows can only
   * belong to the one that is writing into it, so seeing all of them together is as good as knowing which.
   */
  #xidsChangingCatalog(): Set<number> {
    const xids = new Set<number>();
    for (const transaction of this.#open.values()) if (transaction.changesCatalog) xids.add(transaction.xid);
    return xids;
  }

  /** Images of heap pages in records that write no tuple. */
  #images(): void {
    const { reader } = this;
    for (let id = 0; id < reader.blockCount; id++) {
      if (reader.blockInUse[id] === 1 && reader.blockFork[id] === 0 && reader.imageLength[id] > 0)
        this.#page(id, this.#relation(id));
    }
  }

  /** Notes what the record does to a whole page: an image, or making it anew. */
  #page(id: number, relation: LocalRelation): void {
    const { reader } = this;
    if (relation.role === 'toast' || (relation.role === 'ignored' && relation.definition?.kind === 'i'))
      return;
    if (hasPageImage(reader, id, this.#version)) {
      this.histories.image(relation.number, reader.blockNumber[id], reader.lsn);
      if (relation.followed) {
        const page = restorePageImage(reader, id, this.#version, this.#options.blockSize);
        this.#options.catalog.pageImage(relation.locator, reader.blockNumber[id], page, reader.lsn);
        this.#catalogAge++;
      }
    }
  }

  #heap(): void {
    const { reader } = this;
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
        return this.#images();
    }
  }

  #insert(): void {
    const { reader } = this;
    const relation = this.#relation(0);
    const block = reader.blockNumber[0];
    if ((reader.info & HeapOperation.initPage) !== 0) this.histories.initialize(relation.number, block);
    this.#page(0, relation);
    if (relation.role === 'toast') {
      this.#toastChunk(relation);
      return;
    }
    const offset = insertOffset(reader);
    this.#wrote(relation, block, offset, insertedTuple(reader), 0);
    this.#count(relation, 'insert', 1);
  }

  #toastChunk(relation: LocalRelation): void {
    const { reader } = this;
    const logged = insertedTuple(reader);
    if (logged !== undefined) {
      this.toast.add(relation, reader.lsn, reader.buffer, logged.data + logged.hoff - TUPLE_HEADER_SIZE);
      return;
    }
    try {
      const tuple = this.tuples.newTuple(reader, insertOffset(reader), undefined, 0);
      this.toast.add(relation, reader.lsn, tuple, tuple[22]);
    } catch (error) {
      // The value will be found incomplete when it is wanted, and said to be.
      if (!(error instanceof TupleUnavailableError)) throw error;
    }
  }

  #multiInsert(): void {
    const { reader } = this;
    const relation = this.#relation(0);
    const block = reader.blockNumber[0];
    if ((reader.info & HeapOperation.initPage) !== 0) this.histories.initialize(relation.number, block);
    this.#page(0, relation);
    const count = multiInsertCount(reader);
    if (relation.followed) {
      const tuples = multiInsertedTuples(reader);
      for (let i = 0; i < count; i++)
        this.#wrote(relation, block, multiInsertOffset(reader, i), tuples?.[i], 0);
      this.#count(relation, 'insert', count);
      return;
    }
    if (hasPageImage(reader, 0, this.#version) === false || reader.blockDataLength[0] > 0) {
      for (let i = 0; i < count; i++)
        this.histories.write(relation.number, block, multiInsertOffset(reader, i), reader.lsn);
    }
    this.#count(relation, 'insert', count);
  }

  #delete(): void {
    const { reader } = this;
    const relation = this.#relation(0);
    const block = reader.blockNumber[0];
    const offset = deleteOffset(reader);
    if (relation.role === 'toast') return;
    const writer = this.histories.writerOf(relation.number, block, offset);
    this.#page(0, relation);
    if (relation.followed) {
      this.#options.catalog.tupleRemoved(relation.locator, block, offset, reader.xid, reader.lsn);
      this.#catalogAge++;
      this.#count(relation, 'delete', 1);
      return;
    }
    if ((deleteFlags(reader) & DeleteFlag.isSuper) !== 0) {
      // ON CONFLICT took its speculative tuple back: neither of the two happened.
      this.#count(relation, 'insert', -1);
      return;
    }
    this.oldRows.append(reader.lsn, this.#orOwnImage(writer, 0));
    this.#count(relation, 'delete', 1);
  }

  #update(): void {
    const { reader } = this;
    const relation = this.#relation(0);
    const newBlock = reader.blockNumber[0];
    const newOffset = updateNewOffset(reader);
    const oldBlockId = updateOldBlockId(reader);
    const oldBlock = reader.blockNumber[oldBlockId];
    const oldOffset = updateOldOffset(reader);
    const writer = this.#orOwnImage(
      this.histories.writerOf(relation.number, oldBlock, oldOffset),
      oldBlockId,
    );
    this.oldRows.append(reader.lsn, writer);
    if ((reader.info & HeapOperation.initPage) !== 0) this.histories.initialize(relation.number, newBlock);
    this.#page(0, relation);
    if (oldBlockId === 1) this.#page(1, relation);
    if (relation.followed) {
      this.#options.catalog.tupleRemoved(relation.locator, oldBlock, oldOffset, reader.xid, reader.lsn);
    }
    this.#wrote(relation, newBlock, newOffset, updatedTuple(reader), writer);
    this.#count(relation, 'update', 1);
  }

  /** Adds to what the record's transaction did to a relation. */
  #count(relation: LocalRelation, operation: 'insert' | 'update' | 'delete', rows: number): void {
    const transaction = this.#transaction(this.reader.xid);
    if (relation.role === 'catalog') {
      if (this.relations.catalogName(relation, this.reader.lsn) !== undefined)
        transaction.changesCatalog = true;
    } else if (relation.role !== 'ignored') transaction.of(relation)[operation] += rows;
  }

  /**
   * An image in the record itself shows the page after the change, but the old tuple still stands on it: when nothing older is
   * known, it is the old row's source. (Unless the change itself pruned the page, which no insert, update or delete does.)
   */
  #orOwnImage(writer: number, blockId: number): number {
    return writer === 0 && hasPageImage(this.reader, blockId, this.#version) ? -this.reader.lsn : writer;
  }

  /** A tuple came to stand at (block, offset): remembers where, and tells the catalog when it is one of its own. */
  #wrote(
    relation: LocalRelation,
    block: number,
    offset: number,
    logged: LoggedTuple | undefined,
    oldWriter: number,
  ): void {
    const { reader } = this;
    if (logged !== undefined) this.histories.write(relation.number, block, offset, reader.lsn);
    if (!relation.followed) return;
    this.#catalogAge++;
    if (logged === undefined) return;
    try {
      const tuple = this.tuples.newTuple(reader, offset, logged, oldWriter);
      this.#options.catalog.tupleWritten(relation.locator, block, offset, tuple, reader.xid, reader.lsn);
    } catch (error) {
      // The catalog's own row is on disk in some version; a table it cannot tell will be said to be unknown.
      if (!(error instanceof TupleUnavailableError)) throw error;
    }
  }

  #inplace(): void {
    const { reader } = this;
    const relation = this.#relation(0);
    this.#page(0, relation);
    if (!relation.followed || reader.blockDataLength[0] === 0) return;
    const data = reader.buffer.subarray(
      reader.blockDataOffset[0],
      reader.blockDataOffset[0] + reader.blockDataLength[0],
    );
    const offset = reader.view.getUint16(reader.mainOffset, true);
    this.#options.catalog.tupleOverwritten(
      relation.locator,
      reader.blockNumber[0],
      offset,
      Buffer.from(data),
      reader.lsn,
    );
    this.#catalogAge++;
  }

  #truncate(): void {
    const { reader } = this;
    const record = parseTruncate(reader);
    const moment = { lsn: reader.lsn, ownXids: this.#xidsChangingCatalog() };
    const transaction = this.#transaction(reader.xid);
    for (const oid of record.relationOids) {
      const definition = this.#options.catalog.relationByOid(record.databaseOid, oid, moment);
      if (definition && definition.kind === 'r' && !definition.system) transaction.truncated.push(definition);
    }
  }

  #transactionRecord(): void {
    const { reader } = this;
    switch (reader.info & TransactionOperation.mask) {
      case TransactionOperation.commit:
      case TransactionOperation.commitPrepared:
      case TransactionOperation.abort:
      case TransactionOperation.abortPrepared:
        return this.#ended();
      case TransactionOperation.prepare: {
        const prepared = parsePrepare(reader, this.#version);
        this.#prepared.set(prepared.xid, {
          transaction: this.#take(prepared.xid, prepared.subxids, reader.lsn),
          xids: [prepared.xid, ...prepared.subxids],
          gid: prepared.gid,
          databaseOid: prepared.databaseOid,
          time: prepared.time,
          lsn: reader.lsn,
          endLsn: reader.endLsn,
        });
        return;
      }
    }
  }

  /** Takes a transaction and its committed children out of those in flight, as one. */
  #take(xid: number, subxids: readonly number[], lsn: Lsn): OpenTransaction {
    this.#lastOpen = undefined;
    const children: OpenTransaction[] = [];
    let first = lsn;
    for (const each of [xid, ...subxids]) {
      const found = this.#open.get(each);
      if (!found) continue;
      this.#open.delete(each);
      children.push(found);
      if (found.firstLsn < first) first = found.firstLsn;
    }
    const whole = new OpenTransaction(xid, first);
    for (const child of children) whole.absorb(child);
    return whole;
  }

  #ended(): void {
    const { reader } = this;
    const end = parseTransactionEnd(reader, this.#version);
    const prepared = end.twoPhase ? this.#prepared.get(end.xid) : undefined;
    if (prepared) this.#prepared.delete(end.xid);
    const taken = this.#take(end.xid, end.subxids, reader.lsn);
    const transaction = prepared?.transaction ?? taken;
    const xids = [end.xid, ...end.subxids];
    if (transaction.changesCatalog || !end.committed) {
      this.#options.catalog.transactionEnded(xids, end.committed, reader.lsn);
      this.#catalogAge++;
    } else if (end.committed) {
      this.#options.catalog.transactionEnded(xids, true, reader.lsn);
    }
    if (!end.committed) return;
    if (reader.endLsn <= this.#options.lostFrom) {
      this.lastCommitTimeBefore = end.time;
      return;
    }
    if (!transaction.hasChanges) return;
    this.index.append({
      xid: end.xid,
      firstLsn: transaction.firstLsn,
      commitLsn: reader.lsn,
      commitEndLsn: reader.endLsn,
      commitTime: end.time,
      walBytes: transaction.walBytes,
      prepared: false,
      straddlesFork: transaction.firstLsn < this.#options.lostFrom,
      changesCatalog: transaction.changesCatalog,
      gid: end.gid ?? prepared?.gid,
      shape: shapeOf(transaction, this.#options.catalog, end.databaseOid || (prepared?.databaseOid ?? 0), {
        lsn: reader.lsn,
        ownXids: transaction.changesCatalog ? new Set(xids) : undefined,
      }),
    });
  }

  /** At the end of WAL, what was prepared in the lost part and never resolved is in doubt. */
  #finish(): void {
    this.finished = true;
    const inDoubt = [...this.#prepared.values()].filter(
      (each) => each.endLsn > this.#options.lostFrom && each.transaction.hasChanges,
    );
    inDoubt.sort((a, b) => a.lsn - b.lsn);
    for (const each of inDoubt) {
      this.index.append({
        xid: each.xids[0],
        firstLsn: each.transaction.firstLsn,
        commitLsn: each.lsn,
        commitEndLsn: each.endLsn,
        commitTime: each.time,
        walBytes: each.transaction.walBytes,
        prepared: true,
        straddlesFork: each.transaction.firstLsn < this.#options.lostFrom,
        changesCatalog: each.transaction.changesCatalog,
        gid: each.gid,
        shape: shapeOf(each.transaction, this.#options.catalog, each.databaseOid, {
          lsn: this.reader.lsn,
          ownXids: new Set(each.xids),
        }),
      });
    }
    const end = this.reader.end;
    if (
      end?.kind === 'missing' &&
      end.lsn % this.#options.segments.segmentSize === 0 &&
      !this.#hasSegmentAfter(end.lsn)
    ) {
      // The last record filled the last segment to its end.
      this.reader.end = { ...end, kind: 'end' };
    } else if (end?.kind === 'end') {
      const goesOn = this.reader.continuesAfter(end.lsn);
      if (goesOn !== undefined) {
        this.reader.end = {
          ...end,
          kind: 'damaged',
          reason: `${end.reason}; WAL goes on at ${formatLsn(goesOn)}`,
        };
      } else this.reader.end = end;
    }
  }

  #hasSegmentAfter(lsn: Lsn): boolean {
    return this.#options.segments.list().some((segment) => segment.startLsn > lsn && !('missing' in segment));
  }
}
