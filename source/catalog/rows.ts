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
  /** relrewrite: the table that this transient relation is a new version of (11 and later), else 0. */
  readonly rewriteOf: Oid;
  /** relowner */
  readonly ownerOid: Oid;
  /** reltype: its row type, 0 for an index or a sequence. */
  readonly typeOid: Oid;
  /** reloftype */
  readonly ofTypeOid: Oid;
  /** relam */
  readonly accessMethodOid: Oid;
  /** reloptions: `fillfactor=70`. */
  readonly options: readonly string[];
  /** relrowsecurity and relforcerowsecurity */
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  /** relacl in hexadecimal, '' when it is null. */
  readonly privileges: string;
  /** relpartbound: a node tree; undefined when there is none, or it is not stored in the row itself. */
  readonly partitionBound: string | undefined;
}

/** A row of pg_attribute: what deforming needs, and the rest of what makes a column. */
export interface AttributeRow extends AttributeDefinition {
  /** attrelid */
  readonly relationOid: Oid;
  /** attcollation */
  readonly collationOid: Oid;
  /** attstorage */
  readonly storage: string;
  /** attcompression (14 and later), '' for the default. */
  readonly compression: string;
  /** attislocal */
  readonly isLocal: boolean;
  /** attinhcount */
  readonly inheritCount: number;
  /** attstattarget, -1 when none was set. */
  readonly statisticsTarget: number;
  /** attoptions */
  readonly options: readonly string[];
  /** attacl in hexadecimal, '' when it is null. */
  readonly privileges: string;
}

/** A row of pg_attrdef. */
export interface AttributeDefaultRow {
  /** adrelid */
  readonly relationOid: Oid;
  /** adnum */
  readonly number: number;
  /** adbin: a node tree; undefined when it is not stored in the row itself. */
  readonly expression: string | undefined;
}

/** A row of pg_constraint. */
export interface ConstraintRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  /** contype: 'c' check, 'f' foreign key, 'n' not null (18; domains 17), 'p' primary key, 'u' unique, 'x' exclusion, 't' trigger. */
  readonly kind: string;
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly validated: boolean;
  /** conenforced (18 and later). */
  readonly enforced: boolean;
  /** conrelid */
  readonly relationOid: Oid;
  /** contypid: the domain. */
  readonly typeOid: Oid;
  /** conindid */
  readonly indexOid: Oid;
  /** conparentid (11 and later) */
  readonly parentOid: Oid;
  /** confrelid */
  readonly referencedOid: Oid;
  readonly onUpdate: string;
  readonly onDelete: string;
  readonly match: string;
  readonly isLocal: boolean;
  readonly inheritCount: number;
  readonly noInherit: boolean;
  /** conperiod (18 and later): WITHOUT OVERLAPS, PERIOD. */
  readonly period: boolean;
  /** conkey */
  readonly columns: readonly number[];
  /** confkey */
  readonly referencedColumns: readonly number[];
  /** confdelsetcols (15 and later) */
  readonly deleteSetColumns: readonly number[];
  /** conexclop */
  readonly exclusionOperators: readonly Oid[];
  /** conbin: a node tree; undefined when there is none, or it is not stored in the row itself. */
  readonly expression: string | undefined;
}

/** A row of pg_sequence; its numbers are int8 in decimal. */
export interface SequenceRow {
  /** seqrelid */
  readonly oid: Oid;
  readonly typeOid: Oid;
  readonly start: string;
  readonly increment: string;
  readonly maximum: string;
  readonly minimum: string;
  readonly cache: string;
  readonly cycle: boolean;
}

/** A row of pg_partitioned_table. */
export interface PartitionedTableRow {
  /** partrelid */
  readonly oid: Oid;
  /** partstrat: 'r' range, 'l' list, 'h' hash. */
  readonly strategy: string;
  /** partattrs: 0 stands for an expression. */
  readonly columns: readonly number[];
  readonly operatorClasses: readonly Oid[];
  readonly collations: readonly Oid[];
  /** partexprs: a node tree. */
  readonly expressions: string | undefined;
}

/** A row of pg_depend, as far as it tells who belongs to whom. */
export interface DependRow {
  readonly classOid: Oid;
  readonly objectOid: Oid;
  readonly subId: number;
  readonly referencedClassOid: Oid;
  readonly referencedOid: Oid;
  readonly referencedSubId: number;
  /** deptype: 'n' normal, 'a' auto, 'i' internal, 'e' extension … */
  readonly kind: string;
}

/** A row of pg_operator. */
export interface OperatorRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  readonly leftOid: Oid;
  readonly rightOid: Oid;
}

/** A row of pg_opclass. */
export interface OperatorClassRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  readonly accessMethodOid: Oid;
  /** opcintype */
  readonly inputOid: Oid;
  /** opcdefault */
  readonly isDefault: boolean;
}

