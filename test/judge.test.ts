import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { type CurrentRows, WrittenSinceFork } from '../source/incident/current-rows.js';
import { Judge } from '../source/incident/judge.js';
import { LiveRows } from '../source/incident/live-rows.js';
import { LostTouches } from '../source/incident/lost-touches.js';
import type { RowVerdict } from '../source/incident/model.js';
import type { CatalogChange, Change, DdlSubject, Row, RowChange, Table } from '../source/rows/row-change.js';
import { MemoryFile } from './support/memory-file.js';

function tableOf(over: Partial<Table> & { readonly types?: readonly string[] } = {}): Table {
  const { types = ['integer', 'text', 'text'], ...rest } = over;
  return {
    id: 1,
    oid: 16400,
    database: 'shop',
    schema: 'public',
    name: 'users',
    columns: ['id', 'email', 'note'].map((name, i) => ({
      name,
      typeName: types[i],
      typeOid: types[i] === 'numeric' ? 1700 : 25,
      numeric: false,
      notNull: i === 0,
      generated: '' as const,
      identity: '' as const,
    })),
    identity: { kind: 'primary-key', columns: [0] },
    uniqueKeys: [
      { name: 'users_pkey', columns: [0], nullsNotDistinct: false },
      { name: 'users_email_key', columns: [1], nullsNotDistinct: false },
    ],
    ...rest,
  };
}

const users = tableOf();
const log = tableOf({ name: 'log', identity: { kind: 'full-row', columns: [0, 1, 2] }, uniqueKeys: [] });
const NOT_LOGGED = { unknown: 'not-logged' } as const;

function row(operation: RowChange['operation'], before?: Row, after?: Row, table = users): RowChange {
  return { kind: 'row', operation, lsn: 1, xid: 738, table, before, after };
}
const insert = (after: Row, table?: Table) => row('insert', undefined, after, table);
const update = (before: Row, after: Row, table?: Table) => row('update', before, after, table);
const remove = (before: Row, table?: Table) => row('delete', before, undefined, table);
const truncate = (table?: Table) => row('truncate', undefined, undefined, table);

const nameOf = (index: number) => ({ xid: 700 + index, commitLsn: 0x1000 * (index + 1) });

function offline(written: readonly Change[], incomplete?: string, now?: (table: Table) => Table | undefined) {
  const current = new WrittenSinceFork(incomplete, now);
  for (const change of written) current.add(change);
  return current;
}

function typeNameOf(name: string): string {
  return users.columns.find((column) => column.name === name)?.typeName ?? 'text';
}

/** A live server that holds these rows of `users` (or another table) now. */
function live(rows: readonly (readonly (string | null)[])[], asked: number[] = []): CurrentRows {
  return new LiveRows({
    async rowsByKey(_database, _schema, _table, names, keys) {
      asked.push(keys.length);
      const columns = ['id', 'email', 'note'];
      const at = names.map((name) => columns.indexOf(name));
      const found = new Map<number, (readonly (string | null)[])[]>();
      keys.forEach((key, i) => {
        const met = rows.filter((each) => at.every((column, k) => each[column] === key[k]));
        if (met.length > 0) found.set(i, met);
      });
      return {
        found: true,
        columns: columns.map((name) => ({ name, typeName: typeNameOf(name) })),
        rows: found,
      };
    },
  });
}

/** Verdicts of each transaction's rows, in words; the judge for more. */
async function judged(current: CurrentRows, ...lost: (readonly Change[])[]) {
  const judge = new Judge(current, nameOf);
  const outcomes = await judge.judge(lost.map((changes, index) => ({ index, changes })));
  const rows: (RowVerdict | undefined)[][] = outcomes.map((outcome) => outcome.rows);
  // A live server's questions are counted by some.
  if (current instanceof WrittenSinceFork)
    assert.deepEqual(
      await judgedBitByBit(current, lost),
      outcomes.map(({ verdict }) => verdict),
      'a transaction judged a change at a time has the same verdict',
    );
  return {
    judge,
    rows,
    words: rows.map((each) => each.map((verdict) => verdict?.verdict ?? '-').join(' ')),
    verdicts: outcomes.map(({ verdict }) => verdict),
  };
}

