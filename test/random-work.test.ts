/**
 * Incidents that nobody wrote: random tables and random work from a seed, held against the server's own decoding, the exported redo and
 * undo applied to real servers. FORKPOINT_SEEDS=1-20 (or 3,7) tries others than the one that is tried each time,
 * FORKPOINT_LENGTH=5 has five times as much lost in each.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { type TableHashes, tableContents } from './servers/truth.js';
import { assertEqualsTruth, assertOldRowsComplete, readIncident } from './support/against-the-server.js';
import { definitions } from './support/definitions.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors, walLevels } from './support/matrix.js';
import { RandomWork } from './support/random-work.js';
import type { DatabaseRows } from './support/recorded.js';
import { assertRoadsAgree } from './support/roads.js';
import { assertToldVerdicts, readSides } from './support/told-verdicts.js';
import { assertVerdicts } from './support/verdict-truth.js';

after(stopAllServers);

function seedsOf(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

const SEEDS = seedsOf(process.env['FORKPOINT_SEEDS'] ?? '3');
const LENGTH = Number(process.env['FORKPOINT_LENGTH'] ?? '1');
const MAJORS = majors(16);
const WAL_LEVELS = walLevels('logical', 'replica');

function without(hashes: TableHashes, tables: ReadonlySet<string>): TableHashes {
  return Object.fromEntries(Object.entries(hashes).filter(([name]) => !tables.has(name)));
}

async function contentsOf(server: Server): Promise<DatabaseRows> {
  return { postgres: await tableContents(await server.connect()) };
}

/** Transactions prepared before the crash hold their locks on any copy that is started. */
async function rollBackPrepared(server: Server): Promise<void> {
  for (const { gid } of await server.query('SELECT gid FROM pg_prepared_xacts'))
    await server.query(`ROLLBACK PREPARED '${gid}'`);
}

for (const seed of SEEDS) {
  const major = MAJORS[seed % MAJORS.length];
  const walLevel = WAL_LEVELS[Math.floor(seed / MAJORS.length) % WAL_LEVELS.length];
  // Every third changes tables in what is lost as well: then redo repeats its DDL too.
  const ddl = seed % 3 === 0;

  describe(`random work of seed ${seed}, PostgreSQL ${major}, wal_level=${walLevel}${ddl ? ', with DDL' : ''}`, {
    timeout: 600_000,
  }, () => {
    const work = new RandomWork({ major, seed, ddl, length: LENGTH });
    let built: BuiltIncident;

    test('an incident happens', async (context) => {
      built = await buildIncident({
        major,
        walLevel,
        walSegmentSizeMb: major >= 11 ? 1 : undefined,
        settings: {
          ...(major >= 13 ? { wal_keep_size: '512MB' } : { wal_keep_segments: 512 }),
          ...(seed % 2 === 0 ? { wal_compression: 'on' } : {}),
        },
        before: (old) => work.setUp(old),
        shared: (old) => work.workShared(old),
        lost: (old) => work.workAlone(old),
        after: (promoted) => work.workOnNewPrimary(promoted),
      });
      context.diagnostic(work.summary);
    });

    test('every lost transaction is the server’s, every old row is known, nothing is undecodable', async () => {
      const incident = await readIncident(built);
      try {
        const [unlogged, ...warnings] = incident.overview().warnings;
        assert.match(unlogged, /1 unlogged table \(postgres: public\.unlogged\)/);
        assert.deepEqual(warnings, []);
        assert.equal(incident.progress().loss.undecodable, 0);
        if (built.truth.transactions) assertEqualsTruth(incident, built.truth.transactions);
        assertOldRowsComplete(incident);
      } finally {
        incident.close();
      }
    });

    test('no verdict told without rows, or with some rows told by their places, differs from the full judgement', async (context) => {
      const sides = await readSides(built);
      context.diagnostic(`${await assertToldVerdicts(sides)} told without rows`);
      sides.close();
    });

    test('every road tells the same of it, to the byte', async (context) => {
      context.diagnostic(`${await assertRoadsAgree(built)} written while WAL was read`);
    });

    test('redo makes the new primary’s tables the old one’s', async () => {
      const { sql, summary } = await exportSql(built, { guard: true, ddl });
      const fork = await built.startAtFork();
      await rollBackPrepared(fork);
      await runSql(fork, sql);
      assert.deepEqual(await serverHashes(fork), built.truth.oldHashes);
      const old = await built.startOld();
      await rollBackPrepared(old);
      assert.deepEqual(await definitions(fork), await definitions(old));
      await Promise.all([fork.stop('immediate'), old.stop('immediate')]);
      assert.deepEqual(
        summary.leftOutReasons.filter(
          (reason) =>
            !/^(\d+ × )?xid \d+ is in doubt:|existing rows got values of a default that is computed/.test(
              reason,
            ),
        ),
        [],
      );
    });

    // Dropped columns and truncated rows are nowhere to be had from, and what changed the catalog is not compared.
    if (ddl) return;

    test('verdicts are what the new primary’s tables say', async (context) => {
      const fresh = await built.startNew();
      const contents = await contentsOf(fresh);
      await fresh.stop('immediate');
      const incident = await readIncident(built);
      try {
        await incident.judge();
        const met = await assertVerdicts(incident, contents);
        context.diagnostic(`verdicts: ${JSON.stringify(Object.fromEntries(met))}`);
      } finally {
        incident.close();
      }
    });

    test('undo makes the old primary’s tables what they were', async () => {
      const undo = await exportSql(built, { undo: true });
      const old = await built.startOld();
      await rollBackPrepared(old);
      await runSql(old, undo.sql);
      assert.deepEqual(
        without((await serverHashes(old))['postgres'], work.truncated),
        without(built.truth.forkHashes['postgres'], work.truncated),
      );
      await old.stop('immediate');
    });
  });
}
