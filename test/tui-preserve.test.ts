/** Preserving on the screen: offered first where the lost WAL is at risk, reached by a key anywhere else, stopped and taken up again. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fileSystemProbing } from '../source/app/probing.js';
import { ForkpointError } from '../source/bytes/errors.js';
import type { IncidentClient } from '../source/incident/client.js';
import { createWorkerClient } from '../source/incident/worker-client.js';
import type { Preserved, PreserveProgress } from '../source/preserve/preserve.js';
import type { Preserving } from '../source/preserve/preserving.js';
import { isFilling, preservationRisks } from '../source/preserve/risks.js';
import { FakeClient, fakeOverview } from './support/fake-client.js';
import { scratchDirectory } from './support/scratch.js';
import { TreeWatch } from './support/tree-watch.js';
import { startTui, type Tui } from './support/tui-driver.js';

const SHOP = fileURLToPath(new URL('../../samples/shop', import.meta.url));
const COPY = 'forkpoint-preserved-0-A88F10';

const clients: IncidentClient[] = [];
const processes: ChildProcess[] = [];

// Each program listens for the process to end.
process.setMaxListeners(50);

after(async () => {
  for (const child of processes) child.kill();
  await Promise.all(clients.map((client) => client.close()));
});

function connect(): IncidentClient {
  const client = createWorkerClient();
  clients.push(client);
  return client;
}

/** The sample's old side, to be spoilt. */
function copyOfOld(): string {
  const old = join(scratchDirectory('old'), 'data');
  cpSync(join(SHOP, 'old'), old, { recursive: true });
  return old;
}

/** Has a process live that postmaster.pid names and that calls itself postgres. */
function runServerOn(dataDirectory: string): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { argv0: 'postgres' });
  processes.push(child);
  writeFileSync(join(dataDirectory, 'postmaster.pid'), `${child.pid}\n${dataDirectory}\n0\n5432\n`);
  return child.pid!;
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

function start(old: string, workingDirectory: string, size: Size): Promise<Tui> {
  return startTui({
    client: connect,
    probing: fileSystemProbing({}, workingDirectory, '/'),
    request: { old, new: join(SHOP, 'new') },
    workingDirectory,
    patience: 30_000,
    ...size,
  });
}

/** The lines of the list, all of it, as the screen shows them. */
async function listed(tui: Tui): Promise<string[]> {
  await tui.see('all WAL read', /LOST +\d+ transactions/);
  await tui.press('enter');
  await tui.see('transactions, commit order', '/216 transactions');
  await tui.see('✓ clean');
  await tui.settled();
  const lines = (await tui.lines()).filter((line) => /\d\d:\d\d:\d\d/.test(line));
  assert.ok(lines.length > 4, lines.join('\n'));
  await tui.press('escape');
  return lines;
}

