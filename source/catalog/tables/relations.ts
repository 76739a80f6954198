/** Relations: pg_class, and what more there is to say of tables that inherit, sequences and partitioned tables. */
import { CatalogOid } from '../bootstrap.js';
import type { Oid } from '../model.js';
import { type CatalogTableSpec, hexadecimal, longText, texts } from './spec.js';

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

/** Key column numbers of pgClass. */
export const CLASS_BY_OID = 0;
export const CLASS_BY_FILE_NODE = 1;

/** pg_class (catalog/pg_class.h), looked up as CLASS_BY_OID or CLASS_BY_FILE_NODE. */
export const pgClass: CatalogTableSpec<ClassRow> = {
  oid: CatalogOid.class,
  keyColumns: ['oid', 'relfilenode'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('relname')),
    namespaceOid: reader.oid('relnamespace'),
    kind: reader.char('relkind'),
    persistence: reader.char('relpersistence'),
    fileNode: reader.oid('relfilenode'),
    tablespaceOid: reader.oid('reltablespace'),
    toastOid: reader.oid('reltoastrelid'),
    hasOids: reader.flag('relhasoids'),
    replicaIdentity: reader.char('relreplident'),
    isPartition: reader.flag('relispartition'),
    attributeCount: reader.number('relnatts'),
    rewriteOf: reader.oid('relrewrite'),
    ownerOid: reader.oid('relowner'),
    typeOid: reader.oid('reltype'),
    ofTypeOid: reader.oid('reloftype'),
    accessMethodOid: reader.oid('relam'),
    options: texts(reader, 'reloptions', text),
    rowSecurity: reader.flag('relrowsecurity'),
    forceRowSecurity: reader.flag('relforcerowsecurity'),
    privileges: hexadecimal(reader, 'relacl'),
    partitionBound: longText(reader, 'relpartbound', text),
  }),
};

/** A row of pg_inherits. */
export interface InheritsRow {
  /** inhrelid */
  readonly childOid: Oid;
  /** inhparent */
  readonly parentOid: Oid;
  /** inhseqno */
  readonly sequenceNumber: number;
}

/** Key column number of pgInherits: by inhparent. */
export const INHERITS_BY_PARENT = 1;

/** pg_inherits (catalog/pg_inherits.h), looked up by the child, or as INHERITS_BY_PARENT. */
export const pgInherits: CatalogTableSpec<InheritsRow> = {
  oid: CatalogOid.inherits,
  keyColumns: ['inhrelid', 'inhparent'],
  decode: (reader) => ({
    childOid: reader.oid('inhrelid'),
    parentOid: reader.oid('inhparent'),
    sequenceNumber: reader.number('inhseqno'),
  }),
};

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

/** pg_sequence (catalog/pg_sequence.h), looked up by the OID of the sequence. */
export const pgSequence: CatalogTableSpec<SequenceRow> = {
  oid: CatalogOid.sequence,
  optional: true,
  keyColumns: ['seqrelid'],
  decode: (reader) => ({
    oid: reader.oid('seqrelid'),
    typeOid: reader.oid('seqtypid'),
    start: reader.bigNumber('seqstart'),
    increment: reader.bigNumber('seqincrement'),
    maximum: reader.bigNumber('seqmax'),
    minimum: reader.bigNumber('seqmin'),
    cache: reader.bigNumber('seqcache'),
    cycle: reader.flag('seqcycle'),
  }),
};

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

/** pg_partitioned_table (catalog/pg_partitioned_table.h), looked up by the OID of the table. */
export const pgPartitionedTable: CatalogTableSpec<PartitionedTableRow> = {
  oid: CatalogOid.partitionedTable,
  optional: true,
  keyColumns: ['partrelid'],
  decode: (reader, text) => ({
    oid: reader.oid('partrelid'),
    strategy: reader.char('partstrat'),
    columns: reader.vector('partattrs', 2),
    operatorClasses: reader.vector('partclass', 4),
    collations: reader.vector('partcollation', 4),
    expressions: longText(reader, 'partexprs', text),
  }),
};