/** Verdicts of transactions of which no two changes are in one batch. */
async function judgedBitByBit(current: CurrentRows, lost: readonly (readonly Change[])[]) {
  const judge = new Judge(current, nameOf);
  const verdicts: string[] = [];
  for (const [index, changes] of lost.entries()) {
    for (const change of changes) await judge.judge([{ index, changes: [change], goesOn: true }]);
    const [{ verdict }] = await judge.judge([{ index, changes: [] }]);
    verdicts.push(verdict);
  }
  return verdicts;
}

/** The verdict of one lost change. */
async function verdictOf(current: CurrentRows, change: Change): Promise<RowVerdict> {
  const { rows } = await judged(current, [change]);
  assert.ok(rows[0][0]);
  return rows[0][0];
}

describe('verdict of a lost insert', () => {
  const ours = insert(['5', 'a@x', 'n']);
  const cases: [string, Change[], string][] = [
    ['is clean where nothing was written', [], 'clean'],
    ['is applied where the same row was inserted', [insert(['5', 'a@x', 'n'])], 'applied'],
    ['exists where another row has its key', [insert(['5', 'b@x', 'n'])], 'exists'],
    ['is unique where another row has its other key', [insert(['6', 'a@x', 'n'])], 'unique'],
    [
      'is clean where the other row gave its key up again',
      [insert(['6', 'a@x', 'n']), update(['6', 'a@x', 'n'], ['6', 'b@x', 'n'])],
      'clean',
    ],
    [
      'is clean where a row with its key came and went',
      [insert(['5', 'b@x', 'n']), remove(['5', NOT_LOGGED, NOT_LOGGED])],
      'clean',
    ],
    [
      'frees the other key of a deleted row whose old values were not logged',
      [insert(['6', 'a@x', 'n']), remove(['6', NOT_LOGGED, NOT_LOGGED])],
      'clean',
    ],
    [
      'is clean where the table was truncated after a row took its key',
      [insert(['5', 'b@x', 'n']), truncate()],
      'clean',
    ],
    ['sees a row moved onto its key', [update(['9', 'q', 'n'], ['5', 'q', 'n'])], 'exists'],
  ];
  for (const [name, written, verdict] of cases) {
    it(name, async () => assert.equal((await verdictOf(offline(written), ours)).verdict, verdict));
  }

  it('says in a sentence what is there, with the row', async () => {
    assert.deepEqual(await verdictOf(offline([insert(['5', 'b@x', null])]), ours), {
      verdict: 'exists',
      reason: 'id 5 is on the new primary too, with other values',
      current: ['5', 'b@x', null],
    });
  });

  it('is clean into a table without key, whatever was written there', async () => {
    const twin = insert(['5', 'a', 'n'], log);
    assert.equal((await verdictOf(offline([twin]), twin)).verdict, 'clean');
  });

  it('holds nulls of a unique key apart, unless they are not distinct', async () => {
    const nullable = insert(['5', null, 'n']);
    assert.equal((await verdictOf(offline([insert(['6', null, 'n'])]), nullable)).verdict, 'clean');
    const strict = tableOf({ uniqueKeys: [{ name: 'k', columns: [1], nullsNotDistinct: true }] });
    const written = offline([insert(['6', null, 'n'], strict)]);
    assert.equal((await verdictOf(written, insert(['5', null, 'n'], strict))).verdict, 'unique');
  });

  it('takes 1.0 and 1.00 for the same key, as the index does', async () => {
    const priced = tableOf({ types: ['numeric', 'text', 'text'] });
    const written = offline([insert(['1.00', 'b', 'n'], priced)]);
    assert.equal((await verdictOf(written, insert(['1.0', 'a', 'n'], priced))).verdict, 'exists');
  });

  it('finds its table by name, not in another database', async () => {
    const other = insert(['5', 'b@x', 'n'], tableOf({ database: 'test' }));
    assert.equal((await verdictOf(offline([other]), ours)).verdict, 'clean');
  });
});

