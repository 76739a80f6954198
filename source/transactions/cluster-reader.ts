/**
 * One node's transactions: found by a scan of its WAL, then decoded whenever somebody looks, in any order.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import type { Moment } from '../catalog/moment.js';
import type { Change, DdlSubject, Table } from '../rows/row-change.js';
import type { VisitableChanges } from '../rows/row-visitor.js';
import { WalReader } from '../wal/reader.js';
import { recordVersion } from '../wal/record-versions.js';
import { ResourceManager, TransactionOperation } from '../wal/resource-managers.js';
import { parseTransactionEnd } from '../wal/transaction-record.js';
import type { RowsTo } from './ahead-rows.js';
import { besidesAtEnd } from './besides-at-end.js';
import { ChangeDecoder } from './changes.js';
import { hasDefinition } from './definition-lookup.js';
import { ForwardChanges, type ForwardOptions } from './forward-changes.js';
import { ForwardWalk } from './forward-walk.js';
import type { LostBesides } from './lost-besides.js';
import { type LostRows, lostRows } from './lost-rows.js';
import { LostWriters } from './lost-writers.js';
import { OpenedTransactions } from './opened-transactions.js';
import { RecordChanges } from './record-changes.js';
import { RowsAhead } from './rows-ahead.js';
import { Scan } from './scan.js';
import type { ScanOptions } from './scan-options.js';
import { TablesNow } from './tables-now.js';
import type { TemporaryFile } from './temporary-file.js';
import { type ToastFallback, ToastReader } from './toast-reader.js';
import type { TransactionSummary } from './transaction.js';
import { TransactionChanges } from './transaction-changes.js';
import { lostRecord } from './transaction-records.js';
import { oldPlace } from './tuple-place.js';
import { readableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';
import { WrittenAhead } from './written-ahead.js';

/** Everything read of one node. An `index` is a transaction's place in commit order. */
export class ClusterReader {
  readonly scan: Scan;
  readonly #catalog: Catalog;
  readonly #decoder: ChangeDecoder;
  readonly #toast: ToastReader;
  /** Reads records again for decoding, and walks over WAL to collect them. */
  readonly #records: WalReader;
  readonly #walker: WalReader;
  readonly #options: ScanOptions;
  readonly #transactions: OpenedTransactions;
  readonly #changes: TransactionChanges;
  readonly #forward: ForwardChanges;
  #tablesNow: TablesNow | undefined;
  #writers: LostWriters | undefined;
  #ahead: RowsAhead | undefined;
  #aheadFile: TemporaryFile | undefined;

