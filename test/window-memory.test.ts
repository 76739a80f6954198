import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, updateCrc32c } from '../source/bytes/crc32c.js';
import { WindowMemory } from '../source/wal/window-memory.js';
import { seeded } from './support/seeded.js';

test('the checksum made in place is the one made in JavaScript, wherever the bytes begin and however many they are', () => {
  const memory = new WindowMemory(4096);
  const random = seeded(20261121);
  for (let i = 0; i < memory.buffer.length; i++) memory.buffer[i] = random(256) - 1;
  for (let start = 0; start < 24; start++) {
    for (let length = 0; length < 100; length++) {
      assert.equal(
        memory.update(0xffffffff, start, start + length) >>> 0,
        updateCrc32c(0xffffffff, memory.buffer, start, start + length) >>> 0,
        `${length} bytes from ${start}`,
      );
    }
  }
  for (let length = 100; length < 2000; length += 1 + (length % 7)) {
    assert.equal(
      memory.update(0x12345678, 5, 5 + length) >>> 0,
      updateCrc32c(0x12345678, memory.buffer, 5, 5 + length) >>> 0,
      `${length} bytes`,
    );
  }
  const split = memory.update(memory.update(0xffffffff, 0, 1001), 1001, 4096);
  assert.equal(~split >>> 0, crc32c(memory.buffer));
});

test('the checksum of "123456789" is the one RFC 3720 gives for CRC-32C', () => {
  const memory = new WindowMemory(64);
  memory.buffer.write('123456789', 7, 'latin1');
  assert.equal(~memory.update(0xffffffff, 7, 16) >>> 0, 0xe3069283);
});
