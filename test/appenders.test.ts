/** Values written as bytes: whatever the bytes of a datum are, what is appended is the output function's text, and what is thrown its error. */
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { PreparedText } from '../source/bytes/prepared-text.js';
import { TextSink } from '../source/bytes/text-sink.js';
import type { TypeDefinition, TypeLookup } from '../source/catalog/model.js';
import { appendFunction } from '../source/types/appenders.js';
import { outputFunction } from '../source/types/registry.js';

const BASE: TypeDefinition = {
  oid: 0,
  schema: 'public',
  name: '',
  kind: 'b',
  category: 'U',
  length: -1,
  byValue: false,
  alignment: 4,
  delimiter: ',',
  elementOid: 0,
  arrayOid: 0,
  baseOid: 0,
  baseTypmod: -1,
  rangeOid: 0,
};

const LABELS = new Map([
  [1, 'ok'],
  [0x8000_0001, 'très heureux 🙂'],
  [3, 'a label that is longer than what is copied byte by byte, so it is not'],
]);

const DEFINED: readonly TypeDefinition[] = [
  { ...BASE, oid: 23, schema: 'pg_catalog', name: 'int4', length: 4, byValue: true },
  { ...BASE, oid: 1007, schema: 'pg_catalog', name: '_int4', category: 'A', elementOid: 23 },
  { ...BASE, oid: 20_000, name: 'mood', kind: 'e', length: 4, enumLabels: LABELS },
  { ...BASE, oid: 20_001, name: 'positive', kind: 'd', length: 4, baseOid: 23 },
  { ...BASE, oid: 20_002, name: 'price', kind: 'd', baseOid: 20_003 },
  { ...BASE, oid: 20_003, name: 'amount', kind: 'd', baseOid: 1700 },
  { ...BASE, oid: 20_004, name: 'mine', kind: 'd', length: 4, baseOid: 20_000 },
  { ...BASE, oid: 20_005, name: 'citext' },
  { ...BASE, oid: 20_006, name: 'own', outputFunction: 'int8out', length: 8 },
];

/** UTF8, SQL_ASCII, LATIN1, EUC_JP. */
const LOOKUPS = [6, 0, 8, 1].map(
  (encoding): TypeLookup => ({ encoding, type: (oid) => DEFINED.find((type) => type.oid === oid) }),
);

const buffer = (part: Uint8Array): Buffer => Buffer.from(part);

function word(size: 2 | 4 | 8, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes.subarray(0, size);
}

/** Whole numbers of every size, most of all near where a digit or a sign more begins. */
function whole(size: 2 | 4 | 8): fc.Arbitrary<Buffer> {
  const near = fc
    .tuple(fc.nat(18), fc.integer({ min: -2, max: 2 }), fc.boolean())
    .map(([power, besides, negative]) => (10n ** BigInt(power) + BigInt(besides)) * (negative ? -1n : 1n));
  const edge = fc
    .tuple(fc.nat(63), fc.integer({ min: -2, max: 2 }))
    .map(([power, besides]) => (1n << BigInt(power)) + BigInt(besides));
  return fc
    .oneof(near, edge, fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }))
    .map((value) => word(size, value));
}

/** Days that dates and timestamps take, and some beside them. */
const days = fc.oneof(
  fc.integer({ min: -40_000, max: 40_000 }),
  fc.integer({ min: -2_451_600, max: 3_000_000 }),
  fc.constantFrom(
    -730_120,
    -730_119,
    2_921_939,
    2_921_940,
    -2_451_545,
    2_145_031_948,
    59,
    60,
    -0x8000_0000,
    0x7fff_ffff,
  ),
  fc.integer(),
);
const MICROS_PER_DAY = 86_400_000_000;
const time = fc.oneof(
  fc.integer({ min: -5, max: MICROS_PER_DAY + 5 }),
  fc.integer({ min: 0, max: 86_400 }).map((second) => second * 1_000_000),
  fc.tuple(fc.nat(86_399), fc.nat(999)).map(([second, milli]) => second * 1_000_000 + milli * 1000),
);
const instant = fc
  .tuple(days, time)
  .map(([day, micros]) => word(8, BigInt(day) * BigInt(MICROS_PER_DAY) + BigInt(micros)));

