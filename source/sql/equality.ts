/**
 * Conditions that pick a row by its values. Two kinds: one that an index can serve, for the columns of a unique key,
 * and one that holds only for the very same value, bit for bit as its text tells, for everything else.
 */

import { quoteIdentifier } from '../bytes/identifiers.js';
import type { HiddenBytes } from '../bytes/string-literal.js';
import type { TableColumn } from '../rows/row-change.js';
import { splitTypeName } from './identifiers.js';
import { type Literal, literalText, typedLiteral, valueLiteral } from './literals.js';
import { TYPE } from './type-oids.js';

/**
 * Types of extensions whose `=` lives in the extension's schema, which the file's search_path leaves out. Other types
 * outside pg_catalog (enums, domains, composites, ranges) are compared by operators of pg_catalog.
 */
const EXTENSION_TYPES: ReadonlySet<string> = new Set(
  `citext hstore ltree cube seg ean13 isbn isbn13 ismn ismn13 issn issn13 upc vector halfvec sparsevec geometry geography
  ip4 ip4r ip6 ip6r ipaddress iprange semver`.split(/\s+/),
);

/** `=` says yes only for values whose text is the same too. */
const EXACT_EQUALITY: ReadonlySet<number> = new Set([
  TYPE.bool,
  TYPE.bytea,
  TYPE.char,
  TYPE.name,
  TYPE.int8,
  TYPE.int2,
  TYPE.int4,
  TYPE.oid,
  TYPE.tid,
  TYPE.xid,
  TYPE.cidr,
  TYPE.macaddr8,
  TYPE.money,
  TYPE.macaddr,
  TYPE.inet,
  TYPE.date,
  TYPE.time,
  TYPE.timestamp,
  TYPE.timestamptz,
  TYPE.timetz,
  TYPE.bit,
  TYPE.varbit,
  TYPE.uuid,
  TYPE.pg_lsn,
  TYPE.xid8,
]);

const STRINGS: ReadonlySet<number> = new Set([TYPE.text, TYPE.varchar, TYPE.bpchar]);

function isNull(column: TableColumn): string {
  // A composite whose fields are all null "IS NULL" too; compared as a whole, only the null value itself is.
  const test = splitTypeName(column.typeName).schema === undefined ? 'IS NULL' : 'IS NOT DISTINCT FROM NULL';
  return `${quoteIdentifier(column.name)} ${test}`;
}

/** How a condition on one column's value is written: said once, for whoever writes strings and for whoever writes bytes. */
export interface Comparison {
  /** The condition that the value is null. */
  readonly none: string;
  /** What stands before and behind a value that is not. */
  readonly head: string;
  readonly tail: string;
  readonly literal: Literal;
}

/** The condition that the column has this value. */
export function comparisonText({ none, head, tail, literal }: Comparison, value: string | null): string {
  return value === null ? none : head + literalText(literal, value) + tail;
}

/** The column equals the value by its type's own `=`: what a unique index holds rows apart by, and can look up. */
export function keyComparison(column: TableColumn, hidden?: HiddenBytes): Comparison {
  const type = splitTypeName(column.typeName);
  const own = type.schema !== undefined && EXTENSION_TYPES.has(type.name);
  const operator = own ? `OPERATOR(${quoteIdentifier(type.schema!)}.=)` : '=';
  return {
    none: isNull(column),
    head: `${quoteIdentifier(column.name)} ${operator} `,
    tail: '',
    literal: STRINGS.has(column.typeOid) ? valueLiteral(column, hidden) : typedLiteral(column, hidden),
  };
}

/**
 * The column holds exactly this value. Many types call different values equal (1.0 and 1.00, '1 day' and '24:00:00',
 * -0 and 0, boxes of the same area, texts under a case-blind collation) and some have no equality (json, xml, point):
 * those are compared by their text, both sides through the same cast.
 */
export function exactComparison(column: TableColumn, hidden?: HiddenBytes): Comparison {
  const name = quoteIdentifier(column.name);
  const none = isNull(column);
  if (EXACT_EQUALITY.has(column.typeOid))
    return { none, head: `${name} = `, tail: '', literal: typedLiteral(column, hidden) };
  if (STRINGS.has(column.typeOid))
    return { none, head: `${name} COLLATE "C" = `, tail: '', literal: valueLiteral(column, hidden) };
  const literal = typedLiteral({ ...column, typeOid: 0 }, hidden);
  return { none, head: `${name}::text COLLATE "C" = `, tail: '::text', literal };
}
