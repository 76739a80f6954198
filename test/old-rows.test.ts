/**
 * Old rows whose page's past is not in the WAL at hand: found on the old primary's disk or on the new one's when something there proves
 * that it is them, else said to be unknown, with what WAL would help. Never a wrong one.
 */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Lsn } from '../source/bytes/lsn.js';
import { isUnknown, type RowChange } from '../source/rows/row-change.js';
import { segmentFileName } from '../source/wal/segment-name.js';
import { type BuiltIncident, buildIncident, type IncidentOptions, serverHashes } from './servers/incident.js';
import { type Server, stopAllServers } from './servers/server.js';
import { everythingLost, readIncident } from './support/against-the-server.js';
import { exportSql, runSql } from './support/exported-sql.js';
import { majors } from './support/matrix.js';
import { seeded } from './support/seeded.js';
import { compareWithTruth, type Snapshot, snapshot } from './support/tracked-table.js';

after(stopAllServers);

const MAJORS = majors(14, 18);

/** Of random work; more by hand: FORKPOINT_SEEDS=1,2,3. */
const SEEDS = (process.env['FORKPOINT_SEEDS'] ?? '2').split(',').map(Number);

const SEGMENT = 1024 * 1024;

interface Scene extends Pick<IncidentOptions, 'after' | 'checksums' | 'crash'> {
  readonly major: number;
  /** What is lost, a transaction each; LOST when not given. */
  readonly lost?: readonly string[];
  readonly fullPageWrites?: boolean;
  /** Somebody's old snapshot keeps dead rows from being cleaned away. */
  readonly keepDead?: boolean;
  /** Put the table into a tablespace of its own, within the data directory (15 and later). */
  readonly tablespace?: boolean;
  /** On the old primary behind the lost statements. */
  readonly finally?: readonly string[];
}

interface Played {
  readonly built: BuiltIncident;
  /** The table's rows at the fork, and after each lost statement. */
  readonly moments: readonly Snapshot[];
}

/** What is lost, a transaction each. */
const LOST = [
  `UPDATE tracked SET word = word || '-lost' WHERE id BETWEEN 11 AND 60`,
  `UPDATE tracked SET number = -number WHERE id BETWEEN 41 AND 90`,
  `DELETE FROM tracked WHERE id BETWEEN 31 AND 50 OR id BETWEEN 200 AND 229`,
];

/**
 * Rows are loaded and touched, WAL moves on by some segments, the standby is cut off, and a hundred rows are updated (most of them as
 * differences from the old row) and fifty deleted. Then all WAL before the fork's segment goes away, on both sides.
 */
async function play(scene: Scene): Promise<Played> {
  const { major } = scene;
  const moments: Snapshot[] = [];
  const built = await buildIncident({
    major,
    walLevel: 'replica',
    walSegmentSizeMb: major >= 11 ? 1 : undefined,
    checksums: scene.checksums,
    crash: scene.crash,
    settings: {
      autovacuum: 'off',
      checkpoint_timeout: '1h',
      max_wal_size: '1GB',
      ...(scene.tablespace ? { allow_in_place_tablespaces: 'on' } : {}),
      full_page_writes: scene.fullPageWrites === false ? 'off' : 'on',
    },
    before: async (old) => {
      await old.query(`CREATE TABLE tracked (id int, word text, number int, filler text)`);
      if (scene.tablespace) {
        await old.query(`CREATE TABLESPACE beside LOCATION ''`);
        await old.query('ALTER TABLE tracked SET TABLESPACE beside');
      }
      await old.query(
        `INSERT INTO tracked SELECT i, 'word' || i, i * 7, repeat('f', 100) FROM generate_series(1, 400) AS i`,
      );
      await old.query('CHECKPOINT');
    },
    shared: async (old) => {
      await old.query('CHECKPOINT');
      await old.query(`UPDATE tracked SET number = number + 1 WHERE id % 10 = 0`);
      for (let i = 0; i < 4; i++) {
        await old.query(`CREATE TABLE gap${i} AS SELECT repeat('g', 900) FROM generate_series(1, 600)`);
        await old.query('SELECT pg_switch_wal()');
      }
      moments.push(await snapshot(old, 'tracked'));
    },
    lost: async (old) => {
      if (scene.keepDead) {
        const reader = await old.connect();
        await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM tracked');
        // Two hold some rows, so that who updates them shares t_xmax with both.
        for (let i = 0; i < 2; i++) {
          const locker = await old.connect();
          await locker.query('BEGIN; SELECT FROM tracked WHERE id BETWEEN 55 AND 65 FOR KEY SHARE');
        }
      }
      for (const statement of scene.lost ?? LOST) {
        if (!/tracked/.test(statement) || /^VACUUM/.test(statement)) {
          await old.query(statement);
          continue;
        }
        await old.query(statement);
        const now = await snapshot(old, 'tracked');
        const last = moments[moments.length - 1];
        if (now.size !== last.size || [...now].some(([id, row]) => last.get(id) !== row)) moments.push(now);
      }
      for (const statement of scene.finally ?? []) await old.query(statement);
    },
    after: scene.after,
  });
  removeWalBefore(built, built.fork);
  return { built, moments };
}

