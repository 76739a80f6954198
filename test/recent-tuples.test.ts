/** What old rows are found by: the log of who wrote them, the ring of tuples met before, the pages out of images. Each against a plain Map. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeaderlessTuple } from '../source/heap/deform.js';
import { FoundTuple } from '../source/transactions/found-tuple.js';
import { OldRowLog } from '../source/transactions/old-row-log.js';
import { RecentTuples } from '../source/transactions/recent-tuples.js';
import { RestoredPages } from '../source/transactions/restored-pages.js';
import { TemporaryFile } from '../source/transactions/temporary-file.js';
import { TemporaryRoom } from '../source/transactions/temporary-room.js';
import { TupleTable } from '../source/transactions/tuple-table.js';

const MEGABYTE = 1 << 20;

/** A tuple that says whose it is in every byte. */
function tupleOf(writer: number, length: number): Buffer {
  const tuple = Buffer.alloc(length, writer / 8);
  if (length >= 8) tuple.writeDoubleLE(writer, 0);
  return tuple;
}

/** `tuple` as a record has it. */
function loggedAs(writer: number, tuple: Buffer): HeaderlessTuple {
  return { infomask2: writer % 65_536, infomask: tuple.length, hoff: 24, data: 0, end: tuple.length };
}

test('a tuple that was kept is found with its own bytes until it is taken, however many came after it', () => {
  const lsn = fc.oneof(fc.nat(3000), fc.nat(2 ** 40)).map((number) => 2 ** 33 + number * 8);
  const length = fc.oneof(fc.nat(200), fc.nat(200), fc.nat(200), fc.nat(9000), fc.nat(32_500));
  const step = fc.tuple(lsn, fc.integer({ min: 1, max: 3 }), length, fc.boolean());
  let [found, spilled] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { minLength: 900, maxLength: 1500, size: 'max' }), fc.nat(), (steps, seed) => {
      const file = new TemporaryFile();
      const recent = new RecentTuples(file, MEGABYTE);
      const kept = new Map<number, readonly [offset: number, length: number]>();
      let taken: number | undefined;
      const into = new FoundTuple();
      const other = new FoundTuple();
      for (const [index, [writer, offset, size, isTaken]] of steps.entries()) {
        const tuple = tupleOf(writer, size);
        recent.keep(writer, offset, tuple, loggedAs(writer, tuple));
        kept.set(writer, [offset, size]);
        const [asked] = steps[(seed + index * 7) % (index + 1)];
        const known = kept.get(asked);
        assert.ok(!recent.find(asked + 1, 1, other), 'no LSN');
        if (!known) {
          assert.ok(!recent.find(asked, 1, other) && !recent.find(asked, 2, other), 'it was taken');
          continue;
        }
        assert.ok(!recent.find(asked, known[0] + 1, other), 'another line pointer');
        assert.ok(isTaken ? recent.take(asked, known[0], into) : recent.find(asked, known[0], into));
        found++;
        if (isTaken) {
          if (taken !== undefined && taken !== asked) kept.delete(taken);
          taken = asked;
        }
        // What was found stays while some more are added.
        for (let more = 0; more < 6; more++) {
          const another = tupleOf(8 * (more + 1), 32_000);
          recent.keep(8 * (more + 1), 1, another, loggedAs(0, another));
        }
        assert.deepEqual(into.buffer.subarray(into.data, into.end), tupleOf(asked, known[1]));
        assert.deepEqual([into.infomask2, into.infomask, into.hoff], [asked % 65_536, known[1], 24]);
      }
      for (const [writer, [offset, size]] of kept) {
        assert.ok(recent.find(writer, offset, into));
        assert.deepEqual(into.buffer.subarray(into.data, into.end), tupleOf(writer, size));
      }
      spilled += file.size;
      file.close();
    }),
    { numRuns: 20 },
  );
  assert.ok(found > 5000, `only ${found} were found`);
  assert.ok(spilled > MEGABYTE, `only ${spilled} bytes were spilled`);
});

test('when the temporary file takes no more, tuples of long ago are not found, and those of late are', () => {
  const file = new TemporaryFile(undefined, new TemporaryRoom(MEGABYTE));
  const recent = new RecentTuples(file, MEGABYTE);
  const into = new FoundTuple();
  const count = 100_000;
  for (let number = 1; number <= count; number++) {
    const tuple = tupleOf(number * 8, 40);
    recent.keep(number * 8, 1, tuple, loggedAs(number * 8, tuple));
    if (number <= 1000) continue;
    assert.ok(recent.find((number - 1000) * 8, 1, into));
    assert.deepEqual(into.buffer.subarray(into.data, into.end), tupleOf((number - 1000) * 8, 40));
  }
  let lost = 0;
  for (let number = 1; number <= count; number++) {
    if (!recent.find(number * 8, 1, into)) lost++;
    else assert.equal(into.buffer.readDoubleLE(into.data), number * 8);
  }
  assert.ok(lost > count / 2 && lost < count - 1000, `${lost} of ${count} were lost`);
  assert.ok(file.left > 0, 'others have room');
  assert.ok(!recent.find(0, 0, into));
  file.close();
});

test('the table of kept tuples holds what a Map would hold', () => {
  const writer = fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 2 ** 40 }));
  const step = fc.tuple(writer, fc.integer(), fc.boolean());
  fc.assert(
    fc.property(fc.array(step, { minLength: 2000, maxLength: 6000, size: 'max' }), (steps) => {
      const table = new TupleTable(8192);
      const expected = new Map<number, number>();
      for (const [number, place, isRemoved] of steps) {
        const slot = table.find(number * 8);
        assert.equal(slot >= 0 ? table.placeIn(slot) : undefined, expected.get(number));
        if (slot < 0) {
          if (table.add(number * 8, place)) expected.set(number, place);
          else assert.ok(expected.size >= 6000);
        } else if (isRemoved) {
          table.remove(slot);
          expected.delete(number);
        } else {
          table.move(slot, place);
          expected.set(number, place);
        }
      }
      for (const [number, place] of expected) assert.equal(table.placeIn(table.find(number * 8)), place);
    }),
    { numRuns: 30 },
  );
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
  assert.ok(log.isWanted(2 ** 41), 'what comes later may be wanted by what comes later still');
  const unwanted = written.filter((_, number) => log.isWanted(2 ** 34 + number * 8));
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
    pages.add(lsn, relation(lsn % 3), block, (target) => {
      assert.equal(target.length, 32_768);
      target.writeDoubleLE(lsn, 0);
      target.writeUInt32LE(block, 8);
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
