/** The three decompressors: streams built from their own rules, streams of the real compressors, and broken ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CorruptDatumError } from '../source/bytes/corrupt-datum.js';
import { lz4Decompress } from '../source/bytes/lz4.js';
import { pglzDecompress } from '../source/bytes/pglz.js';
import { alignVarlena, inlineVarlenaData, readToastPointer, varlenaSize } from '../source/bytes/varlena.js';
import { zstdDecompress } from '../source/bytes/zstd.js';

/** What both LZ formats say: some bytes, then a copy of what came before. */
interface Step {
  readonly literals: Uint8Array;
  /** How far back, as a fraction of what there is. */
  readonly reach: number;
  readonly length: number;
}

const steps = fc.array(
  fc.record({
    literals: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    reach: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.oneof(fc.integer({ min: 4, max: 30 }), fc.integer({ min: 4, max: 273 })),
  }),
  { minLength: 1, maxLength: 20 },
);

/** Appends a match byte by byte, as it may overlap itself. */
function copyBack(output: number[], distance: number, length: number): void {
  for (let count = 0; count < length; count++) output.push(output[output.length - distance]);
}

function distanceOf(step: Step, output: readonly number[], most: number): number {
  return 1 + Math.floor(step.reach * (Math.min(output.length, most) - 1));
}

function buildPglz(list: readonly Step[]): { stream: Buffer; output: Buffer } {
  const items: { tag: boolean; bytes: number[] }[] = [];
  const output: number[] = [];
  for (const step of list) {
    for (const byte of step.literals) items.push({ tag: false, bytes: [byte] });
    output.push(...step.literals);
    const distance = distanceOf(step, output, 4095);
    const nibble = Math.min(step.length - 3, 15);
    const bytes = [((distance & 0xf00) >> 4) | nibble, distance & 0xff];
    if (nibble === 15) bytes.push(step.length - 18);
    items.push({ tag: true, bytes });
    copyBack(output, distance, step.length);
  }
  const stream: number[] = [];
  for (let start = 0; start < items.length; start += 8) {
    const group = items.slice(start, start + 8);
    stream.push(group.reduce((control, item, bit) => control | (Number(item.tag) << bit), 0));
    for (const item of group) stream.push(...item.bytes);
  }
  return { stream: Buffer.from(stream), output: Buffer.from(output) };
}

function buildLz4(list: readonly Step[], last: Uint8Array): { stream: Buffer; output: Buffer } {
  const stream: number[] = [];
  const output: number[] = [];
  const continued = (length: number): number[] => {
    if (length < 15) return [];
    const rest = length - 15;
    return [...Array<number>(Math.floor(rest / 255)).fill(255), rest % 255];
  };
  for (const step of list) {
    output.push(...step.literals);
    const distance = distanceOf(step, output, 65_535);
    const match = step.length - 4;
    stream.push((Math.min(step.literals.length, 15) << 4) | Math.min(match, 15));
    stream.push(...continued(step.literals.length), ...step.literals);
    stream.push(distance & 0xff, distance >> 8, ...continued(match));
    copyBack(output, distance, step.length);
  }
  stream.push(Math.min(last.length, 15) << 4, ...continued(last.length), ...last);
  output.push(...last);
  return { stream: Buffer.from(stream), output: Buffer.from(output) };
}

type Decompress = typeof pglzDecompress;

/** The stream within other bytes gives its output, and no other size. */
function check(decompress: Decompress, { stream, output }: { stream: Buffer; output: Buffer }): void {
  const bytes = Buffer.concat([Buffer.alloc(3, 0x55), stream, Buffer.alloc(9, 0x55)]);
  const run = (size: number): Buffer => decompress(bytes, 3, 3 + stream.length, size);
  assert.deepEqual(run(output.length), output);
  assert.throws(() => run(output.length + 1), CorruptDatumError);
  assert.throws(() => decompress(bytes, 3, 2 + stream.length, output.length), CorruptDatumError);
}

