/** Verdicts told from what the tables held, not from WAL: what forkpoint's own are held against. */
import { isUnknown, type Row, type RowChange, tableLabel } from '../../source/rows/row-change.js';
import type { TableRows } from '../servers/truth.js';
import type { RecordedTruth } from './recorded.js';

function keyText(columns: readonly number[], row: Row | readonly (string | null)[]): string {
  return JSON.stringify(columns.map((column) => row[column]));
}

/**
 * Gives a function that tells the verdict of a change, called with every row change of every lost transaction in order. Undefined where
 * the tables do not tell: the table has no key, or this or an earlier lost transaction has written that row before.
 */
export function expectedVerdict(
  contents: RecordedTruth['contents'],
): (change: RowChange) => string | undefined {
  const touched = new Set<string>();
  const rowsByKey = new Map<TableRows, Map<string, readonly (string | null)[]>>();

  const find = (rows: TableRows, columns: readonly number[], key: string) => {
    let byKey = rowsByKey.get(rows);
    if (!byKey) {
      byKey = new Map(rows.rows.map((row) => [keyText(columns, row), row]));
      rowsByKey.set(rows, byKey);
    }
    return byKey.get(key);
  };

  return ({ table, operation, before, after }) => {
    const { columns, kind } = table.identity;
    if (operation === 'truncate') {
      touched.add(tableLabel(table));
      return undefined;
    }
    if (kind === 'full-row' || touched.has(tableLabel(table))) return undefined;
    const started = before ?? after!;
    const key = keyText(columns, started);
    const place = `${tableLabel(table)} ${key}`;
    const target = after && keyText(columns, after);
    const again = touched.has(place);
    touched.add(place);
    if (target !== undefined) touched.add(`${tableLabel(table)} ${target}`);
    // Where its key goes is another question than where it came from.
    if (again || (before && target !== undefined && target !== key)) return undefined;
    if ([...(before ?? []), ...(after ?? [])].some(isUnknown)) return undefined;
    const current = find(contents.new[table.database][tableLabel(table)], columns, key);
    const same = (row: Row | undefined) => JSON.stringify(row) === JSON.stringify(current);
    if (operation === 'insert') return current === undefined ? 'clean' : same(after) ? 'applied' : 'exists';
    if (current === undefined) return operation === 'delete' ? 'applied' : 'missing';
    if (operation === 'update' && same(after)) return 'applied';
    return same(before) ? 'clean' : 'changed';
  };
}
