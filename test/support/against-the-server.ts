/** Holds what forkpoint says of an incident against what the server itself decoded from the same WAL. */
import assert from 'node:assert/strict';
import { formatTimestamp } from '../../source/bytes/timestamp.js';
import type { ListedTransaction } from '../../source/incident/model.js';
import { openIncident } from '../../source/incident/open.js';
import type { OpenedIncident } from '../../source/incident/opened-incident.js';
import {
  type Change,
  type ColumnValue,
  isUnknown,
  type Row,
  type RowChange,
} from '../../source/rows/row-change.js';
import type { BuiltIncident } from '../servers/incident.js';
import type { DecodedChange, DecodedTuple } from '../servers/test-decoding.js';
import type { DecodedTransaction } from '../servers/truth.js';

/** Opens both directories and reads all WAL there is. */
export async function readIncident(
  built: Pick<BuiltIncident, 'oldDataDirectory' | 'newDataDirectory'>,
): Promise<OpenedIncident> {
  const incident = await openIncident({ old: built.oldDataDirectory, new: built.newDataDirectory });
  while (incident.step(1000));
  return incident;
}

/** Every lost transaction with its changes, from one forward walk. */
export function everythingLost(
  incident: OpenedIncident,
): { transaction: ListedTransaction; changes: Change[] }[] {
  const all = Array.from({ length: incident.length }, (_, index) => index);
  return [...incident.transactionsWithChanges(all)].map(({ transaction, changes }) => ({
    transaction,
    changes: [...changes],
  }));
}

function isRow(change: Change): change is RowChange {
  return change.kind === 'row';
}

function columnText(value: ColumnValue): string | null {
  if (!isUnknown(value)) return value;
  return `<${value.unknown}${value.reason ? `: ${value.reason}` : ''}>`;
}

function rowObject(change: RowChange, row: Row): Record<string, string | null> {
  return Object.fromEntries(change.table.columns.map((column, i) => [column.name, columnText(row[i])]));
}

/** Before 12 the server writes more digits of a float than it takes to read it back: what is compared is the number. */
export function comparableFloat(type: string, text: string | null): string | null {
  if (text === null || (type !== 'real' && type !== 'double precision')) return text;
  return String(type === 'real' ? Math.fround(Number(text)) : Number(text));
}

/** The columns the server told, and for each of them our value; what it calls unchanged, ours may know. */
function compareTuple(
  what: string,
  change: RowChange,
  row: Row | undefined,
  told: DecodedTuple,
  all: boolean,
): void {
  assert.ok(row, `${what}: no row where the server has one`);
  const ours = rowObject(change, row);
  const theirs: Record<string, string | null> = {};
  const comparable: Record<string, string | null> = {};
  for (const [name, column] of Object.entries(told)) {
    // A virtual generated column is null to the server's decoding; it is computed when it is read.
    const virtual = change.table.columns.some((each) => each.name === name && each.generated === 'v');
    if (column.unchanged || virtual) continue;
    theirs[name] = comparableFloat(column.type, column.value);
    comparable[name] = comparableFloat(column.type, ours[name]);
  }
  assert.deepEqual(comparable, theirs, what);
  if (all) assert.deepEqual(Object.keys(ours), Object.keys(told), `${what}: columns`);
}

function compareChange(what: string, ours: Change | undefined, theirs: DecodedChange): void {
  assert.ok(ours, `${what}: the server has one more change: ${JSON.stringify(theirs)}`);
  if (theirs.op === 'message') {
    assert.equal(ours.kind, 'message', what);
    return;
  }
  assert.ok(isRow(ours), `${what}: ${JSON.stringify(ours)} where the server says ${JSON.stringify(theirs)}`);
  assert.deepEqual(
    { op: ours.operation, schema: ours.table.schema, table: ours.table.name, problem: ours.problem },
    { op: theirs.op, schema: theirs.schema, table: theirs.table, problem: undefined },
    what,
  );
  if (theirs.op === 'truncate') return;
  if (theirs.newTuple) compareTuple(`${what} new row`, ours, ours.after, theirs.newTuple, true);
  if (theirs.oldKey) compareTuple(`${what} old row`, ours, ours.before, theirs.oldKey, false);
}

/**
 * Until 10 the server decodes the copying of a table that ALTER TABLE rewrites as inserts into its transient relation. One table of
 * the tests only looks like that.
 */
function isRewrite(change: DecodedChange): boolean {
  return change.op === 'insert' && /^pg_temp_(?!12345$)\d+$/.test(change.table);
}

/** The same transactions in the same order, and in each the same changes with the same values. */
export function assertEqualsTruth(incident: OpenedIncident, truth: readonly DecodedTransaction[]): void {
  // Decoding tells no TRUNCATE before 11.
  const truncatesTold = incident.overview().old.majorVersion >= 11;
  const said = truth
    .map((transaction) => ({
      ...transaction,
      changes: transaction.changes.filter((each) => !isRewrite(each)),
    }))
    .filter((transaction) => transaction.changes.length > 0);
  const found = everythingLost(incident)
    .filter(({ transaction }) => transaction.state === 'committed')
    .map(({ transaction, changes: all }) => ({
      transaction,
      all,
      // The server's decoding tells neither sequences nor the catalog.
      changes: all.filter(
        (change) =>
          change.kind !== 'sequence' &&
          change.kind !== 'catalog' &&
          (truncatesTold || change.kind !== 'row' || change.operation !== 'truncate'),
      ),
    }))
    .filter(({ changes }) => changes.length > 0);
  assert.deepEqual(
    found.map(
      ({ transaction: t }) => `${t.xid} ${formatTimestamp(t.commitTime)} ${t.commitEndLsn} ${t.database}`,
    ),
    said.map((t) => `${t.xid} ${t.commitTime} ${t.commitEndLsn} ${t.database}`),
  );
  found.forEach(({ transaction, changes, all }, i) => {
    const what = `xid ${transaction.xid}`;
    said[i].changes.forEach((theirs, j) => {
      compareChange(`${what}, change ${j}`, changes[j], theirs);
    });
    assert.equal(changes.length, said[i].changes.length, `${what}: more changes than the server says`);
    const rows = all.filter(isRow);
    const count = (operation: string) => rows.filter((change) => change.operation === operation).length;
    assert.deepEqual(
      [transaction.inserts, transaction.updates, transaction.deletes, transaction.truncates],
      [count('insert'), count('update'), count('delete'), count('truncate')],
      `${what}: the counters in the list`,
    );
  });
}

/** Every update and delete knows its whole old row, as undo needs it. */
export function assertOldRowsComplete(incident: OpenedIncident): void {
  for (const { transaction, changes } of everythingLost(incident)) {
    for (const change of changes) {
      if (!isRow(change) || (change.operation !== 'update' && change.operation !== 'delete')) continue;
      const text = `xid ${transaction.xid}: ${change.operation} of ${change.table.name}`;
      assert.ok(change.before, `${text} has no old row`);
      const unknown = change.before.filter(isUnknown);
      assert.deepEqual(unknown, [], `${text} has unknown old values`);
    }
  }
}