for (const size of [
  { columns: 80, rows: 24 },
  { columns: 200, rows: 50 },
]) {
  describe(`a terminal of ${size.columns}×${size.rows}`, { timeout: 120_000 }, () => {
    it('offers it first while a server runs on OLD; Enter preserves, and the copy opens as OLD with the same list', async () => {
      const old = copyOfOld();
      const pid = runServerOn(old);
      const there = scratchDirectory('there');
      const watch = new TreeWatch([old, SHOP]);
      const tui = await start(old, there, size);
      await tui.see(
        'Preserve what was lost before anything else',
        'A server is running on the old data',
        `${pid}`,
      );
      await tui.see(`Copy to ./${COPY}`, 'Enter preserve', 'Esc go on without');
      await tui.press('enter');
      await tui.see(
        'Preserved in',
        'lost transactions',
        'It opens as OLD',
        'forkpoint /',
        /sha256sum -c\s+SHA256SUMS/,
      );
      await tui.see('A server is running on the old data directory: its files change');
      assert.ok(existsSync(join(there, COPY, 'SHA256SUMS')));
      await tui.press('enter');
      await tui.see('fork at 0/');
      const before = await listed(tui);
      await tui.press('c');
      await tui.see('Preserved in');
      // From here on the copy is all there is.
      watch.assertUntouched('preserving on the screen');
      rmSync(old, { recursive: true });
      await tui.press('o');
      await tui.see('fork at 0/');
      await tui.seeNot('Preserve');
      if (size.rows >= 40) await tui.see(COPY);
      assert.deepEqual(await listed(tui), before);
      assert.equal(await tui.quit(), 130);
    });

    it('goes on without it on Escape, and comes back to it by a key that the footer and the help name', async () => {
      const old = copyOfOld();
      runServerOn(old);
      const there = scratchDirectory('there');
      const tui = await start(old, there, size);
      await tui.see('Preserve what was lost before anything else');
      await tui.press('escape');
      await tui.see('fork at 0/', 'c preserve');
      await tui.press('?');
      await tui.see('preserve: copy the lost WAL');
      await tui.press('escape', 'c');
      await tui.see('Preserve what was lost before anything else', `Copy to ./${COPY}`);
      assert.deepEqual(readdirSync(there), []);
      assert.equal(await tui.quit(), 130);
    });

    it('offers nothing without a risk; the key still preserves, and says in a sentence what is in the way', async () => {
      const there = scratchDirectory('there');
      mkdirSync(join(there, 'taken'));
      writeFileSync(join(there, 'taken', 'mine'), '');
      const tui = await start(join(SHOP, 'old'), there, size);
      await tui.see('fork at 0/', 'c preserve');
      await tui.press('c');
      await tui.see('Preserve what was lost', 'Copy to');
      await tui.seeNot('before anything else');
      await tui.press('ctrl-u');
      await tui.type(join(there, 'ta'));
      await tui.press('tab');
      await tui.see('taken/');
      await tui.press('enter');
      await tui.see('✗ ', 'the directory is not empty: nothing is overwritten');
      await tui.press('ctrl-u');
      await tui.type(join(SHOP, 'old', 'copy'));
      await tui.press('enter');
      await tui.see(/forkpoint\s+writes\s+nothing\s+into\s+what\s+it\s+reads/);
      await tui.press('ctrl-u');
      await tui.type(join(there, 'free'));
      await tui.press('enter');
      await tui.see('Preserved in', '✓ ');
      assert.ok(existsSync(join(there, 'free', 'SHA256SUMS')));
      await tui.press('n');
      await tui.see('Copy to');
      await tui.press('enter');
      await tui.see('complete already');
      await tui.press('escape');
      await tui.see('fork at 0/');
      assert.equal(await tui.quit(), 130);
    });
  });
}

/** Preserving that goes on until it is stopped, and comes to its end the second time. */
class EndlessPreserving implements Preserving {
  readonly outputs: string[] = [];
  stopped = 0;

  risks(): string[] {
    return ['Something removes WAL.'];
  }

  begin(_: unknown, output: string, onProgress: (progress: PreserveProgress) => void) {
    this.outputs.push(output);
    onProgress({ doing: 'copying WAL', done: 3 * 2 ** 20, total: 16 * 2 ** 20, unit: 'bytes', files: 3 });
    let reject: (error: Error) => void = () => {};
    const done = new Promise<Preserved>((resolve, fail) => {
      reject = fail;
      if (this.outputs.length > 2)
        resolve({ directory: output, already: false, files: 9, bytes: 99, transactions: 5, warnings: [] });
    });
    const stop = () => {
      this.stopped++;
      reject(new ForkpointError({ what: 'preserving was stopped' }));
    };
    return { done, stop, end: async () => stop() };
  }
}

describe('preserving under way', () => {
  it('says how far it is, stops on Escape and on Ctrl-C, and Enter takes it up again', async () => {
    const preserving = new EndlessPreserving();
    const tui = await startTui({ client: new FakeClient({ transactions: 20 }), preserving });
    await tui.see('Something removes WAL.');
    await tui.press('enter');
    await tui.see('copying WAL: 3.0 MB of 16.0 MB', '3 files so far', 'Esc stop');
    await tui.press('escape');
    await tui.see('Stopped: what is whole stays there, and Enter goes on from it.');
    await tui.press('enter');
    await tui.see('copying WAL');
    await tui.press('ctrl-c');
    await tui.see('Stopped: what is whole stays there');
    assert.equal(preserving.stopped, 2);
    await tui.press('enter');
    await tui.see('Preserved in', '9 files', '5 lost transactions');
    assert.equal(new Set(preserving.outputs).size, 1);
    assert.equal(await tui.quit(), 130);
  });

  it('can be left running: the screen says so, c shows it, and leaving the program asks and stops it', async () => {
    const preserving = new EndlessPreserving();
    const tui = await startTui({ client: new FakeClient({ transactions: 20 }), preserving });
    await tui.see('Something removes WAL.');
    await tui.press('enter');
    await tui.see('copying WAL');
    await tui.press('h');
    await tui.see('fork at', 'the old side is being preserved');
    await tui.press('c');
    await tui.see('copying WAL');
    await tui.press('h', 'q');
    await tui.see('The old side is being preserved.', 'Quit?');
    await tui.press('y');
    assert.equal(await tui.ended, 0);
    assert.equal(preserving.stopped, 1);
  });

  it('stopped for real, it leaves no half file, and the same directory is completed afterwards', async () => {
    const old = copyOfOld();
    runServerOn(old);
    const there = scratchDirectory('there');
    const tui = await start(old, there, { columns: 100, rows: 30 });
    await tui.see('Preserve what was lost before anything else');
    await tui.press('enter', 'escape');
    await tui.see(/Stopped: what is whole|Preserved in/);
    const left = existsSync(join(there, COPY)) ? readdirSync(join(there, COPY), { recursive: true }) : [];
    assert.deepEqual(
      left.filter((name) => String(name).endsWith('.forkpoint-part')),
      [],
    );
    if ((await tui.lines()).some((line) => line.includes('Stopped'))) await tui.press('enter');
    await tui.see('Preserved in');
    assert.ok(existsSync(join(there, COPY, 'SHA256SUMS')));
    assert.equal(await tui.quit(), 130);
  });
});