describe('verdict of a lost update or delete', () => {
  const before: Row = ['5', 'a', 'old'];
  const after: Row = ['5', 'a', 'new'];
  const cases: [string, Change[], string, string][] = [
    ['is clean where nothing was written', [], 'clean', 'clean'],
    ['sees the row changed', [update(before, ['5', 'a', 'other'])], 'changed', 'changed'],
    ['sees the row gone', [remove(before)], 'missing', 'applied'],
    ['sees the row put back as it was', [update(before, after), update(after, before)], 'clean', 'clean'],
    ['sees the result there already', [update(before, after)], 'applied', 'changed'],
    ['sees a truncated table', [truncate()], 'missing', 'applied'],
  ];
  for (const [name, written, updated, deleted] of cases) {
    it(name, async () => {
      assert.equal((await verdictOf(offline(written), update(before, after))).verdict, updated);
      assert.equal((await verdictOf(offline(written), remove(before))).verdict, deleted);
    });
  }

  it('is unique where its new value is held by another row', async () => {
    const verdict = await verdictOf(offline([insert(['7', 'b', 'n'])]), update(before, ['5', 'b', 'old']));
    assert.equal(verdict.verdict, 'unique');
    assert.equal(verdict.reason, 'email b is held by another row (id 7) on the new primary');
  });

  it('does not collide with a unique value it leaves alone', async () => {
    const unlogged = update(['5', NOT_LOGGED, NOT_LOGGED], ['5', { unknown: 'unchanged' }, 'new']);
    assert.equal((await verdictOf(offline([insert(['7', 'a', 'n'])]), unlogged)).verdict, 'clean');
  });

  it('looks at both keys of an update that changes the key', async () => {
    const moved = update(before, ['8', 'a', 'old']);
    assert.equal((await verdictOf(offline([]), moved)).verdict, 'clean');
    assert.equal((await verdictOf(offline([insert(['8', 'z', 'n'])]), moved)).verdict, 'exists');
    assert.equal((await verdictOf(offline([remove(before)]), moved)).verdict, 'missing');
    assert.equal((await verdictOf(offline([moved]), moved)).verdict, 'applied');
  });

  it('does not collide with its own row that got the same unique value on the new primary', async () => {
    const written = offline([update(before, ['5', 'b', 'other'])]);
    assert.equal((await verdictOf(written, update(before, ['5', 'b', 'old']))).verdict, 'changed');
  });

  it('is not applied by a new key while the old row is still there', async () => {
    const moved = update(['5', null, 'old'], ['8', null, 'old']);
    assert.equal((await verdictOf(offline([insert(['8', null, 'old'])]), moved)).verdict, 'exists');
  });

  it('calls nothing equal or different by a value that is not known', async () => {
    const byKey = update(['5', NOT_LOGGED, NOT_LOGGED], after);
    const verdict = await verdictOf(offline([update(before, ['5', 'a', 'other'])]), byKey);
    assert.equal(verdict.verdict, 'unknown');
    assert.match(verdict.reason, /column (email|note) cannot be compared: it is not in the WAL/);
    const toasted = offline([update(before, ['5', 'a', NOT_LOGGED])]);
    assert.equal((await verdictOf(toasted, remove(before))).verdict, 'unknown');
  });

  it('takes an unchanged value on the new primary from the row it wrote before', async () => {
    const written = offline([
      insert(['5', 'a', 'new']),
      update(['5', NOT_LOGGED, NOT_LOGGED], ['5', 'a', { unknown: 'unchanged' }]),
    ]);
    assert.equal((await verdictOf(written, update(before, after))).verdict, 'applied');
  });

  it('is unknown without an old row, or without its key', async () => {
    assert.equal((await verdictOf(offline([]), row('delete'))).verdict, 'unknown');
    assert.equal((await verdictOf(offline([]), remove([NOT_LOGGED, 'a', 'b']))).verdict, 'unknown');
  });

  it('is unknown with the reason where it could not be decoded', async () => {
    const broken: Change = { ...update(before, after), problem: 'no such type' };
    assert.deepEqual(await verdictOf(offline([]), broken), { verdict: 'unknown', reason: 'no such type' });
    const lost: Change = {
      kind: 'undecodable',
      operation: 'insert',
      lsn: 1,
      xid: 2,
      relation: 'r',
      problem: 'why',
    };
    assert.deepEqual(await verdictOf(offline([]), lost), { verdict: 'unknown', reason: 'why' });
  });
});

