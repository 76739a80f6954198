/**
 * Transactions that were open for long when the two nodes parted: with checkpoints, other work and whole segments between what they wrote
 * before the fork and their commit after it.
 */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type pg from 'pg';
import { segmentFileName } from '../source/wal/segment-name.js';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { assertEqualsTruth, assertOldRowsComplete, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { serverKinds } from './support/matrix.js';

after(stopAllServers);

/** Work of others, a checkpoint, and a new segment, some times over. */
async function timeGoesBy(server: Server, round: string): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await server.query(
      `INSERT INTO ledger SELECT ${i}, '${round}', repeat('t', 200) FROM generate_series(1, 50)`,
    );
    await server.query(`UPDATE stock SET amount = amount + 1, note = note || '.' WHERE id BETWEEN 50 AND 60`);
    await server.query('CHECKPOINT');
    await server.query('SELECT pg_switch_wal()');
  }
}

for (const { major, walLevel } of serverKinds([10, 14, 18], ['logical'])) {
  describe(`PostgreSQL ${major}, wal_level=${walLevel}, a transaction of many checkpoints`, {
    timeout: 180_000,
  }, () => {
    let built: BuiltIncident;
    const held: pg.Client[] = [];

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        walLevel,
        walSegmentSizeMb: major >= 11 ? 1 : undefined,
        settings: {
          autovacuum: 'off',
          ...(major >= 13 ? { wal_keep_size: '512MB' } : { wal_keep_segments: 64 }),
        },
        before: async (old) => {
          await old.query('CREATE TABLE ledger (id int, round text, filler text)');
          await old.query('CREATE TABLE stock (id int PRIMARY KEY, amount int, note text)');
          await old.query(`INSERT INTO stock SELECT i, i, repeat('n', 40) FROM generate_series(1, 60) AS i`);
        },
        shared: async (old) => {
          const first = await old.connect();
          await first.query(`BEGIN; UPDATE stock SET amount = -1, note = 'a' || note WHERE id <= 10`);
          await first.query('SAVEPOINT undone; DELETE FROM stock WHERE id = 11; ROLLBACK TO undone');
          await first.query(`SAVEPOINT kept; INSERT INTO stock VALUES (100, 100, 'kept')`);
          await timeGoesBy(old, 'before');
          const second = await old.connect();
          await second.query(`BEGIN; DELETE FROM stock WHERE id BETWEEN 20 AND 25`);
          const third = await old.connect();
          await third.query(`BEGIN; UPDATE stock SET amount = 3 WHERE id = 30`);
          await timeGoesBy(old, 'between');
          held.push(first, second, third);
        },
        lost: async (old) => {
          const [first, second, third] = held;
          await timeGoesBy(old, 'after');
          await first.query(`UPDATE stock SET note = 'b' || note WHERE id <= 5`);
          await second.query(`PREPARE TRANSACTION 'long'`);
          await timeGoesBy(old, 'later');
          await third.query('ROLLBACK');
          await first.query('COMMIT');
          await timeGoesBy(old, 'at last');
          await old.query(`COMMIT PREPARED 'long'`);
        },
      });
    });

    test('it is told whole, in its place, from its first row on', async () => {
      const incident = await readIncident(built);
      if (built.truth.transactions) assertEqualsTruth(incident, built.truth.transactions);
      assertOldRowsComplete(incident);
      assert.equal(incident.progress().loss.undecodable, 0);
      const straddling = Array.from({ length: incident.length }, (_, i) => incident.transaction(i)).filter(
        (transaction) => transaction.straddlesFork,
      );
      assert.deepEqual(
        straddling.map(({ inserts, updates, deletes }) => [inserts, updates, deletes]),
        [
          [1, 15, 0],
          [0, 0, 6],
        ],
      );
      incident.close();
    });

    test('redo makes the new primary the old one', async () => {
      const { sql } = await exportSql(built, { guard: true });
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.deepEqual((await serverHashes(server))['postgres'], built.truth.oldHashes['postgres']);
      await server.stop('immediate');
    });

    test('without the WAL of its beginning it is said to be cut short, and only it', async () => {
      const segment = (major >= 11 ? 1 : 16) * 1024 * 1024;
      const first = segmentFileName(1, built.fork, segment).slice(8);
      for (const directory of [built.oldDataDirectory, built.newDataDirectory]) {
        const wal = join(directory, 'pg_wal');
        for (const name of readdirSync(wal))
          if (/^[0-9A-F]{24}/.test(name) && name.slice(8, 24) < first) rmSync(join(wal, name));
      }
      const incident = await readIncident(built);
      const all = Array.from({ length: incident.length }, (_, i) => incident.transaction(i));
      const short = all.filter(({ beginningMissing }) => beginningMissing);
      assert.equal(short.length, 2);
      assert.equal(short[0].updates, 5);
      assert.ok(all.length > 20);
      assert.ok(incident.incomplete);
      incident.close();
    });
  });
}
