/**
 * The catalogs that are read from files: which they are, by what their rows are looked up, and how a tuple becomes a
 * row. Columns are found by name, so what moved between majors needs no word here; what came or went reads as absent.
 */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { varlenaSize } from '../bytes/varlena.js';
import { CatalogOid } from './bootstrap.js';
import type { DatabaseDefinition, Oid } from './model.js';
import type {
  AttachedRow,
  AttributeDefaultRow,
  AttributeRow,
  CastRow,
  ClassRow,
  CollationRow,
  ConstraintRow,
  DependRow,
  EnumRow,
  ExtensionRow,
  IndexRow,
  InheritsRow,
  NamedRow,
  NamespaceRow,
  OperatorClassRow,
  OperatorRow,
  PartitionedTableRow,
  ProcedureRow,
  RangeRow,
  SequenceRow,
  TypeRow,
} from './rows.js';
import type { TupleReader } from './tuple-reader.js';

/** Turns a name's or label's bytes into text, in the database's encoding. */
export type DecodeText = (bytes: Uint8Array) => string;

/** One catalog. */
export interface CatalogTableSpec<Row> {
  readonly oid: Oid;
  /** The oid columns by which rows are looked up. */
  readonly keyColumns: readonly string[];
  /** Rows can be told without it: when its file is missing, only what it would add is not known (names of functions). */
  readonly optional?: true;
  /** Rows that are not even kept. */
  readonly wanted?: (reader: TupleReader) => boolean;
  /** Makes a row of the tuple that the reader looks at. */
  readonly decode: (reader: TupleReader, text: DecodeText) => Row;
}

/** A row of pg_database. */
export interface DatabaseRow {
  readonly definition: DatabaseDefinition;
  /** dattablespace */
  readonly tablespaceOid: Oid;
}

/** typalign and attalign, in bytes. */
const ALIGNMENTS: Readonly<Record<string, 1 | 2 | 4 | 8>> = { c: 1, s: 2, i: 4, d: 8 };

function alignment(letter: string): 1 | 2 | 4 | 8 {
  return ALIGNMENTS[letter] ?? 1;
}

/** A text or pg_node_tree column. */
function longText(reader: TupleReader, column: string, text: DecodeText): string | undefined {
  const bytes = reader.varlena(column);
  return bytes && text(bytes);
}

/** A text[] column without nulls; empty when it is null or absent. */
function texts(reader: TupleReader, column: string, text: DecodeText): string[] {
  return reader.textArray(column).map(text);
}

/** What a privileges column holds, only to tell whether it changed. */
function hexadecimal(reader: TupleReader, column: string): string {
  return reader.varlena(column)?.toString('hex') ?? '';
}

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

/** Makes an attribute's definition of the pg_attribute tuple that the reader looks at. */
export function decodeAttribute(reader: TupleReader, text: DecodeText): AttributeRow {
  const length = reader.number('attlen');
  const missingValue = reader.flag('atthasmissing')
    ? onlyElement(reader.varlena('attmissingval'), length)
    : undefined;
  return {
    number: reader.number('attnum'),
    name: text(reader.name('attname')),
    typeOid: reader.oid('atttypid'),
    typmod: reader.number('atttypmod'),
    length,
    byValue: reader.flag('attbyval'),
    alignment: alignment(reader.char('attalign')),
    notNull: reader.flag('attnotnull'),
    dropped: reader.flag('attisdropped'),
    generated: reader.char('attgenerated') as AttributeRow['generated'],
    identity: reader.char('attidentity') as AttributeRow['identity'],
    ...(missingValue && { missingValue }),
    relationOid: reader.oid('attrelid'),
    collationOid: reader.oid('attcollation'),
    storage: reader.char('attstorage'),
    compression: reader.char('attcompression'),
    isLocal: reader.flag('attislocal'),
    inheritCount: reader.number('attinhcount'),
    statisticsTarget: reader.isNull('attstattarget') ? -1 : reader.number('attstattarget'),
    options: texts(reader, 'attoptions', text),
    privileges: hexadecimal(reader, 'attacl'),
  };
}

/** attmissingval is an array of one element: ndim, dataoffset, elemtype, one dimension and bound, then the datum. */
const ONE_ELEMENT_DATA_OFFSET = 20;

function onlyElement(array: Buffer | undefined, length: number): Uint8Array | undefined {
  if (!array || array.length <= ONE_ELEMENT_DATA_OFFSET) return undefined;
  const start = ONE_ELEMENT_DATA_OFFSET;
  let size = length;
  if (length === -1) {
    try {
      size = varlenaSize(array, start, array.length);
    } catch (error) {
      if (error instanceof CorruptDatumError) return undefined;
      throw error;
    }
  } else if (length === -2) size = array.indexOf(0, start) - start + 1;
  return size > 0 && start + size <= array.length
    ? Uint8Array.from(array.subarray(start, start + size))
    : undefined;
}

