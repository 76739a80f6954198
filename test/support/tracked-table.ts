/**
 * A table whose every row is known at every moment: what forkpoint says a lost change met is held against what the server had there.
 * Needs no logical decoding, so it serves at wal_level=replica.
 */
import assert from 'node:assert/strict';
import type { OpenedIncident } from '../../source/incident/opened-incident.js';
import type { RowChange } from '../../source/rows/row-change.js';
import type { Server } from '../servers/server.js';
import { everythingLost } from './against-the-server.js';

/** A row's text by its id. */
export type Snapshot = ReadonlyMap<string, string>;

/** All rows of a table with a column `id`, as text by id. */
export async function snapshot(server: Server, table: string): Promise<Snapshot> {
  const rows = await server.query<{ id: string; row: string }>(
    `SELECT id::text AS id, t::text AS row FROM ${table} AS t`,
  );
  return new Map(rows.map(({ id, row }) => [id, row]));
}

/** How many changes of a table were told whole, and the reasons why others were not. */
export interface Compared {
  readonly exact: number;
  readonly problems: readonly string[];
}

/**
 * Holds every lost change of `table` (columns of simple text forms: integers, words) against the truth: `moments` are its rows before the
 * first lost transaction that touches it, and after each. A change that is told must be told right, and none may be missing.
 */
export function compareWithTruth(
  incident: OpenedIncident,
  table: string,
  moments: readonly Snapshot[],
): Compared {
  const problems: string[] = [];
  let exact = 0;
  let at = 0;
  for (const { changes } of everythingLost(incident)) {
    const ours = changes.filter(
      (change): change is RowChange => change.kind === 'row' && change.table.name === table,
    );
    if (ours.length === 0) continue;
    const [before, after] = [moments[at], moments[++at]];
    const told = ours.filter(({ problem }) => problem === undefined);
    for (const { problem } of ours) if (problem !== undefined) problems.push(problem);
    exact += told.length;
    for (const change of told) {
      const old = change.before && textOf(change, change.before);
      const fresh = change.after && textOf(change, change.after);
      if (old) assert.equal(old.row, before.get(old.id), 'the row that it met');
      if (fresh) assert.equal(fresh.row, after.get(fresh.id), 'the row that it left');
      if (old && !fresh) assert.ok(!after.has(old.id), 'a row that was not deleted');
    }
    const different = [...before].filter(([id, row]) => after.get(id) !== row).length;
    const created = [...after.keys()].filter((id) => !before.has(id)).length;
    assert.equal(ours.length, different + created, 'changes');
  }
  assert.equal(at, moments.length - 1, 'transactions');
  return { exact, problems };
}

function textOf(change: RowChange, row: RowChange['before'] & object): { id: string; row: string } {
  const values = row.map((value) => {
    assert.ok(value === null || typeof value === 'string', `not told: ${JSON.stringify(value)}`);
    return value ?? '';
  });
  const id = values[change.table.columns.findIndex((column) => column.name === 'id')];
  return { id, row: `(${values.join(',')})` };
}