describe('verdict in a table with a partial index', () => {
  const seats = tableOf({ conditionalKeys: [{ name: 'one_each', columns: [1] }] });
  const elsewhere = insert(['9', 'x', 'y'], seats);

  it('is open where the new primary wrote to the table and the row is one for the index', async () => {
    const { rows } = await judged(
      offline([elsewhere]),
      [insert(['1', 'a', 'b'], seats)],
      [update(['2', 'a', 'b'], ['2', 'c', 'b'], seats)],
      [update(['3', 'a', 'b'], ['3', 'a', 'c'], seats)],
      [remove(['4', 'a', 'b'], seats)],
    );
    assert.deepEqual(
      rows.map(([row]) => row?.verdict),
      ['unknown', 'unknown', 'clean', 'clean'],
    );
    assert.match(rows[0][0]?.reason ?? '', /one_each/);
  });

  it('is as clean as any where the new primary did not write to the table', async () => {
    const { rows } = await judged(offline([]), [insert(['1', 'a', 'b'], seats)]);
    assert.equal(rows[0][0]?.verdict, 'clean');
  });
});

describe('verdict in a table without key', () => {
  const old: Row = ['1', 'a', null];
  const touched = insert(['2', 'b', null], log);
  const cases: [string, Change[], string, string][] = [
    ['is clean where nothing was written', [], 'clean', 'clean'],
    ['is clean where other rows were written', [touched, remove(['3', 'c', null], log)], 'clean', 'clean'],
    ['is clean where an equal row came', [insert(old, log)], 'clean', 'clean'],
    ['cannot tell where an equal row was removed', [remove(old, log)], 'unknown', 'unknown'],
    [
      'is clean where as many equal rows came as went',
      [remove(old, log), insert(old, log)],
      'clean',
      'clean',
    ],
    ['sees a truncated table', [truncate(log)], 'missing', 'applied'],
    ['sees an equal row after a truncation', [truncate(log), insert(old, log)], 'clean', 'clean'],
    [
      'cannot tell after a change of a row that is not known',
      [row('delete', undefined, undefined, log)],
      'unknown',
      'unknown',
    ],
  ];
  for (const [name, written, updated, deleted] of cases) {
    it(name, async () => {
      assert.equal((await verdictOf(offline(written), update(old, ['1', 'z', null], log))).verdict, updated);
      assert.equal((await verdictOf(offline(written), remove(old, log))).verdict, deleted);
    });
  }

  it('needs the whole old row', async () => {
    assert.equal((await verdictOf(offline([]), remove(['1', 'a', NOT_LOGGED], log))).verdict, 'unknown');
  });

  it('depends on the lost transaction that put the row there, not on one that removed its twin', async () => {
    const { words } = await judged(offline([]), [insert(old, log)], [remove(old, log)]);
    assert.deepEqual(words, ['clean', 'dependency']);
    const twins = await judged(offline([]), [remove(old, log)], [remove(old, log)]);
    assert.deepEqual(twins.words, ['clean', 'clean']);
  });
});

describe('verdict of a lost TRUNCATE', () => {
  it('is clean unless the table was written since', async () => {
    assert.equal((await verdictOf(offline([]), truncate())).verdict, 'clean');
    assert.equal((await verdictOf(offline([insert(['1', 'a', 'b'])]), truncate())).verdict, 'changed');
    assert.equal((await verdictOf(live([]), truncate())).verdict, 'unknown');
  });

  it('is what rows written after it build upon', async () => {
    const { words } = await judged(offline([]), [truncate()], [insert(['5', 'a', 'n'])]);
    assert.deepEqual(words, ['clean', 'dependency']);
  });

  it('gives its verdict to what the same transaction writes after it', async () => {
    const { words } = await judged(offline([insert(['5', 'x', 'y'])]), [truncate(), insert(['5', 'a', 'n'])]);
    assert.deepEqual(words, ['changed changed']);
  });
});

