/**
 * The two demonstrations that tools of this kind are judged by: many clients upserting and deleting at random while the standby is
 * cut off and the primary killed, and one upserting function called on both sides after the promotion.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import {
  assertEqualsTruth,
  assertOldRowsComplete,
  everythingLost,
  readIncident,
} from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';
import { seeded } from './support/seeded.js';

after(stopAllServers);

const MAJORS = majors(14, 18);

/** One client that works until its server dies under it. */
async function untilKilled(server: Server, statement: () => string): Promise<void> {
  const client = await server.connect();
  for (;;) {
    try {
      await client.query(statement());
    } catch (error) {
      // An error that the server itself reports, other than its own end, is a mistake of the test.
      if (error instanceof pg.DatabaseError && !error.code?.startsWith('57P')) throw error;
      return;
    }
  }
}

async function assertRedoMakesOld(built: BuiltIncident): Promise<void> {
  const { sql, summary } = await exportSql(built);
  assert.equal(summary.leftOut, 0);
  const server = await built.startAtFork();
  await runSql(server, sql);
  assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
  await server.stop('immediate');
}

async function assertUndoMakesFork(built: BuiltIncident): Promise<void> {
  const { sql, summary } = await exportSql(built, { undo: true });
  assert.equal(summary.leftOut, 0);
  const server = await built.startOld();
  await runSql(server, sql);
  assert.deepEqual(await serverHashes(server), built.truth.forkHashes);
  await server.stop('immediate');
}

async function assertListedAsDecoded(built: BuiltIncident, atLeast: number): Promise<void> {
  const incident = await readIncident(built);
  const truth = built.truth.transactions ?? [];
  assert.ok(truth.length >= atLeast, `only ${truth.length} transactions were lost`);
  assertEqualsTruth(incident, truth);
  assertOldRowsComplete(incident);
  assert.equal(incident.progress().loss.undecodable, 0);
  assert.equal(incident.incomplete, false, incident.overview().warnings.join('; '));
  incident.close();
}

for (const major of MAJORS) {
  describe(`eight clients upsert and delete at random, PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    let built: BuiltIncident;

    test('the standby is cut off in the middle, the primary killed, the standby promoted', async () => {
      const clients: Promise<void>[] = [];
      built = await buildIncident({
        major,
        before: async (old) => {
          await old.query(
            `CREATE TABLE tb1 (id int PRIMARY KEY, c1 text);
             INSERT INTO tb1 SELECT i, 'at first ' || i FROM generate_series(1, 10000) i`,
          );
        },
        shared: async (old) => {
          for (let n = 0; n < 8; n++) {
            const random = seeded(major * 100 + n);
            clients.push(
              untilKilled(old, () =>
                random(3) === 1
                  ? `DELETE FROM tb1 WHERE id = ${random(10_000)}`
                  : `INSERT INTO tb1 VALUES (${random(10_000)}, 'client ${n}: ${random(1_000_000)}')
                     ON CONFLICT (id) DO UPDATE SET c1 = excluded.c1`,
              ),
            );
          }
          await sleep(300);
        },
        lost: () => sleep(1200),
      });
      await Promise.all(clients);
    });

    test('what is listed is what the server would have said, statement by statement in commit order', () =>
      assertListedAsDecoded(built, 200));

    test('redo on the new primary gives the table of the killed one', () => assertRedoMakesOld(built));

    test('undo on the killed primary gives the table of the fork', () => assertUndoMakesFork(built));
  });

  describe(`one upserting function on both sides, PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    let built: BuiltIncident;
    /** Ids of the calls that the new primary answered. */
    const writtenOnNew = new Set<string>();

    /** Four clients calling the function on random ids from 1 to `ids`. */
    async function calls(server: Server, seed: number, ids: number, note?: (id: string) => void) {
      await Promise.all(
        [0, 1, 2, 3].map(async (n) => {
          const client = await server.connect();
          const random = seeded(seed + n);
          for (let i = 0; i < 60; i++) {
            const id = String(random(ids));
            await client.query(`SELECT f_upsert(${id})`);
            note?.(id);
          }
        }),
      );
    }

    test('the standby is cut off, both sides go on calling it', async () => {
      built = await buildIncident({
        major,
        before: async (old) => {
          // The loop of PostgreSQL's manual: an update, else an insert in a subtransaction that may have to be taken back.
          await old.query(
            `CREATE TABLE test (id int PRIMARY KEY, info text, crt_time timestamp);
             CREATE FUNCTION f_upsert(v_id int) RETURNS void LANGUAGE plpgsql AS $$
             BEGIN
               LOOP
                 UPDATE test SET info = md5(random()::text), crt_time = clock_timestamp() WHERE id = v_id;
                 IF found THEN RETURN; END IF;
                 BEGIN
                   INSERT INTO test VALUES (v_id, md5(random()::text), clock_timestamp());
                   RETURN;
                 EXCEPTION WHEN unique_violation THEN
                   NULL;
                 END;
               END LOOP;
             END $$;
             SELECT f_upsert(i) FROM generate_series(1, 100) i`,
          );
        },
        shared: (old) => calls(old, 1000, 400),
        lost: (old) => calls(old, 2000, 400),
        after: (promoted) => calls(promoted, 3000, 200, (id) => writtenOnNew.add(id)),
      });
      assert.ok(writtenOnNew.size > 50);
    });

    test('what is listed is what the server would have said, statement by statement in commit order', () =>
      assertListedAsDecoded(built, 240));

    test('redo on the new primary gives the table of the killed one', () => assertRedoMakesOld(built));

    test('undo on the killed primary gives the table of the fork', () => assertUndoMakesFork(built));

    test('a lost call is clean, or depends on lost ones alone, exactly when the new primary left its id untouched', async () => {
      const incident = await readIncident(built);
      await incident.judge();
      let clean = 0;
      let touched = 0;
      const seen = new Set<string>();
      for (const { transaction, changes } of everythingLost(incident)) {
        const ids = changes.map((change) => {
          assert.ok(change.kind === 'row');
          return String((change.after ?? change.before)![0]);
        });
        const collides = ids.some((id) => writtenOnNew.has(id));
        const what = `xid ${transaction.xid}, id ${ids}: ${transaction.verdict}`;
        if (collides) {
          touched++;
          assert.notEqual(transaction.verdict, 'clean', what);
          assert.notEqual(transaction.verdict, 'applied', what);
        } else {
          clean++;
          // The first to touch an id stands on the fork; a later one builds on it.
          const again = ids.some((id) => seen.has(id));
          assert.equal(transaction.verdict, again ? 'dependency' : 'clean', what);
        }
        for (const id of ids) seen.add(id);
      }
      assert.ok(clean > 20 && touched > 20, `${clean} clean, ${touched} touched`);
      incident.close();
    });
  });
}
