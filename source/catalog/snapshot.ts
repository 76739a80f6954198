/** One database's catalog as one moment sees it. Kept as long as that moment's view holds, it answers from Maps. */
import type { CatalogGroup } from './catalog-group.js';
import type { CatalogRows } from './catalog-rows.js';
import { isSystemRelation } from './definitions.js';
import type { FileNodeMap } from './filenode-map.js';
import type { DatabaseDefinition, Oid, RelationDefinition, RelationLocator } from './model.js';
import type { Moment } from './moment.js';
import { MomentRows } from './moment-rows.js';
import { Names } from './names.js';
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

/** relkinds that tables() lists: ordinary and partitioned tables. */
const TABLE_KINDS: ReadonlySet<string> = new Set(['r', 'p']);

/** A relation that was found by its file, in which tablespace. */
interface LocatedRelation {
  readonly tablespaceOid: Oid;
  readonly definition: RelationDefinition | undefined;
}

/** The database that a snapshot is of (DatabaseCatalog). */
export interface SnapshotSource {
  readonly majorVersion: number;
  /** Its own catalogs, and the cluster's shared ones. */
  readonly group: CatalogGroup;
  readonly shared: CatalogGroup;
  /** Another moment of it; undefined when it is not there then. */
  snapshotAt(at: Moment): CatalogSnapshot | undefined;
  /** Describes a relation; the same object as before while nothing that it is made of changed. */
  describe(rows: CatalogRows, relation: ClassRow): RelationDefinition | undefined;
}

/** All that the catalog says at one moment, of one database. */
export class CatalogSnapshot implements CatalogRows {
  readonly database: DatabaseDefinition;
  readonly majorVersion: number;
  readonly types: CatalogTypeLookup;
  readonly #catalog: SnapshotSource;
  readonly #rows: MomentRows;
  readonly #names: Names;
  readonly #byFileNode = new Map<number, LocatedRelation>();
  readonly #byOid = new Map<Oid, RelationDefinition | undefined>();
  #tables: RelationDefinition[] | undefined;

  constructor(catalog: SnapshotSource, database: DatabaseDefinition, at: Moment) {
    this.#catalog = catalog;
    this.database = database;
    this.majorVersion = catalog.majorVersion;
    this.#rows = new MomentRows(catalog.group, catalog.shared, at);
    this.#names = new Names(this.#rows);
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
    const found = new Set<RelationDefinition>();
    this.#rows.each(pgClass, (row) => {
      if (isSystemRelation(row.oid) || !wanted(row)) return;
      const definition = this.relationByOid(row.oid);
      if (definition) found.add(definition);
    });
    return [...found];
  }

  relation(oid: Oid): ClassRow | undefined {
    return this.one(pgClass, oid);
  }

  fileNode(relation: ClassRow): number {
    if (relation.fileNode !== 0) return relation.fileNode;
    for (const map of this.#maps()) {
      const fileNode = map.get(relation.oid);
      if (fileNode !== undefined) return fileNode;
    }
    return 0;
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
    return this.#names.procedureCount(namespaceOid, name);
  }

  role(oid: Oid): NamedRow | undefined {
    return this.#rows.oneShared(pgAuthid, oid);
  }

  /** A tablespace's row (pg_tablespace); undefined when its file is not there. */
  tablespace(oid: Oid): NamedRow | undefined {
    return this.#rows.oneShared(pgTablespace, oid);
  }

  /** The relation (of any kind) of that name in that schema. */
  relationNamed(schema: string, name: string): ClassRow | undefined {
    return this.#names.relation(schema, name);
  }

  /** The type of that name in that schema. */
  typeNamed(schema: string, name: string): TypeRow | undefined {
    return this.#names.type(schema, name);
  }

  /** Is there a schema of that name? */
  hasSchema(name: string): boolean {
    return this.#names.hasSchema(name);
  }

  /** Are the files of all catalogs there, also of those that rows can be read without? Else nothing may be concluded from what is not found. */
  get isComplete(): boolean {
    return this.#catalog.group.isComplete;
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
    let found: ClassRow | undefined;
    const replaced: { row: ClassRow; seen: Moment }[] = [];
    this.#rows.eachVersion(pgClass, locator.fileNode, CLASS_BY_FILE_NODE, (row, seen) => {
      if (!isInTablespace(row, locator.tablespaceOid)) return;
      if (seen === this.#rows.at) found ??= row;
      else if (seen) replaced.push({ row, seen });
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

  #findMapped(fileNode: number): RelationDefinition | undefined {
    for (const map of this.#maps()) {
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

  /** Both maps of mapped relations, the database's own first. */
  #maps(): FileNodeMap[] {
    return [this.#catalog.group, this.#catalog.shared].map((group) => group.mapAt(this.#rows.at));
  }

  /** The row whose key column number `keyNumber` (the first unless told) is `key`. */
  one<Row>(spec: CatalogTableSpec<Row>, key: Oid, keyNumber?: number): Row | undefined {
    return this.#rows.one(spec, key, keyNumber);
  }

  /** All rows whose key column number `keyNumber` (the first unless told) is `key`, in no order. */
  all<Row>(spec: CatalogTableSpec<Row>, key: Oid, keyNumber?: number): Row[] {
    return this.#rows.all(spec, key, keyNumber);
  }
}

/** reltablespace 0 means the database's own, which may be any: a file node is unique within one. */
function isInTablespace(row: ClassRow, tablespaceOid: Oid): boolean {
  return row.tablespaceOid === 0 || row.tablespaceOid === tablespaceOid;
}
