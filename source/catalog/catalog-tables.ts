/**
 * The catalogs that are read from files: which they are, by what their rows are looked up, and how a tuple becomes a
 * row. Columns are found by name, so what moved between majors needs no word here; what came or went reads as absent.
 */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { varlenaSize } from '../bytes/varlena.js';
import { CatalogOid } from './bootstrap.js';
import type { AttributeDefinition, DatabaseDefinition, Oid } from './model.js';
import type {
  ClassRow,
  EnumRow,
  IndexRow,
  InheritsRow,
  NamedRow,
  ProcedureRow,
  RangeRow,
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
  }),
};

/** Makes an attribute's definition of the pg_attribute tuple that the reader looks at. */
export function decodeAttribute(reader: TupleReader, text: DecodeText): AttributeDefinition {
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
    generated: reader.char('attgenerated') as AttributeDefinition['generated'],
    identity: reader.char('attidentity') as AttributeDefinition['identity'],
    ...(missingValue && { missingValue }),
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

export const pgAttribute: CatalogTableSpec<AttributeDefinition> = {
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
  }),
};

export const pgNamespace: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.namespace,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('nspname')) }),
};

export const pgIndex: CatalogTableSpec<IndexRow> = {
  oid: CatalogOid.index,
  keyColumns: ['indrelid'],
  decode: (reader) => {
    const keyCount = reader.number(reader.has('indnkeyatts') ? 'indnkeyatts' : 'indnatts');
    return {
      oid: reader.oid('indexrelid'),
      unique: reader.flag('indisunique'),
      primary: reader.flag('indisprimary'),
      immediate: reader.flag('indimmediate'),
      valid: reader.flag('indisvalid'),
      replicaIdentity: reader.flag('indisreplident'),
      partial: !reader.isNull('indpred'),
      nullsNotDistinct: reader.flag('indnullsnotdistinct'),
      columns: reader.vector('indkey', 2).slice(0, keyCount),
    };
  },
};

export const pgInherits: CatalogTableSpec<InheritsRow> = {
  oid: CatalogOid.inherits,
  keyColumns: ['inhrelid'],
  decode: (reader) => ({ parentOid: reader.oid('inhparent') }),
};

export const pgEnum: CatalogTableSpec<EnumRow> = {
  oid: CatalogOid.enum,
  keyColumns: ['enumtypid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), label: text(reader.name('enumlabel')) }),
};

export const pgRange: CatalogTableSpec<RangeRow> = {
  oid: CatalogOid.range,
  keyColumns: ['rngtypid', 'rngmultitypid'],
  decode: (reader) => ({ rangeOid: reader.oid('rngtypid'), subtypeOid: reader.oid('rngsubtype') }),
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

export const pgAuthid: CatalogTableSpec<NamedRow> = {
  oid: CatalogOid.authid,
  keyColumns: ['oid'],
  decode: (reader, text) => ({ oid: reader.oid('oid'), name: text(reader.name('rolname')) }),
};
