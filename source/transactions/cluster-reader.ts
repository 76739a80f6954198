/**
 * One node's transactions: found by a scan of its WAL, then decoded whenever somebody looks, in any order.
 */
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import type { Change, Table } from '../rows/row-change.js';
import { WalReader } from '../wal/reader.js';
import { recordVersion } from '../wal/record-versions.js';
import { ResourceManager, TransactionOperation } from '../wal/resource-managers.js';
import { parsePrepare, parseTransactionEnd } from '../wal/transaction-record.js';
import { ChangeDecoder } from './changes.js';
import { type CollectedRecords, RecordCollector } from './record-collector.js';
import { Scan, type ScanOptions } from './scan.js';
import { TablesNow } from './tables-now.js';
import { type ToastFallback, ToastReader } from './toast-reader.js';
import type { TransactionSummary } from './transaction.js';

/** The records of one transaction, ready to be decoded from any place. */
interface OpenedTransaction {
  readonly records: CollectedRecords;
  /** Itself and its committed children, when it changed the catalog and so saw its own changes. */
  readonly ownXids: ReadonlySet<number> | undefined;
}

/** Transactions whose records are kept, since a reader leafs back and forth. */
const KEPT_TRANSACTIONS = 8;

export class ClusterReader {
  readonly scan: Scan;
  readonly #catalog: Catalog;
  readonly #decoder: ChangeDecoder;
  /** Reads records again for decoding, and walks over WAL to collect them. */
  readonly #records: WalReader;
  readonly #walker: WalReader;
  readonly #options: ScanOptions;
  readonly #kept = new Map<number, OpenedTransaction>();
  #tablesNow: TablesNow | undefined;

