/** The fork of two histories: of real servers, and of what may go wrong with a failover. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { formatLsn } from '../source/bytes/lsn.js';
import { openSides } from '../source/incident/sides.js';
import { LiveServer } from '../source/server/live-server.js';
import { compareSides } from '../source/timeline/compare-sides.js';
import { probeDataDirectory } from '../source/timeline/probe.js';
import { WalReader } from '../source/wal/reader.js';
import { segmentFileName } from '../source/wal/segment-name.js';
import { initdb, type Server } from './servers/server.js';
import { scratchDirectory } from './support/scratch.js';
import { lsn } from './support/sentences.js';

const scratch = scratchDirectory('timeline');
after(() => rmSync(scratch, { recursive: true, force: true }));

const MIB = 1024 * 1024;

describe('a failover, and what may go wrong with it', () => {
  const MAJOR = 17;
  let old: Server;
  /** The promoted standby. */
  let fresh: Server;
  /** The same standby before its promotion, and another copy promoted by itself at the same place. */
  let behind: Server;
  let twin: Server;
  /** The old primary, promoted by itself later to the same number. */
  let promotedOld: Server;
  let reached: number;
  let switchPoint: number;

  const position = async (server: Server): Promise<number> =>
    lsn((await server.query<{ lsn: string }>('SELECT pg_current_wal_lsn()::text AS lsn'))[0].lsn);
  const work = (server: Server, from: number, text: string) =>
    server.query(`INSERT INTO t SELECT g, '${text}' FROM generate_series(${from}, ${from + 99}) g`);
  const sides = async (one: Server | string, two: Server | string) => {
    const path = (side: Server | string): string => (typeof side === 'string' ? side : side.dataDirectory);
    const opened = await openSides({ old: path(one), new: path(two) });
    await opened.server?.close();
    return opened;
  };

  before(async () => {
    old = await initdb(MAJOR, {
      walSegmentSizeMb: 1,
      settings: { wal_level: 'logical', wal_keep_size: '64MB' },
    });
    await old.start();
    await old.query('CREATE TABLE t (id int PRIMARY KEY, v text)');
    await work(old, 1, 'loaded');
    await old.stop();
    fresh = await old.copyAsStandby();
    await old.start();
    await fresh.start();
    await work(old, 1001, 'common');
    // More than a segment, so that there is one before the fork's.
    await old.query('CREATE TABLE bulk AS SELECT g FROM generate_series(1, 25000) g');
    await fresh.caughtUpWith(old);
    await fresh.stop();
    behind = await fresh.copy();
    twin = await fresh.copy();
    await work(old, 2001, 'lost');
    reached = await position(old);
    await old.stop('kill');

    promotedOld = await old.copy();
    writeFileSync(join(promotedOld.dataDirectory, 'standby.signal'), '');
    for (const [server, from] of [
      [promotedOld, 6001],
      [twin, 5001],
      [fresh, 4001],
    ] as const) {
      await server.start();
      await server.promote();
      await work(server, from, 'after');
      if (server !== fresh) await server.stop();
    }
    const text = readFileSync(join(fresh.dataDirectory, 'pg_wal', '00000002.history'), 'utf8');
    switchPoint = lsn(text.split('\t')[1]);
  });

  after(async () => {
    await fresh?.stop('immediate');
  });

  test('the fork is where the new primary left the timeline', async () => {
    const { overview, oldSegments, newSegments } = await sides(old, fresh);
    const { fork } = overview;
    assert.equal(formatLsn(fork.lsn), formatLsn(switchPoint));
    assert.equal(fork.timeline, 1);
    assert.equal(fork.diverged, true);
    assert.ok(fork.time !== undefined && fork.time > 0);
    assert.ok(
      fork.evidence.some((sentence) => /bytes of WAL before it, .*are the same/.test(sentence)),
      fork.evidence.join(),
    );
    assert.ok(fork.evidence.some((sentence) => sentence.includes('from the fork on the two differ')));
    assert.equal(overview.swapped, undefined);
    assert.equal(overview.old.state, 'in production');
    assert.equal(overview.new.timeline, 2);
    assert.equal(overview.new.running, true);
    assert.deepEqual(
      overview.new.history.map((entry) => entry.timeline),
      [1],
    );
    assert.ok(overview.old.segments.some((segment) => segment.state === 'present'));

    const reader = new WalReader(oldSegments);
    assert.ok(reader.readAt(fork.lsn));
    while (reader.next());
    assert.ok(reader.position >= reached, `${formatLsn(reader.position)} < ${formatLsn(reached)}`);
    const newReader = new WalReader(newSegments!);
    assert.ok(newReader.readAt(fork.lsn));
  });

  test('swapped sides are noticed', async () => {
    const { overview } = await sides(fresh, old);
    assert.match(
      overview.swapped ?? '',
      /old side was promoted to timeline 2 .*new side is still on timeline 1/,
    );
    const { swapped, refusals } = compareSides(
      probeDataDirectory(fresh.dataDirectory),
      probeDataDirectory(old.dataDirectory),
    );
    assert.deepEqual(refusals, []);
    assert.ok(swapped);
  });

  test('both promoted to the same number at different places', async () => {
    const { overview } = await sides(promotedOld, fresh);
    assert.equal(formatLsn(overview.fork.lsn), formatLsn(switchPoint));
    assert.equal(overview.fork.diverged, true);
    assert.match(overview.fork.evidence[0], /independently under the same number/);
  });

  test('both promoted to the same number at the same place', async () => {
    const { overview } = await sides(twin, fresh);
    assert.equal(formatLsn(overview.fork.lsn), formatLsn(switchPoint));
    assert.equal(overview.fork.timeline, 2);
    assert.equal(overview.fork.diverged, true);
    assert.ok(overview.fork.evidence.some((sentence) => sentence.includes('both went on by themselves')));
  });

  test('a new side that was never promoted ends at the fork', async () => {
    const { overview } = await sides(old, behind);
    assert.equal(formatLsn(overview.fork.lsn), formatLsn(switchPoint));
    assert.equal(overview.fork.diverged, true);
    assert.match(overview.warnings.join(), /standby that was not promoted/);
  });

  test('an old side that is plainly behind lost nothing', async () => {
    const { overview } = await sides(behind, fresh);
    assert.equal(overview.fork.diverged, false);
    assert.match(overview.fork.evidence.join(), /the new primary has everything it had/);
    const same = await sides(behind, old);
    assert.equal(same.overview.fork.diverged, false);
  });

  test('a directory of WAL stands for the old side', async () => {
    const { overview } = await sides(join(old.dataDirectory, 'pg_wal'), fresh);
    assert.equal(formatLsn(overview.fork.lsn), formatLsn(switchPoint));
    assert.equal(overview.old.kind, 'wal-directory');
    assert.equal(overview.old.timeline, 1);
    const archive = join(scratch, 'shared-archive');
    cpSync(join(old.dataDirectory, 'pg_wal'), archive, { recursive: true });
    cpSync(join(fresh.dataDirectory, 'pg_wal'), archive, { recursive: true, force: false });
    const shared = await sides(archive, fresh);
    assert.equal(shared.overview.old.timeline, 1);
    assert.equal(formatLsn(shared.overview.fork.lsn), formatLsn(switchPoint));
  });

  test('a missing history file is made up for by the other side, or named', async () => {
    const copy = join(scratch, 'no-history');
    cpSync(fresh.dataDirectory, copy, { recursive: true });
    rmSync(join(copy, 'pg_wal', '00000002.history'));
    await assert.rejects(sides(old.dataDirectory, copy), /share no timeline.*00000002\.history/);
    const again = await openSides({
      old: old.dataDirectory,
      new: copy,
      newWal: [join(fresh.dataDirectory, 'pg_wal')],
    });
    assert.equal(formatLsn(again.overview.fork.lsn), formatLsn(switchPoint));
    const named = await openSides({ old: old.dataDirectory, new: copy, fork: switchPoint });
    assert.match(named.overview.fork.evidence[0], /named by hand/);
  });

  test('the other side lends no WAL from the fork on', async () => {
    const bare = join(scratch, 'bare-old');
    cpSync(old.dataDirectory, bare, { recursive: true });
    for (let at = switchPoint - MIB; at <= switchPoint; at += MIB) {
      rmSync(join(bare, 'pg_wal', segmentFileName(1, at, MIB)));
    }
    const { oldSegments, overview } = await sides(bare, fresh);
    assert.match(overview.fork.evidence.join(), /the old primary's WAL is missing at the fork/i);
    const reader = new WalReader(oldSegments);
    const forkSegment = switchPoint - (switchPoint % MIB);
    assert.ok(reader.seekFirstRecord(forkSegment - MIB));
    while (reader.next()) assert.ok(reader.lsn < forkSegment);
    assert.equal(reader.end?.kind, 'missing');
    const lacking = overview.old.segments.find((segment) => segment.startLsn === forkSegment);
    assert.equal(lacking?.state, 'missing');
  });

  test('other clusters, other versions and the same directory twice are refused', async () => {
    await assert.rejects(sides(old, old), /both sides are the same directory/);
    await assert.rejects(sides(old, join(old.dataDirectory, 'pg_wal')), /one side lies within the other/);
    const other = await initdb(16, { walSegmentSizeMb: 1 });
    await assert.rejects(sides(old, other), /different clusters: .*\d+.*\d+; different versions: .*17.*16/);
    await assert.rejects(
      sides('postgres://u:secret@h/db', other),
      (error: Error) => !error.message.includes('secret'),
    );
  });

  test('a live server stands for the new primary', async () => {
    const { overview, newSegments } = await sides(old, fresh.url);
    assert.equal(formatLsn(overview.fork.lsn), formatLsn(switchPoint));
    assert.equal(overview.new.kind, 'server');
    assert.equal(overview.new.state, 'in production');
    assert.equal(newSegments, undefined);
    assert.match(overview.fork.evidence.join(), /Not verified in WAL/);

    await fresh.query(`CREATE ROLE limited LOGIN PASSWORD 'hidden'; CREATE ROLE walker LOGIN REPLICATION;
      CREATE TABLE odd ("a ""b" numeric, b box, c text, PRIMARY KEY ("a ""b", c));
      INSERT INTO odd VALUES (1.50, '(1,1),(0,0)', 'x'), (2, NULL, E'y\\n''z');
      CREATE TABLE loose (a int, b text); INSERT INTO loose VALUES (NULL, 'n'), (1, NULL), (1, NULL);`);
    const server = await LiveServer.open(fresh.url);
    try {
      const asked = async (table: string, columns: string[], keys: (string | null)[][]) => {
        const answer = await server.rowsByKey('postgres', 'public', table, columns, keys);
        return answer.found ? Object.fromEntries(answer.rows) : answer.reason;
      };
      assert.deepEqual(
        await asked(
          'odd',
          ['a "b', 'c'],
          [
            ['1.5', 'x'],
            ['9', 'x'],
            ['2', "y\n'z"],
          ],
        ),
        {
          0: [['1.50', '(1,1),(0,0)', 'x']],
          2: [['2', null, "y\n'z"]],
        },
      );
      // Boxes of the same area are not the same.
      assert.deepEqual(
        await asked(
          'odd',
          ['b', 'c'],
          [
            ['(2,0.5),(1,-0.5)', 'x'],
            ['(1,1),(0,0)', 'x'],
            [null, "y\n'z"],
          ],
        ),
        {
          1: [['1.50', '(1,1),(0,0)', 'x']],
          2: [['2', null, "y\n'z"]],
        },
      );
      assert.deepEqual(
        await asked(
          'loose',
          ['a', 'b'],
          [
            [null, 'n'],
            ['1', null],
          ],
        ),
        {
          0: [[null, 'n']],
          1: [
            ['1', null],
            ['1', null],
          ],
        },
      );
      assert.match(String(await asked('nothing', ['a'], [['1']])), /no table public.nothing/);
      assert.match(String(await asked('odd', ['z'], [['1']])), /no column z/);
      assert.match(String(await asked('loose', ['a'], [['x']])), /no value of its type/);
      const keys = Array.from({ length: 2500 }, (_, index) => [String(index * 2)]);
      const many = await asked('t', ['id'], keys);
      assert.equal(Object.keys(many).length, 150);
      const elsewhere = await server.rowsByKey('nowhere', 'public', 't', ['id'], [['1']]);
      assert.deepEqual(elsewhere, { found: false, reason: 'there is no database nowhere' });
    } finally {
      await server.close();
    }
    const as = (user: string): string => fresh.url.replace('postgres@', `${user}@`);
    const walker = await LiveServer.open(as('walker'));
    assert.equal(walker.facts.missingHistory, undefined);
    assert.equal(walker.facts.history.length, 2);
    await walker.close();
    const limited = await LiveServer.open(as('limited:hidden'));
    assert.match(limited.facts.missingHistory ?? '', /00000002\.history/);
    assert.ok(!limited.facts.url.includes('hidden'));
    await assert.rejects(
      limited.rowsByKey('postgres', 'public', 't', ['id'], [['1']]),
      (error: Error) => /permission denied/.test(error.message) && !error.message.includes('hidden'),
    );
    await limited.close();
    await assert.rejects(LiveServer.open('postgres://u:hidden@127.0.0.1:1/x'), (error: Error) => {
      return (
        error instanceof ForkpointError &&
        /ECONNREFUSED/.test(error.message) &&
        !error.message.includes('hidden')
      );
    });
  });
});
