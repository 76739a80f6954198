/** Rows of one database's catalogs, and of those it shares with the others, as one moment sees them. */
import type { CatalogGroup } from './catalog-group.js';
import type { CatalogTable } from './catalog-table.js';
import type { Oid } from './model.js';
import type { Moment } from './moment.js';
import { pgClass } from './tables/relations.js';
import type { CatalogTableSpec } from './tables/spec.js';

/** The key column that rows are looked up by unless another is named. */
const FIRST_KEY = 0;

/** Looks rows up by a key column, or goes through them all. */
export class MomentRows {
  readonly at: Moment;
  readonly #group: CatalogGroup;
  readonly #shared: CatalogGroup;
  /** Which files of a catalog may be believed then, by its OID. */
  readonly #usable = new Map<Oid, Uint8Array>();

  constructor(group: CatalogGroup, shared: CatalogGroup, at: Moment) {
    this.#group = group;
    this.#shared = shared;
    this.at = at;
  }

  /** The row whose key column number `keyNumber` is `key`. */
  one<Row>(spec: CatalogTableSpec<Row>, key: Oid, keyNumber = FIRST_KEY): Row | undefined {
    return this.#firstVisible(this.#group, spec, keyNumber, key);
  }

  /** The row of a shared catalog whose first key column is `key`. */
  oneShared<Row>(spec: CatalogTableSpec<Row>, key: Oid): Row | undefined {
    return this.#firstVisible(this.#shared, spec, FIRST_KEY, key);
  }

  /** All rows whose key column number `keyNumber` is `key`, in no order. */
  all<Row>(spec: CatalogTableSpec<Row>, key: Oid, keyNumber = FIRST_KEY): Row[] {
    const table = this.#group.table(spec);
    const usable = this.#usableFiles(this.#group, table);
    const rows: Row[] = [];
    table.store.eachWithKey(keyNumber, key, (version) => {
      if (!table.store.isVisible(version, this.at, usable)) return;
      const row = table.row(version);
      if (row !== undefined) rows.push(row);
    });
    return rows;
  }

  /** Calls back with every row of a catalog, in no order. */
  each<Row>(spec: CatalogTableSpec<Row>, visit: (row: Row) => void): void {
    const table = this.#group.table(spec);
    const usable = this.#usableFiles(this.#group, table);
    for (let version = 0; version < table.store.count; version++) {
      if (!table.store.isVisible(version, this.at, usable)) continue;
      const row = table.row(version);
      if (row !== undefined) visit(row);
    }
  }

  /**
   * Calls back with all versions of rows whose key column number `keyNumber` is `key`, newest first: `seen` is this moment for those it
   * sees, the last one that saw it for those removed before, undefined for those to come.
   */
  eachVersion<Row>(
    spec: CatalogTableSpec<Row>,
    key: Oid,
    keyNumber: number,
    visit: (row: Row, seen: Moment | undefined) => void,
  ): void {
    const table = this.#group.table(spec);
    const { store } = table;
    const usable = this.#usableFiles(this.#group, table);
    store.eachWithKey(keyNumber, key, (version) => {
      const row = table.row(version);
      if (!row) return;
      visit(row, store.isVisible(version, this.at, usable) ? this.at : store.lastSeen(version, this.at));
    });
  }

  #firstVisible<Row>(
    group: CatalogGroup,
    spec: CatalogTableSpec<Row>,
    keyNumber: number,
    key: Oid,
  ): Row | undefined {
    const table = group.table(spec);
    const usable = this.#usableFiles(group, table);
    let found: Row | undefined;
    table.store.eachWithKey(keyNumber, key, (version) => {
      if (found === undefined && table.store.isVisible(version, this.at, usable)) found = table.row(version);
    });
    return found;
  }

  /** The files of a catalog that count at this moment: pg_class says which it is in, or the map for pg_class and its like. */
  #usableFiles(group: CatalogGroup, table: CatalogTable<unknown>): Uint8Array {
    const { oid } = table.spec;
    let usable = this.#usable.get(oid);
    if (usable === undefined) {
      const fileNode = group.mapAt(this.at).get(oid) ?? this.one(pgClass, oid)?.fileNode ?? 0;
      usable = group.usableFiles(oid, this.at, fileNode);
      this.#usable.set(oid, usable);
    }
    return usable;
  }
}