/** Any bytes end in some output of the size asked for, or in a CorruptDatumError. */
function checkBroken(decompress: Decompress): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 5000 }), (bytes, size) => {
      try {
        assert.equal(decompress(bytes, 0, bytes.length, size).length, size);
      } catch (error) {
        assert.ok(error instanceof CorruptDatumError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
}

test('pglz', () => {
  fc.assert(fc.property(steps, (list) => check(pglzDecompress, buildPglz(list))));
  checkBroken(pglzDecompress);
});

test('lz4', () => {
  fc.assert(
    fc.property(steps, fc.uint8Array({ maxLength: 600 }), (list, last) =>
      check(lz4Decompress, buildLz4(list, last)),
    ),
  );
  checkBroken(lz4Decompress);
});

test('zstd', () => {
  // What the zstd program makes of this text.
  const text =
    'forkpoint forkpoint forkpoint: what did the failover lose? what did the failover lose? 0123456789 0123456789';
  const stream = Buffer.from(
    'KLUv/QRo7QEAFANmb3JrcG9pbnQgOiB3aGF0IGRpZCB0aGUgZmFpbG92ZXIgbG9zZT8wMTIzNDU2Nzg5AwAuBurn7ZoUJFim5b4=',
    'base64',
  );
  check(zstdDecompress, { stream, output: Buffer.from(text) });
  checkBroken(zstdDecompress);
  for (let bit = 0; bit < stream.length * 8; bit++) {
    const damaged = Buffer.from(stream);
    damaged[bit >> 3] ^= 1 << (bit & 7);
    try {
      assert.equal(zstdDecompress(damaged, 0, damaged.length, text.length).length, text.length);
    } catch (error) {
      assert.ok(error instanceof CorruptDatumError, String(error));
    }
  }
});

test('variable-length headers', () => {
  const short = Buffer.from([0x07, 0x61, 0x62, 0xff]);
  assert.equal(varlenaSize(short, 0, 4), 3);
  assert.equal(inlineVarlenaData(short, 0, 4).toString(), 'ab');
  assert.throws(() => varlenaSize(short, 0, 2), CorruptDatumError);
  const plain = Buffer.from([0x18, 0, 0, 0, 0x61, 0x62]);
  assert.equal(inlineVarlenaData(plain, 0, 6).toString(), 'ab');
  assert.throws(() => varlenaSize(Buffer.from([0x04, 0, 0, 0]), 0, 4), CorruptDatumError);
  assert.equal(alignVarlena(Buffer.from([0, 0, 0, 0, 0x18]), 1, 4), 4);
  assert.equal(alignVarlena(Buffer.from([0, 7]), 1, 4), 1);

  const pointer = Buffer.alloc(18);
  pointer.set([0x01, 18]);
  pointer.writeUInt32LE(10_004, 2);
  pointer.writeUInt32LE(((1 << 30) | 5000) >>> 0, 6);
  pointer.writeUInt32LE(4_000_000_000, 10);
  pointer.writeUInt32LE(16_400, 14);
  const fields = { rawSize: 10_000, externalSize: 5000, valueId: 4_000_000_000, toastRelationOid: 16_400 };
  assert.deepEqual(readToastPointer(pointer, 0), { ...fields, compression: 'lz4' });
  assert.equal(varlenaSize(pointer, 0, 18), 18);
  pointer.writeUInt32LE(10_000, 6);
  assert.deepEqual(readToastPointer(pointer, 0), { ...fields, externalSize: 10_000, compression: undefined });
  assert.throws(() => inlineVarlenaData(pointer, 0, 18), CorruptDatumError);
  pointer[1] = 1;
  assert.throws(() => varlenaSize(pointer, 0, 18), CorruptDatumError);
});

test('a compressed value cannot ask for memory it could not fill', () => {
  const liar = Buffer.alloc(16);
  liar.writeUInt32LE((16 << 2) | 2, 0);
  liar.writeUInt32LE(0x3fff_ffff, 4);
  assert.throws(() => inlineVarlenaData(liar, 0, 16), CorruptDatumError);
});
