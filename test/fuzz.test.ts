/** A few hundred damaged incidents, the same ones each time; `npm run fuzz` tries as many others as one likes. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { compare, type Reading, read } from './fuzz/examine.js';
import { casesFrom, describeFinding, describeReport, runCases } from './fuzz/run.js';
import { recordedIncident } from './support/recorded.js';

test('no damage of any kind makes a crash, a hang, a wrong row, or a loss that is not said', async (context) => {
  const incidents = ['pg11/replica', 'pg15/logical', 'pg18/replica'];
  const report = await runCases(casesFrom(20261121, 150, incidents));
  context.diagnostic(describeReport(report));
  assert.deepEqual(report.findings.map(describeFinding), []);
  assert.equal(report.tried, 150);
  const outcomes = new Map<string, number>();
  for (const [outcome, n] of [...report.counts.values()].flatMap((each) => [...each]))
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + n);
  for (const outcome of ['whole', 'less, and said', 'refused'])
    assert.ok((outcomes.get(outcome) ?? 0) > 20, `${outcome}: ${outcomes.get(outcome)}`);
});

describe('the fuzzer itself', () => {
  let truth: Reading;

  before(async () => {
    const { oldDataDirectory, newDataDirectory } = recordedIncident('pg17', 'logical');
    truth = await read(oldDataDirectory, newDataDirectory);
  });

  /** The truth with one transaction that has rows changed. */
  function changed(
    change: (transaction: NonNullable<ReturnType<Reading['told']['get']>>) => typeof transaction | undefined,
  ): Reading {
    const told = new Map(truth.told);
    const [place, transaction] = [...told].find(
      ([, { changes }]) => changes[0]?.kind === 'row' && changes[0].operation === 'update',
    )!;
    const replaced = change(transaction);
    if (replaced) told.set(place, replaced);
    else told.delete(place);
    return { ...truth, told };
  }

  test('takes the truth for the truth', () => {
    assert.deepEqual(compare(truth, truth, 'none'), { kind: 'whole' });
  });

  test('notices a value that is not the true one', () => {
    const wrong = changed((each) => ({
      ...each,
      changes: each.changes.map((change) =>
        change.kind === 'row' && change.after
          ? { ...change, after: change.after.map((value, i) => (i === 1 ? 'something else' : value)) }
          : change,
      ),
    }));
    assert.equal(compare(wrong, truth, 'none').kind, 'WRONG');
  });

  test('notices a column under another name', () => {
    const wrong = changed((each) => ({
      ...each,
      changes: each.changes.map((change) =>
        change.kind === 'row'
          ? {
              ...change,
              table: {
                ...change.table,
                columns: change.table.columns.map((column) => ({ ...column, name: 'x' })),
              },
            }
          : change,
      ),
    }));
    assert.equal(compare(wrong, truth, 'none').kind, 'WRONG');
  });

  test('notices a transaction and a change that are gone without a word', () => {
    assert.equal(
      compare(
        changed(() => undefined),
        truth,
        'none',
      ).kind,
      'UNSAID',
    );
    const less = changed((each) => ({ ...each, changes: each.changes.slice(1) }));
    assert.equal(compare(less, truth, 'none').kind, 'UNSAID');
    assert.equal(compare({ ...less, doubted: true }, truth, 'none').kind, 'less, and said');
  });

  test('notices a verdict that is too hopeful', () => {
    const [, worst] = [...truth.told].find(
      ([, { verdict }]) => verdict === 'missing' || verdict === 'exists',
    )!;
    const told = new Map(truth.told).set(worst.transaction.commitLsn, { ...worst, verdict: 'clean' });
    assert.equal(compare({ ...truth, told }, truth, 'none').kind, 'WRONG');
  });
});
