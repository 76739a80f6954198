/**
 * Transaction ids and multixact ids are numbers on a circle: an incident in whose lost part both go over the top is told like any other.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { parseFilter } from '../source/incident/filter.js';
import { LocalClient } from '../source/incident/local-client.js';
import { selectTransactions } from '../source/incident/select.js';
import { setCounters } from './servers/counters.js';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { assertEqualsTruth, assertOldRowsComplete, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { serverKinds } from './support/matrix.js';

after(stopAllServers);

const TOP = 0x1_0000_0000;

/** Rows that many hold a share lock on while one of them updates: t_xmax is a multixact. */
async function updateShared(server: Server, id: number): Promise<void> {
  const holders = await Promise.all([server.connect(), server.connect(), server.connect()]);
  for (const holder of holders) await holder.query(`BEGIN; SELECT FROM stock WHERE id = ${id} FOR KEY SHARE`);
  await holders[0].query(`UPDATE stock SET amount = amount + 1, note = note || '+' WHERE id = ${id}`);
  for (const holder of holders) await holder.query('COMMIT');
  await server.query(`UPDATE stock SET amount = amount * 2 WHERE id = ${id}`);
  await server.query(`DELETE FROM stock WHERE id = ${id + 100}`);
}

/** Some hundreds of transactions: enough to go over the top, and catalog changes on both sides of it. */
async function workAcross(old: Server): Promise<void> {
  await old.query('CREATE TABLE early (id int PRIMARY KEY, word text)');
  for (let i = 0; i < 60; i++) {
    await old.query(`INSERT INTO early VALUES (${i}, 'early ${i}')`);
    await old.query(`UPDATE stock SET amount = amount + ${i}, note = 'x' || note WHERE id = ${1 + (i % 20)}`);
    if (i % 10 === 0) await updateShared(old, 30 + i / 10);
    await old.query(
      `BEGIN; INSERT INTO early VALUES (${1000 + i}, 'kept'); SAVEPOINT s; UPDATE early SET word = 'gone'; ROLLBACK TO s; SAVEPOINT t; UPDATE early SET word = word || '!' WHERE id = ${i}; COMMIT`,
    );
    if (i === 20) await old.query('ALTER TABLE early ADD COLUMN more int');
    if (i === 30) await old.query('CHECKPOINT');
  }
  await old.query('CREATE TABLE late (id int PRIMARY KEY, word text)');
  await old.query('ALTER TABLE stock ADD COLUMN place text');
  await old.query(`INSERT INTO late SELECT i, 'late ' || i FROM generate_series(1, 20) AS i`);
  await old.query(`UPDATE stock SET place = 'shelf ' || id WHERE id > 90`);
  await old.query('UPDATE early SET more = id WHERE id < 5');
}

for (const { major, walLevel } of serverKinds([10, 14, 18], ['logical'])) {
  describe(`PostgreSQL ${major}, wal_level=${walLevel}, ids go over the top`, { timeout: 180_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens on both sides of the top', async () => {
      built = await buildIncident({
        major,
        walLevel,
        settings: {
          autovacuum: 'off',
          ...(major >= 13 ? { wal_keep_size: '256MB' } : { wal_keep_segments: 16 }),
        },
        prepare: async (old) => {
          await old.start();
          for (const database of ['postgres', 'template1']) {
            const client = await old.connect(database);
            await client.query('VACUUM (FREEZE)');
            await client.end();
          }
          await old.stop();
          setCounters(old.dataDirectory, { nextXid: TOP - 150, nextMultixact: TOP - 3 });
        },
        before: async (old) => {
          await old.query('CREATE TABLE stock (id int PRIMARY KEY, amount int, note text)');
          await old.query(
            `INSERT INTO stock SELECT i, i, repeat('n', 50) || i FROM generate_series(1, 140) AS i`,
          );
        },
        shared: async (old) => {
          await old.query('UPDATE stock SET amount = amount + 1 WHERE id % 3 = 0');
        },
        lost: workAcross,
      });
    });

    test('every lost transaction, in order, with every row, is what the server decodes', async () => {
      const incident = await readIncident(built);
      if (built.truth.transactions) assertEqualsTruth(incident, built.truth.transactions);
      assertOldRowsComplete(incident);
      assert.equal(incident.progress().loss.undecodable, 0);
      const xids = Array.from({ length: incident.length }, (_, i) => incident.transaction(i).xid);
      assert.ok(xids[0] > TOP - 150 && xids[xids.length - 1] < 1000, `${xids[0]} to ${xids.at(-1)}`);
      assert.ok(xids.every((xid) => xid >= 3 && xid < TOP));
      incident.close();
    });

    test('a filter and an order by xid go over the top with them', async () => {
      const incident = await readIncident(built);
      const lastXid = incident.transaction(incident.length - 1).xid;
      const found = [...selectTransactions(incident, parseFilter(`xid:${TOP - 20}..${lastXid}`))];
      assert.ok(found.length > 20 && found.length < incident.length);
      assert.ok(found.every(({ xid }) => xid >= TOP - 20 || xid <= lastXid));
      // What txid_current() gave is the same transaction, with the epoch in front.
      const byFullXid = [...selectTransactions(incident, parseFilter(`xid:${TOP + lastXid}`))];
      assert.deepEqual(
        byFullXid.map(({ xid }) => xid),
        [lastXid],
      );
      incident.close();
      const client = new LocalClient();
      await client.open({ old: built.oldDataDirectory, new: built.newDataDirectory });
      while ((await client.view()).growing) await new Promise((resolve) => setTimeout(resolve, 20));
      const view = await client.setView('', { key: 'xid', descending: false });
      const order = (await client.rows(0, view.length)).map(({ xid }) => xid);
      const turned = order.findIndex((xid) => xid < 1000);
      assert.ok(turned > 0, 'the older ones come first');
      assert.ok(order.slice(0, turned).every((xid) => xid > TOP - 150));
      assert.ok(order.slice(turned).every((xid) => xid < 1000));
      await client.close();
    });

    test('redo and undo are exact', async () => {
      const { sql } = await exportSql(built, { guard: true, filter: '-op:ddl table:stock' });
      const server = await built.startAtFork();
      const client = await server.connect();
      await client.query('ALTER TABLE stock ADD COLUMN place text');
      await client.end();
      await runSql(server, sql);
      assert.equal(
        (await serverHashes(server))['postgres']['public.stock'],
        built.truth.oldHashes['postgres']['public.stock'],
      );
      await server.stop('immediate');
    });
  });
}