/** A row of pg_collation. */
export interface CollationRow extends NamedRow {
  readonly namespaceOid: Oid;
}

/** A row of pg_cast. */
export interface CastRow {
  readonly oid: Oid;
  readonly sourceOid: Oid;
  readonly targetOid: Oid;
  /** castcontext: 'i' implicit, 'a' assignment, 'e' explicit only. */
  readonly context: string;
  /** castmethod: 'f' function, 'i' through text, 'b' binary. */
  readonly method: string;
}

/** A row of pg_trigger or pg_rewrite: something that hangs off a relation and has a name. */
export interface AttachedRow {
  readonly oid: Oid;
  readonly name: string;
  readonly relationOid: Oid;
  /** tgisinternal: made for a constraint, not by anybody's word. */
  readonly internal: boolean;
}

/** A row of pg_extension. */
export interface ExtensionRow extends NamedRow {
  /** extnamespace */
  readonly namespaceOid: Oid;
  readonly relocatable: boolean;
  readonly version: string;
}

/** A row of pg_authid or any other catalog of which the name alone is wanted. */
export interface NamedRow {
  readonly oid: Oid;
  readonly name: string;
}

/** A row of pg_namespace. */
export interface NamespaceRow extends NamedRow {
  /** nspowner */
  readonly ownerOid: Oid;
  /** nspacl in hexadecimal, '' when it is null. */
  readonly privileges: string;
}

/** A row of pg_index. */
export interface IndexRow {
  /** indexrelid */
  readonly oid: Oid;
  /** indrelid */
  readonly relationOid: Oid;
  /** indisexclusion */
  readonly exclusion: boolean;
  /** indisclustered */
  readonly clustered: boolean;
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
  /** The rest of indkey. */
  readonly includedColumns: readonly number[];
  /** indcollation, indclass and indoption, one for each of `columns`. */
  readonly collations: readonly Oid[];
  readonly operatorClasses: readonly Oid[];
  readonly orderings: readonly number[];
  /** indexprs and indpred: node trees; undefined when there are none, or they are not stored in the row itself. */
  readonly expressions: string | undefined;
  readonly predicate: string | undefined;
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
  /** typowner */
  readonly ownerOid: Oid;
  /** typnotnull of a domain. */
  readonly notNull: boolean;
  /** typcollation */
  readonly collationOid: Oid;
  /** typdefaultbin, a node tree, of a domain. */
  readonly defaultExpression: string | undefined;
  /** typacl in hexadecimal, '' when it is null. */
  readonly privileges: string;
}

/** A row of pg_enum. */
export interface EnumRow {
  readonly oid: Oid;
  /** enumtypid */
  readonly typeOid: Oid;
  /** enumsortorder */
  readonly order: number;
  readonly label: string;
}

/** A row of pg_range. */
export interface RangeRow {
  /** rngtypid */
  readonly rangeOid: Oid;
  /** rngsubtype */
  readonly subtypeOid: Oid;
  /** rngmultitypid (14 and later) */
  readonly multirangeOid: Oid;
  readonly collationOid: Oid;
  /** rngsubopc */
  readonly operatorClassOid: Oid;
  readonly canonicalProcedure: Oid;
  readonly differenceProcedure: Oid;
}

/** A row of pg_proc. */
export interface ProcedureRow {
  readonly oid: Oid;
  readonly name: string;
  readonly namespaceOid: Oid;
  /** proargtypes */
  readonly argumentTypes: readonly Oid[];
  /** provolatile: 'i' immutable, 's' stable, 'v' volatile. */
  readonly volatility: string;
  /** prokind (11 and later), or what proisagg and proiswindow said: 'f' function, 'p' procedure, 'a' aggregate, 'w' window. */
  readonly kind: string;
  /** provariadic */
  readonly variadicOid: Oid;
}

/** A row of pg_inherits. */
export interface InheritsRow {
  /** inhrelid */
  readonly childOid: Oid;
  /** inhparent */
  readonly parentOid: Oid;
  /** inhseqno */
  readonly sequenceNumber: number;
}

/** The catalog of one database at one moment, row by row. Rows that did not change are the same objects from moment to moment. */
export interface CatalogRows {
  readonly database: DatabaseDefinition;
  readonly majorVersion: number;
  relation(oid: Oid): ClassRow | undefined;
  /** The relation's file: relfilenode, or what the map says. */
  fileNode(relation: ClassRow): number;
  /** In attnum order, from 1, dropped ones included. */
  attributes(relationOid: Oid): readonly AttributeRow[];
  indexes(relationOid: Oid): readonly IndexRow[];
  parents(relationOid: Oid): readonly InheritsRow[];
  namespace(oid: Oid): NamespaceRow | undefined;
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