  constructor(
    options: ScanOptions & { readonly catalog: Catalog & CatalogFeed },
    toastFallback?: ToastFallback,
  ) {
    this.#options = options;
    this.#catalog = options.catalog;
    this.scan = new Scan(options);
    const { blockSize } = options;
    this.#toast = new ToastReader(this.scan, options.catalog, blockSize, toastFallback);
    this.#decoder = new ChangeDecoder(this.scan, options.catalog, this.#toast);
    this.#records = new WalReader(options.segments, { blockSize, windowBytes: 64 * 1024, windows: 16 });
    this.#walker = new WalReader(options.segments, { blockSize });
    const [scan, decoder] = [this.scan, this.#decoder];
    const transactions = new OpenedTransactions({
      catalog: options.catalog,
      scan,
      decoder,
      records: this.#records,
      walker: this.#walker,
      majorVersion: options.segments.majorVersion,
      shortfall: options.shortfall,
    });
    const records = new RecordChanges(this.#records, decoder);
    const apart = new TransactionChanges(transactions, records);
    this.#transactions = transactions;
    this.#changes = apart;
    this.#forward = new ForwardChanges({ scan, decoder, transactions, records, apart });
  }

  get catalog(): Catalog {
    return this.#catalog;
  }

  get length(): number {
    return this.scan.index.length;
  }

  /** A table as it is defined where reading has come to; undefined when there is none of that name. */
  tableNow(database: string, schema: string, name: string): Table | undefined {
    this.#tablesNow ??= new TablesNow(this.#catalog, this.scan.reader.position);
    return this.#tablesNow.find(database, schema, name);
  }

  /** Is there such a relation, column, type or schema where reading has come to? Undefined when that cannot be told. */
  hasDefinition(database: string, subject: DdlSubject): boolean | undefined {
    return hasDefinition(this.#catalog, { lsn: this.scan.reader.position }, database, subject);
  }

  /** What lost transactions did to each table; to be asked when the scan has finished. */
  lostRows(): Iterable<LostRows> {
    const { index } = this.scan;
    const changed: Moment[] = [{ lsn: this.#options.lostFrom }];
    for (let number = 0; number < index.length; number++)
      if (index.changesCatalog(number)) changed.push({ lsn: index.commitLsn(number) + 1 });
    return lostRows({
      lineage: this.scan.lineage,
      catalog: this.#catalog,
      changed,
      now: { lsn: this.scan.reader.position },
      tableOf: (definition, at) => this.#decoder.tableOf(definition, at),
      changeAt: (lsn) => {
        if (!this.#records.readAt(lsn)) throw lostRecord(lsn, this.#records.end?.reason);
        return this.#decoder.decode(this.#records, undefined);
      },
    });
  }

  /**
   * The lost transaction before `index` whose row the update or delete at `lsn` went on from; undefined when it was none, or that
   * cannot be told.
   */
  builtOn(lsn: Lsn, index: number): number | undefined {
    const { index: transactions, lineage, oldRows, tuples } = this.scan;
    if (transactions.buildsOnLost(index) === false) return undefined;
    const writer = oldRows.writerFor(lsn);
    const at = readableWriter(writer);
    if (writer === WRITER_UNKNOWN || writer === WRITER_FORGOTTEN) return undefined;
    if (writer > 0 && at < lineage.firstLostLsn) return undefined;
    if (!this.#records.readAt(lsn)) return undefined;
    const xid = tuples.writerXid(writer, oldPlace(this.#records));
    this.#writers ??= new LostWriters(transactions, (commitLsn) => this.#childrenOf(commitLsn));
    return this.#writers.find(xid, at, index);
  }

  /** The subtransactions of the one that ended with the record at `commitLsn`. */
  #childrenOf(commitLsn: Lsn): readonly number[] {
    if (!this.#records.readAt(commitLsn)) return [];
    const { rmid, info } = this.#records;
    if (rmid !== ResourceManager.transaction) return [];
    if ((info & TransactionOperation.mask) === TransactionOperation.prepare) return [];
    return parseTransactionEnd(this.#records, recordVersion(this.#options.segments.majorVersion)).subxids;
  }

  /** What is lost beside the rows of transactions; to be asked when the scan has finished. */
  besides(databases: ReadonlySet<string>): LostBesides {
    const [scan, catalog, decoder] = [this.scan, this.#catalog, this.#decoder];
    const { lostFrom } = this.#options;
    return besidesAtEnd({ scan, catalog, decoder, records: this.#records, lostFrom }, databases);
  }

  /** The transaction at `index` in commit order. */
  summary(index: number): TransactionSummary {
    return this.#transactions.summary(index);
  }

  /**
   * How many changes it has at most (some records turn out to hold no row of anybody's). Counts on from where it was left, for about
   * `milliseconds` or until there are more than `enough`; `more` when that was not to the end.
   */
  countChanges(index: number, enough: number, milliseconds: number): { total: number; more: boolean } {
    return this.#changes.count(index, enough, milliseconds);
  }

  /** Its changes in order, or backwards, from the `from`th of that order on, each decoded when it is asked for. */
  changes(index: number, backwards = false, from = 0): Generator<Change> {
    return this.#changes.changes(index, backwards, from);
  }

  /** Its changes, to be had either way. */
  visitable(index: number, backwards = false): VisitableChanges {
    return this.#changes.visitable(index, backwards);
  }

  /** A walk for forward(), to be closed by the caller. */
  walk(): ForwardWalk {
    const { segments, blockSize, lostFrom } = this.#options;
    // Whoever began after lostFrom has all its records after it.
    return new ForwardWalk(segments, blockSize, this.scan, lostFrom);
  }

  /**
   * Changes of many transactions in one forward walk over WAL, or one by one where that is less to read. `indexes` ascends, and with a walk
   * that is kept so do runs. Each transaction's changes must be consumed before the next one is asked for.
   */
  forward(
    indexes: Uint32Array | readonly number[],
    options?: ForwardOptions,
  ): Generator<{ index: number; changes: VisitableChanges }> {
    return options ? this.#forward.changes(indexes, options) : this.#forwardOnce(indexes);
  }

  *#forwardOnce(
    indexes: Uint32Array | readonly number[],
  ): Generator<{ index: number; changes: VisitableChanges }> {
    if (indexes.length === 0) return;
    const walk = this.walk();
    try {
      yield* this.#forward.changes(indexes, { walk, keepFrom: 0, longest: Number.POSITIVE_INFINITY });
    } finally {
      walk.close();
    }
  }

  /**
   * Has transactions written down while they are read, as far as that can be done then; to be called before reading begins. `rowsTo`: what
   * writes them. `gaveUp` is called, while reading, when that turns out not to pay.
   */
  writeAhead(rowsTo: RowsTo, gaveUp: () => void): void {
    const { scan } = this;
    const { segments, blockSize } = this.#options;
    this.#aheadFile = scan.file.lesser();
    this.#ahead = new RowsAhead(
      scan,
      this.#catalog,
      this.#options.lostFrom,
      new WrittenAhead(this.#aheadFile),
      (results) => rowsTo({ sources: scan, segments, blockSize }, results),
      gaveUp,
    );
    scan.observer = this.#ahead;
  }

  /** Waits, no longer than so many milliseconds, for what is written ahead of all that was read; true when there is more to wait for. */
  isWriting(milliseconds: number): boolean {
    return this.#ahead?.isBehind(milliseconds) ?? false;
  }

  /** What was written ahead; to be asked for when the scan has finished. */
  get writtenAhead(): RowsAhead | undefined {
    return this.#ahead;
  }

  /** Lets go of files. */
  close(): void {
    this.#ahead?.close();
    this.#aheadFile?.close();
    this.scan.close();
    this.#records.closeFile();
    this.#walker.closeFile();
    this.#toast.close();
  }
}
