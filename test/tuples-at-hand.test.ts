/** Tuples that may be wanted again, kept while there is room: what is found is always the very tuple that was put there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeaderlessTuple } from '../source/heap/deform.js';
import { FoundTuple } from '../source/transactions/found-tuple.js';
import { TuplesAtHand } from '../source/transactions/tuples-at-hand.js';

const MEGABYTE = 1 << 20;
/** What a chunk takes of tuples. */
const LONGEST = 32 * 1024 - 24;

/** A tuple that says whose it is in every byte. */
function tupleOf(writer: number, length: number): Buffer {
  const tuple = Buffer.alloc(length, writer / 8);
  if (length >= 8) tuple.writeDoubleLE(writer, 0);
  return tuple;
}

/** `tuple` as a record has it. */
function loggedAs(writer: number, tuple: Buffer): HeaderlessTuple {
  return {
    infomask2: writer % 65_536,
    infomask: tuple.length % 65_536,
    hoff: 24,
    data: 0,
    end: tuple.length,
  };
}

function assertIs(found: FoundTuple, writer: number, size: number): void {
  assert.deepEqual(found.buffer.subarray(found.data, found.end), tupleOf(writer, size));
  assert.deepEqual([found.infomask2, found.infomask, found.hoff], [writer % 65_536, size, 24]);
}

test('a tuple that is found is the one that was kept, whatever came and went around it, and stays while the next is made of it', () => {
  const lsn = fc.oneof(fc.nat(2000), fc.nat(2 ** 40)).map((number) => 2 ** 33 + number * 8);
  const length = fc.oneof(fc.nat(200), fc.nat(200), fc.nat(200), fc.nat(9000), fc.nat(LONGEST + 100));
  const step = fc.tuple(lsn, fc.integer({ min: 1, max: 3 }), length, fc.boolean());
  let [found, evicted] = [0, 0];
  fc.assert(
    fc.property(fc.array(step, { minLength: 900, maxLength: 1500, size: 'max' }), fc.nat(), (steps, seed) => {
      const atHand = new TuplesAtHand(MEGABYTE);
      const kept = new Map<number, readonly [offset: number, length: number]>();
      const into = new FoundTuple();
      const other = new FoundTuple();
      for (const [index, [writer, offset, size, isTaken]] of steps.entries()) {
        const tuple = tupleOf(writer, size);
        atHand.keep(writer, offset, tuple, loggedAs(writer, tuple));
        if (size > LONGEST) {
          assert.ok(!atHand.find(writer, offset, other), 'longer than there can be');
          kept.delete(writer);
          continue;
        }
        kept.set(writer, [offset, size]);
        assert.ok(atHand.find(writer, offset, other), 'it was put there a moment ago');
        const [asked] = steps[(seed + index * 7) % (index + 1)];
        const known = kept.get(asked);
        assert.ok(!atHand.find(asked + 1, 1, other), 'no LSN');
        if (!known) {
          assert.ok(!atHand.find(asked, 1, other) && !atHand.find(asked, 2, other), 'it was taken');
          continue;
        }
        assert.ok(!atHand.find(asked, known[0] + 1, other), 'another line pointer');
        if (!(isTaken ? atHand.take(asked, known[0], into) : atHand.find(asked, known[0], into))) {
          evicted++;
          continue;
        }
        found++;
        if (isTaken) {
          assert.ok(!atHand.find(asked, known[0], other), 'it was taken');
          kept.delete(asked);
        }
        const another = tupleOf(8, 30_000);
        atHand.keep(8, 1, another, loggedAs(8, another));
        const next = tupleOf(16, 30_000);
        atHand.keep(16, 1, next, loggedAs(16, next));
        assertIs(into, asked, known[1]);
      }
      for (const [writer, [offset, size]] of kept)
        if (atHand.find(writer, offset, into)) assertIs(into, writer, size);
    }),
    { numRuns: 8, endOnFailure: true },
  );
  assert.ok(found > 500, `only ${found} were found`);
  assert.ok(evicted > 100, `only ${evicted} had to go`);
});

test('rows that are updated again and again all stay at hand: the room of the old row is that of the next', () => {
  const atHand = new TuplesAtHand(MEGABYTE);
  const into = new FoundTuple();
  const rows = 6000;
  const sizeOf = (row: number) => 40 + (row % 7) * 16;
  const writers = Array.from({ length: rows }, (_, row) => (row + 1) * 8);
  for (const [row, writer] of writers.entries()) {
    const tuple = tupleOf(writer, sizeOf(row));
    atHand.keep(writer, 1, tuple, loggedAs(writer, tuple));
  }
  let lsn = rows * 8;
  for (let turn = 0; turn < 100_000; turn++) {
    const row = (turn * 7919) % rows;
    assert.ok(atHand.take(writers[row], 1, into), `row ${row} in turn ${turn}`);
    assertIs(into, writers[row], sizeOf(row));
    lsn += 8;
    writers[row] = lsn;
    const tuple = tupleOf(lsn, sizeOf(row));
    atHand.keep(lsn, 1, tuple, loggedAs(lsn, tuple));
  }
});

test('room that was of one size becomes room of another', () => {
  const atHand = new TuplesAtHand(MEGABYTE);
  const into = new FoundTuple();
  let lsn = 0;
  for (const size of [40, 3000, 100, LONGEST, 500, 40]) {
    const count = Math.floor(MEGABYTE / (size + 24)) * 2;
    for (let number = 0; number < count; number++) {
      lsn += 8;
      const tuple = tupleOf(lsn, size);
      atHand.keep(lsn, 1, tuple, loggedAs(lsn, tuple));
    }
    let there = 0;
    for (let number = 0; number < count; number++) {
      if (!atHand.find(lsn - number * 8, 1, into)) continue;
      assertIs(into, lsn - number * 8, size);
      there++;
    }
    assert.ok(there > count / 4, `${there} of ${count} of ${size} bytes`);
  }
});
