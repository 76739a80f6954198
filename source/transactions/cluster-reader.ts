/**
 * One node's transactions: found by a scan of its WAL, then decoded whenever somebody looks, in any order.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog, CatalogFeed } from '../catalog/catalog.js';
import type { Moment } from '../catalog/moment.js';
import type { Change, DdlSubject, Table } from '../rows/row-change.js';
import { NO_PAUSE, type RowVisitor, type VisitableChanges } from '../rows/row-visitor.js';
import { WalReader } from '../wal/reader.js';
import { recordVersion } from '../wal/record-versions.js';
import { ResourceManager, TransactionOperation } from '../wal/resource-managers.js';
import { parsePrepare, parseTransactionEnd } from '../wal/transaction-record.js';
import { ChangeDecoder } from './changes.js';
import { ForwardWalk } from './forward-walk.js';
import { locatorOf } from './located-tables.js';
import type { LostBesides, SequenceAtEnd } from './lost-besides.js';
import { type LostRows, lostRows } from './lost-rows.js';
import { LostWriters } from './lost-writers.js';
import { readableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './page-history.js';
import type { CollectedRecords } from './record-collector.js';
import { Scan, type ScanOptions } from './scan.js';
import { type StatementsBetween, statementsBetween } from './statements-between.js';
import { TablesNow } from './tables-now.js';
import { type ToastFallback, ToastReader } from './toast-reader.js';
import type { TransactionSummary } from './transaction.js';
import { lostRecord, OneRecord, type SheetedRecords, TransactionRecords } from './transaction-records.js';
import { oldPlace } from './tuple-source.js';

/** The records of one transaction, ready to be decoded from any place. */
interface OpenedTransaction {
  readonly records: SheetedRecords;
  /** Itself and its committed children, when it changed the catalog and so saw its own changes. */
  readonly ownXids: ReadonlySet<number> | undefined;
  /** Then also: what it said to the catalog, between its records. Found when first needed. */
  between?: StatementsBetween;
}

/** Records that are shown without a look at how full the visitor is: a page of rows each at most. */
const SHOWN_AT_ONCE = 16;
const NOTHING: readonly Change[] = [];
const NOTHING_BETWEEN: StatementsBetween = { before: new Map(), after: [] };

/** How many runs of transactions are gone over by one walk. */
export interface ForwardOptions {
  /** Kept from run to run. */
  readonly walk: ForwardWalk;
  /** No transaction of this run or a later one began before, but for those that are too long. */
  readonly keepFrom: Lsn;
  /** Transactions that lie over more bytes of WAL than this are read one by one. */
  readonly longest: number;
}

/** Transactions whose records are kept, since a reader leafs back and forth. */
const KEPT_TRANSACTIONS = 8;

export class ClusterReader {
  readonly scan: Scan;
  readonly #catalog: Catalog;
  readonly #decoder: ChangeDecoder;
  readonly #toast: ToastReader;
  /** Reads records again for decoding, and walks over WAL to collect them. */
  readonly #records: WalReader;
  readonly #walker: WalReader;
  readonly #options: ScanOptions;
  readonly #kept = new Map<number, OpenedTransaction>();
  #tablesNow: TablesNow | undefined;
  #writers: LostWriters | undefined;