describe('chains within the lost part', () => {
  const one: Row = ['5', 'a', 'one'];
  const two: Row = ['5', 'a', 'two'];
  const three: Row = ['5', 'a', 'three'];

  it('are dependencies that name the transaction built upon', async () => {
    const { judge, rows, words } = await judged(
      offline([]),
      [insert(one)],
      [update(one, two)],
      [insert(['9', 'z', 'n'])],
      [remove(two)],
      [insert(['5', 'b', 'again'])],
    );
    assert.deepEqual(words, ['clean', 'dependency', 'clean', 'dependency', 'dependency']);
    assert.equal(
      rows[1][0]?.reason,
      'transaction 700 (commit LSN 0/1000), lost too, wrote id 5 before; this builds on it',
    );
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((index) => judge.dependencies(index)),
      [[], [0], [], [1], [3]],
    );
  });

  it('depend on the transaction that freed a unique value', async () => {
    const { words, judge } = await judged(
      offline([]),
      [update(one, ['5', 'b', 'one'])],
      [insert(['6', 'a', 'n'])],
    );
    assert.deepEqual(words, ['clean', 'dependency']);
    assert.deepEqual(judge.dependencies(1), [0]);
  });

  it('collide where the new primary wrote the row, all along', async () => {
    const written = offline([update(one, ['5', 'a', 'other'])]);
    const { words } = await judged(written, [update(one, two)], [update(two, three)]);
    assert.deepEqual(words, ['changed', 'changed']);
    const gone = await judged(offline([remove(one)]), [update(one, two)], [update(two, three)]);
    assert.deepEqual(gone.words, ['missing', 'missing']);
  });

  it('are dependencies on a live server too, which cannot say what was written since', async () => {
    const { words } = await judged(
      live([['5', 'a', 'one']]),
      [update(one, two)],
      [update(two, one)],
      [remove(one)],
      [insert(three)],
    );
    assert.deepEqual(words, ['clean', 'dependency', 'dependency', 'dependency']);
    const fresh = await judged(live([]), [insert(one)], [update(one, two)]);
    assert.deepEqual(fresh.words, ['clean', 'dependency']);
    const collided = await judged(live([['5', 'a', 'x']]), [update(one, two)], [update(two, three)]);
    assert.deepEqual(collided.words, ['changed', 'changed']);
    const applied = await judged(live([['5', 'a', 'two']]), [update(one, two)], [update(two, three)]);
    assert.deepEqual(applied.words, ['applied', 'clean']);
  });

  it('within a transaction inherit the verdict of their first link', async () => {
    const chain = [insert(one), update(one, two), remove(two), insert(three)];
    assert.deepEqual((await judged(offline([]), chain)).words, ['clean clean clean clean']);
    const taken = offline([insert(['5', 'x', 'y'])]);
    assert.deepEqual((await judged(taken, chain)).words, ['exists exists exists exists']);
  });

  it('within a transaction compare a later link by itself where the first is applied', async () => {
    const { words } = await judged(offline([insert(one)]), [insert(one), update(one, two)]);
    assert.deepEqual(words, ['applied clean']);
  });

  it('within a transaction still see what a later link runs into', async () => {
    const written = offline([insert(['8', 'x', 'y'])]);
    const { words } = await judged(written, [insert(one), update(one, ['8', 'a', 'one'])]);
    assert.deepEqual(words, ['clean exists']);
    const named = await judged(written, [insert(one), update(one, ['5', 'x', 'one'])]);
    assert.deepEqual(named.words, ['clean unique']);
  });

  it('are unknown after a lost change of a row that cannot be told', async () => {
    const { words, rows } = await judged(
      offline([]),
      [row('update')],
      [update(one, two)],
      [insert(three, log)],
    );
    assert.deepEqual(words, ['unknown', 'unknown', 'clean']);
    assert.match(
      rows[1][0]?.reason ?? '',
      /^transaction 700 \(commit LSN 0\/1000\), lost too, wrote a row of public.users/,
    );
  });

  it('do not take a unique value for free after a lost update that may have freed it', async () => {
    const freed = update(['5', NOT_LOGGED, NOT_LOGGED], ['5', 'b', 'n']);
    const { words } = await judged(
      offline([]),
      [freed],
      [insert(['6', 'a', 'n'])],
      [update(['7', 'q', 'a'], ['7', 'q', 'b'])],
    );
    assert.deepEqual(words, ['clean', 'unknown', 'clean']);
  });

  it('are judged the same when asked again after later transactions', async () => {
    const lost = [[insert(one)], [update(one, two)], [update(two, three)]];
    const { judge, rows } = await judged(offline([]), ...lost);
    for (const [index, changes] of lost.entries()) {
      assert.deepEqual(await judge.rowVerdicts(index, changes), rows[index]);
    }
  });
});

