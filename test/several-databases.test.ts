/** Several databases in one cluster, those made and dropped in the lost part too: every row in the file of its own database. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { assertEqualsTruth, everythingLost, readIncident } from './support/against-the-server.js';
import { runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';
import { CLI } from './support/program.js';

after(stopAllServers);

const MAJORS = majors(10, 18);

const EVERYWHERE = ['postgres', 'Zweite/ü "db"', 'latin', 'template1'];
const TABLE = 'CREATE TABLE same_name (id int PRIMARY KEY, v text)';

for (const major of MAJORS) {
  describe(`several databases of PostgreSQL ${major}`, { timeout: 180_000 }, () => {
    let built: BuiltIncident;
    /** One lives in a tablespace of its own, and has a table in base/ nevertheless. */
    const DATABASES = major >= 15 ? [...EVERYWHERE, 'elsewhere'] : EVERYWHERE;
    /** The old primary died before a checkpoint wrote the catalog of the last one anywhere but into WAL. */
    const all = major >= 15 ? ['by_copy', 'by_log', 'never_on_disk'] : ['by_copy'];
    const made = major >= 15 ? ['by_copy', 'by_log'] : ['by_copy'];

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        databases: DATABASES,
        settings: major >= 15 ? { allow_in_place_tablespaces: 'on' } : {},
        before: async (old) => {
          if (major >= 15) {
            await old.query(`CREATE TABLESPACE beside LOCATION ''`);
            await old.query('CREATE DATABASE elsewhere TABLESPACE beside');
            await runSql(old, 'CREATE TABLE at_home (id int) TABLESPACE pg_default', 'elsewhere');
          }
          await old.query('CREATE DATABASE "Zweite/ü ""db"""');
          await old.query(`CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1`);
          await old.query('CREATE DATABASE doomed');
          for (const database of [...DATABASES, 'doomed']) await runSql(old, TABLE, database);
        },
        lost: async (old) => {
          for (const database of DATABASES) {
            await runSql(
              old,
              `INSERT INTO same_name VALUES (1, 'in ${database.replaceAll('ü', 'u')} é'), (2, 'gone'); UPDATE same_name SET v = v || '!' WHERE id = 1; DELETE FROM same_name WHERE id = 2`,
              database,
            );
          }
          await runSql(old, `INSERT INTO same_name VALUES (1, 'soon nobody knows where')`, 'doomed');
          await old.query(`CREATE ROLE worker LOGIN PASSWORD 'x'`);
          await old.query('ALTER ROLE worker SET work_mem = 1000');
          await old.query('GRANT pg_monitor TO worker');
          await old.query(`COMMENT ON DATABASE latin IS 'said of it'`);
          await old.query('DROP DATABASE doomed');
          await old.query(`CREATE DATABASE by_copy${major >= 15 ? ' STRATEGY file_copy' : ''}`);
          if (major >= 15) await old.query('CREATE DATABASE by_log STRATEGY wal_log');
          await old.query('CHECKPOINT');
          if (major >= 15) await old.query('CREATE DATABASE never_on_disk STRATEGY wal_log');
          for (const database of all) {
            await runSql(
              old,
              `INSERT INTO same_name VALUES (7, 'in a new database'); UPDATE same_name SET v = 'changed' WHERE id = 1; CREATE TABLE fresh (a int PRIMARY KEY, b text[])`,
              database,
            );
            await runSql(old, `INSERT INTO fresh VALUES (1, '{a,"b c"}')`, database);
          }
        },
      });
    });

    test('each transaction has its database, and what the server decoded in each is told', async () => {
      const incident = await readIncident(built);
      const known = new Set(DATABASES);
      const lost = everythingLost(incident).filter(({ transaction }) => known.has(transaction.database));
      const only = {
        length: lost.length,
        overview: () => incident.overview(),
        transactionsWithChanges: () => lost,
      } as unknown as Parameters<typeof assertEqualsTruth>[0];
      assertEqualsTruth(only, built.truth.transactions!);
      incident.close();
    });

    test('rows written in databases that were made in the lost part are told, or said to be unknown and counted', async () => {
      const incident = await readIncident(built);
      const lost = everythingLost(incident);
      for (const database of made) {
        const changes = lost
          .filter(({ transaction }) => transaction.database === database)
          .flatMap((each) => each.changes);
        const rows = changes.filter((change) => change.kind === 'row');
        assert.deepEqual(
          rows
            .filter((row) => row.problem === undefined)
            .map((row) => [row.operation, row.table.name, row.after]),
          [
            ['insert', 'same_name', ['7', 'in a new database']],
            ['update', 'same_name', ['1', 'changed']],
            ['insert', 'fresh', ['1', '{a,"b c"}']],
          ],
          database,
        );
      }
      const unwritten = lost.filter(({ transaction }) => transaction.database === 'never_on_disk');
      if (major >= 15) {
        const changes = unwritten.flatMap((each) => each.changes);
        assert.ok(changes.length >= 3);
        for (const change of changes) if (change.kind !== 'catalog') assert.equal(change.kind, 'undecodable');
        assert.ok(incident.progress().loss.undecodable >= 3);
      }
      incident.close();
    });

    test('what a database lost is judged by that database of the new primary, wherever its files are', () => {
      const { stdout } = spawnSync(process.execPath, [
        CLI,
        'list',
        '--json',
        built.oldDataDirectory,
        built.newDataDirectory,
      ]);
      const listed = stdout
        .toString()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      // The first of each wrote rows; what was done to roles and databases later on nobody can judge.
      for (const database of DATABASES)
        assert.equal(listed.find((each) => each.database === database).verdict, 'clean', database);
    });

    test('roles, databases and comments on them are said to be changed', async () => {
      const incident = await readIncident(built);
      const told = everythingLost(incident)
        .flatMap(({ changes }) => changes)
        .flatMap((change) => (change.kind === 'catalog' ? [change.description] : []))
        .join('\n');
      for (const catalog of [
        'pg_authid',
        'pg_db_role_setting',
        'pg_auth_members',
        'pg_shdescription',
        'pg_database',
      ])
        assert.match(told, new RegExp(catalog), told);
      incident.close();
    });

    test('one file is refused, a directory gets one for each, and each makes its database the old one', async () => {
      const sides = [built.oldDataDirectory, built.newDataDirectory];
      const refused = spawnSync(process.execPath, [CLI, 'export', ...sides]);
      assert.equal(refused.status, 1);
      assert.match(refused.stderr.toString(), /spans \d databases .*--filter db:/s);
      const directory = mkdtempSync(join(tmpdir(), 'forkpoint-databases-'));
      spawnSync(process.execPath, [CLI, 'export', ...sides, '-o', directory]);
      assert.deepEqual(
        readdirSync(directory).sort(),
        [
          ...all.map((name) => `${name}.sql`),
          ...DATABASES.filter((name) => name === 'elsewhere').map((name) => `${name}.sql`),
          'Zweite%2Fü %22db%22.sql',
          'doomed.sql',
          'latin.sql',
          'postgres.sql',
          'template1.sql',
        ].sort(),
      );
      const server = await built.startAtFork();
      for (const database of DATABASES) {
        const file = readdirSync(directory).find((name) => decodeURIComponent(name) === `${database}.sql`)!;
        await runSql(server, readFileSync(join(directory, file), 'utf8'), database);
      }
      assert.deepEqual(await serverHashes(server, DATABASES), built.truth.oldHashes);
      await server.stop('immediate');
      const chosen = spawnSync(process.execPath, [
        CLI,
        'export',
        ...sides,
        '--filter',
        'db:latin',
      ]).stdout.toString();
      assert.match(chosen, /^-- database: latin$/m);
      assert.equal(chosen.match(/^BEGIN;$/gm)?.length, 1);
      rmSync(directory, { recursive: true });
    });
  });
}
