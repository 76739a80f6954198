/**
 * Large objects: what the old primary wrote to them, created, cut off, gave away and unlinked is read from the rows in which the
 * server keeps them, and said again by the calls that leave the same contents.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { ExportSummary } from '../source/incident/model.js';
import { openIncident } from '../source/incident/open.js';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { matrix } from './support/matrix.js';

after(stopAllServers);

/** Bytes of no pattern: they do not compress. */
const noise = (seed: string, bytes: number) =>
  `decode(substr((SELECT string_agg(md5('${seed}' || g), '' ORDER BY g) FROM generate_series(1, ${Math.ceil(bytes / 16)}) g), 1, ${bytes * 2}), 'hex')`;

const BEFORE = `
  CREATE ROLE keeper; CREATE ROLE "odd ""role"; CREATE TABLE document (id int PRIMARY KEY, file oid);
  SELECT lo_from_bytea(1001, ${noise('a', 5000)});
  SELECT lo_from_bytea(1002, ${noise('b', 6144)});
  SELECT lo_from_bytea(1003, 'short'); SELECT lo_put(1003, 20000, 'far away');
  SELECT lo_from_bytea(1004, ${noise('d', 9000)});
  SELECT lo_from_bytea(1005, convert_to(repeat('compressible ', 1000), 'UTF8'));
  SELECT lo_from_bytea(1006, ''); SELECT lo_from_bytea(1007, ${noise('g', 7000)}); SELECT lo_from_bytea(1008, 'x');
  SELECT lo_put(1008, 9000, 'y'); SELECT lo_put(1008, 14000, 'z');
  SELECT lo_from_bytea(1009, 'x'); SELECT lo_put(1009, 9000, 'y'); SELECT lo_put(1009, 14000, 'z');
  SELECT lo_from_bytea(1010, 'not touched');
  VACUUM FULL pg_largeobject`;

const LOST: readonly string[] = [
  `SELECT lo_from_bytea(2001, ${noise('new', 10000)})`,
  `BEGIN; SELECT lo_create(2002); SELECT lo_put(2002, 0, 'abc'); SELECT lo_put(2002, 1, 'BCDEF'); INSERT INTO document VALUES (1, 2002); COMMIT`,
  `SELECT lo_put(1001, 100, 'in the middle')`,
  `SELECT lo_put(1001, 4990, 'over the end of the object')`,
  `SELECT lo_put(1001, 2040, 'over the end of a page')`,
  `SELECT lo_put(1002, 6144, 'a page more')`,
  `SELECT lo_put(1003, 8192, 'into a hole')`,
  // Cut off within a page, at a page's beginning, to nothing, in a hole, behind a short page, and made longer.
  `BEGIN; SELECT lo_truncate(lo_open(1001, 131072), 3000); COMMIT`,
  `BEGIN; SELECT lo_truncate(lo_open(1002, 131072), 4096); COMMIT`,
  `BEGIN; SELECT lo_truncate(lo_open(1007, 131072), 0); COMMIT`,
  `BEGIN; SELECT lo_truncate(lo_open(1008, 131072), 6200); COMMIT`,
  `BEGIN; SELECT lo_truncate(lo_open(1009, 131072), 100); SELECT lo_put(1009, 3, 'after'); COMMIT`,
  `BEGIN; SELECT lo_truncate(lo_open(1006, 131072), 5000); COMMIT; BEGIN; SELECT lo_truncate(lo_open(1006, 131072), 8192); COMMIT`,
  `SELECT lo_unlink(1004)`,
  `BEGIN; SELECT lo_unlink(1005); SELECT lo_create(1005); SELECT lo_put(1005, 3, 'born again'); COMMIT`,
  `BEGIN; SELECT lo_put(1007, 10, 'kept'); SAVEPOINT s; SELECT lo_put(1007, 0, 'taken back'); SELECT lo_create(2003); ROLLBACK TO s; COMMIT`,
  `BEGIN; SELECT lo_create(2004); SELECT lo_unlink(1010); ROLLBACK`,
  `ALTER LARGE OBJECT 1002 OWNER TO keeper`,
  `GRANT SELECT, UPDATE ON LARGE OBJECT 1003 TO keeper; GRANT SELECT ON LARGE OBJECT 1003 TO "odd ""role" WITH GRANT OPTION`,
  `REVOKE UPDATE ON LARGE OBJECT 1003 FROM keeper; GRANT SELECT ON LARGE OBJECT 1003 TO PUBLIC; ALTER LARGE OBJECT 1003 OWNER TO "odd ""role"`,
  'VACUUM FULL pg_largeobject',
  `SELECT lo_put(2002, 3000, 'after the rewrite')`,
];