function removeWalBefore(built: BuiltIncident, fork: Lsn): void {
  const segment = built.major >= 11 ? SEGMENT : 16 * SEGMENT;
  const first = segmentFileName(1, fork, segment).slice(8);
  for (const directory of [built.oldDataDirectory, built.newDataDirectory]) {
    const wal = join(directory, 'pg_wal');
    for (const name of readdirSync(wal)) {
      if (/^[0-9A-F]{24}/.test(name) && name.slice(8, 24) < first) rmSync(join(wal, name));
    }
  }
}

/** Work as it comes: rows changed, removed and added, places cleaned and used again, pages flushed now and then. */
function randomWork(seed: number, length: number): string[] {
  const random = seeded(seed);
  let next = seed * 10_000;
  return Array.from({ length }, () => {
    const from = random(400);
    const range = `id BETWEEN ${from} AND ${from + random(30)}`;
    switch (random(10)) {
      case 1:
        return 'VACUUM tracked';
      case 2:
        return 'CHECKPOINT';
      case 3:
      case 4:
        return `DELETE FROM tracked WHERE ${range}`;
      case 5:
      case 6: {
        const count = random(20);
        next += count;
        return `INSERT INTO tracked SELECT ${next} - i, 'word', ${seed}, repeat('i', 100) FROM generate_series(1, ${count}) AS i`;
      }
      default:
        return `UPDATE tracked SET word = word || '${random(9)}', number = number + ${random(5)} WHERE ${range}`;
    }
  });
}

/** After the promotion: rows that were lost are written here too, cleaned away, and their places given to others. */
async function disturb(server: Server): Promise<void> {
  await server.query(`UPDATE tracked SET word = 'new' WHERE id BETWEEN 21 AND 35`);
  await server.query(`DELETE FROM tracked WHERE id BETWEEN 55 AND 70 OR id BETWEEN 210 AND 219`);
  await server.query('VACUUM tracked');
  await server.query(
    `INSERT INTO tracked SELECT 1000 + i, 'other' || i, i, repeat('o', 100) FROM generate_series(1, 60) AS i`,
  );
}

/** Documents too long for their rows, whose text no lost update of the first kind touches. */
async function playDocuments(major: number): Promise<BuiltIncident> {
  const built = await buildIncident({
    major,
    walLevel: 'replica',
    walSegmentSizeMb: major >= 11 ? 1 : undefined,
    settings: { autovacuum: 'off', checkpoint_timeout: '1h' },
    before: async (old) => {
      await old.query('CREATE TABLE documents (id int PRIMARY KEY, text text, number int)');
      await old.query('ALTER TABLE documents ALTER text SET STORAGE EXTERNAL');
      await old.query(
        `INSERT INTO documents SELECT i, repeat('text ' || i || ' ', 900), 0 FROM generate_series(1, 9) AS i`,
      );
    },
    shared: async (old) => {
      await old.query('CHECKPOINT');
      await old.query('SELECT pg_switch_wal()');
    },
    lost: async (old) => {
      await old.query('UPDATE documents SET number = id');
      await old.query(`UPDATE documents SET text = repeat('lost ' || id || ' ', 800) WHERE id > 3`);
      await old.query('VACUUM documents');
      await old.query('CHECKPOINT');
    },
    after: async (server) => {
      await server.query(`UPDATE documents SET text = 'new' WHERE id > 6`);
      await server.query('VACUUM documents');
    },
  });
  removeWalBefore(built, built.fork);
  return built;
}

