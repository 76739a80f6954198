/** How a table and its columns are written in SQL: what every statement on it has in common, made once for each definition. */

import { quoteIdentifier } from '../bytes/identifiers.js';
import { hiddenBytes } from '../rows/hidden-bytes.js';
import type { Table } from '../rows/row-change.js';
import { type Comparison, exactComparison, keyComparison } from './equality.js';
import { tableName } from './identifiers.js';
import { valueWriter } from './literals.js';

/** One column. */
export interface ColumnText {
  /** Quoted where needed. */
  readonly name: string;
  /** A value for VALUES or SET. */
  readonly value: (value: string | null) => string;
  /** The column equals a value as a unique index sees it. */
  readonly equals: Comparison;
  /** The column holds exactly this value. */
  readonly same: Comparison;
}

/** One definition of a table. */
export interface TableText {
  /** Qualified, quoted where needed. */
  readonly name: string;
  /** The same for UPDATE, DELETE and FROM: `ONLY public.t`, unless its rows lie in partitions. */
  readonly only: string;
  /** What tells the places of rows apart: ctid, which is not enough among partitions. */
  readonly place: string;
  readonly columns: readonly ColumnText[];
  /** Indexes of the columns that are not generated: those that statements name. */
  readonly stored: readonly number[];
  /** `INSERT INTO t (a, b) VALUES (`; undefined for a table without such columns. */
  readonly insertHead: string | undefined;
}

const known = new WeakMap<Table, TableText>();

/** The texts of a table, the same object for the same definition. */
export function tableText(table: Table): TableText {
  let text = known.get(table);
  if (text === undefined) {
    text = describe(table);
    known.set(table, text);
  }
  return text;
}

function describe(table: Table): TableText {
  const name = tableName(table);
  const hidden = table.encoding === undefined ? undefined : hiddenBytes(table.encoding);
  const columns = table.columns.map(
    (column): ColumnText => ({
      name: quoteIdentifier(column.name),
      value: valueWriter(column, hidden),
      equals: keyComparison(column, hidden),
      same: exactComparison(column, hidden),
    }),
  );
  const stored = table.columns.flatMap((column, index) => (column.generated === '' ? [index] : []));
  const overriding = stored.some((index) => table.columns[index].identity === 'a')
    ? ' OVERRIDING SYSTEM VALUE'
    : '';
  const names = stored.map((index) => columns[index].name).join(', ');
  const insertHead = stored.length > 0 ? `INSERT INTO ${name} (${names})${overriding} VALUES (` : undefined;
  const only = table.partitioned ? name : `ONLY ${name}`;
  const place = table.partitioned ? 'tableoid, ctid' : 'ctid';
  return { name, only, place, columns, stored, insertHead };
}
