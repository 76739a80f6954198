/** Subtransactions by the hundred, wide and deep, some taken back; transactions prepared on one side of the fork and resolved on the other. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { assertEqualsTruth, everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';

after(stopAllServers);

const MAJORS = majors(10, 18);

/** Two hundred savepoints one after the other, every third one taken back: WAL assigns them to their transaction 64 at a time. */
function wide(first: number): string {
  const each = Array.from({ length: 200 }, (_, i) => {
    const insert = `SAVEPOINT s${i}; INSERT INTO t VALUES (${first + i}, 'wide ${i}')`;
    return i % 3 === 0
      ? `${insert}; UPDATE t SET v = 'gone' WHERE id = 1; ROLLBACK TO s${i}`
      : `${insert}; RELEASE s${i}`;
  });
  return each.join('; ');
}

/** A hundred savepoints within one another; from the seventieth on everything is taken back. */
function deep(first: number): string {
  const down = Array.from(
    { length: 100 },
    (_, i) => `SAVEPOINT d${i}; INSERT INTO t VALUES (${first + i}, 'deep ${i}')`,
  );
  return `${down.join('; ')}; ROLLBACK TO d70; INSERT INTO t VALUES (${first + 500}, 'after the rollback')`;
}

for (const major of MAJORS) {
  describe(`nested and prepared transactions on PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        before: (old) =>
          old
            .query(
              `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'shared' FROM generate_series(1, 20) i`,
            )
            .then(() => {}),
        shared: async (old) => {
          await old.query(
            `BEGIN; UPDATE t SET v = 'prepared before, committed after' WHERE id = 2; SAVEPOINT s; DELETE FROM t WHERE id = 3; RELEASE s; SAVEPOINT x; DELETE FROM t WHERE id = 4; ROLLBACK TO x; PREPARE TRANSACTION 'straddles'`,
          );
          await old.query(
            `BEGIN; UPDATE t SET v = 'prepared before, rolled back after' WHERE id = 5; PREPARE TRANSACTION 'rolled back'`,
          );
          await old.query(
            `BEGIN; UPDATE t SET v = 'prepared before, never resolved' WHERE id = 6; PREPARE TRANSACTION 'known to both'`,
          );
        },
        lost: async (old) => {
          const client = await old.connect();
          await client.query(`BEGIN; ${wide(1000)}; COMMIT`);
          await client.query(`BEGIN; ${deep(2000)}; COMMIT`);
          await client.query(`BEGIN; ${wide(3000)}; ROLLBACK`);
          await client.query(`BEGIN; ${wide(4000)}; ${deep(5000)}; PREPARE TRANSACTION 'nested'`);
          await client.query(
            `BEGIN; INSERT INTO t VALUES (9000, 'in doubt'); PREPARE TRANSACTION 'in doubt'`,
          );
          await client.query(`COMMIT PREPARED 'straddles'`);
          await client.query(`ROLLBACK PREPARED 'rolled back'`);
          await client.query(`COMMIT PREPARED 'nested'`);
          await client.query(`BEGIN; INSERT INTO t VALUES (9001, 'resolved'); PREPARE TRANSACTION 'aborted'`);
          await client.query(`ROLLBACK PREPARED 'aborted'`);
        },
      });
    });

    test('what is told is what the server decodes: nothing taken back, nothing left out', async () => {
      const incident = await readIncident(built);
      assertEqualsTruth(incident, built.truth.transactions!);
      incident.close();
    });

    test('committed after the fork is lost, however early it was prepared; never resolved is in doubt only where the new primary does not know of it', async () => {
      const incident = await readIncident(built);
      const found = everythingLost(incident).map(({ transaction: { gid, state, straddlesFork } }) => [
        gid,
        state,
        straddlesFork,
      ]);
      // Until 10 a commit record does not name what it commits; the prepare record does.
      assert.deepEqual(found, [
        [undefined, 'committed', false],
        [undefined, 'committed', false],
        ['straddles', 'committed', true],
        ['nested', 'committed', false],
        ['in doubt', 'prepared', false],
      ]);
      incident.close();
    });

    test('redo and undo lead from one side to the other', async () => {
      const { sql } = await exportSql(built, { guard: true });
      const server = await built.startAtFork();
      // The new primary still holds the locks of what it knows as prepared.
      await assert.rejects(runSql(server, sql), /transaction straddles is prepared here/);
      await server.query('DELETE FROM t WHERE id > 20');
      for (const gid of ['straddles', 'rolled back', 'known to both'])
        await server.query(`ROLLBACK PREPARED '${gid}'`);
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
      await server.stop('immediate');
      const resolved = await built.startAtFork();
      await resolved.query(`COMMIT PREPARED 'straddles'`);
      assert.deepEqual(await resolved.query('SELECT v FROM t WHERE id = 2'), [
        { v: 'prepared before, committed after' },
      ]);
      await resolved.stop('immediate');
      const undo = await exportSql(built, { guard: true, undo: true });
      const old = await built.startOld();
      for (const gid of ['in doubt', 'known to both']) await old.query(`ROLLBACK PREPARED '${gid}'`);
      await runSql(old, undo.sql);
      assert.deepEqual(await serverHashes(old), built.truth.forkHashes);
      await old.stop('immediate');
    });
  });
}
