/** One database's catalog as one moment sees it. Kept as long as that moment's view holds, it answers from Maps. */

import type { CatalogGroup } from './catalog-group.js';
import type { CatalogRows } from './catalog-rows.js';
import type { CatalogTable } from './catalog-table.js';
import type { DatabaseCatalog } from './database-catalog.js';
import { isSystemRelation } from './definitions.js';
import type { DatabaseDefinition, Oid, RelationDefinition, RelationLocator } from './model.js';
import type { Moment } from './moment.js';
import { type AttributeRow, pgAttribute } from './tables/attributes.js';
import { pgDepend } from './tables/dependents.js';
import { type IndexRow, pgIndex } from './tables/indexes.js';
import { type NamedRow, type NamespaceRow, pgNamespace } from './tables/named.js';
import { type ProcedureRow, pgProc } from './tables/procedures.js';
import {
  CLASS_BY_FILE_NODE,
  type ClassRow,
  INHERITS_BY_PARENT,
  type InheritsRow,
  pgClass,
  pgInherits,
} from './tables/relations.js';
import { pgAuthid, pgTablespace } from './tables/shared.js';
import type { CatalogTableSpec } from './tables/spec.js';
import {
  type EnumRow,
  pgEnum,
  pgRange,
  pgType,
  RANGE_BY_MULTIRANGE,
  type RangeRow,
  type TypeRow,
} from './tables/types.js';
import { CatalogTypeLookup } from './type-lookup.js';

/** The key column that rows are looked up by unless another is named. */
const FIRST_KEY = 0;

/** relkinds that tables() lists: ordinary and partitioned tables. */
const TABLE_KINDS: ReadonlySet<string> = new Set(['r', 'p']);

interface LocatedRelation {
  readonly tablespaceOid: Oid;
  readonly definition: RelationDefinition | undefined;
}

export class CatalogSnapshot implements CatalogRows {
  readonly database: DatabaseDefinition;
  readonly majorVersion: number;
  readonly types: CatalogTypeLookup;
  readonly #catalog: DatabaseCatalog;
  readonly #at: Moment;
  readonly #byFileNode = new Map<number, LocatedRelation>();
  readonly #byOid = new Map<Oid, RelationDefinition | undefined>();
  readonly #usable = new Map<Oid, Uint8Array>();
  #procedureCounts: Map<string, number> | undefined;
  #tables: RelationDefinition[] | undefined;
  #relationNames: Map<string, ClassRow> | undefined;
  #typeNames: Map<string, TypeRow> | undefined;

  constructor(catalog: DatabaseCatalog, database: DatabaseDefinition, at: Moment) {
    this.#catalog = catalog;
    this.database = database;
    this.#at = at;
    this.majorVersion = catalog.majorVersion;
    this.types = new CatalogTypeLookup(this);
  }

  /** The relation whose file this is, or, when that file was replaced before this moment, whose it was. */
  relationByLocator(locator: RelationLocator): RelationDefinition | undefined {
    const known = this.#byFileNode.get(locator.fileNode);
    if (known && known.tablespaceOid === locator.tablespaceOid) return known.definition;
    const definition = this.#findByLocator(locator);
    this.#byFileNode.set(locator.fileNode, { tablespaceOid: locator.tablespaceOid, definition });
    return definition;
  }

