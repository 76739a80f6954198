/**
 * Two demonstrations known from other tools for lost WAL, on every major in scope: many clients upserting and deleting
 * on one table until SIGKILL, and an upserting plpgsql function that goes on writing on both sides of the fork.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { assertEqualsTruth, assertOldRowsComplete, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';

after(stopAllServers);

const MAJORS = (process.env['FORKPOINT_MAJORS'] ?? '14,15,16,17,18').split(',').map(Number);

/** Clients that each run statements one after another, until the server goes away under them. */
class Crowd {
  #clients: Promise<void>[] = [];

  async gather(server: Server, clients: number, statement: () => string): Promise<void> {
    const connections = await Promise.all(Array.from({ length: clients }, () => server.connect()));
    this.#clients = connections.map((client) => this.#work(client, statement));
  }

  async #work(client: pg.Client, statement: () => string): Promise<void> {
    try {
      for (;;) await client.query(statement());
    } catch (error) {
      // Class 57: the server is going down. Anything else it answered is a mistake of the test.
      if (error instanceof pg.DatabaseError && !error.code?.startsWith('57')) throw error;
    }
  }

  /** To be called once the server is gone. Rejects with what went wrong before. */
  async disperse(): Promise<void> {
    await Promise.all(this.#clients);
  }
}

function randomId(): number {
  return 1 + Math.floor(Math.random() * 10_000);
}

/** Listed as the server decodes it; redo leads from the fork to the old primary's end, undo back. */
async function assertRecoverable(built: BuiltIncident): Promise<void> {
  const incident = await readIncident(built);
  assert.ok(incident.length > 100, `${incident.length} lost transactions`);
  assertEqualsTruth(incident, built.truth.transactions ?? []);
  assertOldRowsComplete(incident);
  incident.close();

  const atFork = await built.startAtFork();
  await runSql(atFork, (await exportSql(built)).sql);
  assert.deepEqual(await serverHashes(atFork), built.truth.oldHashes);
  await atFork.stop('immediate');

  const old = await built.startOld();
  await runSql(old, (await exportSql(built, { undo: true })).sql);
  assert.deepEqual(await serverHashes(old), built.truth.forkHashes);
  await old.stop('immediate');
}

for (const major of MAJORS) {
  describe(`PostgreSQL ${major}`, { timeout: 300_000 }, () => {
    test('tb1: eight clients upsert and delete among 10,000 rows until SIGKILL', async () => {
      const crowd = new Crowd();
      const built = await buildIncident({
        major,
        crash: 'kill',
        before: async (old) => {
          await old.query(`CREATE TABLE tb1 (id int PRIMARY KEY, c1 text);
            INSERT INTO tb1 SELECT i, md5(i::text) FROM generate_series(1, 10000) i`);
        },
        shared: async (old) => {
          await crowd.gather(old, 8, () =>
            Math.random() < 0.7
              ? `INSERT INTO tb1 VALUES (${randomId()}, md5(random()::text))
                 ON CONFLICT (id) DO UPDATE SET c1 = excluded.c1`
              : `DELETE FROM tb1 WHERE id = ${randomId()}`,
          );
          await sleep(300);
        },
        lost: () => sleep(800),
      });
      await crowd.disperse();
      await assertRecoverable(built);
    });

    test('test: an upserting plpgsql function works on both sides', async () => {
      const crowd = new Crowd();
      const upsert = () => `SELECT upsert_test(${randomId()})`;
      const built = await buildIncident({
        major,
        crash: 'immediate',
        before: async (old) => {
          await old.query(`CREATE TABLE test (id int PRIMARY KEY, info text, crt_time timestamp);
            CREATE FUNCTION upsert_test(the_id int) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
              INSERT INTO test VALUES (the_id, md5(random()::text), clock_timestamp());
            EXCEPTION WHEN unique_violation THEN
              UPDATE test SET info = md5(random()::text), crt_time = clock_timestamp() WHERE id = the_id;
            END $$;
            SELECT upsert_test(i * 2) FROM generate_series(1, 5000) i`);
        },
        shared: async (old) => {
          await crowd.gather(old, 4, upsert);
          await sleep(200);
        },
        lost: () => sleep(500),
        after: async (promoted) => {
          for (let times = 0; times < 200; times++) await promoted.query(upsert());
        },
      });
      await crowd.disperse();
      await assertRecoverable(built);

      // What the new primary has not touched since can be redone there, each row checked before it is written.
      const { sql, summary } = await exportSql(built, { guard: true, filter: 'verdict:clean' });
      assert.ok(summary.transactions > 100 && summary.leftOut === 0);
      const promoted = await built.startNew();
      await runSql(promoted, sql);
      await promoted.stop('immediate');
    });
  });
}
