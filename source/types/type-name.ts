/** How SQL writes a type: format_type(oid, typmod) under an empty search_path (utils/adt/format_type.c). */

import { quoteName } from '../bytes/quoted-name.js';
import type { Oid, TypeDefinition, TypeLookup } from '../catalog/model.js';

const VARLENA_HEADER_SIZE = 4;

/** Types that the grammar has words for: with a typmod the words around it, without one the whole. */
interface GrammarName {
  readonly bare: string;
  readonly withTypmod?: (typmod: number) => string;
}

/** Length in characters, which the typmod counts with a varlena header (anychar_typmodout). */
const characters = (words: string) => (typmod: number) =>
  typmod > VARLENA_HEADER_SIZE ? `${words}(${typmod - VARLENA_HEADER_SIZE})` : words;

/** Precision of a time or timestamp (anytime_typmodout, anytimestamp_typmodout). */
const precision = (words: string, zone: string) => (typmod: number) => `${words}(${typmod}) ${zone}`;

const bits = (words: string) => (typmod: number) => `${words}(${typmod})`;

const GRAMMAR_NAMES: ReadonlyMap<Oid, GrammarName> = new Map<Oid, GrammarName>([
  [16, { bare: 'boolean' }],
  [20, { bare: 'bigint' }],
  [21, { bare: 'smallint' }],
  [23, { bare: 'integer' }],
  // A keyword since 16, and then a word of the grammar's.
  [114, { bare: 'json' }],
  [700, { bare: 'real' }],
  [701, { bare: 'double precision' }],
  // Without a typmod these are not what the grammar's words mean, which is a length of 1.
  [1042, { bare: 'bpchar', withTypmod: characters('character') }],
  [1560, { bare: '"bit"', withTypmod: bits('bit') }],
  [1043, { bare: 'character varying', withTypmod: characters('character varying') }],
  [1562, { bare: 'bit varying', withTypmod: bits('bit varying') }],
  [1083, { bare: 'time without time zone', withTypmod: precision('time', 'without time zone') }],
  [1114, { bare: 'timestamp without time zone', withTypmod: precision('timestamp', 'without time zone') }],
  [1184, { bare: 'timestamp with time zone', withTypmod: precision('timestamp', 'with time zone') }],
  [1266, { bare: 'time with time zone', withTypmod: precision('time', 'with time zone') }],
  [1186, { bare: 'interval', withTypmod: formatIntervalTypmod }],
  [1700, { bare: 'numeric', withTypmod: formatNumericTypmod }],
]);

/** numerictypmodout: precision, and a scale of 11 bits that may be negative (15). */
function formatNumericTypmod(typmod: number): string {
  if (typmod < VARLENA_HEADER_SIZE) return 'numeric';
  const packed = typmod - VARLENA_HEADER_SIZE;
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return `numeric(${(packed >> 16) & 0xffff},${scale})`;
}

/** INTERVAL_MASK of each field, and of the ranges that SQL can write. */
const YEAR = 1 << 2;
const MONTH = 1 << 1;
const DAY = 1 << 3;
const HOUR = 1 << 10;
const MINUTE = 1 << 11;
const SECOND = 1 << 12;
const FULL_RANGE = 0x7fff;
const FULL_PRECISION = 0xffff;

const INTERVAL_FIELDS: ReadonlyMap<number, string> = new Map([
  [YEAR, ' year'],
  [MONTH, ' month'],
  [DAY, ' day'],
  [HOUR, ' hour'],
  [MINUTE, ' minute'],
  [SECOND, ' second'],
  [YEAR | MONTH, ' year to month'],
  [DAY | HOUR, ' day to hour'],
  [DAY | HOUR | MINUTE, ' day to minute'],
  [DAY | HOUR | MINUTE | SECOND, ' day to second'],
  [HOUR | MINUTE, ' hour to minute'],
  [HOUR | MINUTE | SECOND, ' hour to second'],
  [MINUTE | SECOND, ' minute to second'],
  [FULL_RANGE, ''],
]);

/** intervaltypmodout. */
function formatIntervalTypmod(typmod: number): string {
  const fields = INTERVAL_FIELDS.get((typmod >> 16) & 0x7fff) ?? '';
  const digits = typmod & 0xffff;
  return `interval${fields}${digits === FULL_PRECISION ? '' : `(${digits})`}`;
}

/**
 * The type's name as SQL reads it back: the grammar's words for built-in types, a bare name for the rest of
 * pg_catalog, `schema.name`, quoted where needed, for all others; the typmod (-1 when there is none) in parentheses,
 * `[]` behind an array. A type that is not known is `???`, as format_type has it.
 */
export function formatTypeName(typeOid: Oid, typmod: number, lookup: TypeLookup): string {
  const type = lookup.type(typeOid);
  if (!type) return nameOf(typeOid, typmod, undefined);
  if (!isTrueArray(type)) return nameOf(typeOid, typmod, type);
  return `${nameOf(type.elementOid, typmod, lookup.type(type.elementOid))}[]`;
}

/** int2vector and oidvector: arrays to the catalog, but not to format_type. */
const VECTOR_OIDS: ReadonlySet<Oid> = new Set([22, 30]);

/** IsTrueArrayType, and not stored plain. */
export function isTrueArray(type: TypeDefinition): boolean {
  return (
    type.kind === 'b' &&
    type.elementOid !== 0 &&
    type.length === -1 &&
    type.category === 'A' &&
    !VECTOR_OIDS.has(type.oid)
  );
}

function nameOf(oid: Oid, typmod: number, type: TypeDefinition | undefined): string {
  const words = GRAMMAR_NAMES.get(oid);
  if (words) return typmod >= 0 && words.withTypmod ? words.withTypmod(typmod) : words.bare;
  if (!type) return '???';
  const name = quoteName(type.name);
  const qualified = type.schema === 'pg_catalog' ? name : `${quoteName(type.schema)}.${name}`;
  return typmod >= 0 ? qualified + formatOtherTypmod(type, typmod) : qualified;
}

/** PostGIS's geometry types by number (liblwgeom's lwtype_name). */
const GEOMETRY_TYPES = [
  'Geometry',
  'Point',
  'LineString',
  'Polygon',
  'MultiPoint',
  'MultiLineString',
  'MultiPolygon',
  'GeometryCollection',
  'CircularString',
  'CompoundCurve',
  'CurvePolygon',
  'MultiCurve',
  'MultiSurface',
  'PolyhedralSurface',
  'Triangle',
  'Tin',
];

/** A typmod that is not the grammar's: PostGIS has a form of its own, all others show the number. */
function formatOtherTypmod(type: TypeDefinition, typmod: number): string {
  if (type.name !== 'geometry' && type.name !== 'geography') return `(${typmod})`;
  const srid = ((typmod & 0x0fff_ff00) - (typmod & 0x1000_0000)) >> 8;
  const shape = GEOMETRY_TYPES[(typmod & 0xfc) >> 2];
  const dimensions = ((typmod & 2) !== 0 ? 'Z' : '') + ((typmod & 1) !== 0 ? 'M' : '');
  if (shape === undefined || typmod === 0) return '';
  return `(${shape}${dimensions}${srid === 0 ? '' : `,${srid}`})`;
}
