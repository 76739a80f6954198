/** Pages and tuples against a real server's files, and against garbage. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import {
  AttributeForm,
  type AttributeLayout,
  createDeformedTuple,
  deformTuple,
  MalformedTupleError,
} from '../source/heap/deform.js';
import {
  isUsablePage,
  linePointerCount,
  pageLsn,
  readPageHeader,
  redirectTarget,
  tupleAt,
} from '../source/heap/page.js';
import { verifyPageChecksum } from '../source/heap/page-checksum.js';
import {
  isXmaxLockOnly,
  tupleAttributeCount,
  tupleInfomask,
  tupleXmin,
  xidPrecedes,
} from '../source/heap/tuple.js';
import { initdb, stopAllServers } from './servers/server.js';

after(stopAllServers);

const PAGE_SIZE = 8192;

/** The columns of the table below, as pg_attribute has them. */
const COLUMNS: readonly AttributeLayout[] = [
  { length: 1, alignment: 1 },
  { length: 8, alignment: 8 },
  { length: -1, alignment: 4 },
  { length: 2, alignment: 2 },
  { length: -1, alignment: 8 },
  { length: 64, alignment: 1 },
  { length: -1, alignment: 4 },
  { length: 4, alignment: 4 },
];

const FORM_NAMES = Object.fromEntries(Object.entries(AttributeForm).map(([name, form]) => [form, name]));

for (const major of [14, 18]) {
  test(`pages and tuples of PostgreSQL ${major} are found and checked`, { timeout: 60_000 }, async () => {
    const server = await initdb(major);
    await server.start();
    await server.query(`CREATE TABLE t (a "char", b bigint, c text, d smallint, e float8[], f name, g text, h int);
      ALTER TABLE t ALTER c SET STORAGE EXTERNAL;
      INSERT INTO t SELECT 'x', n, CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN repeat('s', n) ELSE repeat('e', 3000) END, n,
        ARRAY[n, n + 0.5], 'name ' || n, CASE n % 2 WHEN 0 THEN repeat('compress me ', 2000) ELSE repeat('p', 130) END, n
        FROM generate_series(1, 60) AS n;
      ALTER TABLE t ADD COLUMN i int DEFAULT 5; CHECKPOINT`);
    const [{ path }] = await server.query(`SELECT pg_relation_filepath('t') AS path`);
    await server.stop();

    const file = readFileSync(join(server.dataDirectory, path));
    const columns = [...COLUMNS, { length: 4, alignment: 4 }];
    const places = createDeformedTuple(columns.length);
    const seen: number[] = [];
    const forms = new Set<string>();
    for (let block = 0; block * PAGE_SIZE < file.length; block++) {
      const page = file.subarray(block * PAGE_SIZE, (block + 1) * PAGE_SIZE);
      assert.ok(isUsablePage(page));
      assert.ok(verifyPageChecksum(page, block));
      assert.ok(!verifyPageChecksum(page, block + 1));
      assert.equal(readPageHeader(page).pageSize, PAGE_SIZE);
      assert.ok(pageLsn(page) > 0);
      for (let offset = 1; offset <= linePointerCount(page); offset++) {
        const place = tupleAt(page, offset)!;
        assert.equal(tupleAttributeCount(page, place.start), 8);
        assert.ok(tupleXmin(page, place.start) > 2);
        deformTuple(columns, page, place.start, place.length, places);
        const number = page.readInt32LE(places.offsets[7]);
        seen.push(number);
        assert.equal(page.readBigInt64LE(places.offsets[1]), BigInt(number));
        assert.equal(page.readInt16LE(places.offsets[3]), number);
        assert.equal(
          page.toString('latin1', places.offsets[5], places.offsets[5] + `name ${number}`.length),
          `name ${number}`,
        );
        assert.equal(FORM_NAMES[places.forms[2]], ['null', 'shortVarlena', 'external'][number % 3]);
        assert.equal(FORM_NAMES[places.forms[6]], ['compressed', 'longVarlena'][number % 2]);
        assert.equal(FORM_NAMES[places.forms[8]], 'missing');
        for (const form of places.forms) forms.add(FORM_NAMES[form]);

        // A definition that is not this tuple's is noticed, whichever way it is wrong.
        assert.throws(
          () => deformTuple(columns.slice(0, 7), page, place.start, place.length, places),
          MalformedTupleError,
        );
        assert.throws(
          () => deformTuple(columns, page, place.start, place.length - 1, places),
          MalformedTupleError,
        );
        const narrower = columns.with(7, { length: 2, alignment: 2 });
        assert.throws(() => deformTuple(narrower, page, place.start, place.length, places), /left over/);
      }
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 60 }, (_, index) => index + 1),
    );
    assert.deepEqual([...forms].sort(), [
      'compressed',
      'external',
      'fixed',
      'longVarlena',
      'missing',
      'null',
      'shortVarlena',
    ]);
  });
}

describe('garbage', () => {
  test('on a page never leads out of it', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 0, maxLength: 600 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (body, head) => {
          const page = Buffer.concat([head, body]);
          isUsablePage(page);
          for (let offset = 0; offset <= linePointerCount(page) + 1; offset++) {
            const target = redirectTarget(page, offset);
            assert.ok(target === undefined || (target >= 1 && target <= linePointerCount(page)));
            const place = tupleAt(page, offset);
            if (!place) continue;
            assert.ok(place.start >= 24 && place.length > 0 && place.start + place.length <= page.length);
            deformOrRefuse(page, place.start, place.length);
          }
        },
      ),
    );
  });

  test('in a tuple is refused, or deformed within its bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 23, maxLength: 300 }),
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 3, max: 5 }),
        (bytes, attributes, header) => {
          bytes[18] = attributes;
          bytes[19] = 0;
          bytes[22] = header * 8;
          deformOrRefuse(bytes, 0, bytes.length);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

function deformOrRefuse(bytes: Uint8Array, start: number, length: number): void {
  const places = createDeformedTuple(COLUMNS.length);
  try {
    deformTuple(COLUMNS, bytes, start, length, places);
  } catch (error) {
    assert.ok(error instanceof MalformedTupleError);
    return;
  }
  places.forms.forEach((form, index) => {
    if (form < AttributeForm.fixed) return;
    assert.ok(places.offsets[index] >= start + 23);
    assert.ok(places.offsets[index] + places.lengths[index] <= start + length);
  });
}

test('transaction ids are compared on their circle', () => {
  assert.ok(xidPrecedes(3, 4));
  assert.ok(xidPrecedes(4_294_967_295, 3));
  assert.ok(!xidPrecedes(3, 4_294_967_295));
  assert.ok(xidPrecedes(2, 4_294_967_295));
  assert.ok(!xidPrecedes(5, 5));
});

test('an xmax that only locks is told from one that removes', () => {
  const tuple = Buffer.alloc(24);
  const withInfomask = (bits: number) => {
    tuple.writeUInt16LE(bits, 20);
    return isXmaxLockOnly(tupleInfomask(tuple, 0));
  };
  assert.ok(withInfomask(0x0080));
  assert.ok(withInfomask(0x0040));
  assert.ok(!withInfomask(0));
  assert.ok(!withInfomask(0x1040));
  assert.ok(withInfomask(0x1080));
});
