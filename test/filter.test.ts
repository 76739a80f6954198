import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { parseLsn } from '../source/bytes/lsn.js';
import { POSTGRES_EPOCH_MS } from '../source/bytes/timestamp.js';
import { parseFilter } from '../source/incident/filter.js';
import type { ListedTransaction } from '../source/incident/model.js';
import { SORT_VALUES, sortedIndexes } from '../source/incident/sort.js';
import type { Change, Table } from '../source/rows/row-change.js';
import { seeded } from './support/seeded.js';

const orders: Table = {
  id: 1,
  oid: 16400,
  database: 'shop',
  schema: 'public',
  name: 'orders',
  columns: ['id', 'customer'].map((name) => ({
    name,
    typeName: 'text',
    typeOid: 25,
    numeric: false,
    notNull: true,
    generated: '',
    identity: '',
  })),
  identity: { kind: 'primary-key', columns: [0] },
  uniqueKeys: [],
};

function at(iso: string, micros = 0): number {
  return (Date.parse(iso) - POSTGRES_EPOCH_MS) * 1000 + micros;
}

function transaction(over: Partial<ListedTransaction> = {}): ListedTransaction {
  return {
    index: 0,
    xid: 738,
    state: 'committed',
    database: 'shop',
    firstLsn: parseLsn('0/A016000')!,
    commitLsn: parseLsn('0/A016F40')!,
    commitEndLsn: parseLsn('0/A016F70')!,
    commitTime: at('2026-11-21T12:00:03Z', 184_429),
    straddlesFork: false,
    beginningMissing: false,
    tables: [
      { schema: 'public', table: 'orders', insert: 2, update: 0, delete: 0, truncate: 0 },
      { schema: 'audit', table: 'Log.old', insert: 1, update: 0, delete: 3, truncate: 0 },
    ],
    inserts: 3,
    updates: 0,
    deletes: 3,
    truncates: 0,
    messages: 0,
    movesSequences: false,
    undecodable: 0,
    changesCatalog: false,
    walBytes: 4000,
    verdict: 'clean',
    ...over,
  };
}

function insert(id: string, customer: string): Change {
  return { kind: 'row', operation: 'insert', lsn: 1, xid: 738, table: orders, after: [id, customer] };
}

function matches(filter: string, over?: Partial<ListedTransaction>): boolean | 'needs rows' {
  return parseFilter(filter).matchesTransaction(transaction(over));
}

