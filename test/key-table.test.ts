import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyDigest } from '../source/incident/key-digest.js';
import { KeyTable } from '../source/incident/key-table.js';
import { LostTouches } from '../source/incident/lost-touches.js';
import { SpilledKeys } from '../source/incident/spilled-keys.js';
import { MemoryFile } from './support/memory-file.js';
import { seeded } from './support/seeded.js';

const digest = (space: number, key: string): KeyDigest => new KeyDigest().ofText(space, key);

test('a hundred thousand keys, many alike, are each found again and no other is', () => {
  const table = new KeyTable();
  const truth = new Map<string, number>();
  const random = seeded(4);
  for (let i = 0; i < 100_000; i++) {
    const key = `\0V${random(60_000)}${random(3) === 1 ? '\0N' : ''}`;
    const space = random(3);
    truth.set(`${space} ${key}`, i);
    table.set(digest(space, key), i);
  }
  assert.equal(table.size, truth.size);
  for (const [name, number] of truth) {
    const [space, ...key] = name.split(' ');
    assert.equal(table.get(digest(Number(space), key.join(' '))), number);
  }
  for (let i = 0; i < 1000; i++) assert.equal(table.has(digest(1 + (i % 3), `\0V${60_001 + i}`)), false);
  assert.equal(table.get(digest(4, '\0V1')), undefined);
});

test('keys of the same characters in another order, and of other lengths, are other keys', () => {
  const table = new KeyTable();
  const keys = [
    '',
    '\0',
    '\0\0',
    'ab',
    'ba',
    'aba',
    'baa',
    'ab\0',
    '\u0100',
    '\u0001',
    'a'.repeat(1000),
    'a'.repeat(1001),
  ];
  keys.forEach((key, number) => {
    table.set(digest(1, key), number);
  });
  keys.forEach((key, number) => {
    assert.equal(table.get(digest(1, key)), number);
  });
});

test('a key of ASCII has one digest as a string and as bytes; one that is not can only be had as a string', () => {
  const ofBytes = new KeyDigest();
  for (const key of ['', '\0V1017', '\0Va\0N\0V~', '\0V'.repeat(30)]) {
    const bytes = Buffer.from(`${key}behind it`);
    assert.equal(ofBytes.ofAscii(3, bytes, key.length), true);
    assert.deepEqual(ofBytes, digest(3, key));
    assert.notDeepEqual(ofBytes, digest(2, key));
  }
  const beyond = Buffer.from('\0Vmüde');
  assert.equal(ofBytes.ofAscii(3, beyond, beyond.length), false);
});

test('where not all writes can be remembered, it is known from which transaction on they are not', () => {
  const touches = new LostTouches({ most: 2 });
  for (let index = 0; index < 4; index++) touches.record('shop', 'id', `${index}`, { index, intact: true });
  assert.deepEqual(touches.before('shop', 'id', '1', 9), { index: 1, intact: true });
  assert.equal(touches.before('shop', 'id', '3', 9), undefined);
  assert.equal(touches.remembersAll('shop', 2), true);
  assert.equal(touches.remembersAll('shop', 3), false);
  assert.equal(touches.remembersAll('other', 9), true);
  assert.equal(touches.firstForgotten, 2);
});

test('keys sorted are all there, in the order of their digests', () => {
  const table = new KeyTable();
  for (let i = 0; i < 50_000; i++) table.set(digest(1, `\0V${i}`), i);
  const words = table.sorted();
  const numbers = new Set<number>();
  for (let at = 0; at < words.length; at += 4) {
    assert.ok(at === 0 || words[at - 4] >>> 0 <= words[at] >>> 0);
    numbers.add(words[at + 3]);
  }
  assert.equal(numbers.size, 50_000);
});

test('however many keys there are, no more than a thousand are in memory, and each has its newest number', () => {
  const file = new MemoryFile(1000);
  const keys = new SpilledKeys(file);
  const truth = new Map<string, number>();
  const random = seeded(7);
  for (let i = 0; i < 60_000; i++) {
    const key = `\0V${random(30_000)}`;
    assert.equal(keys.get(digest(1, key)), truth.get(key));
    assert.ok(keys.set(digest(1, key), i));
    truth.set(key, i);
    assert.ok(keys.held <= 1000);
  }
  for (let i = 0; i < 1000; i++) assert.equal(keys.has(digest(1, `\0V${30_000 + i}`)), false);
  const all = [...keys.all(new KeyDigest())].sort((a, b) => a - b);
  assert.deepEqual(
    all,
    [...truth.values()].sort((a, b) => a - b),
  );
  const read = file.reads;
  for (let i = 0; i < 10_000; i++) keys.has(digest(2, `\0V${i}`));
  assert.ok(file.reads - read < 10_000, 'hardly any key that is not there is looked for in the file');
});

test('keys handed on in the order that others have them in are the same keys, however often that is done', () => {
  let keys = new SpilledKeys(new MemoryFile(30_000));
  for (let i = 0; i < 100_000; i++) keys.set(digest(1, `\0V${i}`), i);
  for (let hand = 0; hand < 3; hand++) {
    const others = new SpilledKeys(new MemoryFile(30_000 + hand * 7000));
    const key = new KeyDigest();
    for (const number of keys.all(key)) others.set(key, number);
    keys = others;
  }
  for (let i = 0; i < 100_000; i += 7) assert.equal(keys.get(digest(1, `\0V${i}`)), i);
  assert.equal([...keys.all(new KeyDigest())].length, 100_000);
});

test('touches in the file are those in memory: by whom a key was written last, before any transaction', () => {
  const spilled = new LostTouches({ file: new MemoryFile(5000) });
  const held = new LostTouches();
  const random = seeded(8);
  for (let i = 0; i < 150_000; i++) {
    const touch = { index: i >>> 3, intact: random(2) === 0 };
    const key = `${random(40_000)}`;
    for (const touches of [spilled, held]) touches.record('shop', 'id', key, touch);
  }
  for (let i = 0; i < 20_000; i++) {
    const key = `${random(45_000)}`;
    const index = random(150_000 >>> 3);
    assert.deepEqual(spilled.before('shop', 'id', key, index), held.before('shop', 'id', key, index));
  }
});

test('touches that the file cannot take are forgotten, and it is known from which transaction on', () => {
  const touches = new LostTouches({ file: new MemoryFile(100, 2) });
  for (let index = 0; index < 1000; index++)
    touches.record('shop', 'id', `${index}`, { index, intact: true });
  assert.equal(touches.firstForgotten, 300);
  assert.equal(touches.remembersAll('shop', 300), true);
  assert.equal(touches.remembersAll('shop', 301), false);
  assert.deepEqual(touches.before('shop', 'id', '17', 999), { index: 17, intact: true });
});
