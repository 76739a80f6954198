/**
 * The roads by which the same is told: changes as objects and rows as they lie in their tuples; SQL written as strings, as bytes, and while
 * WAL is read for the first time, by the thread that reads it or another one; transactions one by one and in a walk over all of them; with room for temporary files and without.
 */
import assert from 'node:assert/strict';
import { TextSink } from '../../source/bytes/text-sink.js';
import type { TransactionWithChanges, WrittenTransactions } from '../../source/export/body.js';
import { PartMaker } from '../../source/export/part.js';
import { sqlTransactions } from '../../source/export/sql-file.js';
import type { ExportRequest, IncidentRequest } from '../../source/incident/model.js';
import { openIncident } from '../../source/incident/open.js';
import type { OpenedIncident } from '../../source/incident/opened-incident.js';
import { AheadElsewhere, type AheadOptions } from '../../source/jobs/ahead-elsewhere.js';
import { beginExport } from '../../source/jobs/export-body.js';
import type { Change, Table } from '../../source/rows/row-change.js';
import { isVisitable } from '../../source/rows/row-visitor.js';
import { AheadBytes } from '../../source/sql/ahead-bytes.js';
import { Tally } from '../../source/sql/tally.js';
import type { AheadRows } from '../../source/transactions/ahead-rows.js';
import { compare, read } from '../fuzz/examine.js';
import { everythingLost } from './against-the-server.js';

/** Where the two sides of an incident are. */
export interface Directories {
  readonly oldDataDirectory: string;
  readonly newDataDirectory: string;
}

/** An export of everything, to be repeated. */
export const REDO: ExportRequest = { format: 'sql', undo: false, guard: false, ddl: false };

function requestFor(
  { oldDataDirectory, newDataDirectory }: Directories,
  tempLimit?: number,
): IncidentRequest {
  return { old: oldDataDirectory, new: newDataDirectory, tempLimit };
}

/** Reads an incident's old side to its end; with `request`, what can be written of it meanwhile is. */
export async function readWriting(
  directories: Directories,
  request?: ExportRequest,
  tempLimit?: number,
): Promise<OpenedIncident> {
  const where = requestFor(directories, tempLimit);
  const incident = await openIncident(where);
  const look = request
    ? beginExport(incident, where, request, () => assert.fail('a small incident takes no threads'))
    : () => {};
  while (incident.step(1000)) look();
  return incident;
}

/** The same, of what can be written by another thread; `seen` sees it after every row. */
export async function readElsewhere(
  directories: Directories,
  options: Partial<AheadOptions> = {},
  seen: (rows: AheadRows, count: number) => void = () => {},
): Promise<OpenedIncident> {
  const incident = await openIncident(requestFor(directories));
  incident.writeAhead(
    (reading, results) => {
      const rows = new AheadElsewhere(
        reading,
        { room: incident.room, ...options },
        new AheadBytes(new TextSink(0)),
        results,
      );
      const tell = rows.row;
      let count = 0;
      rows.row = (...row) => {
        tell.apply(rows, row);
        seen(rows, ++count);
      };
      return rows;
    },
    () => {},
  );
  while (incident.step(20)) await new Promise((resolve) => setImmediate(resolve));
  return incident;
}

/** Indexes of all transactions that are wanted. */
export function every(
  incident: OpenedIncident,
  wanted: (index: number) => boolean = () => true,
): Uint32Array {
  return Uint32Array.from({ length: incident.length }, (_, index) => index).filter(wanted);
}

/** SQL of everything, and what was counted. */
export interface Written {
  readonly sql: string;
  readonly tally: Tally;
}

function writer(incident: OpenedIncident, request: ExportRequest, tally: Tally) {
  const { blockSize } = incident.overview().old;
  return sqlTransactions({ request, inDoubtChosen: false, blockSize }, tally);
}

/** From changes as objects. */
export function asStrings(incident: OpenedIncident, request: ExportRequest): Written {
  const tally = new Tally();
  const { transaction } = writer(incident, request, tally);
  let sql = '';
  for (const each of incident.transactionsWithChanges(every(incident), request.undo))
    sql += [...transaction(each.transaction, each.changes)].join('');
  return { sql, tally };
}

/** From rows as they lie; undefined where that is not done. */
export function asBytes(incident: OpenedIncident, request: ExportRequest): Written | undefined {
  const tally = new Tally();
  const { write } = writer(incident, request, tally);
  if (!write) return undefined;
  const sink = new TextSink(16);
  for (const { transaction, changes } of incident.transactionsWithChanges(every(incident), request.undo)) {
    assert.ok(isVisitable(changes));
    for (const _ of write(transaction, changes, sink));
  }
  return { sql: sink.bytes.toString('utf8', 0, sink.length), tally };
}

/** An export's body, file by file, what was counted, and how many transactions were there already. */
export function body(
  incident: OpenedIncident,
  request: ExportRequest,
  source: Iterable<TransactionWithChanges | WrittenTransactions>,
) {
  const databases = [
    ...new Set(Array.from({ length: incident.length }, (_, i) => incident.transaction(i).database)),
  ];
  const context = { request, inDoubtChosen: false, blockSize: incident.overview().old.blockSize };
  const files = databases.map(() => '');
  let ahead = 0;
  function* counted() {
    for (const each of source) {
      if ('run' in each) ahead += each.run.count;
      yield each;
    }
  }
  const making = new PartMaker(context, databases).make(counted(), (file, bytes) => {
    files[file] += bytes.toString('utf8');
  });
  for (;;) {
    const { done, value } = making.next();
    if (done) return { files, figures: value, ahead };
  }
}

