/**
 * VACUUM FULL of the catalogs gives pg_class and its like new files, which only pg_filenode.map names; the earlier ones go at the next
 * checkpoint. It happens before the fork, and again among what is lost, in the midst of DDL: no row may be read by a wrong definition.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { assertEqualsTruth, everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { matrix } from './support/matrix.js';
import { buildWorkload } from './support/workload.js';

after(stopAllServers);

const REWRITES = ['pg_class', 'pg_attribute', 'pg_proc', 'pg_type'].map((name) => `VACUUM FULL ${name}`);

async function runAll(server: Server, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await server.query(statement);
}

/** Tables that change round about a rewrite of the catalogs. */
function changeTables(round: string): readonly string[] {
  return [
    `CREATE TABLE made_${round} (id int PRIMARY KEY, v text, w mood)`,
    `INSERT INTO made_${round} SELECT i, '${round} ' || i, 'ok' FROM generate_series(1, 20) i`,
    `ALTER TABLE altered ADD COLUMN added_${round} int DEFAULT 7`,
    `UPDATE altered SET added_${round} = 8 WHERE id = 12`,
    `CREATE TYPE kind_${round} AS ENUM ('a', 'b')`,
    `ALTER TABLE made_${round} ADD COLUMN k kind_${round}`,
    `UPDATE made_${round} SET k = 'b' WHERE id = 3`,
  ];
}

/** One transaction that changes tables and works on them: what it sees of its own changes is in files that are gone since. */
function changeInOne(round: string): string {
  return `BEGIN; INSERT INTO by_index (code, v) VALUES ('before ${round}', 1);
    ALTER TABLE by_index ADD COLUMN one_${round} int DEFAULT 5; UPDATE by_index SET one_${round} = 6 WHERE v = 21;
    ALTER TABLE by_index DROP COLUMN one_${round}; INSERT INTO by_index (code, v) VALUES ('dropped ${round}', 2);
    CREATE TABLE own_${round} (id int PRIMARY KEY, v text); INSERT INTO own_${round} VALUES (1, 'own');
    ALTER TABLE own_${round} ADD COLUMN w int; INSERT INTO own_${round} VALUES (2, 'wider', 3); COMMIT`;
}

async function build(major: number, walLevel: 'logical' | 'replica'): Promise<BuiltIncident> {
  return buildWorkload(major, walLevel, {
    before: (old) => runAll(old, REWRITES),
    shared: async (old) => {
      await runAll(old, [
        'CHECKPOINT',
        ...REWRITES,
        ...changeTables('shared'),
        changeInOne('shared'),
        'CHECKPOINT',
      ]);
      await runAll(old, changeTables('late'));
    },
    lostFirst: (old) =>
      runAll(old, [
        changeInOne('early'),
        ...changeTables('early'),
        ...REWRITES,
        changeInOne('between'),
        ...changeTables('between'),
      ]),
    lostLast: (old) =>
      runAll(old, [
        ...REWRITES,
        'CHECKPOINT',
        ...changeTables('last'),
        changeInOne('last'),
        'VACUUM FULL pg_class',
      ]),
  });
}

for (const { major, walLevel } of matrix([10, 18], ['logical'])) {
  describe(`PostgreSQL ${major}, wal_level=${walLevel}, catalogs rewritten before the fork and after it`, {
    timeout: 300_000,
  }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await build(major, walLevel);
    });

    test('every lost transaction has the rows and the counts that the server has', async () => {
      const incident = await readIncident(built);
      if (built.truth.transactions) assertEqualsTruth(incident, built.truth.transactions);
      for (const { transaction, changes } of everythingLost(incident)) {
        assert.deepEqual(
          changes.filter(
            (change) => change.kind === 'undecodable' || (change.kind === 'row' && change.problem),
          ),
          [],
          `xid ${transaction.xid}`,
        );
      }
      assert.equal(incident.progress().loss.undecodable, 0);
      assert.ok(incident.length > 100);
      incident.close();
    });

    test('the exported redo makes the tables of the new primary those of the old one', async () => {
      const { sql } = await exportSql(built, { ddl: true });
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
      await server.stop('immediate');
    });
  });
}
