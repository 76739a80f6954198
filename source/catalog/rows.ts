/**
 * Rows of the system catalogs, as far as definitions are made of them, in plain objects. Where they come from (files,
 * or a live server's answers) is not known here.
 */
import type { AttributeDefinition, DatabaseDefinition, Oid } from './model.js';

/** A row of pg_class. */
export interface ClassRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  /** relkind */
  readonly kind: string;
  /** relpersistence */
  readonly persistence: string;
  /** relfilenode; 0 when mapped, or when there is no storage. */
  readonly fileNode: number;
  /** reltablespace */
  readonly tablespaceOid: Oid;
  /** reltoastrelid */
  readonly toastOid: Oid;
  /** relhasoids (until 11) */
  readonly hasOids: boolean;
  /** relreplident */
  readonly replicaIdentity: string;
  /** relispartition */
  readonly isPartition: boolean;
  /** relnatts */
  readonly attributeCount: number;
}

/** A row of pg_namespace, pg_authid or any other catalog of which the name alone is wanted. */
export interface NamedRow {
  readonly oid: Oid;
  readonly name: string;
}

/** A row of pg_index. */
export interface IndexRow {
  /** indexrelid */
  readonly oid: Oid;
  readonly unique: boolean;
  readonly primary: boolean;
  readonly immediate: boolean;
  readonly valid: boolean;
  readonly replicaIdentity: boolean;
  /** indpred is not null. */
  readonly partial: boolean;
  readonly nullsNotDistinct: boolean;
  /** indkey, without the columns that are merely INCLUDEd. */
  readonly columns: readonly number[];
}

/** A row of pg_type. */
export interface TypeRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  readonly length: number;
  readonly byValue: boolean;
  /** typtype */
  readonly kind: string;
  readonly category: string;
  readonly delimiter: string;
  /** typrelid of a composite type. */
  readonly relationOid: Oid;
  /** typelem, as stored. */
  readonly elementOid: Oid;
  readonly arrayOid: Oid;
  /** typoutput */
  readonly outputProcedure: Oid;
  readonly alignment: 1 | 2 | 4 | 8;
  /** typstorage */
  readonly storage: string;
  readonly baseOid: Oid;
  readonly baseTypmod: number;
}

/** A row of pg_enum. */
export interface EnumRow {
  readonly oid: Oid;
  readonly label: string;
}

/** A row of pg_range. */
export interface RangeRow {
  /** rngtypid */
  readonly rangeOid: Oid;
  /** rngsubtype */
  readonly subtypeOid: Oid;
}

/** A row of pg_proc. */
export interface ProcedureRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  /** proargtypes */
  readonly argumentTypes: readonly Oid[];
}

/** A row of pg_inherits. */
export interface InheritsRow {
  /** inhparent */
  readonly parentOid: Oid;
}

/** The catalog of one database at one moment, row by row. Rows that did not change are the same objects from moment to moment. */
export interface CatalogRows {
  readonly database: DatabaseDefinition;
  readonly majorVersion: number;
  relation(oid: Oid): ClassRow | undefined;
  /** The relation's file: relfilenode, or what the map says. */
  fileNode(relation: ClassRow): number;
  /** In attnum order, from 1, dropped ones included. */
  attributes(relationOid: Oid): readonly AttributeDefinition[];
  indexes(relationOid: Oid): readonly IndexRow[];
  parents(relationOid: Oid): readonly InheritsRow[];
  namespace(oid: Oid): NamedRow | undefined;
  type(oid: Oid): TypeRow | undefined;
  enumLabels(typeOid: Oid): readonly EnumRow[];
  range(typeOid: Oid): RangeRow | undefined;
  /** The range whose multirange this is (14 and later). */
  rangeOfMultirange(typeOid: Oid): RangeRow | undefined;
  procedure(oid: Oid): ProcedureRow | undefined;
  /** How many functions of that schema have that name. */
  procedureCount(namespaceOid: Oid, name: string): number;
  role(oid: Oid): NamedRow | undefined;
}
