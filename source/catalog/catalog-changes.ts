/**
 * Which transaction did what to the catalogs of one directory, and when what committed transactions see of them changes: between two such
 * events one view of the catalog holds.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { CatalogTable } from './catalog-table.js';
import { NEVER, type TransactionFates } from './fates.js';
import type { Oid } from './model.js';

/** What one (sub)transaction did to catalogs, change by change, as WAL told it. */
interface ChangesOfTransaction {
  readonly lsns: Lsn[];
  readonly tables: CatalogTable<unknown>[];
  readonly versions: number[];
  readonly removed: boolean[];
}

/** A row that a transaction wrote into a catalog, or took out of it; an update is both. */
export interface CatalogRowChange {
  readonly lsn: Lsn;
  /** The catalog: CatalogOid. */
  readonly catalog: Oid;
  /** As the catalog's spec decodes it (tables/). */
  readonly row: unknown;
  readonly removed: boolean;
}

/** The changes of all unsettled transactions to the catalogs of one directory, as far as WAL has told. */
export class CatalogChanges {
  /** Raised with everything that changes what any moment sees. */
  revision = 0;
  readonly #fates: TransactionFates;
  readonly #corrected: () => void;
  /** LSNs at which what committed transactions see changes, ascending, each once. */
  readonly #events: Lsn[] = [];
  readonly #byXid = new Map<number, ChangesOfTransaction>();
  /** By transaction: the first record that changed a row of which it is not known what it was, or became. */
  readonly #unknown = new Map<number, Lsn>();

  /** `corrected` is called when it turns out that a transaction that committed before changed these catalogs. */
  constructor(fates: TransactionFates, corrected: () => void) {
    this.#fates = fates;
    this.#corrected = corrected;
  }

  /** A transaction wrote (or removed) a version, by the record at `lsn`; undefined when only disk says so. */
  add(
    table: CatalogTable<unknown>,
    xid: number,
    lsn: Lsn | undefined,
    version: number,
    removed: boolean,
  ): void {
    let changes = this.#byXid.get(xid);
    if (!changes) {
      changes = { lsns: [], tables: [], versions: [], removed: [] };
      this.#byXid.set(xid, changes);
      const committedAt = this.#fates.committedAt(xid);
      if (committedAt !== NEVER) {
        this.addEvent(committedAt);
        this.#corrected();
      }
    }
    if (lsn === undefined) return;
    changes.lsns.push(lsn);
    changes.tables.push(table);
    changes.versions.push(version);
    changes.removed.push(removed);
  }

  /** A transaction changed a row by the record at `lsn`, later than all before, of which it is not known what it was, or became. */
  addUnknown(xid: number, lsn: Lsn): void {
    if (!this.#unknown.has(xid)) this.#unknown.set(xid, lsn);
  }

  /** The first such record of transactions. */
  firstUnknown(xids: ReadonlySet<number>): Lsn | undefined {
    let first: Lsn | undefined;
    for (const [xid, lsn] of this.#unknown)
      if (xids.has(xid) && (first === undefined || lsn < first)) first = lsn;
    return first;
  }

  /** Some transactions committed, by the record at `lsn`. */
  committed(xids: readonly number[], lsn: Lsn): void {
    for (const xid of xids) {
      if (!this.#byXid.has(xid)) continue;
      this.addEvent(lsn);
      return;
    }
  }

  /** At this LSN what committed transactions see changes. */
  addEvent(lsn: Lsn): void {
    this.revision++;
    const { number, until } = this.quietAround(lsn);
    if (until !== lsn) this.#events.splice(number, 0, lsn);
  }

  /** The last event before `lsn` and the first at or after it: between them nothing that was committed changes. */
  quietAround(lsn: Lsn): { readonly number: number; readonly after: Lsn; readonly until: Lsn } {
    const events = this.#events;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (events[middle] < lsn) low = middle + 1;
      else high = middle;
    }
    return { number: low, after: low === 0 ? -1 : events[low - 1], until: events[low] ?? NEVER };
  }

  /** The transactions among `xids` that changed these catalogs. */
  changers(xids: ReadonlySet<number>): number[] {
    if (xids.size > this.#byXid.size) return [...this.#byXid.keys()].filter((xid) => xids.has(xid));
    return [...xids].filter((xid) => this.#byXid.has(xid));
  }

  /** LSNs at which a transaction changed these catalogs, as far as WAL has told, in no order. */
  changesOf(xid: number): readonly Lsn[] {
    return this.#byXid.get(xid)?.lsns ?? [];
  }

  /** The rows that transactions wrote and removed, as far as WAL has told, in LSN order. */
  rowChanges(xids: ReadonlySet<number>): CatalogRowChange[] {
    const found: CatalogRowChange[] = [];
    for (const xid of this.changers(xids)) {
      const { lsns, tables, versions, removed } = this.#byXid.get(xid)!;
      lsns.forEach((lsn, i) => {
        const row = tables[i].row(versions[i]);
        if (row === undefined) return;
        found.push({ lsn, catalog: tables[i].spec.oid, row, removed: removed[i] });
      });
    }
    // An update removes before it writes: of one record, the old row comes first.
    return found.sort((a, b) => a.lsn - b.lsn || Number(b.removed) - Number(a.removed));
  }
}
