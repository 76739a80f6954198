/** INSERT, UPDATE and DELETE of exactly one row: the three sentences that redo, undo and guards are made of. */
import { printable } from '../bytes/printable.js';
import { isUnknown, type Row, type Table, tableLabel } from '../rows/row-change.js';
import { comparisonText } from './equality.js';
import { valueText } from './literals.js';
import { type ColumnText, tableText } from './table-text.js';

/** A statement without its semicolon, or the reason why none can be written. */
export type RowStatement =
  | {
      readonly kind: 'statement';
      readonly sql: string;
      /** For people: `INSERT of public.orders (id)=(5)`. */
      readonly subject: () => string;
    }
  | { readonly kind: 'left-out'; readonly reason: string };

/** Why there is no statement: one clause that follows "left out:". */
export function leftOut(reason: string): RowStatement {
  return { kind: 'left-out', reason };
}

function unknownColumns(table: Table, row: Row, columns: Iterable<number>): string[] {
  const names: string[] = [];
  for (const index of columns) if (isUnknown(row[index])) names.push(table.columns[index].name);
  return names;
}

/** For people: `public.orders (id)=(5)`, as PostgreSQL's own messages name a key. */
function describeRow(table: Table, row: Row): string {
  if (table.identity.kind === 'full-row')
    return printable(`${tableLabel(table)} (a table without a unique key)`);
  const names = table.identity.columns.map((index) => table.columns[index].name);
  const values = table.identity.columns.map((index) => {
    const value = row[index];
    return value === null
      ? 'null'
      : isUnknown(value)
        ? '?'
        : value.length > 60
          ? `${value.slice(0, 60)}…`
          : value;
  });
  return printable(`${tableLabel(table)} (${names.join(', ')})=(${values.join(', ')})`);
}

/**
 * The condition that picks the row with `row`'s identity, and only while it also has every value of `expected`, where
 * that is given. Undefined when `row` does not hold its identity.
 */
function rowCondition(table: Table, row: Row, expected: Row | undefined): string | undefined {
  const { columns, stored, picking } = tableText(table);
  if (picking === undefined) return undefined;
  let terms = conditions(picking.columns, row, columns, picking.by);
  if (terms !== undefined && expected !== undefined && table.identity.kind !== 'full-row') {
    for (const index of stored) {
      const value = expected[index];
      if (!picking.columns.includes(index) && !isUnknown(value))
        terms += ` AND ${comparisonText(columns[index].same, value)}`;
    }
  }
  return terms && picking.head + terms + picking.tail;
}

/** Conditions on these columns, joined; undefined when the row does not hold one of them. */
function conditions(
  indexes: readonly number[],
  row: Row,
  columns: readonly ColumnText[],
  kind: 'same' | 'equals',
): string | undefined {
  let terms = '';
  for (const index of indexes) {
    const value = row[index];
    if (isUnknown(value)) return undefined;
    const term = comparisonText(columns[index][kind], value);
    terms = terms === '' ? term : `${terms} AND ${term}`;
  }
  return terms;
}

/** Puts a whole row in. */
export function insertRow(table: Table, row: Row): RowStatement {
  const { columns, stored, insertHead, name } = tableText(table);
  const subject = () => `INSERT of ${describeRow(table, row)}`;
  if (insertHead === undefined)
    return { kind: 'statement', sql: `INSERT INTO ${name} DEFAULT VALUES`, subject };
  let sql = insertHead;
  for (let i = 0; i < stored.length; i++) {
    const index = stored[i];
    const value = row[index];
    if (isUnknown(value)) {
      const unknown = unknownColumns(table, row, stored);
      return leftOut(`the value of ${unknown.join(', ')} is not known`);
    }
    const text = valueText(columns[index].value, value);
    sql += i === 0 ? text : `, ${text}`;
  }
  return { kind: 'statement', sql: `${sql})`, subject };
}

/** Takes one row out. With `guard`, only while it is exactly `row` as far as that is known. */
export function deleteRow(table: Table, row: Row, guard: boolean): RowStatement {
  const condition = rowCondition(table, row, guard ? row : undefined);
  if (condition === undefined) return leftOut('what tells the row from others is not known');
  return {
    kind: 'statement',
    sql: tableText(table).deleteHead + condition,
    subject: () => `DELETE of ${describeRow(table, row)}`,
  };
}

/** One row on its way from one state to another. */
export interface RowMove {
  readonly table: Table;
  /** What the row is before the statement; undefined when nothing of it is known but that its identity is `to`'s. */
  readonly from: Row | undefined;
  readonly to: Row;
  /** Of the two, the one that the logged update wrote: columns `unchanged` there are left alone. */
  readonly written: Row;
  readonly guard: boolean;
}

/** Changes one row: sets the columns that differ, or may differ where the old value is not known. */
export function updateRow({ table, from, to, written, guard }: RowMove): RowStatement {
  const differing: number[] = [];
  const known: number[] = [];
  const text = tableText(table);
  for (const index of text.stored) {
    const column = table.columns[index];
    const target = to[index];
    const source = from?.[index];
    const logged = written[index];
    if (isUnknown(logged) && logged.unknown === 'unchanged') continue;
    if (isUnknown(target)) return leftOut(`the value of ${column.name} is not known`);
    if (source !== undefined && !isUnknown(source)) {
      if (column.identity !== 'a') known.push(index);
      if (source === target) continue;
      if (column.identity === 'a')
        return leftOut(`${column.name} is GENERATED ALWAYS and UPDATE cannot set it`);
    } else if (column.identity === 'a') {
      // Only SET … = DEFAULT could have changed it, and nothing could say so again.
      continue;
    }
    differing.push(index);
  }
  const condition = rowCondition(table, from ?? to, guard ? from : undefined);
  if (condition === undefined) return leftOut('what tells the row from others is not known');
  // An update that changed no value was still an update: it is repeated as one.
  const columns = differing.length > 0 ? differing : known.slice(0, 1);
  if (columns.length === 0) return leftOut('no column that UPDATE can set is known');
  let assignments = '';
  for (const index of columns) {
    const { assign, value } = text.columns[index];
    // Known, or the loop above had returned.
    assignments += `${assignments === '' ? '' : ', '}${assign}${valueText(value, to[index] as string | null)}`;
  }
  return {
    kind: 'statement',
    sql: `${text.updateHead}${assignments} WHERE ${condition}`,
    subject: () => `UPDATE of ${describeRow(table, from ?? to)}`,
  };
}
