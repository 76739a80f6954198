/**
 * What the catalog tells about databases, tables and types: the words in which rows are decoded and shown.
 *
 * These are plain objects, structured-cloneable so that they can cross a worker's boundary, and they know
 * nothing of where they were read from (a data directory's files, or a live server).
 */

/** An object identifier (postgres_ext.h). */
export type Oid = number;

/** One database of the cluster (pg_database). */
export interface DatabaseDefinition {
  readonly oid: Oid;
  readonly name: string;
  /** pg_enc number (mb/pg_wchar.h), e.g. 6 for UTF8. */
  readonly encoding: number;
}

/** One attribute of a relation or composite type (pg_attribute), dropped ones included: deforming needs them. */
export interface AttributeDefinition {
  /** attnum, from 1. */
  readonly number: number;
  readonly name: string;
  /** atttypid; 0 for a dropped column. */
  readonly typeOid: Oid;
  /** atttypmod, -1 when there is none. */
  readonly typmod: number;
  /** attlen: a byte count, -1 for varlena, -2 for a C string. */
  readonly length: number;
  /** attbyval. */
  readonly byValue: boolean;
  /** attalign in bytes: 1, 2, 4 or 8. */
  readonly alignment: 1 | 2 | 4 | 8;
  readonly notNull: boolean;
  readonly dropped: boolean;
  /** attgenerated: '' none, 's' stored, 'v' virtual (18). A virtual column occupies the tuple as a null. */
  readonly generated: '' | 's' | 'v';
  /** attidentity: '' none, 'a' always, 'd' by default. */
  readonly identity: '' | 'a' | 'd';
  /**
   * attmissingval (11 and later): the datum's bytes, as stored in the array's data area, of a column that was
   * added with a constant default after this row was written. Undefined when attributes missing at the tuple's end are null.
   */
  readonly missingValue?: Uint8Array;
}

/** A unique index, as far as identity and collisions go (pg_index, pg_constraint). */
export interface UniqueIndexDefinition {
  readonly oid: Oid;
  readonly name: string;
  /** Attribute numbers of the key columns, in index order. An expression column is 0. */
  readonly columns: readonly number[];
  readonly primary: boolean;
  /** Is this the one named by REPLICA IDENTITY USING INDEX (indisreplident)? */
  readonly replicaIdentity: boolean;
  /** indimmediate: false when the constraint is DEFERRABLE. */
  readonly immediate: boolean;
  /** Has a WHERE predicate, so it speaks of some rows only. */
  readonly partial: boolean;
  /** indnullsnotdistinct (15 and later). */
  readonly nullsNotDistinct: boolean;
}

/**
 * An index by which a row can be refused for what another row holds, although no columns of the two are equal as a whole: unique but
 * partial or by expressions, or an exclusion constraint's.
 */
export interface ConditionalIndexDefinition {
  readonly name: string;
  /** Numbers of the attributes it looks at; undefined when that cannot be told, or it looks at the whole row. */
  readonly attributes: readonly number[] | undefined;
}

/** A relation at one moment of the WAL (pg_class and what hangs off it). */
export interface RelationDefinition {
  readonly oid: Oid;
  readonly database: DatabaseDefinition;
  readonly schema: string;
  readonly name: string;
  /** relkind: 'r' table, 't' TOAST, 'm' materialized view, 'S' sequence, 'i' index, 'p' partitioned … */
  readonly kind: string;
  /** relpersistence: 'p' permanent, 'u' unlogged, 't' temporary. */
  readonly persistence: string;
  /** relfilenode; for a mapped relation the one pg_filenode.map gives. */
  readonly fileNode: number;
  /** reltablespace, 0 meaning the database's default. */
  readonly tablespaceOid: Oid;
  /** reltoastrelid, 0 when there is none. */
  readonly toastOid: Oid;
  /** relhasoids, until 11: tuples may carry a hidden oid. */
  readonly hasOids: boolean;
  /** relreplident: 'd' default, 'n' nothing, 'f' full, 'i' index. */
  readonly replicaIdentity: string;
  /** OID of the parent when this is a partition, else 0. */
  readonly partitionOf: Oid;
  /** relrewrite (11 and later): the table that this transient relation is to replace, else 0. */
  readonly rewriteOf: Oid;
  /** In attnum order, dropped ones included. */
  readonly attributes: readonly AttributeDefinition[];
  /** Valid unique indexes, the primary key first. */
  readonly uniqueIndexes: readonly UniqueIndexDefinition[];
  readonly conditionalIndexes: readonly ConditionalIndexDefinition[];
  /** Set when the relation belongs to the system catalogs (pg_catalog, pg_toast of one, information_schema). */
  readonly system: boolean;
}

/** A type (pg_type and pg_enum, pg_range, pg_attribute). */
export interface TypeDefinition {
  readonly oid: Oid;
  readonly schema: string;
  readonly name: string;
  /** typtype: 'b' base, 'c' composite, 'd' domain, 'e' enum, 'p' pseudo, 'r' range, 'm' multirange. */
  readonly kind: string;
  /** typcategory, 'A' for arrays. */
  readonly category: string;
  /** typlen: a byte count, -1 for varlena, -2 for a C string. */
  readonly length: number;
  readonly byValue: boolean;
  /** typalign in bytes. */
  readonly alignment: 1 | 2 | 4 | 8;
  /** typdelim: what separates this type's elements in an array's text. */
  readonly delimiter: string;
  /** typelem: for a true array (category 'A', length -1) its element. 0 otherwise. */
  readonly elementOid: Oid;
  /** typarray: the array type over this one, 0 when none. */
  readonly arrayOid: Oid;
  /** typbasetype and typtypmod of a domain. */
  readonly baseOid: Oid;
  readonly baseTypmod: number;
  /** pg_range.rngsubtype of a range; for a multirange the OID of its range type (pg_range.rngtypid). */
  readonly rangeOid: Oid;
  /** Attributes of a composite type, dropped ones included. */
  readonly attributes?: readonly AttributeDefinition[];
  /** pg_enum: label by OID. */
  readonly enumLabels?: ReadonlyMap<Oid, string>;
  /** Name of the extension-owned or built-in output function (pg_proc.proname of typoutput) when known, e.g. 'citextout'. */
  readonly outputFunction?: string;
}

/** Looks types up, at one moment, in one database. */
export interface TypeLookup {
  type(oid: Oid): TypeDefinition | undefined;
  /** The name a reg* type prints for this OID (`regclass`, `regtype`, `regproc`, …), undefined when not known. */
  registeredName?(
    kind:
      | 'regclass'
      | 'regtype'
      | 'regproc'
      | 'regprocedure'
      | 'regoper'
      | 'regoperator'
      | 'regnamespace'
      | 'regrole'
      | 'regconfig'
      | 'regdictionary'
      | 'regcollation',
    oid: Oid,
  ): string | undefined;
  /** pg_enc number of the database's encoding: what bytes of text mean. */
  readonly encoding: number;
  /** The major version that wrote the values, for the few types whose format changed; 13 or later when it is not said. */
  readonly majorVersion?: number;
}

/** Where a relation's file lives: what WAL calls a RelFileLocator (storage/relfilelocator.h). */
export interface RelationLocator {
  readonly tablespaceOid: Oid;
  /** 0 for shared relations. */
  readonly databaseOid: Oid;
  readonly fileNode: number;
}
