/**
 * The old data directory is gone, an archive of its WAL survived: the tables are known from the new primary, which has not stood still
 * since. What forkpoint lists must be the same as if the directory were there.
 */
import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type pg from 'pg';
import { openIncident } from '../source/incident/open.js';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import type { BuiltIncident } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import type { DecodedChange } from './servers/test-decoding.js';
import type { DecodedTransaction } from './servers/truth.js';
import { assertEqualsTruth, everythingLost } from './support/against-the-server.js';
import { matrix } from './support/matrix.js';
import { buildWorkload } from './support/workload.js';

after(stopAllServers);

/** A copy of the segments and history files, as an archive holds them. */
function archiveOf(dataDirectory: string): string {
  const archive = temporaryDirectory('archive');
  for (const name of readdirSync(join(dataDirectory, 'pg_wal'))) {
    if (/^[0-9A-F]{24}$|\.history$/.test(name))
      cpSync(join(dataDirectory, 'pg_wal', name), join(archive, name));
  }
  return archive;
}

async function read(old: string, fresh: string): Promise<OpenedIncident> {
  const incident = await openIncident({ old, new: fresh });
  while (incident.step(1000));
  return incident;
}

/** Every lost transaction with its rows, without what is a matter of the directory they were read from. */
function rowsOf(incident: OpenedIncident): unknown {
  return everythingLost(incident).map(({ transaction: { xid, commitLsn, database, tables }, changes }) => ({
    xid,
    commitLsn,
    database,
    tables,
    changes,
  }));
}

/** Until 10 the server decodes the filling of a table's new file as rows of a transient table. */
function withoutRewrites(truth: readonly DecodedTransaction[]): DecodedTransaction[] {
  const isTransient = (change: DecodedChange): boolean =>
    change.op !== 'message' && /^pg_temp_\d+$/.test(change.table);
  return truth.map((each) => ({ ...each, changes: each.changes.filter((change) => !isTransient(change)) }));
}

/** Begun before the fork, committed after it: tables made and changed by a transaction that the new primary rolled back. */
class StraddlingDdl {
  #client: pg.Client | undefined;

  async begin(old: Server): Promise<void> {
    this.#client = await old.connect();
    await this.#client.query(
      `BEGIN; CREATE TABLE begun_before (id int PRIMARY KEY, v mood); INSERT INTO begun_before VALUES (1, 'sad');
       ALTER TABLE by_index ADD COLUMN straddling int DEFAULT 7; UPDATE by_index SET straddling = 8 WHERE v = 20`,
    );
  }

  async commit(): Promise<void> {
    await this.#client?.query(`INSERT INTO begun_before VALUES (2, 'ok'); COMMIT`);
  }
}

/** The old primary goes its own way too, with the same transaction ids and object ids as the new one's. */
async function changeTablesAlone(old: Server): Promise<void> {
  for (const statement of [
    'ALTER TABLE by_index ADD COLUMN alone int DEFAULT 5',
    `UPDATE by_index SET alone = 6 WHERE v = 21`,
    'ALTER TABLE by_index ALTER COLUMN v TYPE bigint',
    `INSERT INTO by_index (code, v) VALUES ('after the rewrite', 3)`,
    'ALTER TABLE keyless DROP COLUMN b',
    'INSERT INTO keyless VALUES (1, 2.5)',
    'CREATE TABLE alone_1 (id int PRIMARY KEY, v text, w mood)',
    `INSERT INTO alone_1 SELECT i, 'alone ' || i, 'sad' FROM generate_series(1, 20) i`,
    'DROP TABLE keyless',
    'CREATE TABLE keyless (id int, whatever text)',
    `INSERT INTO keyless VALUES (1, 'another table of that name')`,
    `ALTER TYPE mood ADD VALUE 'elated'`,
    `INSERT INTO alone_1 VALUES (21, 'new label', 'elated')`,
    'VACUUM FULL pg_class',
    'VACUUM FULL pg_attribute',
    'ALTER TABLE altered ADD COLUMN twice text',
    `UPDATE altered SET twice = 'yes' WHERE id = 10`,
    'VACUUM FULL altered',
    'DELETE FROM altered WHERE id = 11',
    'VACUUM pg_class',
    'CREATE TABLE alone_2 (id int PRIMARY KEY)',
    'INSERT INTO alone_2 VALUES (1), (2)',
  ])
    await old.query(statement);
}

/** Tables change, go, and come back under their old names; the catalog itself is written anew, and vacuumed. */
async function rebuildEverything(promoted: Server): Promise<void> {
  for (const statement of [
    'ALTER TABLE account ADD COLUMN since_the_fork text',
    'ALTER TABLE account ALTER COLUMN owner TYPE varchar(200)',
    'DROP TABLE keyless',
    'CREATE TABLE keyless (c int, b int, a text, d text)',
    'ALTER TABLE whole RENAME TO hole',
    'ALTER TABLE document DROP COLUMN title',
    'DROP TABLE by_index CASCADE',
    `DO $$BEGIN FOR i IN 1..60 LOOP EXECUTE format('CREATE TABLE since_%s (id int PRIMARY KEY, v text, w numeric)', i); END LOOP; END$$`,
    `DO $$BEGIN FOR i IN 1..30 LOOP EXECUTE format('DROP TABLE since_%s', i); END LOOP; END$$`,
    `ALTER TYPE mood ADD VALUE 'elated'`,
    'TRUNCATE account',
    'VACUUM pg_attribute',
    'VACUUM FULL pg_class',
    'VACUUM FULL pg_attribute',
    'VACUUM FULL pg_type',
    'VACUUM FULL pg_index',
    'VACUUM FULL pg_proc',
    'VACUUM FULL pg_namespace',
    'CHECKPOINT',
    'DROP TABLE altered',
    'DROP TABLE "Odd ""table"',
    'VACUUM',
    'VACUUM FULL pg_class',
    'VACUUM FREEZE',
    'CHECKPOINT',
  ])
    await promoted.query(statement);
}

for (const { major, walLevel } of matrix([10, 18], ['logical', 'replica'])) {
  describe(`PostgreSQL ${major}, wal_level=${walLevel}, nothing but WAL of the old primary`, {
    timeout: 300_000,
  }, () => {
    let built: BuiltIncident;

    test('an incident happens, and the new primary rebuilds its catalog', async () => {
      const ddl = new StraddlingDdl();
      built = await buildWorkload(major, walLevel, {
        shared: (old) => ddl.begin(old),
        lostFirst: () => ddl.commit(),
        lostLast: changeTablesAlone,
        after: rebuildEverything,
      });
    });

    test('every lost transaction has the rows that the server decodes', async () => {
      const incident = await read(archiveOf(built.oldDataDirectory), built.newDataDirectory);
      if (built.truth.transactions) assertEqualsTruth(incident, withoutRewrites(built.truth.transactions));
      assert.ok(incident.length > 100);
      assert.equal(incident.progress().loss.undecodable, 0);
      incident.close();
    });

    test('they are the rows that the old data directory gives', async () => {
      const whole = await read(built.oldDataDirectory, built.newDataDirectory);
      const incident = await read(archiveOf(built.oldDataDirectory), built.newDataDirectory);
      assert.deepEqual(rowsOf(incident), rowsOf(whole));
      incident.close();
      whole.close();
    });
  });
}
