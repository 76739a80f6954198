import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyDigest } from '../source/incident/key-digest.js';
import { KeyTable } from '../source/incident/key-table.js';
import { LostTouches } from '../source/incident/lost-touches.js';
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
  const touches = new LostTouches(2);
  for (let index = 0; index < 4; index++) touches.record('shop', 'id', `${index}`, { index, intact: true });
  assert.deepEqual(touches.before('shop', 'id', '1', 9), { index: 1, intact: true });
  assert.equal(touches.before('shop', 'id', '3', 9), undefined);
  assert.equal(touches.remembersAll('shop', 2), true);
  assert.equal(touches.remembersAll('shop', 3), false);
  assert.equal(touches.remembersAll('other', 9), true);
  assert.equal(touches.firstForgotten, 2);
});