export const pgAttribute: CatalogTableSpec<AttributeRow> = {
  oid: CatalogOid.attribute,
  keyColumns: ['attrelid'],
  // System columns (ctid, xmin …) have negative numbers and take no place in tuples.
  wanted: (reader) => reader.number('attnum') > 0,
  decode: decodeAttribute,
};

export const pgType: CatalogTableSpec<TypeRow> = {
  oid: CatalogOid.type,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('typname')),
    namespaceOid: reader.oid('typnamespace'),
    length: reader.number('typlen'),
    byValue: reader.flag('typbyval'),
    kind: reader.char('typtype'),
    category: reader.char('typcategory'),
    delimiter: reader.char('typdelim'),
    relationOid: reader.oid('typrelid'),
    elementOid: reader.oid('typelem'),
    arrayOid: reader.oid('typarray'),
    outputProcedure: reader.oid('typoutput'),
    alignment: alignment(reader.char('typalign')),
    storage: reader.char('typstorage'),
    baseOid: reader.oid('typbasetype'),
    baseTypmod: reader.number('typtypmod'),
    ownerOid: reader.oid('typowner'),
    notNull: reader.flag('typnotnull'),
    collationOid: reader.oid('typcollation'),
    defaultExpression: longText(reader, 'typdefaultbin', text),
    privileges: hexadecimal(reader, 'typacl'),
  }),
};

export const pgProc: CatalogTableSpec<ProcedureRow> = {
  oid: CatalogOid.procedure,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('proname')),
    namespaceOid: reader.oid('pronamespace'),
    argumentTypes: reader.vector('proargtypes', 4),
    volatility: reader.char('provolatile'),
    kind: reader.char('prokind') || (reader.flag('proisagg') ? 'a' : reader.flag('proiswindow') ? 'w' : 'f'),
    variadicOid: reader.oid('provariadic'),
  }),
};

export const pgNamespace: CatalogTableSpec<NamespaceRow> = {
  oid: CatalogOid.namespace,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('nspname')),
    ownerOid: reader.oid('nspowner'),
    privileges: hexadecimal(reader, 'nspacl'),
  }),
};

export const pgIndex: CatalogTableSpec<IndexRow> = {
  oid: CatalogOid.index,
  keyColumns: ['indrelid', 'indexrelid'],
  decode: (reader, text) => {
    const keyCount = reader.number(reader.has('indnkeyatts') ? 'indnkeyatts' : 'indnatts');
    return {
      oid: reader.oid('indexrelid'),
      relationOid: reader.oid('indrelid'),
      exclusion: reader.flag('indisexclusion'),
      clustered: reader.flag('indisclustered'),
      unique: reader.flag('indisunique'),
      primary: reader.flag('indisprimary'),
      immediate: reader.flag('indimmediate'),
      valid: reader.flag('indisvalid'),
      replicaIdentity: reader.flag('indisreplident'),
      partial: !reader.isNull('indpred'),
      nullsNotDistinct: reader.flag('indnullsnotdistinct'),
      columns: reader.vector('indkey', 2).slice(0, keyCount),
      includedColumns: reader.vector('indkey', 2).slice(keyCount),
      collations: reader.vector('indcollation', 4),
      operatorClasses: reader.vector('indclass', 4),
      orderings: reader.vector('indoption', 2),
      expressions: longText(reader, 'indexprs', text),
      predicate: longText(reader, 'indpred', text),
    };
  },
};

export const pgInherits: CatalogTableSpec<InheritsRow> = {
  oid: CatalogOid.inherits,
  keyColumns: ['inhrelid', 'inhparent'],
  decode: (reader) => ({
    childOid: reader.oid('inhrelid'),
    parentOid: reader.oid('inhparent'),
    sequenceNumber: reader.number('inhseqno'),
  }),
};

export const pgEnum: CatalogTableSpec<EnumRow> = {
  oid: CatalogOid.enum,
  keyColumns: ['enumtypid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    typeOid: reader.oid('enumtypid'),
    order: reader.number('enumsortorder'),
    label: text(reader.name('enumlabel')),
  }),
};

export const pgRange: CatalogTableSpec<RangeRow> = {
  oid: CatalogOid.range,
  keyColumns: ['rngtypid', 'rngmultitypid'],
  decode: (reader) => ({
    rangeOid: reader.oid('rngtypid'),
    subtypeOid: reader.oid('rngsubtype'),
    multirangeOid: reader.oid('rngmultitypid'),
    collationOid: reader.oid('rngcollation'),
    operatorClassOid: reader.oid('rngsubopc'),
    canonicalProcedure: reader.oid('rngcanonical'),
    differenceProcedure: reader.oid('rngsubdiff'),
  }),
};

export const pgAttributeDefault: CatalogTableSpec<AttributeDefaultRow> = {
  oid: CatalogOid.attributeDefault,
  optional: true,
  keyColumns: ['adrelid'],
  decode: (reader, text) => ({
    relationOid: reader.oid('adrelid'),
    number: reader.number('adnum'),
    expression: longText(reader, 'adbin', text),
  }),
};

