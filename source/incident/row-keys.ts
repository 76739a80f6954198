/** How rows of the two sides are matched: tables by name, columns by name, keys by their values' text. */
import * as crypto from 'node:crypto';
import { isUnknown, type Row, type Table, type UnknownValue } from '../rows/row-change.js';

/** Values of a key's columns. */
export type KeyValues = readonly (string | null)[];

/** Columns that tell rows of a table apart. */
export interface KeySet {
  /** Equal on both sides for the same columns, whatever their order: the columns' names. */
  readonly name: string;
  /** Indexes into Table.columns, in the order of the columns' names. */
  readonly columns: readonly number[];
  /** There is no key: rows are told apart by all they hold, and equal ones are not told apart at all. */
  readonly wholeRow: boolean;
  /** Two keys that hold a null may be equal. */
  readonly nullsNotDistinct: boolean;
}

/** A table's identity, and its other unique keys. */
export interface TableKeys {
  readonly identity: KeySet;
  readonly others: readonly KeySet[];
}

const tableKeys = new WeakMap<object, string>();

/** Name by which a table is found on the other side. No name holds a NUL. */
export function tableKey(table: Pick<Table, 'database' | 'schema' | 'name'>): string {
  let key = tableKeys.get(table);
  if (key === undefined) {
    key = `${table.database}\0${table.schema}\0${table.name}`;
    tableKeys.set(table, key);
  }
  return key;
}

/** The key set of some columns. */
export function keySet(
  table: Table,
  columns: readonly number[],
  wholeRow = false,
  nullsNotDistinct = false,
): KeySet {
  const nameOf = (column: number): string => table.columns[column].name;
  const ordered = [...columns].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
  return {
    name: `${wholeRow ? 'row' : 'key'}\0${ordered.map(nameOf).join('\0')}`,
    columns: ordered,
    wholeRow,
    nullsNotDistinct,
  };
}

const keysOfTables = new WeakMap<Table, TableKeys>();

/** Every key set of a table, each once. */
export function keysOf(table: Table): TableKeys {
  let keys = keysOfTables.get(table);
  if (!keys) {
    const identity = keySet(table, table.identity.columns, table.identity.kind === 'full-row');
    const others = new Map<string, KeySet>();
    for (const unique of table.uniqueKeys) {
      const set = keySet(table, unique.columns, false, unique.nullsNotDistinct);
      if (set.name !== identity.name) others.set(set.name, set);
    }
    keys = { identity, others: [...others.values()] };
    keysOfTables.set(table, keys);
  }
  return keys;
}

/** True when these columns are those of a table without key, asked for as its whole rows. */
export function isWholeRow(table: Table, columns: readonly number[]): boolean {
  const { identity } = keysOf(table);
  return identity.wholeRow && (columns === identity.columns || columns === table.identity.columns);
}

/** Values of some columns, or the first of them that is not known. */
export function valuesOf(
  row: Row,
  columns: readonly number[],
): { readonly known: KeyValues } | { readonly column: number; readonly why: UnknownValue } {
  const known: (string | null)[] = [];
  for (const column of columns) {
    const value = row[column];
    if (isUnknown(value)) return { column, why: value };
    known.push(value);
  }
  return { known };
}

/** True when no other row can hold this key, because it holds a null. */
export function neverTaken(set: KeySet, values: KeyValues): boolean {
  return !set.nullsNotDistinct && values.includes(null);
}

/** pg_type.dat: numeric. */
export const NUMERIC = 1700;

/** Keys longer than this are kept as a digest: a table without key has whole rows as keys. */
export const LONGEST_KEY = 64;

/**
 * A key as one string: equal strings are equal keys. Values are compared as text, except that a unique index takes the
 * numerics 1.0 and 1.00 for the same.
 */
export function keyText(table: Table, set: KeySet, values: KeyValues): string {
  let text = '';
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null) text += '\0N';
    else if (!set.wholeRow && table.columns[set.columns[i]].typeOid === NUMERIC && value.includes('.')) {
      text += `\0V${value.replace(/\.?0+$/, '')}`;
    } else text += `\0V${value}`;
  }
  return heldKey(text);
}

/** The same for text put together elsewhere: a NUL and `V` and the value, or a NUL and `N`, for each column. */
export function heldKey(text: string): string {
  return text.length > LONGEST_KEY ? digestOf(text) : text;
}

/** All at once where Node can (20.12 and later): half the time for a key of a few hundred bytes. */
const digestOf =
  'hash' in crypto
    ? (text: string): string => (crypto.hash as OneShotHash)('sha256', text, 'base64')
    : (text: string): string => crypto.createHash('sha256').update(text).digest('base64');

type OneShotHash = (algorithm: string, text: string, encoding: 'base64') => string;

/** What a comparison of two rows came to; a column's index where it hinges on a value that is not known. */
export type Comparison = 'equal' | 'different' | { readonly column: number; readonly why: UnknownValue };

/** Compares two rows of one table, column by column. Virtual columns are not stored and say nothing. */
export function compareRows(table: Table, ours: Row, theirs: Row): Comparison {
  let open: Comparison = 'equal';
  for (let column = 0; column < table.columns.length; column++) {
    if (table.columns[column].generated === 'v') continue;
    const mine = ours[column];
    const other = theirs[column];
    if (isUnknown(mine)) open = { column, why: mine };
    else if (isUnknown(other)) open = { column, why: other };
    else if (mine !== other) return 'different';
  }
  return open;
}

/** `order_id 1017`, `(order_id, line) (1017, 3)`: a key for people, long values cut. */
export function keyLabel(table: Table, columns: readonly number[], values: KeyValues): string {
  const text = values.map((value) => (value === null ? 'null' : shortened(value)));
  const names = columns.map((column) => table.columns[column].name);
  return names.length === 1 ? `${names[0]} ${text[0]}` : `(${names.join(', ')}) (${text.join(', ')})`;
}

const LONGEST_SHOWN = 40;

function shortened(value: string): string {
  return value.length > LONGEST_SHOWN ? `${value.slice(0, LONGEST_SHOWN)}…` : value;
}
