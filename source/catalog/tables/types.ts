/** Types: pg_type, the labels of enums, what ranges are of, and how one type is cast to another. */
import { CatalogOid } from '../bootstrap.js';
import type { Oid } from '../model.js';
import { alignment, type CatalogTableSpec, hexadecimal, longText } from './spec.js';

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

/** pg_type (catalog/pg_type.h), looked up by OID. */
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

/** A row of pg_enum. */
export interface EnumRow {
  readonly oid: Oid;
  /** enumtypid */
  readonly typeOid: Oid;
  /** enumsortorder */
  readonly order: number;
  readonly label: string;
}

/** pg_enum (catalog/pg_enum.h), looked up by the OID of the type. */
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

/** Key column number of pgRange: by rngmultitypid. */
export const RANGE_BY_MULTIRANGE = 1;

/** pg_range (catalog/pg_range.h), looked up by the range type, or as RANGE_BY_MULTIRANGE. */
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

/** pg_cast (catalog/pg_cast.h), looked up by the OID of the type that is cast. */
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
