/**
 * The one pass over a node's WAL: every record is read and checked once, in order.
 *
 * On the way heap-scan feeds the catalog, remembers where tuples were written and counts what each transaction
 * does; when one commits after `lostFrom`, it goes into the index. Rows are not decoded here.
 */
import type { Lsn } from '../bytes/lsn.js';
import { xidPrecedes } from '../heap/tuple.js';
import { isCheckpoint, parseCheckpoint } from '../wal/checkpoint-record.js';
import { endOfWal } from '../wal/end-of-wal.js';
import { isTransactionalMessage, messageDatabase } from '../wal/logical-message.js';
import { WalReader } from '../wal/reader.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import {
  RelationMapOperation,
  ResourceManager,
  TransactionOperation,
  XlogOperation,
} from '../wal/resource-managers.js';
import {
  createTransactionEnd,
  parsePrepare,
  parseTransactionEnd,
  type TransactionEnd,
} from '../wal/transaction-record.js';
import type { WalEnd } from '../wal/wal-end.js';
import { CatalogScan } from './catalog-scan.js';
import { CommittedEntry } from './committed-entry.js';
import { HeapScan } from './heap-scan.js';
import { OldRowLog } from './old-row-log.js';
import { OpenTransaction, OpenTransactions } from './open-transaction.js';
import { PastTuples } from './past-tuples.js';
import { entryInDoubt, PreparedTransactions, type UnresolvedTransaction } from './prepared-transactions.js';
import { type LocalRelation, Relations } from './relations.js';
import { RowLineage } from './row-lineage.js';
import type { ScanObserver } from './scan-observer.js';
import type { ScanOptions } from './scan-options.js';
import { Shapes } from './shape.js';
import { TemporaryFile } from './temporary-file.js';
import { ToastChunks } from './toast-chunks.js';
import { TransactionIndex } from './transaction-index.js';
import { TupleSource } from './tuple-source.js';

function isOneOf(wanted: ReadonlySet<number>, xid: number, subxids: readonly number[]): boolean {
  return wanted.size > 0 && (wanted.has(xid) || subxids.some((each) => wanted.has(each)));
}

/** How many records are read between two looks at the clock. */
const RECORDS_BETWEEN_LOOKS = 2048;

export class Scan {
  readonly index: TransactionIndex;
  readonly oldRows: OldRowLog;
  readonly tuples: TupleSource;
  readonly relations: Relations;
  readonly toast: ToastChunks;
  /** Which transactions go on from rows of other lost ones. */
  readonly lineage: RowLineage;
  /** Takes what does not fit into memory. */
  readonly file: TemporaryFile;
  readonly reader: WalReader;
  /** Time of the last commit before lostFrom, 0 when none was seen. */
  lastCommitTimeBefore = 0;
  /** Set when there is nothing more to read. */
  finished = false;
  /** Looks on from where it is set. */
  observer: ScanObserver | undefined;

  readonly #options: ScanOptions;
  readonly #version: RecordVersion;
  readonly #open = new OpenTransactions();
  readonly #catalog: CatalogScan;
  readonly #heap: HeapScan;
  readonly #past: PastTuples;
  readonly #prepared = new PreparedTransactions();
  /** When the last transaction before here ended. */
  #lastEndTime = 0;
  readonly #sequences = new Map<LocalRelation, Lsn>();
  readonly #shapes: Shapes;
  #crossedFork = false;
  /** Of the record under the reader, and of the transaction that it ends. */
  readonly #end = createTransactionEnd();
  #entry: CommittedEntry | undefined;