describe('transactions of very many rows', () => {
  const MANY = 24_000;
  const numbers = Array.from({ length: MANY }, (_, i) => i);
  const first = (i: number) => [`${i}`, `e${i}`, 'n'];

  /** Writes every key several times: inserts, updates that pass other keys on, deletes, and rows put in anew. */
  const lost: Change[][] = [
    numbers.map((i) => insert(first(i))),
    numbers.map((i) => update(first(i), [`${i}`, `e${(i + 1) % MANY}`, 'm'])),
    [
      ...numbers.map((i) => remove([`${i}`, `e${(i + 1) % MANY}`, 'm'])),
      ...numbers.filter((i) => i % 3 === 0).map((i) => insert([`${i}`, `f${i}`, 'o'])),
      ...numbers
        .filter((i) => i % 6 === 0)
        .map((i) => update([`${i}`, `f${i}`, 'o'], [`${MANY + i}`, `f${i}`, 'o'])),
    ],
    numbers.filter((i) => i % 1000 === 1).map((i) => insert([`${i}`, `g${i}`, 'p'])),
  ];
  const written = [
    insert(['17', 'x17', 'other']),
    insert([`${MANY + 60}`, 'x60', 'other']),
    remove(first(400)),
  ];

  it('are judged alike whether their keys are in memory or in the temporary file', async () => {
    const file = new MemoryFile(1000);
    const spilling = new Judge(offline(written), nameOf, new LostTouches({ file }), undefined, file);
    const holding = new Judge(offline(written), nameOf);
    const batch = lost.map((changes, index) => ({ index, changes }));
    const outcomes = await spilling.judge(batch);
    assert.deepEqual(outcomes, await holding.judge(batch));
    assert.deepEqual([...new Set(outcomes.flatMap(({ rows }) => rows.map((row) => row?.verdict)))].sort(), [
      'changed',
      'clean',
      'dependency',
      'exists',
    ]);
    assert.ok(file.size > MANY * 16 * 4, 'most was written to the file');
    for (const { index, changes } of batch) {
      const some = changes.slice(0, 500);
      assert.deepEqual(await spilling.rowVerdicts(index, some), await holding.rowVerdicts(index, some));
      assert.deepEqual(spilling.dependencies(index), holding.dependencies(index));
    }
  });

  it('say when there is no room for their keys, instead of taking what was not kept for not written', () => {
    const file = new MemoryFile(1000, 3);
    const judge = new Judge(offline([]), nameOf, new LostTouches({ file }), undefined, file);
    for (const _ of judge.beginAlone(
      0,
      { [Symbol.iterator]: () => lost[0].values(), visit: () => [] },
      false,
    ));
    assert.equal(judge.heldAlone, Number.POSITIVE_INFINITY);
  });

  it('build, in a table that the new primary does not have, on the one that gave up a key which they take', async () => {
    const judge = new Judge(
      offline([], undefined, () => undefined),
      nameOf,
    );
    const changes = [
      [insert(first(1)), insert(first(2))],
      [remove(first(1)), update(first(2), ['3', 'e2', 'n'])],
      [insert(first(1))],
      [insert(['2', 'e5', 'n'])],
    ];
    await judge.judge(changes.map((each, index) => ({ index, changes: each })));
    assert.deepEqual(judge.dependencies(2), [1]);
    assert.deepEqual(judge.dependencies(3), [1]);
  });

  it('that fill a table which the new primary does not have take no room', async () => {
    const judge = new Judge(
      offline([], undefined, () => undefined),
      nameOf,
      new LostTouches({ most: 0 }),
    );
    for (const _ of judge.beginAlone(
      0,
      { [Symbol.iterator]: () => lost[0].values(), visit: () => [] },
      false,
    ));
    assert.equal(judge.heldAlone, 0);
    assert.equal(judge.endAlone(), 'unknown');
    assert.equal(judge.firstForgotten, undefined);
  });
});