  relationByOid(oid: Oid): RelationDefinition | undefined {
    if (this.#byOid.has(oid)) return this.#byOid.get(oid);
    const row = this.relation(oid);
    const definition = row && this.#catalog.describe(this, row);
    this.#byOid.set(oid, definition);
    return definition;
  }

  /** Ordinary and partitioned tables that are not the system's. */
  tables(): RelationDefinition[] {
    this.#tables ??= this.#relations((row) => TABLE_KINDS.has(row.kind));
    return this.#tables;
  }

  /** Tables and sequences that are not in WAL: unlogged ('u') and temporary ('t') ones. */
  withoutWal(): RelationDefinition[] {
    return this.#relations((row) => row.persistence !== 'p' && (row.kind === 'r' || row.kind === 'S'));
  }

  #relations(wanted: (row: ClassRow) => boolean): RelationDefinition[] {
    const table = this.#catalog.group.table(pgClass);
    const usable = this.#usableFiles(this.#catalog.group, table);
    const found = new Set<RelationDefinition>();
    for (let version = 0; version < table.store.count; version++) {
      if (!table.store.isVisible(version, this.#at, usable)) continue;
      const row = table.row(version);
      if (!row || isSystemRelation(row.oid) || !wanted(row)) continue;
      const definition = this.relationByOid(row.oid);
      if (definition) found.add(definition);
    }
    return [...found];
  }

  relation(oid: Oid): ClassRow | undefined {
    return this.one(pgClass, oid);
  }

  fileNode(relation: ClassRow): number {
    return relation.fileNode || (this.#catalog.mapAt(relation.oid, this.#at).get(relation.oid) ?? 0);
  }

  attributes(relationOid: Oid): readonly AttributeRow[] {
    const byNumber = new Map<number, AttributeRow>();
    for (const each of this.all(pgAttribute, relationOid)) byNumber.set(each.number, each);
    return [...byNumber.values()].sort((a, b) => a.number - b.number);
  }

  indexes(relationOid: Oid): readonly IndexRow[] {
    const byOid = new Map<Oid, IndexRow>();
    for (const each of this.all(pgIndex, relationOid)) byOid.set(each.oid, each);
    return [...byOid.values()].sort((a, b) => a.oid - b.oid);
  }

  parents(relationOid: Oid): readonly InheritsRow[] {
    return this.all(pgInherits, relationOid);
  }

  namespace(oid: Oid): NamespaceRow | undefined {
    return this.one(pgNamespace, oid);
  }

  type(oid: Oid): TypeRow | undefined {
    return this.one(pgType, oid);
  }

  enumLabels(typeOid: Oid): readonly EnumRow[] {
    return this.all(pgEnum, typeOid);
  }

  range(typeOid: Oid): RangeRow | undefined {
    return this.one(pgRange, typeOid);
  }

  rangeOfMultirange(typeOid: Oid): RangeRow | undefined {
    return this.one(pgRange, typeOid, RANGE_BY_MULTIRANGE);
  }

  procedure(oid: Oid): ProcedureRow | undefined {
    return this.one(pgProc, oid);
  }

  procedureCount(namespaceOid: Oid, name: string): number {
    this.#procedureCounts ??= this.#countProcedures();
    return this.#procedureCounts.get(`${namespaceOid} ${name}`) ?? 0;
  }

  role(oid: Oid): NamedRow | undefined {
    const { shared } = this.#catalog;
    const table = shared.table(pgAuthid);
    return this.#firstVisible(table, FIRST_KEY, oid, this.#usableFiles(shared, table));
  }

  /** The relation (of any kind) of that name in that schema. */
  relationNamed(schema: string, name: string): ClassRow | undefined {
    this.#relationNames ??= this.#byName(pgClass);
    return this.#relationNames.get(`${schema}\0${name}`);
  }

  /** The type of that name in that schema. */
  typeNamed(schema: string, name: string): TypeRow | undefined {
    this.#typeNames ??= this.#byName(pgType);
    return this.#typeNames.get(`${schema}\0${name}`);
  }

  /** Is there a schema of that name? */
  hasSchema(name: string): boolean {
    let found = false;
    this.#eachRow(pgNamespace, (row) => {
      found ||= row.name === name;
    });
    return found;
  }

  #byName<Row extends NamedRow & { readonly namespaceOid: Oid }>(
    spec: CatalogTableSpec<Row>,
  ): Map<string, Row> {
    const named = new Map<string, Row>();
    this.#eachRow(spec, (row) => {
      named.set(`${this.namespace(row.namespaceOid)?.name ?? ''}\0${row.name}`, row);
    });
    return named;
  }

  #eachRow<Row>(spec: CatalogTableSpec<Row>, visit: (row: Row) => void): void {
    const table = this.#catalog.group.table(spec);
    const usable = this.#usableFiles(this.#catalog.group, table);
    for (let version = 0; version < table.store.count; version++) {
      if (!table.store.isVisible(version, this.#at, usable)) continue;
      const row = table.row(version);
      if (row !== undefined) visit(row);
    }
  }

  /** Are the files of all catalogs there, also of those that rows can be read without? Else nothing may be concluded from what is not found. */
  get isComplete(): boolean {
    return this.#catalog.group.isComplete;
  }

  /** A tablespace's row (pg_tablespace); undefined when its file is not there. */
  tablespace(oid: Oid): NamedRow | undefined {
    const { shared } = this.#catalog;
    const table = shared.table(pgTablespace);
    return this.#firstVisible(table, FIRST_KEY, oid, this.#usableFiles(shared, table));
  }

  /** Relations that inherit from this one: tables from tables, indexes of partitions from those of the partitioned table. */
  childrenOf(oid: Oid): readonly InheritsRow[] {
    return this.all(pgInherits, oid, INHERITS_BY_PARENT);
  }

  /** Was the object made as a part of another one (pg_depend says 'i')? */
  isInternal(classOid: Oid, oid: Oid): boolean {
    return this.all(pgDepend, oid).some(
      (each) => each.classOid === classOid && each.objectOid === oid && each.kind === 'i',
    );
  }

  #findByLocator(locator: RelationLocator): RelationDefinition | undefined {
    const table = this.#catalog.group.table(pgClass);
    const { store } = table;
    const usable = this.#usableFiles(this.#catalog.group, table);
    let found: ClassRow | undefined;
    const replaced: { row: ClassRow; seen: Moment }[] = [];
    store.eachWithKey(CLASS_BY_FILE_NODE, locator.fileNode, (version) => {
      const row = table.row(version);
      if (!row || !this.#isInTablespace(row, locator.tablespaceOid)) return;
      if (store.isVisible(version, this.#at, usable)) found ??= row;
      else {
        const seen = store.lastSeen(version, this.#at);
        if (seen) replaced.push({ row, seen });
      }
    });
    if (found) return this.relationByOid(found.oid);
    const mapped = this.#findMapped(locator.fileNode);
    if (mapped) return mapped;
    replaced.sort((a, b) => b.seen.lsn - a.seen.lsn);
    for (const { row, seen } of replaced) {
      const definition = this.#catalog.snapshotAt(seen)?.relationByOid(row.oid);
      if (definition?.fileNode === locator.fileNode) return definition;
    }
    return undefined;
  }

  /** reltablespace 0 means the database's own, which may be any: a file node is unique within one. */
  #isInTablespace(row: ClassRow, tablespaceOid: Oid): boolean {
    return row.tablespaceOid === 0 || row.tablespaceOid === tablespaceOid;
  }

  #findMapped(fileNode: number): RelationDefinition | undefined {
    for (const map of this.#catalog.mapsAt(this.#at)) {
      for (const [oid, node] of map) if (node === fileNode) return this.relationByOid(oid);
    }
    const oid = this.#catalog.group.catalogOf(fileNode) ?? this.#catalog.shared.catalogOf(fileNode);
    return oid === undefined ? this.#findUnmapped(fileNode) : this.relationByOid(oid);
  }

  /**
   * The TOAST table of what a mapped catalog is copied into is mapped itself, but goes before any map is written that tells of it: its
   * file is named like it (heap_create, RelationBuildLocalRelation).
   */
  #findUnmapped(fileNode: number): RelationDefinition | undefined {
    const row = this.relation(fileNode);
    return row?.fileNode === 0 && row.kind === 't' ? this.relationByOid(row.oid) : undefined;
  }

  /** The row whose key column number `keyNumber` is `key`. */
  one<Row>(spec: CatalogTableSpec<Row>, key: Oid, keyNumber = FIRST_KEY): Row | undefined {
    const table = this.#catalog.group.table(spec);
    return this.#firstVisible(table, keyNumber, key, this.#usableFiles(this.#catalog.group, table));
  }

  /** All rows whose key column number `keyNumber` is `key`, in no order. */
  all<Row>(spec: CatalogTableSpec<Row>, key: Oid, keyNumber = FIRST_KEY): Row[] {
    const table = this.#catalog.group.table(spec);
    const usable = this.#usableFiles(this.#catalog.group, table);
    const rows: Row[] = [];
    table.store.eachWithKey(keyNumber, key, (version) => {
      if (!table.store.isVisible(version, this.#at, usable)) return;
      const row = table.row(version);
      if (row !== undefined) rows.push(row);
    });
    return rows;
  }

  #firstVisible<Row>(
    table: CatalogTable<Row>,
    keyNumber: number,
    key: Oid,
    usable: Uint8Array,
  ): Row | undefined {
    let found: Row | undefined;
    table.store.eachWithKey(keyNumber, key, (version) => {
      if (found === undefined && table.store.isVisible(version, this.#at, usable)) found = table.row(version);
    });
    return found;
  }

  /** The files of a catalog that count at this moment: pg_class says which it is in, or the map for pg_class and its like. */
  #usableFiles(group: CatalogGroup, table: CatalogTable<unknown>): Uint8Array {
    const { oid } = table.spec;
    let usable = this.#usable.get(oid);
    if (usable === undefined) {
      const fileNode = group.mapAt(this.#at).get(oid) ?? this.relation(oid)?.fileNode ?? 0;
      usable = group.usableFiles(oid, this.#at, fileNode);
      this.#usable.set(oid, usable);
    }
    return usable;
  }

  #countProcedures(): Map<string, number> {
    const table = this.#catalog.group.table(pgProc);
    const usable = this.#usableFiles(this.#catalog.group, table);
    const counts = new Map<string, number>();
    for (let version = 0; version < table.store.count; version++) {
      if (!table.store.isVisible(version, this.#at, usable)) continue;
      const row = table.row(version);
      if (!row) continue;
      const key = `${row.namespaceOid} ${row.name}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }
}
