/** A gap in the WAL, seen and closed on the timeline screen: by a place that is typed, or by the configured restore_command. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileSystemProbing } from '../source/app/probing.js';
import type { IncidentClient } from '../source/incident/client.js';
import { createWorkerClient } from '../source/incident/worker-client.js';
import type { BuiltIncident } from './servers/incident.js';
import { initdb, stopAllServers } from './servers/server.js';
import { scratchDirectory } from './support/scratch.js';
import { startTui, type Tui } from './support/tui-driver.js';
import {
  buildWalIncident,
  copyOfOld,
  LOST_TRANSACTIONS,
  moveAway,
  readLoss,
} from './support/wal-incident.js';

let built: BuiltIncident;
let inner: string[];
/** Transactions before the gap. */
let known: number;

before(async () => {
  built = await buildWalIncident();
  const whole = await readLoss({ old: built.oldDataDirectory, new: built.newDataDirectory });
  inner = whole.overview.old.segments
    .filter(({ startLsn }) => startLsn + 1024 * 1024 > built.fork)
    .map(({ fileName }) => fileName)
    .slice(1, -1);
  const old = copyOfOld(built);
  moveAway(old, inner);
  known = (await readLoss({ old, new: built.newDataDirectory })).transactions.length;
  assert.ok(known > 2 && known < LOST_TRANSACTIONS - 2, String(known));
});

after(async () => {
  await stopAllServers();
  // A test that failed has left its program running.
  await Promise.all(clients.map((client) => client.close()));
});

/** What a line of the list begins with, but for its signs: verdicts may differ once more is known. */
function timeAndXid(line: string): string {
  return /[0-9:.]+ +\d+/.exec(line)?.[0] ?? line;
}