describe('what is not known of the new primary', () => {
  const ours = update(['5', 'a', 'one'], ['5', 'a', 'two']);

  it('lets nothing be clean, applied or a dependency while its WAL has gaps, but a collision is one', async () => {
    const other = insert(['6', 'x', 'y']);
    const { words, rows } = await judged(
      offline([other], 'a segment is missing'),
      [ours],
      [ours],
      [insert(['6', 'q', 'y'])],
      [other],
    );
    assert.deepEqual(words, ['unknown', 'unknown', 'exists', 'unknown']);
    assert.equal(rows[0][0]?.reason, 'a segment is missing');
  });

  it('makes rows unknown after a change of an unknown row, until they are written again', async () => {
    const written = offline([
      insert(['6', 'x', 'y']),
      { ...row('delete'), problem: 'no image' },
      insert(['7', 'x', 'y']),
    ]);
    const { words, rows } = await judged(
      written,
      [ours],
      [remove(['6', 'x', 'y'])],
      [remove(['7', 'x', 'y'])],
    );
    assert.deepEqual(words, ['unknown', 'unknown', 'clean']);
    assert.match(rows[0][0]?.reason ?? '', /changed a row of public.users that cannot be told: no image/);
  });

  it('makes every table unknown after a change of an unknown table', async () => {
    const written = offline([
      {
        kind: 'undecodable',
        operation: 'insert',
        lsn: 1,
        xid: 2,
        relation: 'relation 1/2/3',
        problem: 'no catalog',
      },
    ]);
    const { words } = await judged(written, [ours], [truncate()]);
    assert.deepEqual(words, ['unknown', 'unknown']);
  });

  it('compares no column whose type differs or that is not there', async () => {
    const retyped = tableOf({ id: 2, types: ['integer', 'text', 'jsonb'] });
    const written = offline([update(['5', 'a', 'one'], ['5', 'a', 'two'], retyped)]);
    const verdict = await verdictOf(written, ours);
    assert.equal(verdict.verdict, 'unknown');
    assert.equal(
      verdict.reason,
      'column note cannot be compared: column note of public.users is text on the old primary and jsonb on the new one',
    );
    const keyless = tableOf({ id: 3, types: ['bigint', 'text', 'text'] });
    const byKey = await verdictOf(offline([insert(['6', 'a', 'two'], keyless)]), ours);
    assert.equal(byKey.verdict, 'unknown');
    const dropped = await verdictOf(
      offline([], undefined, () => undefined),
      ours,
    );
    assert.deepEqual(dropped, {
      verdict: 'unknown',
      reason: 'there is no table public.users on the new primary',
    });
  });

  it('keeps what was written before the table was altered', async () => {
    const wider = tableOf({ id: 2 });
    const columns = [{ ...wider.columns[0], name: 'added' }, ...wider.columns];
    const altered: Table = {
      ...wider,
      columns,
      identity: { kind: 'primary-key', columns: [1] },
      uniqueKeys: [{ name: 'users_email_key', columns: [2], nullsNotDistinct: false }],
    };
    const written = offline([
      update(['5', 'a', 'one'], ['5', 'a', 'two']),
      insert(['x', '6', 'b', 'n'], altered),
    ]);
    assert.equal((await verdictOf(written, ours)).verdict, 'applied');
    assert.equal((await verdictOf(written, insert(['6', 'c', 'n']))).verdict, 'exists');
  });
});