const groups = fc.array(fc.oneof(fc.nat(9999), fc.constantFrom(0, 1, 10, 100, 1000, 9999, 10_000, 65_535)), {
  maxLength: 12,
});

function numeric(headers: readonly number[], digits: readonly number[]): Buffer {
  const bytes = Buffer.alloc((headers.length + digits.length) * 2);
  for (const [index, value] of [...headers, ...digits].entries())
    bytes.writeUInt16LE(value & 0xffff, index * 2);
  return bytes;
}

const shortNumeric = fc
  .tuple(fc.nat(0x3fff), groups)
  .map(([header, digits]) => numeric([0x8000 | header], digits));
const smallNumeric = fc
  .tuple(fc.boolean(), fc.nat(20), fc.integer({ min: -4, max: 5 }), groups)
  .map(([negative, scale, weight, digits]) =>
    numeric([0x8000 | (negative ? 0x2000 : 0) | (scale << 7) | (weight & 0x7f)], digits),
  );
const longNumeric = fc
  .tuple(
    fc.boolean(),
    fc.oneof(fc.nat(30), fc.nat(0x3fff)),
    fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer({ min: -300, max: 300 })),
    groups,
  )
  .map(([negative, scale, weight, digits]) => numeric([(negative ? 0x4000 : 0) | scale, weight], digits));
const specialNumeric = fc.constantFrom(0xc000, 0xd000, 0xf000, 0xe000).map((header) => numeric([header], []));

const text = fc
  .oneof(
    fc.string({ maxLength: 20 }),
    fc.string({ minLength: 100, maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom(
      '\ufffd',
      '\ufeffbom',
      `${'x'.repeat(95)}é`,
      `${'x'.repeat(94)}é`,
      'x'.repeat(128),
      'x'.repeat(129),
    ),
  )
  .map((value) => Buffer.from(value, 'utf8'));

const float8 = fc
  .oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 0, 1e15, -1e15, 999_999_999_999_999, 1e6, 0.1))
  .map((value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(value);
    return bytes;
  });
const float4 = fc
  .oneof(
    fc.float(),
    fc.integer({ min: -2_000_000, max: 2_000_000 }),
    fc.constantFrom(-0, 0, 1e6, -1e6, 999_999),
  )
  .map((value) => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return bytes;
  });

const anyNumeric = fc.oneof(shortNumeric, smallNumeric, longNumeric, specialNumeric);
const labelOid = fc.constantFrom(...LABELS.keys(), 2).map((oid) => word(4, BigInt(oid)));
const day = days.map((value) => word(4, BigInt(value)));

/** By type: what its values look like. */
const VALUES: readonly (readonly [oid: number, values: fc.Arbitrary<Buffer>])[] = [
  [16, fc.constantFrom(0, 1, 2, 255).map((value) => Buffer.from([value]))],
  [17, fc.uint8Array({ maxLength: 80 }).map(buffer)],
  [19, text.map((value) => Buffer.concat([value.subarray(0, 63), Buffer.alloc(64)]).subarray(0, 64))],
  [20, whole(8)],
  [21, whole(2)],
  [23, whole(4)],
  [25, text],
  [26, whole(4)],
  [28, whole(4)],
  [114, text],
  [700, float4],
  [701, float8],
  [
    1007,
    fc
      .array(whole(4), { maxLength: 4 })
      .map((parts) =>
        Buffer.concat([
          word(4, 1n),
          word(4, 0n),
          word(4, 23n),
          word(4, BigInt(parts.length)),
          word(4, 1n),
          ...parts,
        ]),
      ),
  ],
  [1042, text],
  [1043, text],
  [1082, day],
  [1083, time.map((value) => word(8, BigInt(value)))],
  [1114, instant],
  [1184, instant],
  [1700, anyNumeric],
  [2275, text],
  [2950, fc.uint8Array({ minLength: 16, maxLength: 16 }).map(buffer)],
  [20_000, labelOid],
  [20_001, whole(4)],
  [20_002, anyNumeric],
  [20_004, labelOid],
  [20_005, text],
  [20_006, whole(8)],
];