function assertSameText(found: string, expected: string, what: string): void {
  if (found !== expected) assert.deepEqual(found.split('\n'), expected.split('\n'), what);
}

/** SQL as strings, as bytes, and, with `directories`, written while WAL was read, by one thread and by two: the same. Gives how many transactions were written then. */
async function assertSqlIsTheSame(plain: OpenedIncident, directories: Directories): Promise<number> {
  for (const undo of [false, true]) {
    for (const guard of [false, true]) {
      const request = { ...REDO, undo, guard, ddl: guard };
      const strings = asStrings(plain, request);
      const bytes = asBytes(plain, request);
      if (bytes === undefined) continue;
      assertSameText(bytes.sql, strings.sql, JSON.stringify(request));
      assert.deepEqual(bytes.tally, strings.tally);
    }
  }
  const strings = asStrings(plain, REDO);
  let ahead = 0;
  const all = () => true;
  for (const incident of [await readWriting(directories, REDO), await readElsewhere(directories)]) {
    for (const wanted of [all, (i: number) => i % 5 !== 2]) {
      const meanwhile = body(incident, REDO, incident.written(every(incident, wanted)));
      const afterwards = body(plain, REDO, plain.transactionsWithChanges(every(plain, wanted)));
      assert.equal(meanwhile.files.length, afterwards.files.length);
      meanwhile.files.forEach((text, file) => {
        assertSameText(text, afterwards.files[file], 'written while WAL was read');
      });
      assert.deepEqual(meanwhile.figures, afterwards.figures);
      if (wanted !== all) continue;
      ahead = Math.max(ahead, meanwhile.ahead);
      if (meanwhile.files.length === 1)
        assertSameText(meanwhile.files[0], strings.sql, 'written while WAL was read, and as strings');
    }
    incident.close();
  }
  return ahead;
}

/** Changes as they are compared: a table read anew has another number, and is made once only for all. */
function comparable(changes: Iterable<Change>, tables: Map<string, Table>): Change[] {
  return Array.from(changes, (change) => {
    if (change.kind !== 'row') return change;
    const { root } = change.table;
    const table = { ...change.table, id: 0, ...(root && { root: { ...root, id: 0 } }) };
    const text = JSON.stringify(table);
    const known = tables.get(text) ?? table;
    tables.set(text, known);
    return { ...change, table: known };
  });
}

/** Every transaction by itself, forwards, backwards and from its middle, and what the list says of it. */
function assertEachIsTheSame(plain: OpenedIncident): void {
  const tables = new Map<string, Table>();
  for (const { transaction, changes: walked } of everythingLost(plain)) {
    const { index } = transaction;
    const what = `xid ${transaction.xid}`;
    const changes = comparable(walked, tables);
    assert.deepEqual(comparable(plain.changes(index), tables), changes, what);
    assert.deepEqual(comparable(plain.changes(index, true), tables).reverse(), changes, `${what}, backwards`);
    const middle = changes.length >> 1;
    const slice = comparable(plain.changeSlice(index, middle, 2), tables);
    assert.deepEqual(slice, changes.slice(middle, middle + 2), what);
    const { inserts, updates, deletes, truncates, undecodable } = transaction;
    const rows = changes.flatMap((change) => (change.kind === 'row' ? [change] : []));
    const count = (operation: string) => rows.filter((row) => row.operation === operation).length;
    const problems = changes.filter(
      (change) => change.kind === 'undecodable' || (change.kind === 'row' && change.problem !== undefined),
    );
    assert.deepEqual(
      { inserts, updates, deletes, truncates, undecodable },
      {
        ...{ inserts: count('insert'), updates: count('update'), deletes: count('delete') },
        ...{ truncates: count('truncate'), undecodable: problems.length },
      },
      `${what}: the list's figures`,
    );
  }
}

/** With little room or none for temporary files less may be known, and that is said. What is known stays the same. */
async function assertLessRoomIsSaid({ oldDataDirectory, newDataDirectory }: Directories): Promise<void> {
  const whole = await read(oldDataDirectory, newDataDirectory);
  for (const tempLimit of [0, 64 * 1024]) {
    const less = await read(oldDataDirectory, newDataDirectory, tempLimit);
    const outcome = compare(less, whole, 'none');
    assert.ok(!('why' in outcome), `a limit of ${tempLimit}: ${JSON.stringify(outcome)}`);
  }
}

/** Holds all of them against each other. Gives how many transactions were written while WAL was read. */
export async function assertRoadsAgree(directories: Directories): Promise<number> {
  const plain = await readWriting(directories);
  try {
    const ahead = await assertSqlIsTheSame(plain, directories);
    assertEachIsTheSame(plain);
    await assertLessRoomIsSaid(directories);
    return ahead;
  } finally {
    plain.close();
  }
}
