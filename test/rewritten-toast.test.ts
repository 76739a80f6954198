/**
 * A table is rewritten in what was lost, and with it its TOAST table: CLUSTER and VACUUM FULL give the new file to the TOAST table there
 * was, ALTER TABLE keeps the new table. What is stored apart before, meanwhile and afterwards is found all the same.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { assertOldRowsComplete, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';
import { assertRoadsAgree } from './support/roads.js';

after(stopAllServers);

const MAJORS = majors(17);

/** Some thousand characters that do not become shorter by compression. */
function long(salt: string): string {
  return `(SELECT string_agg(md5(id || '${salt}' || g), '') FROM generate_series(1, 90) g)`;
}

const REWRITES = [
  `VACUUM FULL document`,
  `CLUSTER document USING document_pkey`,
  `ALTER TABLE document ALTER note TYPE int8; ALTER TABLE document ALTER note TYPE int4`,
];

for (const major of MAJORS) {
  test(`of values stored apart none is missing when VACUUM FULL, CLUSTER and ALTER TABLE rewrote their table, PostgreSQL ${major}`, async () => {
    const built = await buildIncident({
      major,
      walLevel: 'replica',
      before: async (old) => {
        await old.query(
          'CREATE TABLE document (id int PRIMARY KEY, note int, body text); ALTER TABLE document ALTER body SET STORAGE EXTERNAL',
        );
        await old.query(`INSERT INTO document SELECT id, 0, ${long('first')} FROM generate_series(1, 9) id`);
      },
      lost: async (old) => {
        for (const [i, rewrite] of REWRITES.entries()) {
          const id = (i + 1) * 10;
          for (const sql of [
            'CHECKPOINT',
            `UPDATE document SET note = note + 1 WHERE id % 3 = 0`,
            rewrite,
            `INSERT INTO document SELECT id, ${i}, ${long(rewrite)} FROM generate_series(${id}, ${id + 3}) id`,
            `UPDATE document SET note = note + 1 WHERE id % 2 = 0`,
            `UPDATE document SET body = ${long(`again ${i}`)} WHERE id = ${id + 1}`,
          ])
            await old.query(sql);
        }
        await old.query(`DELETE FROM document WHERE id % 4 = 0`);
      },
    });
    const incident = await readIncident(built);
    assert.equal(incident.progress().loss.undecodable, 0);
    assertOldRowsComplete(incident);
    incident.close();
    await assertRoadsAgree(built);
    const { sql, summary } = await exportSql(built, { guard: true, ddl: true });
    assert.deepEqual(summary.leftOutReasons, []);
    const fork = await built.startAtFork();
    await runSql(fork, sql);
    assert.deepEqual(await serverHashes(fork), built.truth.oldHashes);
    await fork.stop('immediate');
  });
}
