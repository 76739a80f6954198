/** Columns: pg_attribute, and pg_attrdef for what they are by default. */
import { CorruptDatumError } from '../../bytes/corrupt-datum.js';
import { varlenaSize } from '../../bytes/varlena.js';
import { CatalogOid } from '../bootstrap.js';
import type { AttributeDefinition, Oid } from '../model.js';
import type { TupleReader } from '../tuple-reader.js';
import { alignment, type CatalogTableSpec, type DecodeText, hexadecimal, longText, texts } from './spec.js';

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

/** pg_attribute (catalog/pg_attribute.h), looked up by the OID of the relation. */
export const pgAttribute: CatalogTableSpec<AttributeRow> = {
  oid: CatalogOid.attribute,
  keyColumns: ['attrelid'],
  // System columns (ctid, xmin …) have negative numbers and take no place in tuples.
  wanted: (reader) => reader.number('attnum') > 0,
  decode: decodeAttribute,
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

/** A row of pg_attrdef. */
export interface AttributeDefaultRow {
  /** adrelid */
  readonly relationOid: Oid;
  /** adnum */
  readonly number: number;
  /** adbin: a node tree; undefined when it is not stored in the row itself. */
  readonly expression: string | undefined;
}

/** pg_attrdef (catalog/pg_attrdef.h), looked up by the OID of the relation. */
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