export const pgConstraint: CatalogTableSpec<ConstraintRow> = {
  oid: CatalogOid.constraint,
  optional: true,
  keyColumns: ['conrelid', 'contypid', 'oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('conname')),
    namespaceOid: reader.oid('connamespace'),
    kind: reader.char('contype'),
    deferrable: reader.flag('condeferrable'),
    deferred: reader.flag('condeferred'),
    validated: reader.flag('convalidated'),
    enforced: !reader.has('conenforced') || reader.flag('conenforced'),
    relationOid: reader.oid('conrelid'),
    typeOid: reader.oid('contypid'),
    indexOid: reader.oid('conindid'),
    parentOid: reader.oid('conparentid'),
    referencedOid: reader.oid('confrelid'),
    onUpdate: reader.char('confupdtype'),
    onDelete: reader.char('confdeltype'),
    match: reader.char('confmatchtype'),
    isLocal: reader.flag('conislocal'),
    inheritCount: reader.number('coninhcount'),
    noInherit: reader.flag('connoinherit'),
    period: reader.flag('conperiod'),
    columns: reader.vector('conkey', 2),
    referencedColumns: reader.vector('confkey', 2),
    deleteSetColumns: reader.vector('confdelsetcols', 2),
    exclusionOperators: reader.vector('conexclop', 4),
    expression: longText(reader, 'conbin', text),
  }),
};

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

export const pgDepend: CatalogTableSpec<DependRow> = {
  oid: CatalogOid.depend,
  optional: true,
  keyColumns: ['objid', 'refobjid'],
  decode: (reader) => ({
    classOid: reader.oid('classid'),
    objectOid: reader.oid('objid'),
    subId: reader.number('objsubid'),
    referencedClassOid: reader.oid('refclassid'),
    referencedOid: reader.oid('refobjid'),
    referencedSubId: reader.number('refobjsubid'),
    kind: reader.char('deptype'),
  }),
};

export const pgOperator: CatalogTableSpec<OperatorRow> = {
  oid: CatalogOid.operator,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('oprname')),
    namespaceOid: reader.oid('oprnamespace'),
    leftOid: reader.oid('oprleft'),
    rightOid: reader.oid('oprright'),
  }),
};

export const pgOperatorClass: CatalogTableSpec<OperatorClassRow> = {
  oid: CatalogOid.operatorClass,
  optional: true,
  keyColumns: ['oid', 'opcmethod'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('opcname')),
    namespaceOid: reader.oid('opcnamespace'),
    accessMethodOid: reader.oid('opcmethod'),
    inputOid: reader.oid('opcintype'),
    isDefault: reader.flag('opcdefault'),
  }),
};

export const pgCollation: CatalogTableSpec<CollationRow> = {
  oid: CatalogOid.collation,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('collname')),
    namespaceOid: reader.oid('collnamespace'),
  }),
};

export const pgAccessMethod: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.accessMethod,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('amname')) }),
};

export const pgCast: CatalogTableSpec<CastRow> = {
  oid: CatalogOid.cast,
  optional: true,
  keyColumns: ['castsource'],
  decode: (reader) => ({
    oid: reader.oid('oid'),
    sourceOid: reader.oid('castsource'),
    targetOid: reader.oid('casttarget'),
    context: reader.char('castcontext'),
    method: reader.char('castmethod'),
  }),
};

export const pgTrigger: CatalogTableSpec<AttachedRow> = {
  oid: CatalogOid.trigger,
  optional: true,
  keyColumns: ['tgrelid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('tgname')),
    relationOid: reader.oid('tgrelid'),
    internal: reader.flag('tgisinternal'),
  }),
};

export const pgRewrite: CatalogTableSpec<AttachedRow> = {
  oid: CatalogOid.rewrite,
  optional: true,
  keyColumns: ['ev_class'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('rulename')),
    relationOid: reader.oid('ev_class'),
    internal: false,
  }),
};

export const pgExtension: CatalogTableSpec<ExtensionRow> = {
  oid: CatalogOid.extension,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    oid: reader.oid('oid'),
    name: text(reader.name('extname')),
    namespaceOid: reader.oid('extnamespace'),
    relocatable: reader.flag('extrelocatable'),
    version: longText(reader, 'extversion', text) ?? '',
  }),
};

export const pgDatabase: CatalogTableSpec<DatabaseRow> = {
  oid: CatalogOid.database,
  keyColumns: ['oid'],
  decode: (reader, text) => ({
    definition: {
      oid: reader.oid('oid'),
      name: text(reader.name('datname')),
      encoding: reader.number('encoding'),
    },
    tablespaceOid: reader.oid('dattablespace'),
  }),
};

export const pgTablespace: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.tablespace,
  optional: true,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('spcname')) }),
};

export const pgAuthid: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.authid,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('rolname')) }),
};

/** Keyed by roident, which is no oid but is stored like one. */
export const pgReplicationOrigin: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.replicationOrigin,
  keyColumns: ['roident'],
  optional: true,
  decode: (reader, text) => ({ oid: reader.oid('roident'), name: longText(reader, 'roname', text) ?? '' }),
};
