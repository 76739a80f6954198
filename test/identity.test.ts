/**
 * By what a row is found again: its primary key, else the replica identity's index, else a unique index that leaves no row out and no null in,
 * else all of its values, of which exactly one row is taken.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';

after(stopAllServers);

const MAJORS = majors(10, 18);

/** Tables of (a int, b text, c int) by what makes them theirs; what identity is right, with its columns. */
const TABLES = (
  major: number,
): Readonly<Record<string, readonly [definition: string, kind: string, columns: string]>> => ({
  by_primary_key: [
    'ALTER TABLE t ADD PRIMARY KEY (b, a); CREATE UNIQUE INDEX ON t (c); ALTER TABLE t ALTER c SET NOT NULL',
    'primary-key',
    'b, a',
  ],
  by_primary_key_although_full: [
    'ALTER TABLE t ADD PRIMARY KEY (a), REPLICA IDENTITY FULL',
    'primary-key',
    'a',
  ],
  by_replica_identity: [
    'ALTER TABLE t ALTER a SET NOT NULL, ALTER b SET NOT NULL; CREATE UNIQUE INDEX t_first ON t (a); CREATE UNIQUE INDEX t_chosen ON t (b); ALTER TABLE t REPLICA IDENTITY USING INDEX t_chosen',
    'replica-identity-index',
    'b',
  ],
  by_unique_index: ['ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX ON t (a)', 'unique-index', 'a'],
  by_covering_index: [
    `ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX ON t (a)${major >= 11 ? ' INCLUDE (b, c)' : ''}`,
    'unique-index',
    'a',
  ],
  nullable: ['CREATE UNIQUE INDEX ON t (a)', 'full-row', 'a, b, c'],
  in_part: [
    'ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX ON t (a) WHERE c > 0',
    'full-row',
    'a, b, c',
  ],
  of_expressions: [
    'ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX ON t (abs(a))',
    'full-row',
    'a, b, c',
  ],
  of_a_column_and_an_expression: [
    'ALTER TABLE t ALTER a SET NOT NULL; CREATE UNIQUE INDEX ON t (a, lower(b))',
    'full-row',
    'a, b, c',
  ],
  may_wait: [
    'ALTER TABLE t ALTER a SET NOT NULL; ALTER TABLE t ADD UNIQUE (a) DEFERRABLE',
    'full-row',
    'a, b, c',
  ],
  primary_key_may_wait: [
    'ALTER TABLE t ADD PRIMARY KEY (a) DEFERRABLE INITIALLY DEFERRED',
    'full-row',
    'a, b, c',
  ],
  invalid: ['ALTER TABLE t ALTER a SET NOT NULL', 'full-row', 'a, b, c'],
  exclusive: [
    'ALTER TABLE t ALTER a SET NOT NULL, ADD EXCLUDE USING btree (a WITH =)',
    'full-row',
    'a, b, c',
  ],
  without_any: ['', 'full-row', 'a, b, c'],
});

/** Tables that may hold the same row several times, or the same key in between. */
const WITH_TWINS = ['nullable', 'without_any', 'in_part'];

async function makeTables(old: Server): Promise<void> {
  for (const [name, [definition]] of Object.entries(TABLES(old.major))) {
    await old.query(`CREATE TABLE ${name} (a int, b text, c int)`);
    for (const statement of definition.split(';').filter((each) => each.trim() !== ''))
      await old.query(statement.replace(/\bt\b/g, name).replace(/\bt_(\w+)/g, `${name}_$1`));
    await old.query(`INSERT INTO ${name} SELECT i, 'row ' || i, -i FROM generate_series(1, 20) i`);
  }
  for (const name of WITH_TWINS) {
    const a = name === 'in_part' ? '7' : 'NULL';
    await old.query(`INSERT INTO ${name} SELECT ${a}, 'twin', NULL FROM generate_series(1, 3)`);
  }
  // What CREATE INDEX CONCURRENTLY leaves behind when it fails.
  await old.query(`INSERT INTO invalid VALUES (1, 'again', 0)`);
  await assert.rejects(
    old.query('CREATE UNIQUE INDEX CONCURRENTLY ON invalid (a)'),
    /could not create unique index/,
  );
}

for (const major of MAJORS) {
  describe(`identity of rows on PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        decode: false,
        walLevel: 'replica',
        before: makeTables,
        lost: async (old) => {
          for (const name of Object.keys(TABLES(major))) {
            await old.query(`UPDATE ${name} SET c = c - 100 WHERE a = 3`);
            await old.query(`UPDATE ${name} SET a = 1003, b = 'moved' WHERE a = 4`);
            await old.query(`DELETE FROM ${name} WHERE a = 5`);
            await old.query(`INSERT INTO ${name} VALUES (5, 'instead', 5)`);
          }
          for (const name of WITH_TWINS) {
            const one = (row: string) => `ctid = (SELECT min(ctid) FROM ${name} WHERE b = '${row}')`;
            await old.query(`UPDATE ${name} SET b = 'no twin any more' WHERE ${one('twin')}`);
            await old.query(`DELETE FROM ${name} WHERE ${one('twin')}`);
          }
          // Two keys change places, which only a deferrable one lets them do row by row.
          for (const name of ['may_wait', 'primary_key_may_wait'])
            await old.query(
              `BEGIN; SET CONSTRAINTS ALL DEFERRED; UPDATE ${name} SET a = 11 WHERE b = 'row 10'; UPDATE ${name} SET a = 10 WHERE b = 'row 11'; COMMIT`,
            );
          await old.query(`UPDATE invalid SET c = 77 WHERE b = 'again'`);
        },
      });
    });

    test('each table has the identity that is right for it', async () => {
      const incident = await readIncident(built);
      const found = new Map<string, [string, string]>();
      for (const { changes } of everythingLost(incident))
        for (const change of changes)
          if (change.kind === 'row') {
            const { name, columns, identity } = change.table;
            found.set(name, [identity.kind, identity.columns.map((at) => columns[at].name).join(', ')]);
          }
      incident.close();
      const expected = Object.entries(TABLES(major)).map(([name, [, kind, columns]]) => [
        name,
        [kind, columns],
      ]);
      assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
    });

    for (const guard of [false, true]) {
      test(`redo${guard ? ', guarded,' : ''} meets exactly these rows`, async () => {
        const { sql, summary } = await exportSql(built, { guard });
        assert.equal(summary.leftOut, 0, summary.leftOutReasons.join('\n'));
        const server = await built.startAtFork();
        await runSql(server, sql);
        assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
        await server.stop('immediate');
      });
    }

    test('undo meets exactly these rows', async () => {
      const { sql } = await exportSql(built, { undo: true, guard: true });
      const server = await built.startOld();
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.forkHashes);
      await server.stop('immediate');
    });
  });
}