describe('filter', () => {
  const cases: [string, boolean | 'needs rows'][] = [
    ['', true],
    ['   ', true],
    ['table:orders', true],
    ['table:ORDERS', true],
    ['table:order', false],
    ['table:ord*', true],
    ['table:public.orders', true],
    ['table:audit.orders', false],
    ['table:"log.old"', true],
    ['table:customers|orders', true],
    ['schema:audit', true],
    ['schema:private', false],
    ['db:shop', true],
    ['db:s*p', true],
    ['db:other', false],
    ['-db:other', true],
    ['op:insert', true],
    ['op:update', false],
    ['op:update|delete', true],
    ['op:ddl', false],
    // Both words must hold for the same change.
    ['table:orders op:delete', false],
    ['table:log.old op:delete', true],
    ['-table:orders', false],
    ['-table:customers', true],
    ['-op:update op:insert', true],
    ['xid:738', true],
    ['xid:739', false],
    ['xid:700..800', true],
    ['xid:700..737', false],
    ['xid:..738', true],
    ['xid:739..', false],
    ['xid:>738', false],
    ['xid:>=738', true],
    ['xid:1|738', true],
    ['rows:>5', true],
    ['rows:>6', false],
    ['rows:6', true],
    ['rows:<=6', true],
    ['time:>=12:00:03', true],
    ['time:>12:00:03', false],
    ['time:>12:00:02', true],
    ['time:<12:00:03', false],
    ['time:12:00', true],
    ['time:12:00:03', true],
    ['time:12:00:03.18', true],
    ['time:12:00:03.184429', true],
    ['time:12:00:03.184430', false],
    ['time:12:01', false],
    ['time:11:00..12:00', true],
    ['time:23:00..12:30', true],
    ['time:23:00..11:30', false],
    ['time:2026-11-21', true],
    ['time:2026-11-20', false],
    ['time:2026-11-21T12:00:03.184429Z', true],
    ['time:"2026-11-21 12:00"', true],
    ['time:2026-11-21T13:00+01:00', true],
    ['time:2026-11-21T11:00..12:01', true],
    ['time:>=2026-11-21T12:00:04', false],
    ['time:2026-11-20..2026-11-21', true],
    ['lsn:0/A016F40', true],
    ['lsn:0/A016F50', true],
    ['lsn:0/A016F70', false],
    ['lsn:0/A016000', true],
    ['lsn:0/A000000..0/B000000', true],
    ['lsn:>=0/A016F41', false],
    ['verdict:clean', true],
    ['verdict:changed|missing', false],
    ['-verdict:clean', false],
    ['state:prepared', false],
    ['key:42', 'needs rows'],
    ['alice', 'needs rows'],
    ['alice xid:1', false],
    ['alice table:customers', false],
    ['-alice', 'needs rows'],
    ['-alice -table:orders', false],
    ['"quoted words" xid:738', 'needs rows'],
  ];
  for (const [filter, expected] of cases) {
    it(`${filter || '(empty)'} → ${expected}`, () => assert.equal(matches(filter), expected));
  }

  it('looks into rows', () => {
    const changes = [insert('42', 'Alice Smith'), insert('43', 'Bob "B" | Jones')];
    const test = (filter: string) => parseFilter(filter).matchesChanges(transaction(), changes);
    assert.equal(test('key:42'), true);
    assert.equal(test('key:4'), false);
    assert.equal(test('key:1|43'), true);
    assert.equal(test('ALICE'), true);
    assert.equal(test('alice bob'), false, 'bare words belong to one row');
    assert.equal(test('"alice smith"'), true);
    assert.equal(test('"bob ""b"" | j"'), true);
    assert.equal(test('key:43 alice'), false);
    assert.equal(test('-alice'), false);
    assert.equal(test('bob -carol'), true);
    assert.equal(test('alice xid:7'), false);
    assert.equal(test('alice table:orders op:insert'), true);
  });

  it('says which of the changes it speaks of', () => {
    const filter = parseFilter('xid:738 alice');
    assert.equal(filter.matchesChange(insert('42', 'Alice')), true);
    assert.equal(filter.matchesChange(insert('43', 'Bob')), false);
    assert.equal(parseFilter('xid:738').matchesChange(insert('43', 'Bob')), true);
  });

  it('says what it needs', () => {
    assert.deepEqual(parseFilter('xid:1 rows:>3').needs, { tables: false, verdict: false, rows: false });
    assert.deepEqual(parseFilter('table:a verdict:clean').needs, {
      tables: true,
      verdict: true,
      rows: false,
    });
    assert.deepEqual(parseFilter('x').needs, { tables: true, verdict: false, rows: true });
    assert.equal(parseFilter(' ').empty, true);
  });

  const mistakes: [string, RegExp][] = [
    ['xid:1 tabel:orders', /unknown field "tabel".*column 7/],
    ['xid:abc', /xid: "abc".*column 1/],
    ['op:upsert', /op: cannot be "upsert".*insert, update/],
    ['verdict:good', /verdict: cannot be "good"/],
    ['table:', /table: needs a value/],
    ['a "b c', /a quote is not closed.*column 3/],
    ['time:25:00', /time: "25:00"/],
    ['time:2026-02-30', /no time/],
    ['time:12:00..2026-11-21', /begins without a date/],
    ['lsn:12', /lsn: "12"/],
    ['rows:..', /rows: ".."/],
  ];
  for (const [filter, message] of mistakes) {
    it(`refuses ${filter}`, () => {
      assert.throws(
        () => parseFilter(filter),
        (error) => error instanceof ForkpointError && message.test(error.message),
      );
    });
  }
});

describe('sort', () => {
  const list = [
    transaction({ index: 0, xid: 9, database: 'b', verdict: 'changed' }),
    transaction({ index: 1, xid: 7, database: 'a', verdict: 'clean', tables: [] }),
    transaction({ index: 2, xid: 9, database: 'a', verdict: 'pending' }),
  ];
  const order = (key: keyof typeof SORT_VALUES, descending = false) => [
    ...sortedIndexes([0, 1, 2], (index) => SORT_VALUES[key](list[index]), descending),
  ];

  it('orders by numbers and names, equal ones by commit order', () => {
    assert.deepEqual(order('xid'), [1, 0, 2]);
    assert.deepEqual(order('xid', true), [0, 2, 1]);
    assert.deepEqual(order('database'), [1, 2, 0]);
    assert.deepEqual(order('database', true), [0, 1, 2]);
    assert.deepEqual(order('verdict'), [2, 1, 0]);
    assert.deepEqual(order('table'), [1, 0, 2]);
    assert.deepEqual(order('commit', true), [2, 1, 0]);
  });

  it('keeps the chosen subset', () => {
    assert.deepEqual([...sortedIndexes([2, 0], (index) => -index, false)], [2, 0]);
  });

  it('is that of a stable sort for many lines with equal values, either way', () => {
    const random = seeded(5);
    for (const length of [0, 1, 15, 16, 17, 33, 1000]) {
      const values = Array.from({ length }, () => random(1 + Math.ceil(length / 3)));
      for (const descending of [false, true]) {
        const indexes = values.keys();
        const expected = [...values.keys()].sort((a, b) =>
          descending ? values[b] - values[a] : values[a] - values[b],
        );
        assert.deepEqual([...sortedIndexes(indexes, (index) => values[index], descending)], expected);
        const strings = (index: number) => String.fromCharCode(0x40 + values[index]);
        assert.deepEqual([...sortedIndexes(values.keys(), strings, descending)], expected);
      }
    }
  });
});
