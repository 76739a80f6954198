/** Segments from the smallest to the largest that initdb makes: the same rows, and none of their emptiness in memory. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { assertEqualsTruth, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { WHOLE_MATRIX } from './support/matrix.js';

after(stopAllServers);

/** The largest takes a minute and some gigabytes, and is left to the matrix. */
const SIZES = WHOLE_MATRIX ? [1, 64, 1024] : [64];

const MEBIBYTE = 1024 * 1024;

for (const size of SIZES) {
  describe(`WAL segments of ${size} MB`, { timeout: 240_000 }, () => {
    test('what was lost is told and redone as with any other', async () => {
      const built = await buildIncident({
        major: 17,
        walSegmentSizeMb: size,
        // New segments are not filled with zeros, so that the large ones take no room.
        settings: {
          wal_init_zero: 'off',
          wal_recycle: 'off',
          min_wal_size: `${2 * size}MB`,
          max_wal_size: `${4 * size}MB`,
        },
        before: (old) => old.query('CREATE TABLE t (id int PRIMARY KEY, v text)').then(() => {}),
        shared: (old) =>
          old.query(`INSERT INTO t SELECT i, 'shared' FROM generate_series(1, 200) i`).then(() => {}),
        lost: async (old) => {
          await old.query(`INSERT INTO t SELECT i, repeat('lost ', 50) FROM generate_series(201, 5000) i`);
          await old.query('SELECT pg_switch_wal()');
          await old.query('UPDATE t SET v = upper(v) WHERE id % 7 = 0');
          await old.query('SELECT pg_switch_wal()');
          await old.query('DELETE FROM t WHERE id % 11 = 0');
        },
      });
      const before = process.memoryUsage().arrayBuffers;
      const incident = await readIncident(built);
      assert.equal(incident.overview().old.walSegmentSize, size * MEBIBYTE);
      assert.deepEqual(incident.overview().warnings, []);
      assert.ok(process.memoryUsage().arrayBuffers - before < 128 * MEBIBYTE);
      assertEqualsTruth(incident, built.truth.transactions!);
      incident.close();
      const { sql } = await exportSql(built);
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.deepEqual(await serverHashes(server), built.truth.oldHashes);
      await server.stop('immediate');
    });
  });
}
