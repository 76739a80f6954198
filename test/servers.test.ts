/** Proves the helpers that the other tests rest on: servers of the oldest and the newest major in scope. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { readDecodedLine } from './servers/test-decoding.js';

after(stopAllServers);

for (const major of [14, 18]) {
  test(`an incident on PostgreSQL ${major} is one`, { timeout: 120_000 }, async () => {
    let straddling: Promise<unknown> = Promise.resolve();
    const incident = await buildIncident({
      major,
      walSegmentSizeMb: 1,
      before: async (old) => {
        await old.query(`CREATE TABLE "Odd ""name" (id int PRIMARY KEY, "old-key:" text[], "a b" bit(3), ok bool, big text);
          ALTER TABLE "Odd ""name" ALTER big SET STORAGE EXTERNAL;
          CREATE TABLE plain (id int PRIMARY KEY, note text);
          INSERT INTO "Odd ""name" VALUES (1, '{"it''s",null}', B'101', true, repeat('x', 5000))`);
      },
      shared: async (old) => {
        await old.query(`INSERT INTO plain VALUES (1, 'on both sides')`);
        const client = await old.connect();
        await client.query(`BEGIN; INSERT INTO plain VALUES (2, 'begun before the fork')`);
        straddling = (async () => {
          await client.query('SELECT pg_sleep(0.5)');
          await client.query('COMMIT');
        })();
      },
      lost: async (old) => {
        await straddling;
        await old.query(`UPDATE "Odd ""name" SET id = 2, "old-key:" = '{"new-tuple:"}', ok = false`);
        await old.query(`BEGIN; DELETE FROM plain WHERE id = 1; ROLLBACK`);
        await old.query(`SELECT pg_logical_emit_message(true, 'a prefix', 'the content')`);
        await old.query(`BEGIN; TRUNCATE plain, "Odd ""name" RESTART IDENTITY; COMMIT`);
        await old.query(`BEGIN; INSERT INTO plain VALUES (3, null); PREPARE TRANSACTION 'in doubt'`);
      },
      after: async (promoted) => {
        await promoted.query(`INSERT INTO plain VALUES (2, 'another')`);
      },
    });
    const { transactions = [], prepared, oldHashes, forkHashes, newHashes } = incident.truth;

    assert.ok(incident.fork > 0);
    assert.deepEqual(
      transactions.map((t) => t.changes.map(({ lsn, ...change }) => change)),
      [
        [
          {
            op: 'insert',
            schema: 'public',
            table: 'plain',
            newTuple: {
              id: { type: 'integer', value: '2', unchanged: false },
              note: { type: 'text', value: 'begun before the fork', unchanged: false },
            },
          },
        ],
        [
          {
            op: 'update',
            schema: 'public',
            table: 'Odd "name',
            oldKey: { id: { type: 'integer', value: '1', unchanged: false } },
            newTuple: {
              id: { type: 'integer', value: '2', unchanged: false },
              'old-key:': { type: 'text[]', value: '{new-tuple:}', unchanged: false },
              'a b': { type: 'bit', value: '101', unchanged: false },
              ok: { type: 'boolean', value: 'f', unchanged: false },
              big: { type: 'text', value: null, unchanged: true },
            },
          },
        ],
        [{ op: 'message', transactional: true, prefix: 'a prefix', content: 'the content' }],
        [
          { op: 'truncate', schema: 'public', table: 'plain', restartIdentity: true, cascade: false },
          { op: 'truncate', schema: 'public', table: 'Odd "name', restartIdentity: true, cascade: false },
        ],
      ],
    );
    assert.ok(transactions[0].changes[0].lsn < incident.fork && transactions[0].commitEndLsn > incident.fork);
    assert.match(transactions[0].commitTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.deepEqual(
      prepared.map(({ gid, database }) => ({ gid, database })),
      [{ gid: 'in doubt', database: 'postgres' }],
    );
    assert.deepEqual(oldHashes.postgres['public.plain'], '0:0');
    assert.match(forkHashes.postgres['public.plain'], /^1:/);
    assert.match(newHashes.postgres['public.plain'], /^2:/);

    const atFork = await incident.startAtFork();
    assert.deepEqual(await serverHashes(atFork), forkHashes);
    const restarted = await incident.startNew();
    assert.deepEqual(await serverHashes(restarted), newHashes);
    const oldCopy = await incident.startOld();
    assert.deepEqual(await serverHashes(oldCopy), oldHashes);
    assert.equal((await oldCopy.query('SELECT pg_is_in_recovery() AS r'))[0].r as unknown, false);
  });
}

test('a line of test_decoding is read to its last character or refused', () => {
  assert.deepEqual(
    readDecodedLine(`table public.t: INSERT: "a:[b]"["we]ird"[]]:'it''s null' n[numeric]:NaN x[text]:null`),
    {
      kind: 'changes',
      changes: [
        {
          op: 'insert',
          schema: 'public',
          table: 't',
          newTuple: {
            'a:[b]': { type: '"we]ird"[]', value: "it's null", unchanged: false },
            n: { type: 'numeric', value: 'NaN', unchanged: false },
            x: { type: 'text', value: null, unchanged: false },
          },
        },
      ],
    },
  );
  assert.deepEqual(readDecodedLine('table public.t: DELETE: (no-tuple-data)'), {
    kind: 'changes',
    changes: [{ op: 'delete', schema: 'public', table: 't' }],
  });
  assert.throws(() => readDecodedLine(`table public.t: INSERT: a[text]:'open`), /test_decoding: expected/);
  assert.throws(
    () => readDecodedLine('streaming truncate for transaction'),
    /test_decoding: expected "table "/,
  );
});
