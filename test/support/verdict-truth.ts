/** Verdicts told from what the tables held, not from WAL: what forkpoint's own are held against. */
import assert from 'node:assert/strict';
import type { OpenedIncident } from '../../source/incident/opened-incident.js';
import { isUnknown, type Row, type RowChange, tableLabel } from '../../source/rows/row-change.js';
import type { TableRows } from '../servers/truth.js';
import { everythingLost } from './against-the-server.js';
import type { DatabaseRows } from './recorded.js';
import { comparable } from './replay.js';

function keyText(columns: readonly number[], row: Row | readonly (string | null)[]): string {
  return JSON.stringify(columns.map((column) => row[column]));
}

/**
 * Gives a function that tells the verdict of a change, called with every row change of every lost transaction in order. Undefined where
 * the tables do not tell: the table has no key, or this or an earlier lost transaction has written that row before.
 */
function expectedVerdict(contents: DatabaseRows): (change: RowChange) => string | undefined {
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
    const current = find(contents[table.database][tableLabel(table)], columns, key);
    const text = (row: Row | readonly (string | null)[] | undefined) =>
      JSON.stringify(row?.map((value, i) => comparable(value as string | null, table.columns[i].typeOid)));
    const same = (row: Row | undefined) => text(row) === text(current);
    // An update that changes nothing leaves what it met: it can be called either.
    if (operation === 'update' && text(before) === text(after)) return undefined;
    if (operation === 'insert') return current === undefined ? 'clean' : same(after) ? 'applied' : 'exists';
    if (current === undefined) return operation === 'delete' ? 'applied' : 'missing';
    if (operation === 'update' && same(after)) return 'applied';
    return same(before) ? 'clean' : 'changed';
  };
}

/** Holds the verdicts of a judged incident against the tables'. Gives how often each of them was met. */
export async function assertVerdicts(
  incident: OpenedIncident,
  contents: DatabaseRows,
): Promise<ReadonlyMap<string, number>> {
  const expected = expectedVerdict(contents);
  const met = new Map<string, number>();
  for (const { transaction, changes } of everythingLost(incident)) {
    const verdicts = await incident.verdicts(transaction.index);
    changes.forEach((change, i) => {
      const verdict = change.kind === 'row' ? expected(change) : undefined;
      if (!verdict) return;
      const told = verdicts[i];
      assert.equal(told?.verdict, verdict, `xid ${transaction.xid}, change ${i}: ${told?.reason}`);
      met.set(verdict, (met.get(verdict) ?? 0) + 1);
    });
  }
  return met;
}