/** A value as it is, cut, lengthened, or with bytes changed. */
function damaged(values: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(values, fc.nat(4), fc.nat(1000), fc.nat(255), fc.uint8Array({ maxLength: 9 }))
    .map(([value, how, at, byte, more]) => {
      if (how === 0) return value.subarray(0, at % (value.length + 1));
      if (how === 1) return Buffer.concat([value, more]);
      if (how === 2 || value.length === 0) return buffer(more);
      const changed = Buffer.from(value);
      changed[at % changed.length] = byte;
      return changed;
    });
}

type Result = { readonly text: string } | { readonly error: string };

function attempt(work: () => string): Result {
  try {
    return { text: work() };
  } catch (error) {
    return { error: `${(error as Error).name}: ${(error as Error).message}` };
  }
}

test('what is appended is what the output function gives, and what is thrown is what it throws', {
  timeout: 120_000,
}, () => {
  const sink = new TextSink(16);
  for (const lookup of LOOKUPS)
    for (const [oid, values] of VALUES) {
      const output = outputFunction(oid, lookup);
      const append = appendFunction(oid, lookup);
      assert.equal(appendFunction(oid, lookup), append);
      const check = (page: Buffer, start: number, end: number): void => {
        const expected = attempt(() => output(page, start, end));
        sink.length = 0;
        sink.utf8('before');
        const actual = attempt(() => {
          append(sink, page, start, end);
          return sink.bytes.toString('utf8', 6, sink.length);
        });
        if ('text' in expected && /\p{Cs}/u.test(expected.text)) {
          assert.equal(lookup.encoding, 0);
          assert.deepEqual(actual, { error: 'RangeError: the text holds bytes that are not UTF-8' });
        } else assert.deepEqual(actual, expected);
        if ('error' in actual) assert.equal(sink.length, 6);
        assert.equal(sink.bytes.toString('utf8', 0, 6), 'before');
      };
      fc.assert(
        fc.property(
          fc.oneof({ weight: 3, arbitrary: values }, damaged(values)),
          fc.nat(9),
          (value, around) => {
            const before = Buffer.alloc(around, 0x41);
            check(Buffer.concat([before, value, Buffer.alloc(around, 0x80)]), around, around + value.length);
            check(value, 0, value.length);
            // A value that is said to begin or end where it does not.
            check(value, 0, value.length + 1);
            check(value, value.length + 1, value.length);
          },
        ),
        { numRuns: lookup.encoding === 6 ? 600 : 60 },
      );
    }
});

test('text is taken as it is exactly when it is UTF-8, whatever its lead and second byte', () => {
  const append = appendFunction(25, LOOKUPS[0]);
  const sink = new TextSink(16);
  for (let lead = 0x80; lead <= 0xff; lead++)
    for (let second = 0; second <= 0xff; second += second === 0 ? 0x7e : 1)
      for (const rest of [[], [0x80], [0x80, 0xbf], [0x80, 0x41], [0x41, 0x80], [0xc0, 0x80], [0x80, 0xc0]]) {
        const bytes = Buffer.from([lead, second, ...rest]);
        sink.length = 0;
        const { error } = attempt(() => String(append(sink, bytes, 0, bytes.length))) as { error?: string };
        assert.equal(error === undefined, isUtf8(bytes), bytes.toString('hex'));
        if (error === undefined) assert.deepEqual(sink.bytes.subarray(0, sink.length), bytes);
        else assert.equal(error, 'UndecodableValueError: the text is not valid UTF-8');
      }
});

test('a sink grows, and gives back what was written into it', () => {
  const sink = new TextSink(1);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.maxSafeInteger(), fc.string({ unit: 'binary', maxLength: 100 }))),
      (parts) => {
        sink.length = 0;
        for (const [index, part] of parts.entries())
          if (typeof part === 'number') sink.integer(part);
          else if (index % 3 === 0) sink.utf8(part);
          else if (index % 3 === 1) sink.prepared(new PreparedText(part));
          else sink.copy(Buffer.from(`xx${part}xx`, 'utf8'), 2, 2 + Buffer.byteLength(part));
        assert.equal(
          sink.bytes.toString('utf8', 0, sink.length),
          Buffer.from(parts.join(''), 'utf8').toString(),
        );
      },
    ),
  );
  sink.length = 0;
  sink.utf8('é'.repeat(100_000));
  sink.byte(0x21);
  assert.equal(sink.bytes.toString('utf8', 0, sink.length), `${'é'.repeat(100_000)}!`);
});