  constructor(options: ScanOptions) {
    this.#options = options;
    this.#version = recordVersion(options.segments.majorVersion);
    this.index = new TransactionIndex(options.indexIsLent);
    this.file = new TemporaryFile(options.tempDir, options.room);
    this.oldRows = new OldRowLog(this.file);
    this.toast = new ToastChunks(this.file);
    this.#past = new PastTuples({
      disks: options.disks ?? [],
      readFrom: options.startLsn,
      nextXid: options.startNextXid,
      wanted: options.wantedWal ?? 'needs the segments before it',
      file: this.file,
    });
    this.tuples = new TupleSource(options.segments, options.blockSize, this.oldRows, this.#past, this.file);
    this.relations = new Relations(options.catalog);
    this.reader = new WalReader(options.segments, { blockSize: options.blockSize });
    this.reader.seek(options.startLsn);
    this.#shapes = new Shapes(options.catalog);
    this.lineage = new RowLineage(options.lostFrom, this.#open, this.tuples);
    const { reader, tuples, relations } = this;
    const { catalog, blockSize } = options;
    this.#catalog = new CatalogScan({
      reader,
      catalog,
      blockSize,
      relations,
      tuples,
      transactions: this.#open,
    });
    this.#heap = new HeapScan({
      reader,
      catalog: this.#catalog,
      transactions: this.#open,
      oldRows: this.oldRows,
      lineage: this.lineage,
      tuples,
      toast: this.toast,
      file: this.file,
    });
  }

  /** No transaction that wrote before lostFrom had this xid or a later one; 0 while that is not known. */
  get firstXidAfterFork(): number {
    return this.#past.firstXidAfterFork;
  }

  /** Another number whenever the catalog may answer differently than before. */
  get catalogAge(): number {
    return this.#catalog.age;
  }

  /** Transactions (their subtransactions too) that have changes and have not ended where reading is. */
  unfinished(): number[] {
    return this.#open.xidsWithChanges();
  }

  /** Reads for about `milliseconds`; false when WAL has come to its end. */
  step(milliseconds: number): boolean {
    if (this.finished) return false;
    const deadline = performance.now() + milliseconds;
    const { observer } = this;
    if (observer?.isFull && observer.isBehind(milliseconds)) return true;
    for (;;) {
      for (let i = 0; i < RECORDS_BETWEEN_LOOKS; i++) {
        if (!this.reader.next()) {
          const end = endOfWal(this.reader);
          // Places that take a while may have what is missing: once they were asked, reading goes on from here.
          if (this.#options.segments.waiting()) return true;
          this.#finish(end);
          return false;
        }
        this.#record();
        if (observer?.isFull) return true;
      }
      if (performance.now() >= deadline) return true;
    }
  }

  /** Lets go of files. What was found can no longer be decoded. */
  close(): void {
    this.reader.closeFile();
    this.tuples.close();
    this.file.close();
  }

  #record(): void {
    const { reader } = this;
    if (!this.#crossedFork && reader.lsn >= this.#options.lostFrom) this.#crossFork();
    if (reader.xid !== 0) {
      this.#open.of(reader.xid, reader.lsn).walBytes += reader.totalLength;
      if (reader.endLsn <= this.#options.lostFrom) this.#past.noteXidBeforeFork(reader.xid);
    }
    switch (reader.rmid) {
      case ResourceManager.heap:
        this.#heap.heapRecord();
        this.observer?.heapRecord(reader);
        return;
      case ResourceManager.heap2:
        this.#heap.heap2Record();
        this.observer?.heapRecord(reader);
        return;
      case ResourceManager.xlog: {
        const operation = reader.info & 0xf0;
        if (operation === XlogOperation.fullPageImage || operation === XlogOperation.fullPageImageForHint)
          this.#heap.images();
        else if (isCheckpoint(reader)) {
          const { fullPageWrites, redoLsn } = parseCheckpoint(reader, this.#version);
          if (fullPageWrites && redoLsn > this.#options.startLsn) this.#heap.checkpoint(redoLsn);
        }
        return;
      }
      case ResourceManager.storage:
        return this.#catalog.storageRecord();
      case ResourceManager.transaction:
        return this.#transactionRecord();
      case ResourceManager.relationMap:
        if ((reader.info & 0xf0) === RelationMapOperation.update) {
          // xl_relmap_update: dbid, tsid, nbytes, data.
          const { view, mainOffset, mainLength } = reader;
          const map = reader.buffer.subarray(mainOffset + 12, mainOffset + mainLength);
          this.#options.catalog.mapReplaced(view.getUint32(mainOffset, true), Buffer.from(map), reader.lsn);
          this.#catalog.changed();
        }
        return;
      case ResourceManager.sequence:
        if (reader.endLsn > this.#options.lostFrom) this.#noteSequence();
        if (reader.xid !== 0) {
          const transaction = this.#open.of(reader.xid, reader.lsn);
          transaction.movesSequences = true;
          transaction.databaseOid = reader.blockDatabase[0];
        }
        return;
      case ResourceManager.logicalMessage:
        return this.#message();
    }
  }

  #message(): void {
    const { reader } = this;
    const databaseOid = messageDatabase(reader);
    if (isTransactionalMessage(reader)) {
      const transaction = this.#open.of(reader.xid, reader.lsn);
      transaction.messages++;
      transaction.databaseOid = databaseOid;
      return;
    }
    if (reader.endLsn <= this.#options.lostFrom) return;
    // Whoever listened had it at once, and would have had it from a transaction that was rolled back too.
    const alone = new OpenTransaction(reader.xid, reader.lsn);
    alone.messages = 1;
    this.index.append({
      xid: reader.xid,
      firstLsn: reader.lsn,
      commitLsn: reader.lsn,
      commitEndLsn: reader.endLsn,
      commitTime: this.#lastEndTime,
      walBytes: reader.totalLength,
      state: 'message',
      straddlesFork: reader.lsn < this.#options.lostFrom,
      beginningMissing: false,
      changesCatalog: false,
      shape: this.#shapes.of(alone, databaseOid, reader.lsn, undefined, this.#catalog.age),
    });
  }

  #noteSequence(): void {
    const { blockTablespace, blockDatabase, blockFileNode, lsn } = this.reader;
    this.#sequences.set(this.relations.at(blockTablespace[0], blockDatabase[0], blockFileNode[0]), lsn);
  }

  /** The last record of every sequence written after lostFrom, by whomever: numbers once taken stay taken. In LSN order. */
  lastSequenceRecords(): Lsn[] {
    return [...this.#sequences.values()].sort((a, b) => a - b);
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
        if (!this.#crossedFork && reader.endLsn > this.#options.lostFrom) this.#crossFork();
        this.#prepared.add(reader, prepared, this.#open.take(prepared.xid, prepared.subxids, reader.lsn));
        this.observer?.ended(prepared.xid, prepared.subxids);
        return;
      }
    }
  }

  #ended(): void {
    const { reader } = this;
    const end = parseTransactionEnd(reader, this.#version, this.#end);
    if (!this.#crossedFork && reader.endLsn > this.#options.lostFrom) this.#crossFork();
    const prepared = end.twoPhase ? this.#prepared.resolve(end.xid) : undefined;
    const taken = this.#open.take(end.xid, end.subxids, reader.lsn);
    this.#noteEnd(end, prepared?.transaction ?? taken, prepared);
    this.observer?.ended(end.xid, end.subxids);
    this.#open.release(taken);
  }

  /** The transaction has ended, with the record under the reader. */
  #noteEnd(
    end: TransactionEnd,
    transaction: OpenTransaction,
    prepared: UnresolvedTransaction | undefined,
  ): void {
    const { reader } = this;
    this.#lastEndTime = end.time;
    const beginningMissing = this.#beganBeforeStart(end.xid, end.subxids);
    if (end.committed && end.invalidates && beginningMissing)
      this.#options.catalog.beginningMissing(reader.lsn);
    const { startRunningXids, lostFrom } = this.#options;
    if (transaction.changesCatalog || isOneOf(startRunningXids, end.xid, end.subxids)) {
      // Nobody will ever ask how another one ended: only rows of the catalog are seen or not seen.
      this.#options.catalog.transactionEnded([end.xid, ...end.subxids], end.committed, reader.lsn);
      this.#catalog.changed();
    }
    if (!end.committed) return;
    if (reader.endLsn <= lostFrom) {
      this.lastCommitTimeBefore = end.time;
      return;
    }
    if (!transaction.hasChanges && !beginningMissing) return;
    this.lineage.lost(transaction);
    const ownXids = transaction.changesCatalog ? new Set([end.xid, ...end.subxids]) : undefined;
    const databaseOid = end.databaseOid || (prepared?.databaseOid ?? 0);
    const shape = this.#shapes.of(transaction, databaseOid, reader.lsn, ownXids, this.#catalog.age);
    this.#entry ??= new CommittedEntry(shape);
    const entry = this.#entry;
    entry.fill(reader, end, transaction, prepared, lostFrom);
    entry.beginningMissing = beginningMissing;
    entry.shape = shape;
    this.index.append(entry);
    this.observer?.lost(entry, this.index.length - 1);
  }

  /** From here on every record lies after lostFrom: what is under way, or prepared, is lost should it commit. */
  #crossFork(): void {
    this.#crossedFork = true;
    this.lineage.cross();
    for (const transaction of this.#prepared.transactions()) this.lineage.keepEarly(transaction);
  }

  /** Did one of these transactions run where reading begins, and is something of it missing there? */
  #beganBeforeStart(xid: number, subxids: readonly number[]): boolean {
    const { shortfall, startRunningXids, wholeFromXid } = this.#options;
    if (shortfall === undefined || startRunningXids.size === 0) return false;
    return [xid, ...subxids].some(
      (each) => startRunningXids.has(each) && (wholeFromXid === undefined || xidPrecedes(each, wholeFromXid)),
    );
  }

  /** At the end of WAL, what was prepared in the lost part and never resolved is in doubt. */
  #finish(end: WalEnd | undefined): void {
    this.finished = true;
    this.#heap.finish();
    this.observer?.finished();
    this.observer = undefined;
    this.index.reshape((unsettled, commitLsn) => this.#shapes.again(unsettled, commitLsn));
    const { lostFrom } = this.#options;
    for (const each of this.#prepared.inDoubt(lostFrom)) {
      const { transaction, databaseOid, xids } = each;
      this.lineage.lost(transaction);
      const beginningMissing = this.#beganBeforeStart(xids[0], xids.slice(1));
      const shape = this.#shapes.of(
        transaction,
        databaseOid,
        this.reader.lsn,
        new Set(xids),
        this.#catalog.age,
      );
      this.index.append(entryInDoubt(each, lostFrom, beginningMissing, shape));
    }
    this.reader.end = end;
  }
}
