/**
 * Partitioned tables: written to leaf by leaf as WAL has it, or, on request, through the root, which also serves where the new primary's
 * partitions are others by now.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';

after(stopAllServers);

const MAJORS = majors(10, 18);

const schema = (major: number) => `
  CREATE TABLE event (id bigint${major >= 17 ? ' GENERATED ALWAYS AS IDENTITY' : ''}, dropped text, region text NOT NULL, at date NOT NULL, body text${major >= 12 ? ', size int GENERATED ALWAYS AS (length(body)) STORED' : ''})
    PARTITION BY LIST (region);
  ALTER TABLE event DROP COLUMN dropped;
  CREATE TABLE event_eu PARTITION OF event FOR VALUES IN ('eu') PARTITION BY RANGE (at);
  CREATE TABLE event_eu_1 PARTITION OF event_eu FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  -- Other columns in another order, and one of its own that is gone.
  CREATE TABLE event_eu_2 (body text, gone int, at date NOT NULL, region text NOT NULL, id bigint${major >= 17 ? ' NOT NULL' : ''}${major >= 12 ? ', size int GENERATED ALWAYS AS (length(body)) STORED' : ''});
  ALTER TABLE event_eu_2 DROP COLUMN gone;
  ALTER TABLE event_eu ATTACH PARTITION event_eu_2 FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  CREATE TABLE event_us PARTITION OF event FOR VALUES IN ('us', 'ca');
  ${major >= 11 ? 'ALTER TABLE event ADD PRIMARY KEY (id, region, at);' : 'CREATE UNIQUE INDEX ON event_us (body); ALTER TABLE event_us ALTER body SET NOT NULL;'}
  CREATE TABLE bag (k int, v text) PARTITION BY RANGE (k);
  CREATE TABLE bag_low PARTITION OF bag FOR VALUES FROM (0) TO (100); CREATE TABLE bag_high PARTITION OF bag FOR VALUES FROM (100) TO (200);
  -- A key that only one partition has says nothing of the others.
  CREATE UNIQUE INDEX ON bag_low (k, v); ALTER TABLE bag_low ALTER k SET NOT NULL, ALTER v SET NOT NULL;
  INSERT INTO event (id, region, at, body)${major >= 17 ? ' OVERRIDING SYSTEM VALUE' : ''}
    SELECT i, (ARRAY['eu', 'us', 'ca'])[1 + i % 3], date '2026-01-01' + (i * 7) % 360, 'body ' || i FROM generate_series(1, 60) i;
  INSERT INTO bag SELECT i % 150, 'v' || i % 150 FROM generate_series(0, 149) i; INSERT INTO bag SELECT 120, 'twin' FROM generate_series(1, 3);`;

const lost = (major: number): string[] => [
  `INSERT INTO event (id, region, at, body)${major >= 17 ? ' OVERRIDING SYSTEM VALUE' : ''} VALUES (100, 'eu', '2026-03-03', 'new'), (101, 'eu', '2026-12-03', 'new'), (102, 'ca', '2026-03-03', 'new')`,
  `UPDATE event SET body = body || ' changed' WHERE id BETWEEN 5 AND 20`,
  `DELETE FROM event WHERE id BETWEEN 30 AND 35`,
  ...(major >= 11
    ? [`UPDATE event SET region = 'us' WHERE id = 3; UPDATE event SET at = '2026-11-11' WHERE id = 6`]
    : []),
  `UPDATE bag SET v = v || '!' WHERE k IN (7, 8, 130)`,
  `DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE v = 'twin') AND v = 'twin'`,
  `INSERT INTO bag VALUES (50, 'x'), (150, 'y'), (150, 'y')`,
];

async function contents(server: Server): Promise<unknown> {
  return [
    await server.query('SELECT id, region, at::text, body FROM event ORDER BY id, region, at'),
    await server.query('SELECT k, v, count(*) FROM bag GROUP BY 1, 2 ORDER BY 1, 2'),
  ];
}

for (const major of MAJORS) {
  describe(`partitions on PostgreSQL ${major}`, { timeout: 120_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        decode: false,
        walLevel: 'replica',
        before: (old) => old.query(schema(major)).then(() => {}),
        lost: async (old) => {
          for (const statement of lost(major)) await old.query(statement);
        },
      });
    });

    for (const wanted of [{}, { partitionRoot: true }, { partitionRoot: true, guard: true }]) {
      const how = 'partitionRoot' in wanted ? 'through the root' : 'partition by partition';
      test(`redo ${how}${'guard' in wanted ? ', guarded,' : ''} gives every partition of the old primary`, async () => {
        const { sql, summary } = await exportSql(built, wanted);
        assert.equal(summary.leftOut, 0, summary.leftOutReasons.join('\n'));
        if ('partitionRoot' in wanted)
          assert.doesNotMatch(sql, /(?:INTO|UPDATE|FROM)(?: ONLY)? public\.\w+_\w+ /);
        else assert.doesNotMatch(sql, /(?:INTO|UPDATE|FROM)(?: ONLY)? public\.(?:event|bag) /);
        const server = await built.startAtFork();
        await runSql(server, sql);
        assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
        await server.stop('immediate');
      });
    }

    test('undo through the root gives every partition at the fork', async () => {
      const { sql, summary } = await exportSql(built, { partitionRoot: true, undo: true, guard: true });
      assert.equal(summary.leftOut, 0, summary.leftOutReasons.join('\n'));
      const server = await built.startOld();
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.forkHashes);
      await server.stop('immediate');
    });

    test('through the root it serves where the partitions are others by now', async () => {
      const { sql } = await exportSql(built, { partitionRoot: true });
      const old = await built.startOld();
      const server = await built.startAtFork();
      await server.query(`CREATE TABLE kept AS SELECT * FROM bag; DROP TABLE bag_low, bag_high; CREATE TABLE bag_all PARTITION OF bag FOR VALUES FROM (0) TO (1000);
        INSERT INTO bag SELECT * FROM kept; ALTER TABLE event_us RENAME TO event_america; ALTER TABLE event_eu_1 RENAME TO event_spring`);
      await runSql(server, sql);
      assert.deepEqual(await contents(server), await contents(old));
      await server.stop('immediate');
      await old.stop('immediate');
    });
  });
}