/** What each object is: whose, who may use it, how long, and its bytes. */
async function contents(server: Server): Promise<unknown> {
  return server.query(
    `SELECT oid::text, lomowner::regrole::text AS owner, (SELECT array_agg(a ORDER BY a) FROM unnest(coalesce(lomacl, acldefault('L', lomowner))::text[]) a) AS acl,
       length(lo_get(oid)) AS bytes, md5(lo_get(oid)) AS sum FROM pg_largeobject_metadata ORDER BY 1`,
  );
}

/** The very pages. */
async function pages(server: Server): Promise<unknown> {
  return server.query(
    `SELECT loid::text, pageno, length(data) AS bytes, md5(data) AS sum FROM pg_largeobject ORDER BY 1, 2`,
  );
}

/** VACUUM FULL alone is no statement of a transaction's. */
function assertNoneLeftOut({ leftOutReasons }: ExportSummary): void {
  assert.deepEqual(
    leftOutReasons.filter((reason) => !/pg_class/.test(reason)),
    [],
  );
}

for (const { major, walLevel } of matrix([10, 18], ['logical', 'replica'])) {
  describe(`large objects of PostgreSQL ${major}, wal_level=${walLevel}`, { timeout: 300_000 }, () => {
    let built: BuiltIncident;

    test('an incident happens', async () => {
      built = await buildIncident({
        major,
        walLevel,
        decode: false,
        walSegmentSizeMb: major >= 11 ? 1 : undefined,
        before: async (old) => {
          for (const statement of BEFORE.split(';')) await old.query(statement);
        },
        lost: async (old) => {
          const client = await old.connect();
          for (const statement of LOST) await client.query(statement);
        },
        after: (promoted) =>
          promoted
            .query(`SELECT lo_put(1002, 5000, 'written here'), lo_from_bytea(2001, 'another one')`)
            .then(() => {}),
      });
    });

    test('every write to them is a row with its old and its new page', async () => {
      const incident = await readIncident(built);
      const changes = everythingLost(incident).flatMap((each) => each.changes);
      const rows = changes.filter((change) => change.kind === 'row');
      assert.deepEqual(
        rows.filter((row) => row.problem !== undefined),
        [],
      );
      assert.ok(rows.filter((row) => row.table.name === 'pg_largeobject').length > 30);
      assert.equal(incident.progress().loss.undecodable, 0);
      await incident.judge();
      const verdicts = Array.from({ length: incident.length }, (_, i) => incident.transaction(i).verdict);
      assert.equal(verdicts[0], 'exists', 'the new primary made an object of the same number');
      assert.ok(verdicts.includes('clean') && verdicts.includes('changed'), verdicts.join(' '));
      incident.close();
    });

    test('a running new primary is asked what it holds of them', async () => {
      const server = await built.startNew();
      const incident = await openIncident({ old: built.oldDataDirectory, new: server.url });
      await incident.judge();
      const verdicts = Array.from({ length: incident.length }, (_, i) => incident.transaction(i).verdict);
      incident.close();
      assert.equal(verdicts[0], 'exists');
      assert.equal(verdicts.filter((verdict) => verdict === 'changed').length, 1, verdicts.join(' '));
      assert.ok(verdicts.filter((verdict) => verdict === 'clean').length > 5, verdicts.join(' '));
      await server.stop('immediate');
    });

    for (const guard of [false, true]) {
      test(`redo${guard ? ', guarded,' : ''} makes their contents, owners and privileges those of the old primary`, async () => {
        const { sql, summary } = await exportSql(built, { guard });
        assertNoneLeftOut(summary);
        const old = await built.startOld();
        const server = await built.startAtFork();
        await runSql(server, sql);
        assert.deepEqual(await contents(server), await contents(old));
        await server.stop('immediate');
        await old.stop('immediate');
      });
    }

    test('a guarded redo stops at an object that somebody else wrote to', async () => {
      const { sql } = await exportSql(built, { guard: true, filter: 'table:pg_largeobject' });
      for (const meddling of [
        `SELECT lo_put(1001, 3999, '!')`,
        `SELECT lo_put(1004, 9000, 'longer')`,
        `SELECT lo_put(1002, 5000, '!')`,
      ]) {
        const server = await built.startAtFork();
        await server.query(meddling);
        await assert.rejects(runSql(server, sql), /forkpoint guard: .*large object/, meddling);
        await server.stop('immediate');
      }
    });

    test('undo brings every page back to what it was at the fork', async () => {
      const { sql, summary } = await exportSql(built, { undo: true });
      assertNoneLeftOut(summary);
      const fork = await built.startAtFork();
      const server = await built.startOld();
      await runSql(server, sql);
      assert.deepEqual(await pages(server), await pages(fork));
      assert.deepEqual(await contents(server), await contents(fork));
      await server.stop('immediate');
      await fork.stop('immediate');
    });
  });
}
