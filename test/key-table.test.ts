import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyTable } from '../source/incident/key-table.js';
import { LostTouches } from '../source/incident/lost-touches.js';
import { seeded } from './support/seeded.js';

test('a hundred thousand keys, many alike, are each found again and no other is', () => {
  const table = new KeyTable();
  const truth = new Map<string, number>();
  const random = seeded(4);
  for (let i = 0; i < 100_000; i++) {
    const key = `\0V${random(60_000)}${random(3) === 1 ? '\0N' : ''}`;
    const space = random(3);
    truth.set(`${space} ${key}`, i);
    table.set(space, key, i);
  }
  assert.equal(table.size, truth.size);
  for (const [name, number] of truth) {
    const [space, ...key] = name.split(' ');
    assert.equal(table.get(Number(space), key.join(' ')), number);
  }
  for (let i = 0; i < 1000; i++) assert.equal(table.get(1 + (i % 3), `\0V${60_001 + i}`), undefined);
  assert.equal(table.get(4, '\0V1'), undefined);
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
    table.set(1, key, number);
  });
  keys.forEach((key, number) => {
    assert.equal(table.get(1, key), number);
  });
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