for (const major of MAJORS) {
  describe(`PostgreSQL ${major}, WAL from before the fork is gone`, { timeout: 180_000 }, () => {
    test('the new primary, where nothing was written since, still has every old row', async () => {
      const { built, moments } = await play({ major, tablespace: major >= 15 });
      const incident = await readIncident(built);
      const { exact, problems } = compareWithTruth(incident, 'tracked', moments);
      assert.deepEqual(problems, []);
      assert.equal(exact, 150);
      assert.equal(incident.progress().loss.undecodable, 0);
      incident.close();
    });

    test('places that the new primary cleaned and used again are not mistaken for the row', async () => {
      const { built, moments } = await play({ major, after: disturb });
      const incident = await readIncident(built);
      const { exact, problems } = compareWithTruth(incident, 'tracked', moments);
      assert.ok(exact > 60 && problems.length > 0, `${exact} told, ${problems.length} not`);
      assert.equal(incident.progress().loss.undecodable, problems.length);
      incident.close();
    });

    test('what the new primary has lost the old one proves by its dead rows', async () => {
      const { built, moments } = await play({
        major,
        keepDead: true,
        finally: ['CHECKPOINT'],
        after: async (server) => {
          await server.query('VACUUM FULL tracked');
          await server.query('CHECKPOINT');
        },
      });
      const incident = await readIncident(built);
      const { exact, problems } = compareWithTruth(incident, 'tracked', moments);
      assert.deepEqual(problems, []);
      assert.equal(exact, 150);
      incident.close();
    });

    test('a row that is really gone says so, is counted, and names the WAL that would help', async () => {
      const { built, moments } = await play({
        major,
        finally: ['VACUUM tracked', 'CHECKPOINT'],
        after: async (server) => {
          await server.query('VACUUM FULL tracked');
          await server.query('CHECKPOINT');
        },
      });
      const incident = await readIncident(built);
      const { problems } = compareWithTruth(incident, 'tracked', moments);
      assert.ok(problems.length > 30);
      assert.equal(incident.progress().loss.undecodable, problems.length);
      for (const problem of problems) {
        assert.match(problem, /on the old primary's disk it was cleaned away/);
        assert.match(problem, /needs segments before 0000000100000000[0-9A-F]{8}/);
      }
      incident.close();
      const { sql, summary } = await exportSql(built);
      assert.equal(summary.leftOut, problems.length);
      assert.match(sql, /LEFT OUT: .*needs segments before/);
    });

    test('what was done to a row of the catalog that is gone from everywhere is said not to be known, and counted', async () => {
      const { built } = await play({
        major,
        fullPageWrites: false,
        lost: [90, 80, 70].map((percent) => `ALTER TABLE tracked SET (fillfactor = ${percent})`),
        finally: ['VACUUM pg_class', 'CHECKPOINT'],
        after: async (server) => {
          for (const percent of [60, 50])
            await server.query(`ALTER TABLE tracked SET (fillfactor = ${percent})`);
          await server.query('VACUUM pg_class');
          await server.query('CHECKPOINT');
        },
      });
      const incident = await readIncident(built);
      const altered = everythingLost(incident).slice(0, 3);
      for (const { transaction, changes } of altered) {
        const untold = changes.filter((change) => change.kind === 'undecodable');
        assert.equal(transaction.undecodable, untold.length);
        assert.ok(changes.length > 0, `xid ${transaction.xid} said something to the catalog`);
        for (const change of changes)
          if (change.kind === 'catalog') assert.match(change.description, /catalog: |^alters table/);
      }
      assert.ok(altered.some(({ transaction }) => transaction.undecodable > 0));
      incident.close();
    });

    for (const seed of SEEDS) {
      test(`no row is told wrong after random work on both sides (seed ${seed})`, async () => {
        const { built, moments } = await play({
          major,
          lost: randomWork(seed, 40),
          checksums: seed % 3 !== 0,
          fullPageWrites: seed % 2 === 0,
          after: async (server) => {
            for (const statement of randomWork(seed + 1000, 40)) await server.query(statement);
          },
        });
        const incident = await readIncident(built);
        const { exact, problems } = compareWithTruth(incident, 'tracked', moments);
        assert.ok(exact > 0);
        assert.equal(incident.progress().loss.undecodable, problems.length);
        incident.close();
      });
    }

    test('a TOASTed value that an update left alone is found on either disk, else left alone by redo', async () => {
      const built = await playDocuments(major);
      const incident = await readIncident(built);
      const [first, second] = everythingLost(incident).map(({ changes }) => changes as RowChange[]);
      const texts = first.map(({ problem, after: row }) => {
        assert.equal(problem, undefined);
        return row?.[1];
      });
      // The old primary has the first three still, the new one the next three; the last three are cleaned away on both.
      for (let id = 1; id <= 6; id++) assert.equal(texts[id - 1], `text ${id} `.repeat(900));
      for (let id = 7; id <= 9; id++) {
        const text = texts[id - 1];
        assert.ok(text && isUnknown(text) && text.unknown === 'unchanged', `document ${id}`);
      }
      assert.deepEqual(
        second.map(({ after: row }) => row?.[1]),
        [4, 5, 6, 7, 8, 9].map((id) => `lost ${id} `.repeat(800)),
      );
      incident.close();
      const { sql, summary } = await exportSql(built);
      assert.equal(summary.leftOut, 0);
      const server = await built.startAtFork();
      await runSql(server, sql);
      assert.equal(
        (await serverHashes(server))['postgres']['public.documents'],
        built.truth.oldHashes['postgres']['public.documents'],
      );
      await server.stop('immediate');
    });

    test('full_page_writes was off: rows are told all the same', async () => {
      const { built, moments } = await play({ major, fullPageWrites: false });
      const incident = await readIncident(built);
      const { exact, problems } = compareWithTruth(incident, 'tracked', moments);
      assert.deepEqual(problems, []);
      assert.equal(exact, 150);
      incident.close();
    });
  });
}
