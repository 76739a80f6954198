/** The new primary's row in a transaction's detail: beside the others where there is room, below them where there is not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changeLines } from '../source/app/change-block.js';
import type { RowVerdict } from '../source/incident/model.js';
import type { Row, RowChange, Table } from '../source/rows/row-change.js';

const table: Table = {
  id: 1,
  oid: 16400,
  database: 'shop',
  schema: 'public',
  name: 'stock',
  columns: ['id', 'amount', 'note'].map((name, at) => ({
    name,
    typeName: at < 2 ? 'integer' : 'text',
    typeOid: at < 2 ? 23 : 25,
    numeric: at < 2,
    notNull: at === 0,
    generated: '' as const,
    identity: '' as const,
  })),
  identity: { kind: 'primary-key', columns: [0] },
  uniqueKeys: [],
};

function drawn(
  operation: RowChange['operation'],
  rows: { before?: Row; after?: Row },
  verdict: RowVerdict,
  width = 80,
): string {
  const change: RowChange = { kind: 'row', operation, lsn: 1, xid: 7, table, ...rows };
  const lines = changeLines(
    { change, verdict },
    { width, index: 0, total: 1, whole: false, needle: '', found: false },
  );
  return lines
    .map((spans) =>
      spans
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

describe('the new primary now, in 80 columns', () => {
  it('shows the columns in which its row differs from what the change would leave', () => {
    const text = drawn(
      'update',
      { before: ['1', '10', 'a'], after: ['1', '9', 'a'] },
      { verdict: 'changed', reason: 'changed there', current: ['1', '4', 'a'] },
    );
    assert.match(text, /new primary now: 1 of 3 columns differs, all else the same as after\n +amount +4$/m);
  });

  it('says that it is the same', () => {
    const text = drawn(
      'insert',
      { after: ['1', '9', null] },
      { verdict: 'applied', reason: 'there', current: ['1', '9', null] },
    );
    assert.match(text, /new primary now: the same as after/);
  });

  it('compares a lost delete with the row it took, and shows NULL and the unknown as such', () => {
    const text = drawn(
      'delete',
      { before: ['1', '9', 'x'] },
      { verdict: 'changed', reason: 'changed', current: ['1', null, { unknown: 'not-logged' }] },
    );
    assert.match(text, /2 of 3 columns differ, all else the same as before/);
    assert.match(text, /amount +‹NULL›/);
    assert.match(text, /note +‹not in WAL›/);
  });

  it('shows another row that holds the key, whole lines and no escape sequence of it', () => {
    const text = drawn(
      'insert',
      { after: ['1', '9', 'x'] },
      { verdict: 'unique', reason: 'held', current: ['2', '8', '\u001b[2J'] },
    );
    assert.match(text, /id +2\n +amount +8\n +note +\\x1b\[2J/);
    for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('stands beside the others on a wide screen', () => {
    const text = drawn(
      'insert',
      { after: ['1', '9', 'x'] },
      { verdict: 'exists', reason: 'there', current: ['1', '8', 'y'] },
      160,
    );
    assert.match(text, /after +new primary now/);
    assert.doesNotMatch(text, /columns differ/);
  });
});
