/** How a table and its columns are written in SQL: what every statement on it has in common, made once for each definition. */

import { quoteIdentifier } from '../bytes/identifiers.js';
import { hiddenBytes } from '../rows/hidden-bytes.js';
import type { Table } from '../rows/row-change.js';
import { type Comparison, exactComparison, keyComparison } from './equality.js';
import { tableName } from './identifiers.js';
import { type Literal, valueLiteral } from './literals.js';

/** One column. */
export interface ColumnText {
  /** `name = `, the name quoted where needed. */
  readonly assign: string;
  /** Values for VALUES or SET. */
  readonly value: Literal;
  /** The column equals a value as a unique index sees it. */
  readonly equals: Comparison;
  /** The column holds exactly this value. */
  readonly same: Comparison;
}

/** One definition of a table. */
export interface TableText {
  /** Qualified, quoted where needed. */
  readonly name: string;
  readonly columns: readonly ColumnText[];
  /** Indexes of the columns that are not generated: those that statements name. */
  readonly stored: readonly number[];
  /** `INSERT INTO t (a, b) VALUES (`; undefined for a table without such columns. */
  readonly insertHead: string | undefined;
  /** `UPDATE ONLY t SET `. */
  readonly updateHead: string;
  /** `DELETE FROM ONLY t WHERE `. */
  readonly deleteHead: string;
  /** The condition that picks one row; undefined where nothing could. */
  readonly picking: Picking | undefined;
}

/** How a row is told from others: conditions on some columns, joined by AND, with what stands before and behind them all. */
export interface Picking {
  readonly columns: readonly number[];
  readonly by: 'equals' | 'same';
  readonly head: string;
  readonly tail: string;
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
      assign: `${quoteIdentifier(column.name)} = `,
      value: valueLiteral(column, hidden),
      equals: keyComparison(column, hidden),
      same: exactComparison(column, hidden),
    }),
  );
  const stored = table.columns.flatMap((column, index) => (column.generated === '' ? [index] : []));
  const overriding = stored.some((index) => table.columns[index].identity === 'a')
    ? ' OVERRIDING SYSTEM VALUE'
    : '';
  const names = stored.map((index) => quoteIdentifier(table.columns[index].name)).join(', ');
  // Rows of a partitioned table lie in its partitions.
  const only = table.partitioned ? name : `ONLY ${name}`;
  return {
    name,
    columns,
    stored,
    insertHead: stored.length > 0 ? `INSERT INTO ${name} (${names})${overriding} VALUES (` : undefined,
    updateHead: `UPDATE ${only} SET `,
    deleteHead: `DELETE FROM ${only} WHERE `,
    picking: picking(table, stored, only),
  };
}

function picking(
  { identity, partitioned }: Table,
  stored: readonly number[],
  only: string,
): Picking | undefined {
  if (identity.kind !== 'full-row')
    return identity.columns.length > 0
      ? { columns: identity.columns, by: 'equals', head: '', tail: '' }
      : undefined;
  if (stored.length === 0) return undefined;
  // What tells the places of rows apart: ctid, which is not enough among partitions.
  const place = partitioned ? 'tableoid, ctid' : 'ctid';
  const left = partitioned ? `(${place})` : place;
  return {
    columns: stored,
    by: 'same',
    head: `${left} = (SELECT ${place} FROM ${only} WHERE `,
    tail: ' LIMIT 1)',
  };
}
