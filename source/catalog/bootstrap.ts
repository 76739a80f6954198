/**
 * The one table whose columns must be known beforehand: pg_attribute, which tells every other table's, its own included.
 *
 * Only its leading columns of fixed place are listed, per major, from catalog/pg_attribute.h; once they are readable,
 * pg_attribute's own rows say the rest.
 */
import { ForkpointError } from '../bytes/errors.js';
import type { AttributeDefinition, Oid } from './model.js';

/** OIDs of the catalogs (RelationRelationId and friends), fixed for ever. */
export const CatalogOid = {
  tablespace: 1213,
  type: 1247,
  attribute: 1249,
  procedure: 1255,
  class: 1259,
  authid: 1260,
  database: 1262,
  sequence: 2224,
  accessMethod: 2601,
  attributeDefault: 2604,
  cast: 2605,
  constraint: 2606,
  depend: 2608,
  index: 2610,
  inherits: 2611,
  namespace: 2615,
  operatorClass: 2616,
  operator: 2617,
  rewrite: 2618,
  trigger: 2620,
  extension: 3079,
  partitionedTable: 3350,
  collation: 3456,
  enum: 3501,
  range: 3541,
  replicationOrigin: 6000,
} as const;

/** FirstNormalObjectId (access/transam.h): objects below were made by initdb. */
export const FIRST_NORMAL_OID = 16384;

/** OIDs of the schemas with fixed ones (catalog/pg_namespace.dat). */
export const PG_CATALOG_NAMESPACE = 11;

/** OIDs of the tablespaces with fixed ones (catalog/pg_tablespace.dat). */
export const DEFAULT_TABLESPACE = 1663;
export const GLOBAL_TABLESPACE = 1664;

/** Types that pg_attribute's leading columns have: OID, length and alignment in bytes, by value or not. */
const TYPES: Readonly<
  Record<string, readonly [oid: Oid, length: number, alignment: 1 | 2 | 4, byValue: boolean]>
> = {
  bool: [16, 1, 1, true],
  char: [18, 1, 1, true],
  name: [19, 64, 1, false],
  int2: [21, 2, 2, true],
  int4: [23, 4, 4, true],
  oid: [26, 4, 4, true],
};

const VERSION_10 =
  'attrelid:oid attname:name atttypid:oid attstattarget:int4 attlen:int2 attnum:int2 attndims:int4 attcacheoff:int4 ' +
  'atttypmod:int4 attbyval:bool attstorage:char attalign:char attnotnull:bool atthasdef:bool attidentity:char ' +
  'attisdropped:bool attislocal:bool attinhcount:int4 attcollation:oid';

const VERSION_11 = VERSION_10.replace('atthasdef:bool', 'atthasdef:bool atthasmissing:bool');

const VERSION_12 = VERSION_11.replace('attidentity:char', 'attidentity:char attgenerated:char');

const VERSION_14 = VERSION_12.replace(
  'attstorage:char attalign:char',
  'attalign:char attstorage:char attcompression:char',
);

const VERSION_16 =
  'attrelid:oid attname:name atttypid:oid attlen:int2 attnum:int2 attcacheoff:int4 atttypmod:int4 attndims:int2 ' +
  'attbyval:bool attalign:char attstorage:char attcompression:char attnotnull:bool atthasdef:bool ' +
  'atthasmissing:bool attidentity:char attgenerated:char attisdropped:bool attislocal:bool attinhcount:int2 ' +
  'attstattarget:int2 attcollation:oid';

const VERSION_17 = VERSION_16.replace(' attstattarget:int2', '');

const VERSION_18 = VERSION_17.replace(' attcacheoff:int4', '');

/** pg_attribute's leading columns by major version. */
const COLUMNS_BY_MAJOR: Readonly<Record<number, string>> = {
  10: VERSION_10,
  11: VERSION_11,
  12: VERSION_12,
  13: VERSION_12,
  14: VERSION_14,
  15: VERSION_14,
  16: VERSION_16,
  17: VERSION_17,
  18: VERSION_18,
};

/** pg_attribute's leading columns in a cluster of that major. Throws ForkpointError for a major not known. */
export function bootstrapAttributes(majorVersion: number): AttributeDefinition[] {
  const columns = COLUMNS_BY_MAJOR[majorVersion];
  if (columns === undefined)
    throw new ForkpointError({
      what: `the catalog of PostgreSQL ${majorVersion} is not known`,
      next: 'versions 10 to 18 are',
    });
  return columns.split(' ').map((column, index) => {
    const [name, typeName] = column.split(':');
    const [typeOid, length, alignment, byValue] = TYPES[typeName];
    return {
      number: index + 1,
      name,
      typeOid,
      typmod: -1,
      length,
      byValue,
      alignment,
      notNull: true,
      dropped: false,
      generated: '',
      identity: '',
    };
  });
}
