/** Which file is read for which position, out of several places, and why none is. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatLsn } from '../source/bytes/lsn.js';
import { withCommonHistory } from '../source/wal/common-history.js';
import { openWalSegments } from '../source/wal/places.js';
import { segmentFileName } from '../source/wal/segment-name.js';
import type { TimelineSpan } from '../source/wal/timeline-span.js';
import { scratchDirectory } from './support/scratch.js';
import { complaint } from './support/sentences.js';

const scratch = scratchDirectory('places');
after(() => rmSync(scratch, { recursive: true, force: true }));

const MIB = 1024 * 1024;

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

  test('a first page that is not what the second one says is damaged: nothing was recycled, and WAL does not end before it', () => {
    const directory = join(scratch, 'first-pages');
    mkdirSync(directory);
    const second = (path: string, address: number) => {
      const bytes = readFileSync(path);
      bytes.writeBigUInt64LE(BigInt(address), 8192 + 8);
      writeFileSync(path, bytes);
    };
    second(fakeSegment(directory, name(1, 14), { address: 6 * MIB }), 14 * MIB + 8192);
    second(fakeSegment(directory, name(1, 15), { address: 2 ** 62 + 15 * MIB }), 15 * MIB + 8192);
    fakeSegment(directory, name(1, 16), { address: 2 ** 62 + 16 * MIB });
    writeFileSync(join(directory, name(1, 17)), Buffer.alloc(MIB));
    second(join(directory, name(1, 17)), 17 * MIB + 8192);
    second(fakeSegment(directory, name(1, 18), { address: 6 * MIB }), 6 * MIB + 8192);
    const wal = open([span(1, 0)], directory);
    const expected: readonly (readonly [number, RegExp, boolean])[] = [
      [14, /missing: damaged: its first page carries address 0\/600000, expected 0\/E00000/, true],
      [15, /missing: damaged: its first page carries address beyond 2\^53, expected/, true],
      [16, /foreign: misplaced: its pages carry address beyond 2\^53/, true],
      [17, /missing: damaged: its first page begins with zeros/, true],
      [18, /recycled: recycled: its pages carry address 0\/600000, expected 0\/1200000/, false],
    ];
    for (const [megabyte, said, broken] of expected) {
      assert.match(reason(wal, megabyte), said);
      const found = wal.at(megabyte * MIB);
      assert.equal('missing' in found && found.broken, broken);
    }
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