  constructor(
    options: ScanOptions & { readonly catalog: Catalog & CatalogFeed },
    toastFallback?: ToastFallback,
  ) {
    this.#options = options;
    this.#catalog = options.catalog;
    this.scan = new Scan(options);
    const { blockSize } = options;
    this.#toast = new ToastReader(this.scan, blockSize, toastFallback);
    this.#decoder = new ChangeDecoder(this.scan, options.catalog, this.#toast);
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

  /** Is there such a relation, column, type or schema where reading has come to? Undefined when that cannot be told. */
  hasDefinition(database: string, { kind, schema, name, column }: DdlSubject): boolean | undefined {
    const oid = this.#catalog.databases().find((each) => each.name === database)?.oid;
    const rows = oid === undefined ? undefined : this.#catalog.rows(oid, { lsn: this.scan.reader.position });
    if (!rows) return undefined;
    switch (kind) {
      case 'schema':
        return rows.hasSchema(name);
      case 'type':
        return rows.typeNamed(schema, name) !== undefined;
      case 'relation':
        return rows.relationNamed(schema, name) !== undefined;
      case 'column': {
        const relation = rows.relationNamed(schema, name);
        return (
          relation !== undefined &&
          rows.attributes(relation.oid).some((each) => !each.dropped && each.name === column)
        );
      }
      default:
        return undefined;
    }
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
    const now: Moment = { lsn: this.scan.reader.position };
    const fork: Moment = { lsn: this.#options.lostFrom };
    const sequences = new Map<string, SequenceAtEnd>();
    for (const lsn of this.scan.lastSequenceRecords()) {
      if (!this.#records.readAt(lsn)) throw lostRecord(lsn, this.#records.end?.reason);
      const definition = this.#catalog.relationByLocator(locatorOf(this.#records), now);
      if (!definition) continue;
      const { oid, database } = definition;
      // It is found by a file it had, even when it was dropped since.
      if (!this.#catalog.relationByOid(database.oid, oid, now)) continue;
      const before = this.#catalog.relationByOid(database.oid, oid, fork);
      for (const change of this.#decoder.sequence(this.#records, now)) {
        // A sequence that was restarted has a new file, and its last word is there.
        sequences.set(`${database.oid}/${oid}`, {
          change,
          before: before && { schema: before.schema, name: before.name },
        });
      }
    }
    const withoutWal = this.#catalog
      .databases()
      .filter(({ name }) => databases.has(name))
      .flatMap(({ oid }) => this.#catalog.withoutWal(oid, now))
      .map(({ database, schema, name, kind, persistence }) => ({
        database: database.name,
        schema,
        name,
        kind: kind === 'S' ? ('sequence' as const) : ('table' as const),
        persistence: persistence === 'u' ? ('unlogged' as const) : ('temporary' as const),
      }));
    return { sequences: [...sequences.values()], withoutWal };
  }

  /** The transaction at `index` in commit order. */
  summary(index: number): TransactionSummary {
    const summary = this.scan.index.summary(index);
    if (!summary.origin) return summary;
    return { ...summary, origin: { ...summary.origin, name: this.#catalog.originName(summary.origin.id) } };
  }

  /**
   * How many changes it has at most (some records turn out to hold no row of anybody's). Counts on from where it was left, for about
   * `milliseconds` or until there are more than `enough`; `more` when that was not to the end.
   */
  countChanges(index: number, enough: number, milliseconds: number): { total: number; more: boolean } {
    const opened = this.#open(index);
    const summary = this.summary(index);
    const { before, after } = this.#between(opened, summary);
    let told = after.length + this.#ahead(summary).length;
    for (const changes of before.values()) told += changes.length;
    const more = !opened.records.countOn(enough - told, milliseconds);
    return { total: opened.records.changeCount + told, more };
  }

  /** Its changes in order, or backwards, from the `from`th of that order on, each decoded when it is asked for. */
  *changes(index: number, backwards = false, from = 0): Generator<Change> {
    const opened = this.#open(index);
    const { records, ownXids } = opened;
    const summary = this.summary(index);
    const ahead = this.#ahead(summary);
    const between = this.#between(opened, summary);
    if (backwards) {
      yield* between.after.toReversed().slice(from);
      let skip = Math.max(0, from - between.after.length);
      for (let number = records.sheetCount - 1; number >= 0; number--) {
        const known = records.exactChanges(number);
        if (known !== undefined && known <= skip) {
          skip -= known;
          continue;
        }
        let decoded = 0;
        for (const change of this.#decode(records.sheet(number)!.lsns, ownXids, true, between)) {
          if (decoded++ >= skip) yield change;
        }
        records.counted(number, decoded);
        skip = Math.max(0, skip - decoded);
      }
      yield* ahead.reverse().slice(skip);
      return;
    }
    yield* ahead.slice(from);
    let skip = Math.max(0, from - ahead.length);
    for (let number = 0; ; number++) {
      const known = records.exactChanges(number);
      if (known !== undefined && known <= skip) {
        skip -= known;
        continue;
      }
      const sheet = records.sheet(number);
      if (!sheet) {
        yield* between.after.slice(skip);
        return;
      }
      if (sheet.exact && sheet.changes <= skip) {
        skip -= sheet.changes;
        continue;
      }
      let decoded = 0;
      for (const change of this.#decode(sheet.lsns, ownXids, false, between)) {
        if (decoded++ >= skip) yield change;
      }
      records.counted(number, decoded);
      skip = Math.max(0, skip - decoded);
    }
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
  *forward(
    indexes: Uint32Array | readonly number[],
    options?: ForwardOptions,
  ): Generator<{ index: number; changes: VisitableChanges }> {
    if (indexes.length === 0) return;
    const { walk = this.walk(), keepFrom = 0, longest = Number.POSITIVE_INFINITY } = options ?? {};
    try {
      walk.passOver(keepFrom);
      const { index: places } = this.scan;
      const last = places.commitLsn(indexes[indexes.length - 1]);
      let apart = 0;
      for (const index of indexes) apart += places.commitLsn(index) - places.firstLsn(index);
      const alone = apart < last - walk.position;
      for (const index of indexes) {
        const firstLsn = places.firstLsn(index);
        const commitLsn = places.commitLsn(index);
        if (alone || !places.isCommitted(index) || firstLsn < walk.from || commitLsn - firstLsn > longest) {
          // Began long ago, or ended in no commit record: a walk of its own costs less than carrying everything along.
          yield { index, changes: this.visitable(index) };
          continue;
        }
        const records = walk.to(commitLsn, places.hasChildren(index) ? undefined : places.xid(index));
        // One that changed the catalog has more to tell than its records, and is walked over for that.
        const changes =
          records && !places.changesCatalog(index)
            ? this.#collected(records, index, walk)
            : this.visitable(index);
        yield { index, changes };
      }
    } finally {
      if (!options) walk.close();
    }
  }

  /** Lets go of files. */
  close(): void {
    this.scan.close();
    this.#records.closeFile();
    this.#walker.closeFile();
    this.#toast.close();
  }

  #collected({ lsns }: CollectedRecords, index: number, walk: ForwardWalk): VisitableChanges {
    const ahead = this.scan.index.beginningMissing(index) ? this.#ahead(this.summary(index)) : NOTHING;
    return new CollectedChanges(
      () => this.#decodeCollected(lsns, ahead),
      (visitor) => {
        if (lsns.length > SHOWN_AT_ONCE || ahead.length > 0) return this.#visit(lsns, ahead, visitor, false);
        for (let i = 0; i < lsns.length; i++) {
          const record = walk.passed(lsns[i]);
          if (record) this.#decoder.visit(record, undefined, visitor, false);
          else this.#visitRecord(lsns[i], visitor, false);
        }
        return NO_PAUSE;
      },
    );
  }

  *#decodeCollected(lsns: readonly Lsn[], ahead: readonly Change[]): Generator<Change> {
    yield* ahead;
    yield* this.#decode(lsns, undefined, false, NOTHING_BETWEEN);
  }

  /** Its changes, to be had either way. */
  visitable(index: number, backwards = false): VisitableChanges {
    return {
      [Symbol.iterator]: () => this.changes(index, backwards),
      visit: (visitor) => this.#visitAll(index, backwards, visitor),
    };
  }

  *#visitAll(index: number, backwards: boolean, visitor: RowVisitor): Generator<void> {
    const { records, ownXids } = this.#open(index);
    if (ownXids !== undefined) {
      // What it said to the catalog stands between its rows.
      for (const change of this.changes(index, backwards)) {
        visitor.change(change);
        if (visitor.isFull) yield;
      }
      return;
    }
    const ahead = this.#ahead(this.summary(index));
    if (backwards) {
      for (let number = records.sheetCount - 1; number >= 0; number--)
        yield* this.#visit(records.sheet(number)!.lsns, NOTHING, visitor, true);
      for (const change of ahead) visitor.change(change);
      return;
    }
    for (const change of ahead) visitor.change(change);
    for (let number = 0; ; number++) {
      const sheet = records.sheet(number);
      if (!sheet) return;
      yield* this.#visit(sheet.lsns, NOTHING, visitor, false);
    }
  }

  /** Shows the rows of the records at `lsns`, `ahead` before them. */
  *#visit(
    lsns: ArrayLike<number>,
    ahead: readonly Change[],
    visitor: RowVisitor,
    backwards: boolean,
  ): Generator<void> {
    for (const change of ahead) visitor.change(change);
    for (let i = 0; i < lsns.length; i++) {
      this.#visitRecord(lsns[backwards ? lsns.length - 1 - i : i], visitor, backwards);
      if (visitor.isFull) yield;
    }
  }

  #visitRecord(lsn: Lsn, visitor: RowVisitor, backwards: boolean): void {
    if (!this.#records.readAt(lsn)) throw lostRecord(lsn, this.#records.end?.reason);
    this.#decoder.visit(this.#records, undefined, visitor, backwards);
  }

  /** What is told of a transaction before its rows. */
  #ahead(summary: TransactionSummary): Change[] {
    return summary.beginningMissing ? [this.#missingBeginning(summary)] : [];
  }

  /** What it said to the catalog. */
  #between(opened: OpenedTransaction, summary: TransactionSummary): StatementsBetween {
    const { ownXids } = opened;
    if (!ownXids) return NOTHING_BETWEEN;
    opened.between ??= statementsBetween({
      catalog: this.#catalog,
      decoder: this.#decoder,
      relations: this.scan.relations,
      walker: this.#walker,
      xid: summary.xid,
      ownXids,
      firstLsn: summary.firstLsn,
      commitLsn: summary.commitLsn,
    });
    return opened.between;
  }

  *#decode(
    lsns: ArrayLike<number>,
    ownXids: ReadonlySet<number> | undefined,
    backwards: boolean,
    between: StatementsBetween,
  ): Generator<Change> {
    for (let i = 0; i < lsns.length; i++) {
      const lsn = lsns[backwards ? lsns.length - 1 - i : i];
      const told = between.before.get(lsn) ?? [];
      if (!backwards) yield* told;
      if (!this.#records.readAt(lsn)) throw lostRecord(lsn, this.#records.end?.reason);
      // Where sequences stand depends on what was said to the catalog, and is told there.
      if (between === NOTHING_BETWEEN || this.#records.rmid !== ResourceManager.sequence) {
        const changes = this.#decoder.decode(this.#records, ownXids);
        if (backwards) changes.reverse();
        yield* changes;
      }
      if (backwards) yield* told.toReversed();
    }
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
    if (summary.state === 'message') {
      return this.#keep(index, { records: new OneRecord(summary.commitLsn), ownXids: undefined });
    }
    if (!reader.readAt(summary.commitLsn)) throw lostRecord(summary.commitLsn, reader.end?.reason);
    const ended =
      summary.state === 'prepared' ? parsePrepare(reader, version) : parseTransactionEnd(reader, version);
    const xids = new Set([ended.xid, ...ended.subxids]);
    const { firstLsn, commitLsn } = summary;
    const opened = {
      records: new TransactionRecords({
        relations: this.scan.relations,
        walker: this.#walker,
        firstLsn,
        commitLsn,
        xids,
        uncounted: summary.changesCatalog,
      }),
      ownXids: summary.changesCatalog ? xids : undefined,
    };
    return this.#keep(index, opened);
  }

  #keep(index: number, opened: OpenedTransaction): OpenedTransaction {
    if (this.#kept.size >= KEPT_TRANSACTIONS) this.#kept.delete(this.#kept.keys().next().value as number);
    this.#kept.set(index, opened);
    return opened;
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