/** The list's lines with a mark: the header counts marks before the lines are there. */
async function twoMarkedLines(tui: Tui): Promise<string[]> {
  for (;;) {
    const marked = (await tui.lines()).filter((line) => line.includes('●') && !line.includes('marked'));
    if (marked.length === 2) return marked;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const clients: IncidentClient[] = [];

function connect(): IncidentClient {
  const client = createWorkerClient();
  clients.push(client);
  return client;
}

function start(old: string, size: { columns: number; rows: number }, tempDir?: string): Promise<Tui> {
  return startTui({
    client: connect,
    probing: fileSystemProbing({}, '/', '/'),
    request: { old, new: built.newDataDirectory, tempDir },
    patience: 30_000,
    ...size,
  });
}

for (const size of [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
]) {
  describe(`a terminal of ${size.columns}×${size.rows}`, { timeout: 120_000 }, () => {
    it('names what is missing and what it would give back, and closes the gap by a typed place; marks and filter stay', async () => {
      const old = copyOfOld(built);
      const archive = moveAway(old, inner);
      const tui = await start(old, size);
      await tui.see(`LOST  ${known} transactions`, 'p adds a place');
      if (size.rows < 40) await tui.press('pagedown');
      await tui.see('WAL MISSING', inner[0], 'gives back every transaction that it committed after');
      await tui.press('G');
      await tui.press('g', 'enter');
      await tui.see(`1/${known} transactions`);
      await tui.press('/');
      await tui.type('op:update');
      await tui.press('enter');
      await tui.see(/1\/\d+ of \d+/);
      await tui.press('j', 'space', 'space');
      await tui.see('2 transactions marked, 33');
      const marked = await twoMarkedLines(tui);
      await tui.press('escape');
      await tui.see('all lost transactions');
      await tui.press('escape');
      await tui.see('fork at');

      await tui.press('p', 'ctrl-u');
      await tui.type('/nowhere/at/all');
      await tui.press('enter');
      await tui.see('the directory of WAL does not exist');
      await tui.see(`LOST  ${known} transactions`);
      await tui.press('ctrl-u');
      await tui.type(archive.slice(0, -3));
      await tui.press('tab');
      await tui.see(archive.slice(-6));
      await tui.press('enter');
      await tui.see(`LOST  ${LOST_TRANSACTIONS} transactions`);
      await tui.seeNot('p adds a place', 'WAL MISSING');
      await tui.press('enter');
      await tui.see('2 transactions marked, 33');
      const kept = await twoMarkedLines(tui);
      assert.deepEqual(kept.map(timeAndXid), marked.map(timeAndXid), 'the same two transactions');
      assert.equal(await tui.quit(), 130);
    });
  });
}

/** Is there a process of this number that has not ended? */
function isRunning(pid: string): boolean {
  try {
    return !/ Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Who ends the program by Ctrl-C does not wait for its threads: what they held goes with them, a moment later. */
async function isEmptied(directory: string): Promise<void> {
  while (readdirSync(directory).length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a configured restore_command on the timeline screen', { timeout: 120_000 }, () => {
  it('is shown exactly, run only after a yes, and leaves nothing in the temporary directory', async () => {
    const old = copyOfOld(built);
    const archive = moveAway(old, inner);
    const notes = scratchDirectory('notes');
    const temp = scratchDirectory('temp');
    const command = `echo %f >> ${notes}/log && cp ${archive}/%f "%p"`;
    appendFileSync(join(old, 'postgresql.conf'), `restore_command = '${command}'\n`);
    const tui = await start(old, { columns: 132, rows: 40 }, temp);
    await tui.see(`LOST  ${known} transactions`, 'r runs the configured restore_command');
    await tui.press('r');
    await tui.see('restore_command:', 'echo %f >>', `${notes}/log`, `${archive}/%f "%p"`, '[y] yes');
    await tui.press('n');
    await tui.see(`LOST  ${known} transactions`);
    assert.ok(!existsSync(join(notes, 'log')));
    await tui.press('r', 'y');
    await tui.see(`LOST  ${LOST_TRANSACTIONS} transactions`, 'asked the archive');
    const asked = readFileSync(join(notes, 'log'), 'utf8').trim().split('\n');
    assert.deepEqual(
      asked.filter((name) => inner.includes(name)),
      inner,
    );
    await tui.press('r');
    await tui.see('no restore_command is configured that is not run');
    assert.equal(readdirSync(temp).length, 1);
    assert.equal(await tui.quit(), 130);
    await isEmptied(temp);
  });

  it('that hangs keeps no key waiting, and ends when the operator leaves', async () => {
    const old = copyOfOld(built);
    moveAway(old, inner);
    const notes = scratchDirectory('notes');
    const temp = scratchDirectory('temp');
    appendFileSync(
      join(old, 'postgresql.conf'),
      `restore_command = 'echo $$ > ${notes}/pid; exec sleep 600; : %f %p'\n`,
    );
    const tui = await start(old, { columns: 80, rows: 24 }, temp);
    await tui.see(`LOST  ${known} transactions`, 'p adds a place');
    await tui.press('r', 'y');
    while (!existsSync(join(notes, 'pid'))) await new Promise((resolve) => setTimeout(resolve, 20));
    await tui.press('enter');
    await tui.see('transactions, commit order');
    await tui.press('escape');
    assert.equal(await tui.quit(), 130);
    await isEmptied(temp);
    const pid = readFileSync(join(notes, 'pid'), 'utf8').trim();
    // Killed it is at once; when it is gone is up to the kernel.
    while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});

describe('a server as a place on the timeline screen', { timeout: 120_000 }, () => {
  it('closes the gap; one of another cluster is refused and nothing changes', async () => {
    const old = copyOfOld(built);
    moveAway(old, inner);
    const peer = await built.startOld();
    const other = await (await initdb(17, { walSegmentSizeMb: 1 })).start();
    const tui = await start(old, { columns: 120, rows: 30 });
    await tui.see(`LOST  ${known} transactions`, 'p adds a place');
    await tui.press('p', 'ctrl-u');
    await tui.type(other.url);
    await tui.press('enter');
    await tui.see('this server is of another cluster');
    await tui.press('ctrl-u');
    await tui.type(peer.url);
    await tui.press('enter');
    await tui.see(`LOST  ${LOST_TRANSACTIONS} transactions`);
    assert.equal(await tui.quit(), 130);
    await peer.stop();
    await other.stop();
  });
});
