/** What was replicated from elsewhere says from where; logical messages are shown whether their transaction committed or not. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { formatLsn } from '../source/bytes/lsn.js';
import { formatTimestamp } from '../source/bytes/timestamp.js';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';
import { CLI } from './support/program.js';

after(stopAllServers);

const MAJORS = majors(10, 18);

const LOST: readonly string[] = [
  `INSERT INTO t VALUES (1, 'written here')`,
  `SELECT pg_replication_origin_session_setup('up "stream"')`,
  `BEGIN; SELECT pg_replication_origin_xact_setup('1A/2B3C4D5E', '2026-11-20 01:02:03.456789+00'); INSERT INTO t VALUES (2, 'from upstream'); COMMIT`,
  `BEGIN; SELECT pg_replication_origin_xact_setup('1A/2B3C4D60', '2026-11-20 01:02:04+00'); INSERT INTO t VALUES (3, 'prepared upstream'); PREPARE TRANSACTION 'p1'`,
  `BEGIN; SELECT pg_replication_origin_xact_setup('1A/2B3C4D62', '2026-11-20 01:02:05+00'); INSERT INTO t VALUES (4, 'in doubt'); PREPARE TRANSACTION 'p2'`,
  `COMMIT PREPARED 'p1'`,
  `SELECT pg_replication_origin_session_reset()`,
  `SELECT pg_logical_emit_message(false, 'alone', 'sent at once')`,
  `BEGIN; INSERT INTO t VALUES (5, 'rolled back'); SELECT pg_logical_emit_message(false, 'rolled back', 'but heard'); SELECT pg_logical_emit_message(true, 'never', 'unsaid'); ROLLBACK`,
  `BEGIN; INSERT INTO t VALUES (6, 'kept'); SELECT pg_logical_emit_message(false, 'inside', 'of a transaction'); SELECT pg_logical_emit_message(true, 'with "it"', E'a\\nb'::text); COMMIT`,
  `SELECT pg_logical_emit_message(true, 'only', '\\x00ff80'::bytea)`,
];

for (const major of MAJORS) {
  describe(`origins and messages of PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        decode: false,
        before: (old) =>
          old
            .query(
              `CREATE TABLE t (id int PRIMARY KEY, v text); SELECT pg_replication_origin_create('first'), pg_replication_origin_create('up "stream"')`,
            )
            .then(() => {}),
        lost: async (old) => {
          const client = await old.connect();
          for (const statement of LOST) await client.query(statement);
        },
      });
    });

    test('a replicated transaction names its origin, and where and when it was committed there', async () => {
      const incident = await readIncident(built);
      const found = everythingLost(incident).map(({ transaction: { state, origin }, changes }) => {
        const row = changes.find((change) => change.kind === 'row');
        const from = origin && [origin.id, origin.name, formatLsn(origin.lsn), formatTimestamp(origin.time)];
        return [state, row?.kind === 'row' ? row.after?.[1] : undefined, from];
      });
      const upstream = (lsn: string, time: string) => [2, 'up "stream"', lsn, time];
      assert.deepEqual(
        found.filter(([state]) => state !== 'message'),
        [
          ['committed', 'written here', undefined],
          ['committed', 'from upstream', upstream('1A/2B3C4D5E', '2026-11-20T01:02:03.456789Z')],
          // Until 10 a prepare record does not keep it, but the commit record still has the session's.
          ['committed', 'prepared upstream', upstream('1A/2B3C4D62', '2026-11-20T01:02:05.000000Z')],
          ['committed', 'kept', undefined],
          ['committed', undefined, undefined],
          [
            'prepared',
            'in doubt',
            major >= 11 ? upstream('1A/2B3C4D62', '2026-11-20T01:02:05.000000Z') : undefined,
          ],
        ],
      );
      incident.close();
    });

    test('every message is shown: those of transactions with them, those sent at once where they were sent', async () => {
      const incident = await readIncident(built);
      const found = everythingLost(incident).flatMap(({ transaction, changes }) =>
        changes.flatMap((change) =>
          change.kind === 'message'
            ? [
                [
                  transaction.state,
                  transaction.xid !== 0,
                  change.transactional,
                  change.prefix,
                  Buffer.from(change.content).toString('latin1'),
                ],
              ]
            : [],
        ),
      );
      assert.deepEqual(found, [
        ['message', major < 10, false, 'alone', 'sent at once'],
        ['message', true, false, 'rolled back', 'but heard'],
        ['message', true, false, 'inside', 'of a transaction'],
        ['committed', true, true, 'with "it"', 'a\nb'],
        ['committed', true, true, 'only', '\x00\xff\x80'],
      ]);
      const { loss } = incident.progress();
      assert.deepEqual([loss.transactions, loss.messages, loss.inDoubt], [5, 5, 1]);
      incident.close();
    });

    test('list and wal2json say both', () => {
      const lines = (args: string[]) =>
        execFileSync(process.execPath, [CLI, ...args, built.oldDataDirectory, built.newDataDirectory], {
          stdio: ['ignore', 'pipe', 'ignore'],
        })
          .toString()
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line));
      const listed = lines(['list', '--json', '--filter', 'state:message']);
      assert.deepEqual(
        listed.map((each) => [each.state, each.messages, each.database]),
        [1, 2, 3].map(() => ['message', 1, 'postgres']),
      );
      const [replicated] = lines(['list', '--json', '--filter', 'upstream -prepared -state:prepared']);
      assert.deepEqual(replicated.origin, {
        id: 2,
        name: 'up "stream"',
        lsn: '1A/2B3C4D5E',
        time: '2026-11-20T01:02:03.456789Z',
      });
      const written = lines(['export', '--format', 'wal2json', '--filter', '-state:prepared']);
      const messages = written.filter(({ action }) => action === 'M');
      assert.deepEqual(
        messages.map(({ transactional, prefix, content }) => [transactional, prefix, content]).slice(0, 4),
        [
          [false, 'alone', 'sent at once'],
          [false, 'rolled back', 'but heard'],
          [false, 'inside', 'of a transaction'],
          [true, 'with "it"', 'a\nb'],
        ],
      );
      assert.equal(messages[0].xid, null);
      assert.equal(written.filter(({ action }) => action === 'B').length, 5);
      assert.equal(written.filter(({ action, origin }) => action === 'B' && origin === 2).length, 2);
    });

    test('SQL keeps messages as comments and says the origin; it still runs', async () => {
      const { sql } = await exportSql(built);
      assert.match(
        sql,
        /-- xid \d+ {2}committed .* {2}replicated from up "stream", committed there at 1A\/2B3C4D5E, 2026-11-20 01:02:03\.456789 UTC/,
      );
      assert.match(
        sql,
        /-- sent at once without a transaction {2}LSN .*\n-- logical message.*'alone', 'sent at once'/,
      );
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.deepEqual(await server.query('SELECT id FROM t ORDER BY 1'), [
        { id: 1 },
        { id: 2 },
        { id: 3 },
        { id: 6 },
      ]);
      await server.stop('immediate');
    });
  });
}
