/**
 * The main promise on every major and at both levels, in seconds: recorded incidents against what PostgreSQL said of them. What needs a
 * server, the exported SQL being run, is in lost-transactions.test.ts.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import type { RowChange } from '../source/rows/row-change.js';
import {
  assertEqualsTruth,
  assertOldRowsComplete,
  everythingLost,
  readIncident,
} from './support/against-the-server.js';
import { type RecordedIncident, recordedIncidents } from './support/recorded.js';
import { Replay } from './support/replay.js';
import { assertVerdicts } from './support/verdict-truth.js';
import { TRUNCATED } from './support/workload.js';

const MAJORS = [10, 11, 12, 13, 14, 15, 16, 17, 18];

/** What was recorded, and of which major. The blocks of the last two are of other sizes, in the tables' files and in WAL. */
const PACKS = [
  ...MAJORS.map((major) => ({ pack: `pg${major}`, major, title: '' })),
  { pack: 'blocks-4-64', major: 15, title: ' with pages of 4 kB and WAL pages of 64 kB' },
  { pack: 'blocks-32-1', major: 15, title: ' with pages of 32 kB and WAL pages of 1 kB' },
];

function rowChanges(incident: OpenedIncident): RowChange[] {
  return everythingLost(incident)
    .filter(({ transaction }) => transaction.state === 'committed')
    .flatMap(({ changes }) => changes)
    .filter((change): change is RowChange => change.kind === 'row');
}

for (const { pack, major, title } of PACKS) {
  describe(`PostgreSQL ${major}${title}, recorded`, () => {
    let recorded: Record<string, RecordedIncident>;

    before(() => {
      recorded = recordedIncidents(pack);
    });

    for (const walLevel of ['logical', 'replica']) {
      test(`at wal_level=${walLevel} every lost transaction is the server's, and every row`, async () => {
        const { truth, ...directories } = recorded[walLevel];
        const incident = await readIncident(directories);
        assert.equal(incident.overview().fork.lsn, truth.fork);
        assert.deepEqual(incident.overview().warnings, []);
        assert.equal(incident.incomplete, false);
        assert.ok(incident.length > 100);
        assert.equal(incident.progress().loss.undecodable, 0);
        assert.equal(truth.transactions !== undefined, walLevel === 'logical');
        if (truth.transactions) assertEqualsTruth(incident, truth.transactions);
        assertOldRowsComplete(incident);
        const inDoubt = Array.from({ length: incident.length }, (_, i) => incident.transaction(i))
          .filter((transaction) => transaction.state === 'prepared')
          .map(({ xid, gid, database }) => ({ xid, gid, database }));
        assert.deepEqual(inDoubt, truth.prepared);
        incident.close();
      });

      test(`at wal_level=${walLevel} the lost rows lead from the tables at the fork to the old primary's, and back`, async () => {
        const { truth, ...directories } = recorded[walLevel];
        const incident = await readIncident(directories);
        const changes = rowChanges(incident);
        incident.close();
        const forwards = new Replay(truth.contents.fork);
        for (const change of changes) forwards.redo(change);
        assert.deepEqual(forwards.rows([]), new Replay(truth.contents.old).rows([]));
        const backwards = new Replay(truth.contents.old);
        for (const change of changes.reverse()) {
          if (change.table.name !== 'scratch') backwards.undo(change);
        }
        assert.deepEqual(backwards.rows([TRUNCATED]), new Replay(truth.contents.fork).rows([TRUNCATED]));
      });

      test(`at wal_level=${walLevel} verdicts are what the new primary's tables say`, async () => {
        const { truth, ...directories } = recorded[walLevel];
        const incident = await readIncident(directories);
        await incident.judge();
        const met = await assertVerdicts(incident, truth.contents.new);
        for (const verdict of ['clean', 'changed', 'missing', 'exists', 'applied']) {
          assert.ok(met.has(verdict), `${verdict} was not met: ${JSON.stringify([...met])}`);
        }
        incident.close();
      });
    }
  });
}
