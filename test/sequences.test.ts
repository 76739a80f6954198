/** Sequences stand where the old primary left them, and never go back; what has no WAL is said to be lost. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';

after(stopAllServers);

const MAJORS = majors(10, 18);

const SEQUENCES = [
  'up',
  'down',
  'to_the_least',
  'small',
  'round',
  'set_back',
  'restarted',
  '"Odd ""one"""',
  'rolled_back',
  'open_at_the_crash',
  'serials_id_seq',
  'identities_id_seq',
  'ahead',
  'not_moved',
  'ahead_down',
];

const BEFORE = `
  CREATE SEQUENCE up; CREATE SEQUENCE down INCREMENT -3; CREATE SEQUENCE small AS smallint START 32000;
  CREATE SEQUENCE to_the_least INCREMENT -1 START -9223372036854775806;
  CREATE SEQUENCE round MINVALUE 1 MAXVALUE 50 CYCLE; SELECT setval('round', 45);
  CREATE SEQUENCE set_back; SELECT setval('set_back', 500); CREATE SEQUENCE restarted; CREATE SEQUENCE "Odd ""one""";
  CREATE SEQUENCE rolled_back; CREATE SEQUENCE open_at_the_crash; CREATE SEQUENCE ahead; CREATE SEQUENCE not_moved; CREATE SEQUENCE ahead_down INCREMENT -1;
  CREATE TABLE serials (id serial PRIMARY KEY, v text); CREATE TABLE identities (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
  CREATE SEQUENCE thrown_away;
  CREATE UNLOGGED TABLE kept_in_memory (id int); CREATE UNLOGGED TABLE cache (id serial, v text)`;

const LOST: readonly string[] = [
  `SELECT nextval('up') FROM generate_series(1, 100)`,
  `SELECT nextval('down') FROM generate_series(1, 7)`,
  `SELECT nextval('to_the_least')`,
  `SELECT nextval('to_the_least')`,
  `SELECT nextval('small')`,
  `SELECT nextval('round') FROM generate_series(1, 10)`,
  `SELECT setval('set_back', 3)`,
  `SELECT nextval('restarted'); ALTER SEQUENCE restarted RESTART WITH 1000; SELECT nextval('restarted')`,
  `SELECT nextval('"Odd ""one"""')`,
  `BEGIN; SELECT nextval('rolled_back') FROM generate_series(1, 40); ROLLBACK`,
  `SELECT setval('ahead', 10); SELECT setval('ahead_down', -10)`,
  `INSERT INTO serials (v) SELECT 'x' FROM generate_series(1, 50)`,
  `INSERT INTO identities (v) SELECT 'x' FROM generate_series(1, 50)`,
  `INSERT INTO kept_in_memory VALUES (1); INSERT INTO cache (v) VALUES ('gone')`,
  `BEGIN; SELECT nextval('thrown_away'); ROLLBACK; DROP SEQUENCE thrown_away`,
  'CREATE SEQUENCE new_one',
  `BEGIN; SELECT nextval('new_one'); ROLLBACK`,
  `CREATE TABLE late (id serial PRIMARY KEY); INSERT INTO late DEFAULT VALUES`,
];

async function positions(server: Server): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of SEQUENCES) {
    const [{ position }] = await server.query<{ position: string }>(
      `SELECT last_value || ' ' || is_called AS position FROM ${name}`,
    );
    found[name] = position;
  }
  return found;
}

for (const major of MAJORS) {
  describe(`sequences of PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        decode: false,
        walLevel: 'replica',
        before: (old) => old.query(BEFORE).then(() => {}),
        lost: async (old) => {
          const client = await old.connect();
          for (const statement of LOST) await client.query(statement);
          const open = await old.connect();
          await open.query(
            `BEGIN; CREATE TEMPORARY TABLE passing (id serial); SELECT nextval('open_at_the_crash') FROM generate_series(1, 5)`,
          );
          // So that what the open transaction wrote reaches the disk.
          await client.query(`INSERT INTO serials (v) VALUES ('last')`);
        },
      });
    });

    test('redo moves every one to where the old primary stands after its own recovery, those that rolled back included', async () => {
      const { sql } = await exportSql(built, { filter: '' });
      const old = await built.startOld();
      const server = await built.startAtFork();
      const atFork: Record<string, string> = await positions(server);
      await server.query('CREATE TABLE late (id serial PRIMARY KEY)');
      await runSql(server, sql);
      // One that came round moves on to its end, and no further; one that was set back stays.
      const expected: Record<string, string> = await positions(old);
      assert.equal(expected.round, '33 true');
      expected.round = '50 true';
      expected.set_back = atFork.set_back;
      assert.deepEqual(await positions(server), expected);
      assert.notEqual(expected.up, atFork.up);
      assert.notEqual(expected.rolled_back, atFork.rolled_back);
      assert.notEqual(expected.open_at_the_crash, atFork.open_at_the_crash);
      await server.stop('immediate');
      await old.stop('immediate');
    });

    test('one that was dropped in the lost part is not moved, and one that was made there only where that is run', async () => {
      const commented = await exportSql(built, { filter: '' });
      assert.doesNotMatch(commented.sql, /setval\([^)]*(thrown_away|new_one)/);
      const run = await exportSql(built, { filter: '', ddl: true });
      assert.doesNotMatch(run.sql, /setval\([^)]*thrown_away/);
      assert.match(run.sql, /^DROP SEQUENCE public\.thrown_away;$/m);
      const server = await built.startAtFork();
      await runSql(server, run.sql);
      const [{ last }] = await server.query(
        `SELECT last_value::text AS last FROM public.new_one WHERE is_called`,
      );
      assert.equal(last, '33');
      await server.stop('immediate');
    });

    test('a sequence that is further on the new primary is never turned back', async () => {
      const { sql } = await exportSql(built);
      const server = await built.startAtFork();
      await server.query('CREATE TABLE late (id serial PRIMARY KEY)');
      await server.query(
        `SELECT setval('up', 5000), setval('down', -5000), setval('to_the_least', -9223372036854775808)`,
      );
      await server.query(
        `SELECT setval('ahead', 10, true), setval('ahead_down', -11, false), setval('small', 32767)`,
      );
      const before = await positions(server);
      await runSql(server, sql);
      const now = await positions(server);
      for (const name of ['up', 'down', 'to_the_least', 'ahead', 'ahead_down', 'small'])
        assert.equal(now[name], before[name], name);
      await server.stop('immediate');
    });

    test('an export of chosen transactions moves only the sequences they used', async () => {
      const { sql } = await exportSql(built, { filter: 'table:serials' });
      assert.match(sql, /serials_id_seq/);
      assert.doesNotMatch(sql, /rolled_back|open_at_the_crash|identities_id_seq/);
    });

    test('undo says that sequences stay', async () => {
      const { sql } = await exportSql(built, { undo: true });
      assert.match(sql, /-- sequence public\.up is left where it is/);
      assert.doesNotMatch(sql, /setval/);
    });

    test('unlogged tables and sequences are named as not recoverable, in the overview and in the export', async () => {
      const incident = await readIncident(built);
      const warnings = incident.overview().warnings.join('\n');
      assert.match(
        warnings,
        /2 unlogged tables \(postgres: public\.(cache|kept_in_memory), postgres: public\.(cache|kept_in_memory)\) have no WAL/,
      );
      if (major >= 15)
        assert.match(warnings, /1 unlogged sequence \(postgres: public\.cache_id_seq\) has no WAL/);
      incident.close();
      const { sql } = await exportSql(built);
      assert.match(sql, /-- 2 unlogged tables .* have no WAL: what was written there is not recoverable/);
    });
  });
}
