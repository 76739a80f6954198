/** The bundled sample against what PostgreSQL said of it when it was made: the main promise, without a server. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LocalClient } from '../source/incident/local-client.js';
import { preserve } from '../source/preserve/preserve.js';
import type { Truth } from './servers/incident.js';
import { assertEqualsTruth, assertOldRowsComplete, readIncident } from './support/against-the-server.js';
import { scratchDirectory } from './support/scratch.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const recorded = JSON.parse(readFileSync(`${ROOT}test/recorded/shop.json`, 'utf8')) as {
  fork: number;
  truth: Truth;
};

test('the sample is listed as the server would have listed it', async () => {
  const incident = await readIncident({
    oldDataDirectory: `${ROOT}samples/shop/old`,
    newDataDirectory: `${ROOT}samples/shop/new`,
  });
  assert.equal(incident.overview().fork.lsn, recorded.fork);
  assertEqualsTruth(incident, recorded.truth.transactions ?? []);
  assertOldRowsComplete(incident);
  assert.equal(incident.progress().loss.undecodable, 0);
  incident.close();
});

test('the sample has something of everything', async () => {
  const incident = await readIncident({
    oldDataDirectory: `${ROOT}samples/shop/old`,
    newDataDirectory: `${ROOT}samples/shop/new`,
  });
  await incident.judge();
  const all = Array.from({ length: incident.length }, (_, index) => incident.transaction(index));
  const verdicts = new Set(all.map((transaction) => transaction.verdict));
  for (const verdict of ['clean', 'changed', 'exists', 'missing', 'unique', 'dependency'] as const) {
    assert.ok(verdicts.has(verdict), verdict);
  }
  assert.equal(all.filter((transaction) => transaction.straddlesFork).length, 1);
  assert.deepEqual(
    all.filter((transaction) => transaction.state === 'prepared').map((transaction) => transaction.gid),
    ['bank-settlement-17'],
  );
  incident.close();
});

test('the sample, which holds one database only, is preserved whole: the copy tells the same transactions', async () => {
  const sides = { old: `${ROOT}samples/shop/old`, new: `${ROOT}samples/shop/new` };
  const output = join(scratchDirectory('preserved'), 'copy');
  const preserved = await preserve(sides, output);
  const copy = await readIncident({ oldDataDirectory: output, newDataDirectory: sides.new });
  assert.equal(preserved.transactions, copy.length);
  assertEqualsTruth(copy, recorded.truth.transactions ?? []);
  copy.close();
});

test('closing in the middle of an export leaves nothing half-written behind', async () => {
  const directory = scratchDirectory('cut-short');
  const client = new LocalClient();
  await client.open({ old: `${ROOT}samples/shop/old`, new: `${ROOT}samples/shop/new` });
  await new Promise<void>((resolve) => {
    client.onProgress((progress) => progress.phase !== 'old' && resolve());
  });
  const output = join(directory, 'lost.sql');
  const running = client.export({ format: 'sql', undo: false, guard: true, ddl: false, output }, () =>
    client.close(),
  );
  await assert.rejects(running, /closed while exporting/);
  assert.deepEqual(readdirSync(directory), []);
});
