/**
 * Exported SQL comes by two roads: changes as objects, written as strings, and rows written straight from their tuples' bytes. On every
 * recorded incident both say the same, to the byte, and count the same.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Selection, SelectionSums } from '../source/export/selection.js';
import type { Verdict } from '../source/incident/model.js';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import { isVisitable, type RowVisitor } from '../source/rows/row-visitor.js';
import { readIncident } from './support/against-the-server.js';
import { type RecordedIncident, recordedIncidents } from './support/recorded.js';
import { asBytes, asStrings, every, REDO } from './support/roads.js';

const PACKS = [
  ...[10, 11, 12, 13, 14, 15, 16, 17, 18].map((major) => `pg${major}`),
  'blocks-4-64',
  'blocks-32-1',
];

/** How many changes came as objects, and how many rows as they lie, when every row is taken. */
function roadsTaken(incident: OpenedIncident): { objects: number; rows: number } {
  const taken = { objects: 0, rows: 0 };
  const row = () => taken.rows++ >= 0;
  const visitor: RowVisitor = {
    inserted: row,
    updated: row,
    deleted: row,
    change: () => taken.objects++,
    isFull: false,
  };
  for (const { changes } of incident.transactionsWithChanges(every(incident))) {
    assert.ok(isVisitable(changes));
    for (const _ of changes.visit(visitor));
  }
  return taken;
}

/** The sums over all transactions: added as objects, or as what they did; every third is said to be clean. */
function sumsOf(incident: OpenedIncident, asObjects: boolean): { sums: SelectionSums; objects: number } {
  const sums = new SelectionSums();
  let objects = 0;
  const verdictOf = (index: number): Verdict => (index % 3 === 0 ? 'clean' : 'pending');
  const transactionOf = (index: number) => {
    objects++;
    return { ...incident.transaction(index), verdict: verdictOf(index) };
  };
  for (let index = 0; index < incident.length; index++) {
    if (asObjects) sums.add(transactionOf(index));
    else sums.addAt(index, verdictOf(index), incident.places(), transactionOf);
  }
  sums.settle();
  return { sums, objects };
}

/** All that is said of a selection, in its order. */
function figuresOf(selection: Selection): unknown {
  return {
    ...selection,
    databases: [...selection.databases],
    verdicts: [...selection.verdicts],
    tables: [...selection.tables],
  };
}

for (const pack of PACKS) {
  describe(`${pack}, recorded`, () => {
    let recorded: Record<string, RecordedIncident>;

    before(() => {
      recorded = recordedIncidents(pack);
    });

    for (const walLevel of ['logical', 'replica']) {
      test(`at wal_level=${walLevel} rows are written from their bytes as they are from their text, in both directions`, async () => {
        const incident = await readIncident(recorded[walLevel]);
        for (const undo of [false, true]) {
          const request = { ...REDO, undo, ddl: true };
          const strings = asStrings(incident, request);
          const bytes = asBytes(incident, request);
          assert.ok(bytes);
          if (strings.sql !== bytes.sql) assert.deepEqual(bytes.sql.split('\n'), strings.sql.split('\n'));
          assert.deepEqual(bytes.tally, strings.tally);
          assert.ok(bytes.tally.statements > 300);
        }
        const { objects, rows } = roadsTaken(incident);
        assert.ok(rows > 3 * objects, `${rows} rows, ${objects} objects`);
        incident.close();
      });

      test(`at wal_level=${walLevel} a selection comes to the same figures without an object for each transaction`, async () => {
        const incident = await readIncident(recorded[walLevel]);
        const one = sumsOf(incident, true);
        const other = sumsOf(incident, false);
        assert.deepEqual(figuresOf(other.sums.all), figuresOf(one.sums.all));
        assert.deepEqual([...other.sums.byDatabase.keys()], [...one.sums.byDatabase.keys()]);
        for (const [name, selection] of one.sums.byDatabase)
          assert.deepEqual(figuresOf(other.sums.byDatabase.get(name)!), figuresOf(selection));
        assert.ok(other.objects < one.objects, 'some were alike');
        incident.close();
      });
    }
  });
}