describe('verdict of a transaction', () => {
  it('is its worst row’s, and clean where no row has one', async () => {
    const message: Change = {
      kind: 'message',
      lsn: 1,
      xid: 2,
      transactional: true,
      prefix: 'p',
      content: new Uint8Array(),
    };
    const written = offline([insert(['5', 'x', 'y']), insert(['6', 'q', 'n'])]);
    const { verdicts, words } = await judged(
      written,
      [insert(['6', 'q', 'n']), message, insert(['5', 'r', 'n'])],
      [message],
    );
    assert.deepEqual(words, ['applied - exists', '-']);
    assert.deepEqual(verdicts, ['exists', 'clean']);
  });
});

describe('what transactions did to the catalog', () => {
  const ddl = (effect: DdlSubject['effect'], name: string): CatalogChange => ({
    kind: 'catalog',
    lsn: 1,
    xid: 738,
    description: `${effect}s ${name}`,
    statement: `${effect} ${name}`,
    database: 'shop',
    subject: { effect, kind: 'relation', schema: 'public', name },
  });

  it('is judged again as it was the first time, in its order, whatever later ones did', async () => {
    const current: CurrentRows = {
      ...live([]),
      definition: (_, { name }) => ({ exists: name !== 'fresh', altered: false }),
    };
    const judge = new Judge(current, nameOf);
    const transactions: Change[][] = [
      [ddl('create', 'taken'), ddl('alter', 'taken'), ddl('create', 'fresh'), ddl('drop', 'fresh')],
      [ddl('alter', 'fresh'), ddl('alter', 'old')],
      [ddl('alter', 'old'), ddl('create', 'fresh')],
    ];
    const words = (rows: readonly (RowVerdict | undefined)[]) => rows.map((each) => each?.verdict);
    const first = await judge.judge(transactions.map((changes, index) => ({ index, changes })));
    assert.deepEqual(
      first.map(({ rows }) => words(rows)),
      [
        ['exists', 'clean', 'clean', 'clean'],
        ['dependency', 'clean'],
        ['dependency', 'dependency'],
      ],
    );
    for (const [index, changes] of transactions.entries())
      assert.deepEqual(await judge.rowVerdicts(index, changes), first[index].rows);
  });
});

describe('rows of a live server', () => {
  it('are asked for in batches, each key once', async () => {
    const asked: number[] = [];
    const changes = Array.from({ length: 2500 }, (_, i) => remove([String(i % 2200), 'a', 'b']));
    await judged(live([], asked), changes);
    assert.deepEqual(asked, [1000, 1000, 200]);
  });

  it('of a table without key are the same only when every text is', async () => {
    const { words } = await judged(
      live([['1', 'a', null]]),
      [remove(['1', 'a', null], log)],
      [remove(['1', 'b', null], log)],
    );
    assert.deepEqual(words, ['clean', 'applied']);
  });

  it('make a table unknown that may not be read, and end the comparison when the server is gone', async () => {
    const refusing = (code: string) =>
      new LiveRows({
        rowsByKey: () => {
          const cause = Object.assign(new Error('no'), { code });
          return Promise.reject(
            new ForkpointError({ what: 'the server did not answer: no', where: 'here' }, { cause }),
          );
        },
      });
    assert.deepEqual(await verdictOf(refusing('42501'), insert(['1', 'a', 'b'])), {
      verdict: 'unknown',
      reason: 'the server did not answer: no',
    });
    await assert.rejects(verdictOf(refusing('57P01'), insert(['1', 'a', 'b'])), ForkpointError);
  });
});
