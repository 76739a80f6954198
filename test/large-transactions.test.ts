/**
 * Transactions of many rows: listed, opened anywhere, searched and exported in memory that does not grow with them,
 * on a disk that may be full.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { fileSystemProbing } from '../source/app/probing.js';
import type { IncidentRequest } from '../source/incident/model.js';
import { openIncident } from '../source/incident/open.js';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import { SqlLines } from '../source/incident/sql-lines.js';
import { createWorkerClient } from '../source/incident/worker-client.js';
import type { Change, RowChange } from '../source/rows/row-change.js';
import { Tally } from '../source/sql/tally.js';
import { transactionLines } from '../source/sql/transaction-sql.js';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { readIncident } from './support/against-the-server.js';
import { CLI } from './support/program.js';
import { scratchDirectory } from './support/scratch.js';
import { startTui } from './support/tui-driver.js';

after(stopAllServers);

const run = promisify(execFile);

const ROWS = 50_000;
/** MB of JavaScript heap: what 100,000 changes take as objects is several times that. */
const HEAP = 48;

function words(id: number): string {
  return `row ${id} of many`;
}

function rowOf(change: Change, side: 'before' | 'after'): Record<string, unknown> {
  const { table, [side]: row } = change as RowChange;
  return Object.fromEntries(table.columns.map(({ name }, i) => [name, row?.[i]]));
}

describe('transactions of 50,000 rows', { timeout: 300_000 }, () => {
  let built: BuiltIncident;

  before(async () => {
    built = await buildIncident({
      major: 17,
      walLevel: 'replica',
      settings: { autovacuum: 'off', max_wal_size: '2GB', checkpoint_timeout: '1h' },
      before: async (old) => {
        await old.query('CREATE TABLE many (id int PRIMARY KEY, words text, number int)');
      },
      lost: async (old) => {
        await old.query(
          `INSERT INTO many SELECT i, 'row ' || i || ' of many', 0 FROM generate_series(1, ${ROWS}) AS i`,
        );
        await old.query('UPDATE many SET number = id * 2');
        await old.query('DELETE FROM many WHERE id % 1000 = 0');
      },
    });
  });

  test('any place in one is reached, and holds what it should', async () => {
    const incident = await readIncident(built);
    assert.deepEqual(incident.countChanges(1, Number.POSITIVE_INFINITY, 60_000), {
      total: ROWS,
      more: false,
    });
    for (const from of [0, 1, 4095, 4096, 4097, 34_567, ROWS - 3]) {
      for (const index of [0, 1]) {
        const slice = [...incident.changeSlice(index, from, 3)];
        assert.equal(slice.length, 3);
        slice.forEach((change, i) => {
          const id = from + i + 1;
          const number = index === 0 ? '0' : String(id * 2);
          assert.deepEqual(rowOf(change, 'after'), { id: String(id), words: words(id), number });
          if (index === 1)
            assert.deepEqual(rowOf(change, 'before'), { id: String(id), words: words(id), number: '0' });
        });
      }
    }
    assert.equal([...incident.changeSlice(1, ROWS - 1, 10)].length, 1);
    let expected = ROWS;
    for (const change of incident.changes(1, true)) {
      if (expected % 997 === 0) assert.equal(rowOf(change, 'after')['id'], String(expected));
      expected--;
    }
    assert.equal(expected, 0);
    incident.close();
  });

  for (const direction of ['redo', 'undo'] as const) {
    test(`its ${direction} is leafed through as SQL, any place of it, without all of it being held`, async () => {
      const incident = await readIncident(built);
      for (const index of [0, 1, 2]) {
        const options = { direction, guard: false, ddl: false, inDoubt: true, blockSize: 8192 };
        const changes = incident.changes(index, direction === 'undo');
        const all = [...transactionLines(incident.transaction(index), changes, options, new Tally())];
        const lines = new SqlLines(incident, index, direction);
        const places = [
          0,
          5,
          all.length - 3,
          1020,
          2047,
          2048,
          all.length >> 1,
          17,
          all.length - 40,
          all.length,
        ];
        for (const from of places) {
          const { lines: some, total, more } = await lines.slice(from, 32, async () => {});
          assert.deepEqual(some, all.slice(from, from + 32));
          assert.ok(more ? total > from + 32 : total === all.length);
        }
      }
      incident.close();
    });
  }

  for (const undo of [false, true]) {
    test(`all of it is ${undo ? 'undone' : 'redone'} in SQL with ${HEAP} MB of heap`, async () => {
      const output = join(scratchDirectory('large'), 'lost.sql');
      const options = undo ? ['--undo'] : ['--guard'];
      await cli('export', built.oldDataDirectory, built.newDataDirectory, '-o', output, ...options);
      let statements = 0;
      const verb = undo
        ? /^\s*(DELETE|UPDATE|INSERT)\b/
        : /\b(INSERT INTO|UPDATE|DELETE FROM) (ONLY )?public\.many\b/;
      for await (const line of createInterface({ input: createReadStream(output) })) {
        if (verb.test(line)) statements++;
      }
      assert.equal(statements, ROWS * 2 + ROWS / 1000);
    });
  }

  test('inspect does with as little, and a list with verdicts and a search through every row with what verdicts take', async () => {
    const directories = [built.oldDataDirectory, built.newDataDirectory];
    const { lost, temporaryBytes } = JSON.parse(await cli('inspect', ...directories, '--json'));
    assert.ok(temporaryBytes > ROWS * 8 && temporaryBytes < ROWS * 64, `${temporaryBytes} bytes`);
    const small = JSON.parse(
      await cliIncomplete('inspect', ...directories, '--json', '--temp-limit', '64kB'),
    );
    assert.ok(small.temporaryBytes <= 65536 && small.lost.updates === ROWS);
    assert.match(small.warnings.join('\n'), /temporary files reached their limit/);
    assert.deepEqual([lost.inserts, lost.updates, lost.deletes], [ROWS, ROWS, ROWS / 1000]);
    const listed = await cliWith(
      HEAP * 4,
      'list',
      ...directories,
      '--json',
      '--filter',
      `"row ${ROWS} of many"`,
    );
    assert.equal(listed.trim().split('\n').length, 3);
  });

  test('on a full disk the list stays whole, what is not known says so, and nothing is told wrong', async () => {
    const incident = await openIncident({
      old: built.oldDataDirectory,
      new: built.newDataDirectory,
      tempLimit: 500_000,
    });
    while (incident.step(1000));
    assert.equal(incident.length, 3);
    assert.ok(incident.incomplete);
    assert.match(incident.overview().warnings.join('\n'), /temporary files reached their limit.*--temp-dir/);
    const problems = checkUpdates(incident);
    assert.ok(problems > 0 && problems < ROWS, `${problems} old rows are not known`);
    assert.equal(incident.progress().loss.undecodable, problems + deletesUnknown(incident));
    incident.close();
  });

  for (const how of ['its limit is reached', 'the disk is full'] as const) {
    test(`on the screen, when ${how}, the list can be leafed through and says what was given up`, async (t) => {
      const request: IncidentRequest = { old: built.oldDataDirectory, new: built.newDataDirectory };
      const disk = how === 'the disk is full' ? smallDisk() : undefined;
      if (how === 'the disk is full' && !disk) return t.skip('no small file system may be mounted here');
      const tui = await startTui({
        client: createWorkerClient,
        probing: fileSystemProbing({}, '/', '/'),
        request: { ...request, ...(disk ? { tempDir: disk.directory } : { tempLimit: 64 * 1024 }) },
        patience: 60_000,
        columns: 80,
        rows: 24,
      });
      try {
        const why = disk ? 'no space left for the temporary file' : 'their limit of 65536 bytes';
        await tui.see('fork at', 'LOST  3 transactions', `old rows are not kept now: `, why);
        await tui.seeNot('WAL is missing');
        await tui.press('enter');
        await tui.see('1/3 transactions');
        await tui.press('j', 'enter');
        await tui.see('change 1/50,000', 'row 2 of many');
        await tui.press('G');
        await tui.see('change 49,999/50,000', '‹not in WAL›', 'row 50000 of many', 'had to be forgotten');
        await tui.press('g');
        await tui.see('row 2 of many');
        await tui.seeNot('‹not in WAL›');
        await tui.press('escape');
        await tui.see('2/3 transactions', '50k');
        assert.equal(await tui.quit(), 130);
        if (disk) assert.deepEqual(readdirSync(disk.directory), []);
      } finally {
        disk?.unmount();
      }
    });
  }

  test('the temporary file is in the directory asked for, and nobody finds it there', async () => {
    const tempDir = scratchDirectory('spill');
    const incident = await openIncident({
      old: built.oldDataDirectory,
      new: built.newDataDirectory,
      tempDir,
    });
    while (incident.step(1000));
    assert.deepEqual(readdirSync(tempDir), []);
    assert.equal(checkUpdates(incident), 0);
    incident.close();
  });
});

