/**
 * The main promise, on every major in scope: what forkpoint lists is what the crashed server itself would have said, the redo it
 * exports makes the new primary's tables the old one's, and the undo makes the old one's what they were at the fork.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import type { TableHashes } from './servers/truth.js';
import { assertEqualsTruth, assertOldRowsComplete, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { matrix } from './support/matrix.js';
import { buildWorkload, TRUNCATED } from './support/workload.js';

after(stopAllServers);

function without(hashes: TableHashes, table: string): TableHashes {
  return Object.fromEntries(Object.entries(hashes).filter(([name]) => name !== table));
}

for (const { major, walLevel } of matrix([10, 18], ['logical'])) {
  describe(`PostgreSQL ${major}, wal_level=${walLevel}`, { timeout: 300_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildWorkload(major, walLevel);
    });

    test('the fork is where the new primary left its parent timeline', async () => {
      const incident = await readIncident(built);
      assert.equal(incident.overview().fork.lsn, built.fork);
      incident.close();
    });

    test('every lost transaction, in order, with every row, is what the server decodes from the same WAL', async () => {
      const incident = await readIncident(built);
      if (built.truth.transactions) assertEqualsTruth(incident, built.truth.transactions);
      assert.ok(incident.length > 100);
      assert.equal(incident.progress().loss.undecodable, 0);
      incident.close();
    });

    test('every update and delete knows its whole old row', async () => {
      const incident = await readIncident(built);
      assertOldRowsComplete(incident);
      incident.close();
    });

    test('what was prepared and never resolved is in doubt, and nothing else is', async () => {
      const incident = await readIncident(built);
      const inDoubt = Array.from({ length: incident.length }, (_, i) => incident.transaction(i))
        .filter((transaction) => transaction.state === 'prepared')
        .map(({ xid, gid, database }) => ({ xid, gid, database }));
      assert.deepEqual(inDoubt, built.truth.prepared);
      incident.close();
    });

    test('the exported redo makes the tables of the new primary those of the old one', async () => {
      const { sql, summary } = await exportSql(built);
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
      assert.ok(summary.statements > 0);
      await server.stop('immediate');
    });

    test('the guarded redo does the same', async () => {
      const { sql } = await exportSql(built, { guard: true });
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
      await server.stop('immediate');
    });

    test('the exported undo makes the tables of the old primary what they were at the fork', async () => {
      const { sql } = await exportSql(built, { undo: true });
      const server = await built.startOld();
      await server.query(`ROLLBACK PREPARED 'in doubt'`);
      await runSql(server, sql);
      const hashes = (await serverHashes(server))['postgres'];
      // A TRUNCATE logs no rows, so it cannot be undone; its table is left out, loudly.
      assert.deepEqual(without(hashes, TRUNCATED), without(built.truth.forkHashes['postgres'], TRUNCATED));
      assert.match(sql, /LEFT OUT: truncate of public\.scratch/);
      await server.stop('immediate');
    });
  });
}
