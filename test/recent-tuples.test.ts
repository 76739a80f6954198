/** What old rows are found by: the log of who wrote them, the ring of tuples met before, the pages out of images. Each against a plain Map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FoundTuple } from '../source/transactions/found-tuple.js';
import { OldRowLog } from '../source/transactions/old-row-log.js';
import { RecentTuples } from '../source/transactions/recent-tuples.js';
import { RestoredPages } from '../source/transactions/restored-pages.js';
import { TemporaryFile } from '../source/transactions/temporary-file.js';

const MEGABYTE = 1 << 20;

/** A tuple that says whose it is in every byte. */
function tupleOf(writer: number, length: number): Buffer {
  const tuple = Buffer.alloc(length, writer / 8);
  if (length >= 8) tuple.writeDoubleLE(writer, 0);
  return tuple;
}

test('a recent tuple is found with its own bytes or not at all, and what was added lately is found', () => {
  const lsn = fc.oneof(fc.nat(3000), fc.nat(2 ** 40)).map((number) => 2 ** 33 + number * 8);
  const step = fc.tuple(lsn, fc.integer({ min: 1, max: 3 }), fc.oneof(fc.nat(200), fc.nat(9000)));
  let found = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 200, maxLength: 1500, size: 'max' }), fc.nat(), (steps, seed) => {
      const recent = new RecentTuples(MEGABYTE);
      const kept = new Map<number, readonly [offset: number, length: number]>();
      const into = new FoundTuple();
      const other = new FoundTuple();
      for (const [index, [writer, offset, length]] of steps.entries()) {
        const logged = { infomask2: writer % 65_536, infomask: length, hoff: 24, data: 3, end: 3 + length };
        const source = Buffer.concat([Buffer.from('abc'), tupleOf(writer, length)]);
        recent.keep(writer, offset, source, logged);
        kept.set(writer, [offset, length]);
        assert.ok(recent.find(writer, offset, into));
        const [asked] = steps[(seed + index * 7) % (index + 1)];
        const known = kept.get(asked) as readonly [number, number];
        assert.ok(!recent.find(asked, known[0] + 1, into), 'another line pointer');
        assert.ok(!recent.find(asked + 1, known[0], into), 'no LSN');
        if (!recent.find(asked, known[0], into)) continue;
        found++;
        // What was taken makes room for others only when another is.
        if (index % 3 === 0) {
          assert.ok(recent.take(asked, known[0], into));
          for (let more = 1; more < 4; more++) {
            const size = known[1];
            recent.keep(2 ** 34 + index * 80 + more * 8, 1, Buffer.alloc(size), {
              ...logged,
              data: 0,
              end: size,
            });
          }
        }
        // What was found stays while some more are added.
        for (let more = 0; more < 6; more++)
          recent.keep(8 * (more + 1), 1, Buffer.alloc(32_000), { ...logged, data: 0, end: 32_000 });
        assert.deepEqual(into.buffer.subarray(into.data, into.end), tupleOf(asked, known[1]));
        assert.deepEqual([into.infomask2, into.infomask, into.hoff], [asked % 65_536, known[1], 24]);
        assert.ok(!recent.find(asked, known[0] + 1, other));
      }
    }),
    { numRuns: 20 },
  );
  assert.ok(found > 500, `only ${found} were found`);

  const recent = new RecentTuples(MEGABYTE);
  const into = new FoundTuple();
  let missed = 0;
  for (let number = 1; number <= 100_000; number++) {
    const tuple = tupleOf(number * 8, 40);
    recent.keep(number * 8, 1, tuple, { infomask2: 1, infomask: 2, hoff: 24, data: 0, end: 40 });
    if (number > 1000 && !recent.find((number - 1000) * 8, 1, into)) missed++;
  }
  assert.ok(missed < 100, `${missed} of 100,000 were not found a thousand tuples later`);
  assert.ok(!recent.find(8, 1, into));
  assert.ok(!recent.find(0, 0, into));
});

test('the log of old rows gives back each change its writer, in whatever order they are asked for', () => {
  const file = new TemporaryFile();
  const log = new OldRowLog(file);
  const written: [lsn: number, writer: number][] = [];
  const count = 30_000;
  let lsn = 2 ** 35;
  for (let number = 0; number < count; number++) {
    lsn += 8 * (1 + (number % 5));
    const writer = number % 11 === 0 ? -(lsn - 64) : lsn - 80 - (number % 64) * 8;
    assert.ok(log.append(lsn, writer));
    written.push([lsn, writer]);
    // Asked while it is being filled.
    if (number % 1000 === 7) assert.equal(log.writerFor(written[number >> 1][0]), written[number >> 1][1]);
  }
  for (const [at, writer] of written) assert.equal(log.writerFor(at), writer);
  for (const [at, writer] of written)
    assert.equal(log.writerFor(at), writer, 'asked twice in a row, once more');
  for (const [at, writer] of written.toReversed()) assert.equal(log.writerFor(at), writer);
  for (let number = 0; number < count; number++) {
    const [at, writer] = written[(number * 7919) % count];
    assert.equal(log.writerFor(at), writer);
    assert.equal(log.writerFor(at + 4), 0);
    if (writer > 0) assert.ok(log.isWanted(writer));
  }
  assert.equal(log.writerFor(8), 0);
  assert.equal(log.writerFor(lsn + 8), 0);
  const unwanted = written.filter((_, number) => log.isWanted(2 ** 41 + number * 8));
  assert.ok(
    unwanted.length < count / 50,
    `${unwanted.length} of ${count} are wanted although nobody wants them`,
  );
  file.close();
});

test('pages out of images are kept under their record and place, and a page that is held stays as it is', () => {
  const pages = new RestoredPages(32_768);
  const most = 768;
  const relation = (fileNode: number) => ({ tablespaceOid: 1663, databaseOid: 5, fileNode });
  const add = (lsn: number, block: number): Buffer =>
    pages.add(lsn, relation(lsn % 3), block, (target = Buffer.alloc(16)) => {
      target.writeDoubleLE(lsn, 0);
      target.writeUInt32LE(block, 8);
      return target;
    });
  const held = add(80, 1);
  pages.hold(0, held);
  let kept = 0;
  for (let number = 1; number <= most * 5; number++) {
    const lsn = number * 80 + 80;
    // Some records have images of several pages.
    for (let block = 0; block < 1 + (number % 3); block++) add(lsn, block);
    assert.equal(held.readDoubleLE(0), 80);
    const asked = Math.max(1, number - ((number * 31) % 500)) * 80 + 80;
    for (let block = 0; block < 3; block++) {
      const page = pages.of(asked, 1663, 5, asked % 3, block);
      assert.equal(pages.of(asked, 1663, 5, (asked % 3) + 3, block), undefined);
      if (!page) continue;
      kept++;
      assert.deepEqual([page.readDoubleLE(0), page.readUInt32LE(8)], [asked, block]);
    }
  }
  assert.ok(kept > most, `only ${kept} were kept`);
  assert.equal(pages.of(80, 1663, 5, 2, 1), held);
});
