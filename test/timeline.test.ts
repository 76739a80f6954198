/** Control files, histories, the choice of WAL files, and the fork: against real servers and against bad input. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { formatLsn, parseLsn } from '../source/bytes/lsn.js';
import { openSides } from '../source/incident/sides.js';
import { LiveServer } from '../source/server/live-server.js';
import { compareSides } from '../source/timeline/compare-sides.js';
import { parseControlFile, readControlFile } from '../source/timeline/control-file.js';
import { completePath, proposeDataDirectories } from '../source/timeline/find-directories.js';
import { forkOfHistories } from '../source/timeline/fork.js';
import { historyWithoutParents, parseHistoryFile } from '../source/timeline/history-file.js';
import { probeDataDirectory } from '../source/timeline/probe.js';
import { withCommonHistory } from '../source/wal/common-history.js';
import { openWalSegments } from '../source/wal/places.js';
import { WalReader } from '../source/wal/reader.js';
import { parseSegmentFileName, segmentFileName } from '../source/wal/segment-name.js';
import type { TimelineSpan } from '../source/wal/timeline-span.js';
import { initdb, type Server } from './servers/server.js';
import { scratchDirectory } from './support/scratch.js';

const scratch = scratchDirectory('timeline');
after(() => rmSync(scratch, { recursive: true, force: true }));

const MIB = 1024 * 1024;

function lsn(text: string): number {
  const value = parseLsn(text);
  assert.notEqual(value, undefined, text);
  return value as number;
}

function complaint(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ForkpointError, String(error));
    return error.message;
  }
  return assert.fail('nothing was thrown');
}

describe('names of WAL files', () => {
  test('both ways, at any segment size', () => {
    for (const size of [MIB, 16 * MIB, 64 * MIB, 1024 * MIB]) {
      for (const start of [0, size, 0xffff_ffff + 1 - size, 0x1_0000_0000, 0x12_3456_0000_0000]) {
        const position = start - (start % size);
        const name = segmentFileName(11, position + 5, size);
        assert.deepEqual(parseSegmentFileName(name, size), {
          timeline: 11,
          startLsn: position,
          partial: false,
        });
      }
    }
    assert.equal(segmentFileName(1, lsn('0/B9DF928'), 16 * MIB), '00000001000000000000000B');
    assert.equal(parseSegmentFileName('00000001000000000000000B.partial', 16 * MIB)?.partial, true);
    assert.equal(parseSegmentFileName('000000010000000000000100', 16 * MIB), undefined);
    assert.equal(parseSegmentFileName('00000001.history', 16 * MIB), undefined);
  });
});

describe('history files', () => {
  test('comments, blank lines, reasons', () => {
    const text =
      '# made by hand\n\n1\t0/A000000\tno recovery target specified\n \t\n3\t0/B000028\tbefore 2026-01-01 00:00:00+00\n';
    assert.deepEqual(parseHistoryFile(text, 11, 'x'), [
      { timeline: 1, begin: 0, end: lsn('0/A000000'), reason: 'no recovery target specified' },
      {
        timeline: 3,
        begin: lsn('0/A000000'),
        end: lsn('0/B000028'),
        reason: 'before 2026-01-01 00:00:00+00',
      },
      { timeline: 11, begin: lsn('0/B000028'), end: Number.POSITIVE_INFINITY, reason: '' },
    ]);
  });

  test('each broken rule is said with file and line', () => {
    const broken = (text: string): string =>
      complaint(() => parseHistoryFile(text, 4, '/wal/00000004.history'));
    assert.match(broken('one\t0/1\n'), /expected a numeric timeline ID.*00000004\.history, line 1/);
    assert.match(broken('1\t0/1\n2\n'), /switchpoint location.*line 2/);
    assert.match(broken('1\t0-1\n'), /switchpoint location/);
    assert.match(broken('2\t0/1\n1\t0/2\n'), /increasing sequence \(after 2\).*line 2/);
    assert.match(broken('4\t0/1\n'), /less than the child timeline's ID, 4/);
    assert.match(broken('1\t0/2\n2\t0/1\n'), /timeline 2 began at 0\/2 and cannot end before that/);
    assert.match(broken('0\t0/2\n'), /from 1 to 4294967295/);
  });

  test('the fork of two histories is the earlier end of the last entry they share', () => {
    const history = (timeline: number, ...lines: string[]) =>
      parseHistoryFile(lines.join('\n'), timeline, 'x');
    const fork = (left: ReturnType<typeof history>, right: ReturnType<typeof history>) => {
      const found = forkOfHistories(left, right);
      return `${found.timeline} ${found.lsn === Number.POSITIVE_INFINITY ? '-' : formatLsn(found.lsn)}`;
    };
    const first = historyWithoutParents(1);
    assert.equal(fork(first, history(2, '1 0/50')), '1 0/50');
    // Both promoted, to different numbers, to the same number at different places, to the same number deep down.
    assert.equal(fork(history(2, '1 0/40'), history(3, '1 0/50')), '1 0/40');
    assert.equal(fork(history(2, '1 0/60'), history(2, '1 0/50')), '1 0/50');
    assert.equal(fork(history(5, '1 0/10', '2 0/30'), history(7, '1 0/10', '2 0/20', '5 0/28')), '2 0/20');
    assert.equal(
      fork(history(12, '1 0/10', '11 0/30'), history(13, '1 0/10', '11 0/30', '12 0/70')),
      '12 0/70',
    );
    // Nothing but bytes can tell.
    assert.equal(fork(history(2, '1 0/50'), history(2, '1 0/50')), '2 -');
    assert.match(
      complaint(() => fork(historyWithoutParents(2), history(3, '1 0/50'))),
      /share no timeline/,
    );
  });
});

/** Writes a segment that has nothing but a first page's header. */
function fakeSegment(
  directory: string,
  name: string,
  header: { timeline?: number; address: number; system?: bigint; size?: number; magic?: number },
  bytes = MIB,
): string {
  const content = Buffer.alloc(bytes);
  content.writeUInt16LE(header.magic ?? 0xd116, 0);
  content.writeUInt16LE(2, 2);
  content.writeUInt32LE(header.timeline ?? 1, 4);
  content.writeBigUInt64LE(BigInt(header.address), 8);
  content.writeBigUInt64LE(header.system ?? 77n, 24);
  content.writeUInt32LE(header.size ?? MIB, 32);
  content.writeUInt32LE(8192, 36);
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

describe('places of WAL', () => {
  const place = join(scratch, 'places');
  const archive = join(scratch, 'archive');
  const span = (timeline: number, begin: number, end = Number.POSITIVE_INFINITY): TimelineSpan => ({
    timeline,
    begin,
    end,
  });
  const open = (history: readonly TimelineSpan[], ...places: string[]) =>
    openWalSegments({
      places,
      history,
      segmentSize: MIB,
      pageSize: 8192,
      majorVersion: 17,
      systemIdentifier: '77',
    });
  const name = (timeline: number, megabyte: number): string => segmentFileName(timeline, megabyte * MIB, MIB);
  const reason = (wal: ReturnType<typeof open>, at: number): string => {
    const found = wal.at(at * MIB);
    return 'missing' in found ? `${found.state}: ${found.reason}` : assert.fail(`${found.path} was used`);
  };

  before(() => {
    mkdirSync(place);
    mkdirSync(archive);
    fakeSegment(place, name(1, 1), { address: MIB });
    fakeSegment(place, name(1, 2), { address: 40 * MIB });
    writeFileSync(join(place, name(1, 3)), Buffer.alloc(MIB));
    fakeSegment(place, name(1, 4), { address: 4 * MIB, system: 78n });
    fakeSegment(place, name(1, 5), { address: 5 * MIB }, 3 * 8192 + 100);
    fakeSegment(place, name(1, 6), { address: 6 * MIB, size: 16 * MIB });
    fakeSegment(place, name(1, 7), { address: 7 * MIB, magic: 0xd110 });
    fakeSegment(place, name(1, 8), { address: 8 * MIB, magic: 0xd200 });
    writeFileSync(join(place, name(1, 9)), 'short');
    writeFileSync(join(archive, `${name(1, 10)}.bz2`), 'BZh91AY and so on, of a segment');
    fakeSegment(place, `${name(1, 11)}.partial`, { address: 11 * MIB });
    fakeSegment(archive, name(1, 5), { address: 5 * MIB });
    fakeSegment(archive, name(1, 19), { address: 19 * MIB });
    fakeSegment(archive, name(1, 20), { address: 20 * MIB });
    fakeSegment(archive, name(2, 20), { address: 20 * MIB });
    fakeSegment(archive, name(2, 21), { address: 21 * MIB, timeline: 2 });
    fakeSegment(archive, name(1, 21), { address: 21 * MIB });
    fakeSegment(place, name(1, 30), { address: 3 * MIB });
  });

  test('files are told apart by their first page, and the reason is said', () => {
    const wal = open([span(1, 0)], place, archive);
    assert.equal('missing' in wal.at(MIB + 77), false);
    assert.match(
      reason(wal, 2),
      /foreign: misplaced: its pages carry address 0\/2800000, expected 0\/200000/,
    );
    assert.match(reason(wal, 3), /missing: pre-allocated and never written/);
    assert.match(reason(wal, 4), /foreign: .*system identifier is 78, expected 77/);
    assert.match(reason(wal, 6), /foreign: incorrect segment size/);
    assert.match(reason(wal, 7), /foreign: written by PostgreSQL 15, expected 17/);
    assert.match(reason(wal, 8), /foreign: invalid magic number D200/);
    assert.match(reason(wal, 9), /missing: truncated: the file has 5 bytes/);
    assert.match(
      reason(wal, 10),
      /compressed with bzip2, which is not read here: unpack it \(bunzip2 -k\) into a directory .*\.bz2/,
    );
    assert.match(reason(wal, 12), /missing: not found in /);
  });

  test('a whole copy is preferred to a truncated one, a truncated one ends at its last page', () => {
    const both = open([span(1, 0)], place, archive).at(5 * MIB);
    assert.ok(!('missing' in both) && both.path.startsWith(archive) && both.length === MIB);
    const wal = open([span(1, 0)], place);
    const alone = wal.at(5 * MIB);
    assert.ok(!('missing' in alone) && alone.length === 3 * 8192);
    const behind = wal.at(5 * MIB + 3 * 8192);
    assert.ok('missing' in behind && /readable only up to 0\/506000/.test(behind.reason));
    const partial = wal.at(11 * MIB);
    assert.ok(!('missing' in partial) && partial.partial);
  });

  test("the child's file holds the whole segment of a switch; the parent's serves up to it", () => {
    const history = [span(1, 0, 20 * MIB + 9000), span(2, 20 * MIB + 9000)];
    const wal = open(history, archive);
    for (const at of [20 * MIB, 20 * MIB + 9000, 20 * MIB + MIB - 1]) {
      const found = wal.at(at);
      assert.ok(!('missing' in found) && found.timeline === 2, formatLsn(at));
    }
    assert.equal(wal.timelineAt(20 * MIB + 8999), 1);
    assert.equal(wal.timelineAt(20 * MIB + 9000), 2);
    const next = wal.at(21 * MIB);
    assert.ok(!('missing' in next) && next.timeline === 2);

    const parentOnly = join(scratch, 'parent-only');
    mkdirSync(parentOnly);
    cpSync(join(archive, name(1, 20)), join(parentOnly, name(1, 20)));
    const without = open(history, parentOnly);
    const before = without.at(20 * MIB);
    assert.ok(!('missing' in before) && before.timeline === 1 && before.length === 8192);
    assert.ok('missing' in without.at(20 * MIB + 8192));
  });

  test('the old path ignores the child of the other node, before the fork the other node lends', () => {
    const fork = 20 * MIB + 9000;
    const old = open([span(1, 0)], place);
    const fresh = open([span(1, 0, fork), span(2, fork)], archive);
    const completed = withCommonHistory(old, fresh, fork);
    const own = completed.at(MIB);
    assert.ok(!('missing' in own) && own.path.startsWith(place));
    assert.ok('missing' in old.at(19 * MIB));
    const lent = completed.at(19 * MIB);
    assert.ok(!('missing' in lent) && lent.path.startsWith(archive));
    assert.ok('missing' in old.at(20 * MIB));
    assert.ok('missing' in completed.at(20 * MIB), 'the segment that holds the fork is not lent');
    assert.ok('missing' in completed.at(21 * MIB));
  });

  test('lists gaps, and leaves out recycled names behind the last segment', () => {
    const listed = open([span(1, 0)], place, archive).list();
    const last = listed[listed.length - 1];
    assert.equal(last.startLsn, 21 * MIB);
    const gap = listed.find((segment) => segment.startLsn === 12 * MIB);
    assert.ok(gap && 'missing' in gap && /nor are the 6 segments after it/.test(gap.reason));
  });

  test('a place that is not there is an error', () => {
    assert.match(
      complaint(() => open([span(1, 0)], join(scratch, 'nowhere'))),
      /does not exist.*nowhere/,
    );
  });
});

describe('bad input', () => {
  const refusal = (path: string): string => {
    const probe = probeDataDirectory(path);
    return probe.ok ? assert.fail(`${path} was taken`) : probe.reason;
  };
  const directory = (name: string, files: Readonly<Record<string, string>> = {}): string => {
    const path = join(scratch, 'bad', name);
    mkdirSync(path, { recursive: true });
    for (const [file, content] of Object.entries(files)) {
      mkdirSync(join(path, file, '..'), { recursive: true });
      writeFileSync(join(path, file), content);
    }
    return path;
  };

  test('each directory that is no side says why', () => {
    assert.match(refusal(join(scratch, 'nothing')), /nothing does not exist/);
    assert.match(refusal(join(directory('file', { a: '' }), 'a')), /is a file, not a directory/);
    assert.match(refusal(directory('empty')), /neither PG_VERSION nor WAL segments/);
    assert.match(
      refusal(directory('gz', { '000000010000000000000001.gz': 'x' })),
      /named like WAL segments, but none is one: 000000010000000000000001: truncated/,
    );
    directory('outer/15', { PG_VERSION: '15\n' });
    assert.match(refusal(join(scratch, 'bad', 'outer')), /look at .*outer\/15/);
    assert.match(refusal(directory('old', { PG_VERSION: '9.6\n' })), /unsupported version "9.6": .*10 to 18/);
    assert.match(refusal(directory('future', { PG_VERSION: '19\n' })), /unsupported version "19"/);
    assert.match(refusal(directory('bare', { PG_VERSION: '15\n' })), /global is missing/);
    assert.match(refusal(directory('nowal', { PG_VERSION: '15\n', 'global/x': '' })), /pg_wal is missing/);
    assert.match(
      refusal(directory('nocontrol', { PG_VERSION: '15\n', 'global/x': '', 'pg_wal/x': '' })),
      /global\/pg_control does not exist/,
    );
    const linked = directory('linked', { PG_VERSION: '15\n', 'global/pg_control': 'x' });
    symlinkSync(join(scratch, 'gone'), join(linked, 'pg_wal'));
    assert.match(refusal(linked), /pg_control is damaged: it has 1 bytes/);
    assert.match(
      refusal(directory('notwal', { '000000010000000000000001': 'x'.repeat(100) })),
      /named like WAL segments, but none is one: .*invalid magic number 7878/,
    );
  });

  test('permission denied names the file', {
    skip: process.getuid?.() === 0 && 'root may read everything',
  }, () => {
    const path = directory('closed', { PG_VERSION: '15\n' });
    rmSync(join(path, 'PG_VERSION'));
    writeFileSync(join(path, 'PG_VERSION'), '15', { mode: 0 });
    assert.match(refusal(path), /no permission to read .*PG_VERSION/);
  });

  test('paths are proposed and completed', () => {
    const base = directory('paths');
    directory('paths/data1', { PG_VERSION: '15\n' });
    directory('paths/data2');
    directory('paths/.hidden');
    assert.deepEqual(
      proposeDataDirectories({}, base).filter((path) => path.startsWith(base)),
      [join(base, 'data1')],
    );
    assert.deepEqual(proposeDataDirectories({ PGDATA: join(base, 'data1') }, '/')[0], join(base, 'data1'));
    assert.deepEqual(completePath(`${base}/da`, '/', '/'), [`${base}/data1`, `${base}/data2`]);
    assert.deepEqual(completePath('da', '/', base), ['data1', 'data2']);
    assert.deepEqual(completePath('~/', base, '/'), ['~/data1', '~/data2']);
    assert.deepEqual(completePath('.h', '/', base), ['.hidden']);
    assert.deepEqual(completePath('/no/such/', '/', '/'), []);
  });
});

describe('control files', () => {
  for (const major of [10, 11, 12, 13, 14, 15, 16, 17, 18]) {
    test(`of ${major}`, async () => {
      const server = await initdb(major, { walSegmentSizeMb: major > 10 ? 4 : undefined });
      const control = readControlFile(server.dataDirectory);
      assert.equal(control.majorVersion, major);
      assert.equal(control.state, 'shut down');
      assert.equal(control.walSegmentSize, (major > 10 ? 4 : 16) * MIB);
      assert.equal(control.dataChecksumVersion, 1);
      await server.start();
      const [row] = await server.query<Record<string, string>>(
        `SELECT s.system_identifier::text, s.catalog_version_no::text, c.checkpoint_lsn::text, c.redo_lsn::text,
                c.timeline_id::text, c.next_xid, c.next_oid::text, c.oldest_xid::text, c.oldest_active_xid::text,
                extract(epoch FROM c.checkpoint_time)::bigint::text AS time,
                i.max_toast_chunk_size::text AS toast, i.database_block_size::text AS page
           FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_init() i`,
      );
      const running = readControlFile(server.dataDirectory);
      assert.equal(running.state, 'in production');
      assert.equal(running.systemIdentifier, row.system_identifier);
      assert.equal(String(running.catalogVersion), row.catalog_version_no);
      assert.equal(formatLsn(running.checkpointLsn), row.checkpoint_lsn);
      assert.equal(formatLsn(running.checkpoint.redoLsn), row.redo_lsn);
      assert.equal(String(running.checkpoint.timeline), row.timeline_id);
      assert.equal(`${running.checkpoint.nextXidEpoch}:${running.checkpoint.nextXid}`, row.next_xid);
      assert.equal(String(running.checkpoint.nextOid), row.next_oid);
      assert.equal(String(running.checkpoint.oldestXid), row.oldest_xid);
      assert.equal(String(running.checkpoint.oldestActiveXid), row.oldest_active_xid);
      assert.equal(String(running.checkpoint.time / 1e6 + 946_684_800), row.time);
      assert.equal(String(running.toastChunkSize), row.toast);
      assert.equal(String(running.pageSize), row.page);
      const probe = probeDataDirectory(server.dataDirectory);
      assert.ok(
        probe.ok && probe.running && probe.warnings.some((text) => text.includes('A server is running')),
      );
      await server.stop('immediate');
      assert.equal(readControlFile(server.dataDirectory).state, 'in production');
      const crashed = probeDataDirectory(server.dataDirectory);
      assert.ok(crashed.ok && crashed.running === undefined);

      const bytes = readFileSync(join(server.dataDirectory, 'global', 'pg_control'));
      for (const at of [0, 17, 100, 250]) {
        const broken = Buffer.from(bytes);
        broken[at] ^= 1;
        assert.match(
          complaint(() => parseControlFile(broken, 'pg_control')),
          /is damaged: its CRC is [0-9A-F]{8}/,
        );
      }
      const unknown = Buffer.from(bytes);
      unknown.writeUInt32LE(1900, 8);
      assert.match(
        complaint(() => parseControlFile(unknown, 'x')),
        /version number 1900 is unknown/,
      );
      unknown.writeUInt32BE(bytes.readUInt32LE(8), 8);
      assert.match(
        complaint(() => parseControlFile(unknown, 'x')),
        /other byte order/,
      );
    });
  }
});

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