/** A file system of 128 kB; undefined where none may be mounted. */
function smallDisk(): { directory: string; unmount(): void } | undefined {
  const directory = scratchDirectory('disk');
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', directory]);
  return status === 0
    ? { directory, unmount: () => execFileSync('umount', ['--lazy', directory]) }
    : undefined;
}

/** Every update that is told must be told right; how many are not. */
function checkUpdates(incident: OpenedIncident): number {
  let problems = 0;
  let id = 0;
  for (const change of incident.changes(1)) {
    id++;
    assert.ok(change.kind === 'row');
    if (change.problem !== undefined) {
      assert.match(change.problem, /had to be forgotten/);
      problems++;
      continue;
    }
    assert.deepEqual(rowOf(change, 'before'), { id: String(id), words: words(id), number: '0' });
    assert.deepEqual(rowOf(change, 'after'), { id: String(id), words: words(id), number: String(id * 2) });
  }
  assert.equal(id, ROWS);
  return problems;
}

function deletesUnknown(incident: OpenedIncident): number {
  return [...incident.changes(2)].filter((change) => change.kind === 'row' && change.problem !== undefined)
    .length;
}

/** The command's output when it ended with exit code 3: done but incomplete. */
async function cliIncomplete(...args: string[]): Promise<string> {
  const outcome = await cli(...args).then(
    () => ({ code: 0, stdout: '' }),
    (error: { code: number; stdout: string }) => error,
  );
  assert.equal(outcome.code, 3);
  return outcome.stdout;
}

function cli(...args: string[]): Promise<string> {
  return cliWith(HEAP, ...args);
}

async function cliWith(heap: number, ...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [`--max-old-space-size=${heap}`, CLI, ...args], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}
