import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLI } from './support/program.js';

const SAMPLE = fileURLToPath(new URL('../../samples/shop/', import.meta.url));

function list(...options: string[]) {
  const sides = [join(SAMPLE, 'old'), join(SAMPLE, 'new')];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [CLI, 'list', ...sides, '--json', ...options],
    {
      encoding: 'utf8',
    },
  );
  const transactions = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { xid: number; verdict: string });
  return { status, stderr, transactions };
}

test('with little memory a verdict is the right one or unknown, never another, and that is said', () => {
  const plenty = list();
  assert.equal(plenty.status, 0);
  assert.ok(plenty.transactions.some(({ verdict }) => verdict === 'dependency'));
  for (const memory of ['1KB', '4KB', '16KB']) {
    const { status, stderr, transactions } = list('--max-memory', memory);
    assert.equal(status, 3);
    assert.match(stderr, /--max-memory/);
    assert.deepEqual(
      transactions.map(({ xid }) => xid),
      plenty.transactions.map(({ xid }) => xid),
    );
    for (const [i, { xid, verdict }] of transactions.entries())
      assert.ok([plenty.transactions[i].verdict, 'unknown'].includes(verdict), `xid ${xid}: ${verdict}`);
  }
});
