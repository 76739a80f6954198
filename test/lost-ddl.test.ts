/**
 * DDL in the lost part: rows before, between and after it are what the server decodes, and the statements that are put back from the
 * catalog's rows make another server's definitions and rows those of the crashed one.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { assertEqualsTruth, readIncident } from './support/against-the-server.js';
import { BEFORE, lostDdl } from './support/ddl-workload.js';
import { definitions } from './support/definitions.js';
import { exportSql, runStatements } from './support/exported-sql.js';

after(stopAllServers);

const MAJORS = (process.env['FORKPOINT_MAJORS'] ?? '10,15,18').split(',').map(Number);
const WAL_LEVELS = (process.env['FORKPOINT_WAL_LEVELS'] ?? 'replica').split(',') as ('logical' | 'replica')[];

for (const [major, walLevel] of MAJORS.flatMap((each) => WAL_LEVELS.map((level) => [each, level] as const))) {
  describe(`DDL lost by PostgreSQL ${major}, wal_level=${walLevel}`, { timeout: 300_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        walLevel,
        walSegmentSizeMb: major >= 11 ? 1 : undefined,
        before: async (old) => {
          await old.query(BEFORE);
        },
        lost: async (old) => {
          const client = await old.connect();
          for (const sql of lostDdl(major)) await client.query(sql);
          await client.end();
        },
      });
    });

    test('rows before, between and after DDL are what the server decodes', async () => {
      const incident = await readIncident(built);
      if (built.truth.transactions) assertEqualsTruth(incident, built.truth.transactions);
      assert.equal(incident.progress().loss.undecodable, 0);
      incident.close();
    });

    test('redo with --ddl makes definitions and rows those of the old primary, and leaves nothing out', async () => {
      const { sql, summary } = await exportSql(built, { ddl: true });
      assert.deepEqual(summary.leftOutReasons, []);
      const [old, fresh] = [await built.startOld(), await built.startAtFork()];
      await runStatements(fresh, sql);
      assert.deepEqual(await definitions(fresh), await definitions(old));
      assert.deepEqual(await serverHashes(fresh), built.truth.oldHashes);
      await old.stop('immediate');
      await fresh.stop('immediate');
    });
  });
}