describe('risks to the lost WAL', () => {
  const room = () => ({ free: 2 ** 40, size: 2 ** 41 });
  const risksOf = (old: string, disk = room) =>
    preservationRisks({ ...fakeOverview({ old, new: '/srv/new' }).old, path: old, running: false }, disk);

  it('are none on an old side that lies still, and none on a copy that was preserved', () => {
    const old = copyOfOld();
    assert.deepEqual(risksOf(old), []);
    writeFileSync(join(old, 'standby.signal'), '');
    assert.equal(risksOf(old).length, 1);
    writeFileSync(join(old, 'forkpoint-preserve.json'), '{}');
    assert.deepEqual(risksOf(old), []);
  });

  it('are commands that remove files, each with the line it stands in; copying and then renaming is none', () => {
    const cases: readonly (readonly [settings: string, risk: RegExp | undefined])[] = [
      [
        "archive_cleanup_command = 'pg_archivecleanup /a %r'",
        /^archive_cleanup_command is set .*auto\.conf:\d+/,
      ],
      [
        "archive_mode = on\narchive_command = 'cp %p /a/%f && pg_archivecleanup /a %f'",
        /^archive_command removes/,
      ],
      [
        "archive_mode = on\narchive_command = 'cp %p /a/%f; find /a -mtime +2 -delete'",
        /^archive_command removes/,
      ],
      ['archive_mode = always\narchive_command = \'mv "%p" /a/%f\'', /^archive_command removes/],
      ["archive_mode = off\narchive_command = 'rm %p'", undefined],
      ["archive_mode = on\narchive_command = 'cp %p /a/%f.t && mv /a/%f.t /a/%f'", undefined],
      ["archive_mode = on\narchive_command = 'rsync -a %p firm@/arm/%f'", undefined],
      ["recovery_end_command = '/bin/rm -rf /a/*'", /^recovery_end_command removes/],
    ];
    for (const [settings, risk] of cases) {
      const old = copyOfOld();
      appendFileSync(join(old, 'postgresql.auto.conf'), `${settings}\n`);
      const risks = risksOf(old);
      if (risk) {
        assert.equal(risks.length, 1, settings);
        assert.match(risks[0], risk);
      } else assert.deepEqual(risks, [], settings);
    }
  });

  it('are a server that runs there, until its process is gone', async () => {
    const old = copyOfOld();
    const pid = runServerOn(old);
    assert.match(risksOf(old)[0], new RegExp(`server is running .*process ${pid}`));
    const child = processes.at(-1)!;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill();
    await ended;
    assert.deepEqual(risksOf(old), []);
    rmSync(join(old, 'postmaster.pid'));
  });

  it('are a disk that is filling, by what is free and by its share', () => {
    const GB = 2 ** 30;
    assert.equal(isFilling({ free: GB / 2, size: 4 * GB }), true);
    assert.equal(isFilling({ free: 2 * GB, size: 4 * GB }), false);
    assert.equal(isFilling({ free: 9 * GB, size: 100 * GB }), true);
    assert.equal(isFilling({ free: 400 * GB, size: 8000 * GB }), false);
    const [risk] = risksOf(copyOfOld(), () => ({ free: 9 * GB, size: 100 * GB }));
    assert.match(risk, /is filling: 9\.0 GB \(9 %\) are free/);
  });
});
