/** Bytes that are no value: every output function ends, in some text or in an UndecodableValueError, and reads nothing beyond them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TypeDefinition, TypeLookup } from '../source/catalog/model.js';
import { BUILT_IN_TYPES, EXTENSION_TYPES } from '../source/types/output-functions.js';
import { outputFunction, UndecodableValueError } from '../source/types/registry.js';

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

const attribute = {
  typmod: -1,
  byValue: true,
  notNull: false,
  dropped: false,
  generated: '',
  identity: '',
} as const;

const DEFINED: readonly TypeDefinition[] = [
  { ...BASE, oid: 23, schema: 'pg_catalog', name: 'int4', length: 4, byValue: true },
  { ...BASE, oid: 25, schema: 'pg_catalog', name: 'text' },
  { ...BASE, oid: 1007, schema: 'pg_catalog', name: '_int4', category: 'A', elementOid: 23 },
  { ...BASE, oid: 1009, schema: 'pg_catalog', name: '_text', category: 'A', elementOid: 25 },
  { ...BASE, oid: 3904, schema: 'pg_catalog', name: 'int4range', kind: 'r', rangeOid: 23 },
  { ...BASE, oid: 4451, schema: 'pg_catalog', name: 'int4multirange', kind: 'm', rangeOid: 3904 },
  { ...BASE, oid: 20_000, name: 'mood', kind: 'e', length: 4, enumLabels: new Map([[1, 'ok']]) },
  {
    ...BASE,
    oid: 20_001,
    name: 'pair',
    kind: 'c',
    attributes: [
      { ...attribute, number: 1, name: 'a', typeOid: 23, length: 4, alignment: 4 },
      { ...attribute, number: 2, name: 'b', typeOid: 25, length: -1, alignment: 4, byValue: false },
    ],
  },
  ...[...EXTENSION_TYPES.keys()].map((name, index) => ({ ...BASE, oid: 30_000 + index, name })),
  { ...BASE, oid: 40_000, schema: 'odd', name: 'isbn13' },
  { ...BASE, oid: 40_001, name: 'vector', outputFunction: 'some_other_out' },
];

const lookup: TypeLookup = { type: (oid) => DEFINED.find((type) => type.oid === oid), encoding: 6 };

/** Type OIDs and small numbers, where formats keep them, among bytes of any kind. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 12 }).map((part) => Buffer.from(part)),
      fc
        .constantFrom(0, 1, 2, 3, 23, 25, 3904, 4451, 20_001, 0x2000_0002, 0x4000_0001, 0x8000_0001)
        .map((number) => {
          const word = Buffer.alloc(4);
          word.writeUInt32LE(number);
          return word;
        }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

const oids = [...BUILT_IN_TYPES.keys(), ...DEFINED.map((type) => type.oid).filter((oid) => oid < 40_000)];

test('random bytes', { timeout: 60_000 }, () => {
  for (const oid of oids) {
    const output = outputFunction(oid, lookup);
    assert.equal(outputFunction(oid, lookup), output);
    fc.assert(
      fc.property(bytes, (data) => {
        const read = (around: number): string => {
          const page = Buffer.concat([Buffer.alloc(7, around), data, Buffer.alloc(64, around)]);
          try {
            return output(page, 7, 7 + data.length);
          } catch (error) {
            assert.ok(error instanceof UndecodableValueError, `${oid}: ${(error as Error).stack}`);
            return `undecodable: ${error.reason}`;
          }
        };
        // What lies around a value must not matter.
        assert.equal(read(0), read(0x41));
      }),
      { numRuns: 150 },
    );
  }
});

test('types without a known text form are named', () => {
  assert.throws(() => outputFunction(40_000, lookup), {
    reason: 'the text form of type odd.isbn13 is not known',
  });
  assert.throws(() => outputFunction(40_001, lookup), {
    reason: 'the text form of type public.vector is not known',
  });
  assert.throws(() => outputFunction(99_999, lookup), { reason: 'type 99999 is not known' });
});