  constructor(
    options: ScanOptions & { readonly catalog: Catalog & CatalogFeed },
    toastFallback?: ToastFallback,
  ) {
    this.#options = options;
    this.#catalog = options.catalog;
    this.scan = new Scan(options);
    this.#decoder = new ChangeDecoder(this.scan, options.catalog, new ToastReader(this.scan, toastFallback));
    const { blockSize } = options;
    this.#records = new WalReader(options.segments, { blockSize, windowBytes: 64 * 1024, windows: 16 });
    this.#walker = new WalReader(options.segments, { blockSize });
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

  /** The transaction at `index` in commit order. */
  summary(index: number): TransactionSummary {
    return this.scan.index.summary(index);
  }

  /** How many changes it has at most (some records turn out to hold no row of anybody's). */
  changeCount(index: number): number {
    const { records } = this.#open(index);
    const summary = this.summary(index);
    const others = (catalogChange(records, summary) ? 1 : 0) + (summary.beginningMissing ? 1 : 0);
    return records.counts.reduce((total, each) => total + each, others);
  }

  /** Its changes in order, or backwards, each decoded when it is asked for. */
  *changes(index: number, backwards = false): Generator<Change> {
    const opened = this.#open(index);
    yield* this.#decode(opened, this.summary(index), backwards);
  }

  /**
   * Changes of many transactions in one forward walk over WAL, or one by one where that is less to read. `indexes` ascends.
   * Each transaction's changes must be consumed before the next one is asked for.
   */
  *forward(indexes: readonly number[]): Generator<{ index: number; changes: Iterable<Change> }> {
    if (indexes.length === 0) return;
    const last = this.summary(indexes[indexes.length - 1]).commitLsn;
    const apart = indexes.reduce(
      (total, index) => total + this.scan.index.commitLsn(index) - this.scan.index.firstLsn(index),
      0,
    );
    if (apart < last - this.#options.lostFrom) {
      for (const index of indexes) yield { index, changes: this.changes(index) };
      return;
    }
    const collector = new RecordCollector(this.scan.relations);
    // A reader of its own: others may look at transactions between two steps.
    const walker = new WalReader(this.#options.segments, { blockSize: this.#options.blockSize });
    const version = recordVersion(this.#options.segments.majorVersion);
    try {
      // Whoever began after lostFrom has all its records after it.
      walker.seek(this.#options.lostFrom);
      for (const index of indexes) {
        const summary = this.summary(index);
        if (summary.state === 'prepared' || summary.firstLsn < this.#options.lostFrom) {
          // Began long ago, or prepared elsewhere: a walk of its own costs less than carrying everything along.
          yield { index, changes: this.changes(index) };
          continue;
        }
        let found = false;
        while (!found) {
          if (!walker.next()) throw this.#lostRecord(summary.commitLsn, walker.end?.reason);
          if (walker.rmid !== ResourceManager.transaction) {
            collector.add(walker);
            continue;
          }
          const operation = walker.info & TransactionOperation.mask;
          if (operation === TransactionOperation.prepare) continue;
          if (operation > TransactionOperation.abortPrepared) continue;
          const end = parseTransactionEnd(walker, version);
          const xids = [end.xid, ...end.subxids];
          const records = collector.take(xids);
          found = walker.lsn === summary.commitLsn;
          if (!found) continue;
          const ownXids = summary.changesCatalog ? new Set(xids) : undefined;
          yield { index, changes: this.#decode({ records, ownXids }, summary, false) };
        }
      }
    } finally {
      walker.closeFile();
    }
  }

  /** Lets go of files. */
  close(): void {
    this.scan.close();
    this.#records.closeFile();
    this.#walker.closeFile();
  }

  *#decode(opened: OpenedTransaction, summary: TransactionSummary, backwards: boolean): Generator<Change> {
    const { records, ownXids } = opened;
    const { lsns } = records;
    const catalog = catalogChange(records, summary);
    const beginning = summary.beginningMissing ? this.#missingBeginning(summary) : undefined;
    if (beginning && !backwards) yield beginning;
    if (catalog && !backwards) yield catalog;
    for (let i = 0; i < lsns.length; i++) {
      const lsn = lsns[backwards ? lsns.length - 1 - i : i];
      if (!this.#records.readAt(lsn)) throw this.#lostRecord(lsn, this.#records.end?.reason);
      const changes = this.#decoder.decode(this.#records, ownXids);
      if (backwards) changes.reverse();
      yield* changes;
    }
    if (catalog && backwards) yield catalog;
    if (beginning && backwards) yield beginning;
  }

  #missingBeginning(summary: TransactionSummary): Change {
    return {
      kind: 'undecodable',
      operation: 'update',
      lsn: summary.firstLsn,
      xid: summary.xid,
      relation: 'an unknown table',
      problem: `this transaction began before the WAL that is there, and what it changed until then is not known: ${this.#options.shortfall}`,
    };
  }

  #open(index: number): OpenedTransaction {
    const kept = this.#kept.get(index);
    if (kept) return kept;
    const summary = this.summary(index);
    const version = recordVersion(this.#options.segments.majorVersion);
    const reader = this.#records;
    if (!reader.readAt(summary.commitLsn)) throw this.#lostRecord(summary.commitLsn, reader.end?.reason);
    const ended =
      summary.state === 'prepared' ? parsePrepare(reader, version) : parseTransactionEnd(reader, version);
    const xids = [ended.xid, ...ended.subxids];
    const collector = new RecordCollector(this.scan.relations, new Set(xids));
    const walker = this.#walker;
    walker.seek(summary.firstLsn);
    while (walker.position < summary.commitLsn) {
      if (!walker.next()) throw this.#lostRecord(walker.position, walker.end?.reason);
      collector.add(walker);
    }
    const opened = {
      records: collector.take(xids),
      ownXids: summary.changesCatalog ? new Set(xids) : undefined,
    };
    if (this.#kept.size >= KEPT_TRANSACTIONS) this.#kept.delete(this.#kept.keys().next().value as number);
    this.#kept.set(index, opened);
    return opened;
  }

  #lostRecord(lsn: Lsn, reason: string | undefined): ForkpointError {
    return new ForkpointError({
      what: `a record that was read before cannot be read again: ${reason ?? 'unknown reason'}`,
      where: formatLsn(lsn),
      next: 'something changes these files while forkpoint reads: make sure that no server is started on them, then begin again',
    });
  }
}

/** One line for everything a transaction did to the catalog. */
function catalogChange(records: CollectedRecords, summary: TransactionSummary): Change | undefined {
  if (records.catalogLsn === 0) return undefined;
  // A TRUNCATE gives its tables new files and says so in pg_class: that is the truncation itself, told as such.
  if (summary.truncates > 0 && records.catalogs.size === 1 && records.catalogs.has('pg_class'))
    return undefined;
  return {
    kind: 'catalog',
    lsn: records.catalogLsn,
    xid: summary.xid,
    description: `also changes the catalog: ${[...records.catalogs].sort().join(', ')}`,
  };
}
