import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictFromAfar } from '../source/incident/verdict-from-afar.js';
import type { Change } from '../source/rows/row-change.js';

const where = { lsn: 0x1000, xid: 738 };
const table = {} as Extract<Change, { kind: 'row' }>['table'];
const row: Change = { kind: 'row', operation: 'insert', table, ...where, after: ['1'] };

test('a row of a clean transaction is clean however far down; of any other it is not told', () => {
  assert.equal(verdictFromAfar(row, 'clean')?.verdict, 'clean');
  for (const verdict of ['applied', 'dependency', 'changed', 'unique', 'unknown', 'pending'] as const)
    assert.equal(verdictFromAfar(row, verdict)?.verdict, 'pending');
});

test('a row that cannot be decoded is never clean, whatever its transaction was told to be', () => {
  const problem = 'its page is not in this WAL';
  const broken = { ...row, problem };
  const untold: Change = {
    kind: 'undecodable',
    operation: 'insert',
    relation: 'relation 1',
    problem,
    ...where,
  };
  for (const change of [broken, untold])
    assert.deepEqual(verdictFromAfar(change, 'clean'), { verdict: 'unknown', reason: problem });
});
