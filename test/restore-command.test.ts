/** WAL that only a restore_command can bring: one that works, fails, hangs, writes garbage, or brings another cluster's segment. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readConfiguration } from '../source/gather/configuration.js';
import { archiveDirectoryOf, expandRestoreCommand } from '../source/gather/restore-command.js';
import type { BuiltIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { CLI } from './support/program.js';
import { type Pty, startPty } from './support/pty-driver.js';
import { scratchDirectory } from './support/scratch.js';
import { buildWalIncident, copyOfOld, moveAway, type ReadLoss, readLoss } from './support/wal-incident.js';

let built: BuiltIncident;
let whole: ReadLoss;
let old: string;
let archive: string;
/** Segments that only the archive has: inside the lost part. */
let inner: string[];

before(async () => {
  built = await buildWalIncident();
  whole = await readLoss({ old: built.oldDataDirectory, new: built.newDataDirectory });
  const names = whole.overview.old.segments
    .filter(({ startLsn }) => startLsn + 1024 * 1024 > built.fork)
    .map(({ fileName }) => fileName);
  inner = names.slice(1, -1);
  old = copyOfOld(built);
  archive = moveAway(old, inner);
});

after(stopAllServers);

function logOf(directory: string): string[] {
  const path = join(directory, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

/** Is the process there, and more than an entry that nobody has asked for? */
function runs(pid: string): boolean {
  try {
    return !/ Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a restore_command that the operator gives', { timeout: 120_000 }, () => {
  it('closes the gap, is run once for each segment, and only for what is needed', async () => {
    const notes = scratchDirectory('notes');
    const restoreCommand = `echo %f >> ${notes}/log; pwd > ${notes}/where; cp ${archive}/%f "%p"`;
    const read = await readLoss({ old, new: built.newDataDirectory, restoreCommand });
    assert.deepEqual(read.transactions, whole.transactions);
    assert.equal(read.incomplete, false);
    const asked = logOf(notes);
    assert.deepEqual([...new Set(asked)], asked, 'no segment is asked for twice');
    assert.deepEqual(
      asked.filter((name) => inner.includes(name)),
      inner,
    );
    const others = asked.filter((name) => !inner.includes(name));
    assert.ok(others.length <= 2, `also asked for ${others.join(' ')}`);
    // It ran in a private directory that is gone now.
    const where = readFileSync(join(notes, 'where'), 'utf8').trim();
    assert.match(where, /forkpoint-wal-/);
    assert.ok(!existsSync(where));
    const places = read.overview.old.segments.filter(({ fileName }) => inner.includes(fileName));
    assert.deepEqual([...new Set(places.map(({ place }) => place))], ['restore_command']);
  });

  it('may bring packed files too, and is not needed where files are', async () => {
    const packed = scratchDirectory('packed');
    for (const name of inner) writeFileSync(join(packed, name), gzipSync(readFileSync(join(archive, name))));
    const read = await readLoss({ old, new: built.newDataDirectory, restoreCommand: `cp ${packed}/%f %p` });
    assert.deepEqual(read.transactions, whole.transactions);

    const notes = scratchDirectory('notes');
    await readLoss({
      old,
      new: built.newDataDirectory,
      oldWal: [archive],
      restoreCommand: `echo %f >> ${notes}/log; exit 1`,
    });
    assert.deepEqual(
      logOf(notes).filter((name) => inner.includes(name)),
      [],
    );
  });

  it('that fails leaves the gap, says its exit code and its own words, without a byte that would act', async () => {
    const restoreCommand = `printf 'no \\033[31msuch\\033[0m file %f\\n' >&2; exit 3`;
    const read = await readLoss({ old, new: built.newDataDirectory, restoreCommand });
    assert.equal(read.incomplete, true);
    const warnings = read.overview.warnings.join('\n');
    assert.match(warnings, /restore_command ended with exit code 3: no \\x1b\[31msuch/);
    assert.ok(!warnings.includes('\x1b'));
    assert.deepEqual(read.transactions, whole.transactions.slice(0, read.transactions.length));
  });

  it('that does not exist is tried once', async () => {
    const read = await readLoss({
      old,
      new: built.newDataDirectory,
      restoreCommand: '/nowhere/fetch-wal %f %p',
    });
    assert.equal(read.incomplete, true);
    assert.match(read.overview.warnings.join('\n'), /exit code 127: .*not found/);
  });

  it('that hangs is ended with everything it started', async () => {
    const notes = scratchDirectory('notes');
    // The shell's child ignores a polite end, and so does what that leaves in the background.
    const script = join(notes, 'hang.sh');
    writeFileSync(
      script,
      `#!/bin/sh\ntrap '' TERM\nsleep 300 &\necho $! > ${notes}/background\necho $$ > ${notes}/pid\nwhile :; do sleep 1; done\n`,
    );
    chmodSync(script, 0o755);
    const read = await readLoss({
      old,
      new: built.newDataDirectory,
      restoreCommand: `${script} %f %p`,
      restoreTimeout: 0.3,
    });
    assert.equal(read.incomplete, true);
    assert.match(read.overview.warnings.join('\n'), /took longer than 0\.3 s and was stopped/);
    for (const name of ['pid', 'background']) {
      const pid = readFileSync(join(notes, name), 'utf8').trim();
      assert.ok(!runs(pid), `process ${pid} is still there`);
    }
  });

  it('that brings garbage, another cluster’s segment, or another segment under that name is not believed', async () => {
    const garbage = scratchDirectory('garbage');
    for (const [name, bytes] of [
      ['random', Buffer.alloc(1 << 20, 0x5a)],
      ['zeros', Buffer.alloc(1 << 20)],
      ['short', Buffer.from('not found')],
    ] as const)
      writeFileSync(join(garbage, name), bytes);
    const foreign = readFileSync(join(archive, inner[0]));
    foreign.writeBigUInt64LE(12345n, 24);
    writeFileSync(join(garbage, 'foreign'), foreign);
    copyFileSync(join(archive, inner[1]), join(garbage, 'misplaced'));
    for (const [name, expected] of [
      ['random', /invalid magic number 5A5A/],
      ['zeros', /pre-allocated and never written/],
      ['short', /truncated: the file has 9 bytes/],
      ['foreign', /different database system: its system identifier is 12345/],
      ['misplaced', /misplaced: its pages carry address/],
    ] as const) {
      const restoreCommand = `cp ${garbage}/${name} %p; : %f`;
      const read = await readLoss({ old, new: built.newDataDirectory, restoreCommand });
      assert.equal(read.incomplete, true, name);
      assert.match(read.overview.warnings.join('\n'), expected);
      assert.match(read.overview.warnings.join('\n'), /restore_command: 0000/);
      assert.deepEqual(read.transactions, whole.transactions.slice(0, read.transactions.length));
    }
  });

  it('brings a lost history file as well', async () => {
    const fresh = join(scratchDirectory('new'), 'data');
    const { execFileSync } = await import('node:child_process');
    execFileSync('cp', ['-a', built.newDataDirectory, fresh]);
    const history = join(fresh, 'pg_wal', '00000002.history');
    const kept = scratchDirectory('histories');
    copyFileSync(history, join(kept, '00000002.history'));
    rmSync(history);
    const read = await readLoss({
      old: built.oldDataDirectory,
      new: fresh,
      restoreCommand: `cp ${kept}/%f %p`,
    });
    assert.deepEqual(read.transactions, whole.transactions);
    assert.deepEqual(read.overview.new.warnings, []);
  });
});

describe('a restore_command in the old primary’s configuration', { timeout: 120_000 }, () => {
  let configured: string;

  before(() => {
    configured = join(scratchDirectory('configured'), 'data');
    const copied = spawnSync('cp', ['-a', old, configured]);
    assert.equal(copied.status, 0);
    mkdirSync(join(configured, 'conf.d'));
    appendFileSync(join(configured, 'postgresql.conf'), `include_dir = 'conf.d'\n`);
    writeFileSync(
      join(configured, 'conf.d', '10-archive.conf'),
      `# where it goes\narchive_command = 'test ! -f ${archive}/%f && cp %p ${archive}/%f'\nrestore_command = 'cp ${archive}/%f "%p"' # and comes from\n`,
    );
  });

  function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
  }

  it('is shown and not run until the operator agrees', async () => {
    const read = await readLoss({ old: configured, new: built.newDataDirectory });
    assert.equal(read.incomplete, true);
    assert.deepEqual(read.overview.old.archive, {
      restoreCommand: {
        command: `cp ${archive}/%f "%p"`,
        where: `${configured}/conf.d/10-archive.conf:3`,
        used: false,
      },
      directory: { path: archive, setting: 'restore_command' },
    });
    const { status, stderr } = run('list', configured, built.newDataDirectory);
    assert.equal(status, 3);
    assert.ok(stderr.includes(`cp ${archive}/%f "%p"`), stderr);
    assert.ok(stderr.includes('--run-restore-command'), stderr);
    assert.ok(stderr.includes(`--old-wal ${archive}`), stderr);
  });

  it('is run once the operator has agreed', async () => {
    const { status, stdout } = run(
      'list',
      configured,
      built.newDataDirectory,
      '--json',
      '--run-restore-command',
    );
    assert.equal(status, 0);
    assert.equal(stdout.trim().split('\n').length, whole.transactions.length);
    const closed = await readLoss({ old: configured, new: built.newDataDirectory, runRestoreCommand: true });
    assert.deepEqual(closed.transactions, whole.transactions);
    assert.equal(closed.overview.old.archive?.restoreCommand?.used, true);
  });

  /** Starts something with a command that hangs, ends it by `end` once the command runs, and sees whether anything is left. */
  async function endedWhileFetching(
    how: string,
    begin: (args: readonly string[]) => { readonly ended: Promise<unknown>; end(): void },
  ): Promise<void> {
    const temp = scratchDirectory('temp');
    const notes = scratchDirectory('notes');
    const restoreCommand = `echo $$ > ${notes}/pid.new; mv ${notes}/pid.new ${notes}/pid; sleep 600; : %f %p`;
    const options = ['--temp-dir', temp, '--restore-command', restoreCommand];
    const { ended, end } = begin([old, built.newDataDirectory, ...options]);
    while (!existsSync(join(notes, 'pid'))) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(readdirSync(temp).length, 1);
    end();
    await ended;
    assert.deepEqual(readdirSync(temp), [], how);
    const pid = readFileSync(join(notes, 'pid'), 'utf8').trim();
    for (let tries = 0; runs(pid) && tries < 50; tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(!runs(pid), `${how}: the command is still running`);
  }

  it('ends with forkpoint when a signal comes in the middle of it, and leaves nothing behind', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      await endedWhileFetching(signal, (args) => {
        const child = spawn(process.execPath, [CLI, 'inspect', ...args]);
        const ended = new Promise((resolve) => child.once('exit', resolve));
        return { ended, end: () => void child.kill(signal) };
      });
    }
  });

  it('ends with the full-screen program too, by Ctrl-C, by a signal and when the terminal goes away', async () => {
    const home = scratchDirectory('home');
    const blows: Readonly<Record<string, (pty: Pty) => void>> = {
      'Ctrl-C': (pty) => void pty.press('ctrl-c'),
      SIGTERM: (pty) => pty.kill('SIGTERM'),
      SIGHUP: (pty) => pty.kill('SIGHUP'),
    };
    for (const [how, blow] of Object.entries(blows)) {
      await endedWhileFetching(how, (args) => {
        const pty = startPty({
          file: process.execPath,
          args: [CLI, ...args],
          env: { HOME: home, XDG_STATE_HOME: home },
        });
        const end = (): void => {
          void pty.see('Esc').then(() => blow(pty));
        };
        return { ended: pty.ended, end };
      });
    }
  });

  it('is wrong usage when it names no file or no time', () => {
    assert.equal(run('list', 'a', 'b', '--restore-command', 'cp /x %p').status, 2);
    assert.equal(run('list', 'a', 'b', '--restore-timeout', 'soon').status, 2);
  });
});

describe('configuration files of a stopped server', () => {
  function cluster(files: Readonly<Record<string, string>>): string {
    const directory = scratchDirectory('conf');
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(directory, name, '..'), { recursive: true });
      writeFileSync(join(directory, name), text);
    }
    return directory;
  }

  it('give what the server would read: includes, the last one wins, quotes and escapes undone', () => {
    const directory = cluster({
      'postgresql.conf': [
        "#restore_command = 'commented out'",
        "Restore_Command='first'",
        "include 'more/extra.conf'",
        "include_if_exists 'not-there.conf'",
        'include_dir conf.d',
        'wal_level replica # a word',
        "broken = 'never closed",
      ].join('\n'),
      'more/extra.conf': "restore_command = 'it''s \\'in\\' /mnt/\\141rch/%f'\ninclude = 'deeper.conf'\n",
      'more/deeper.conf': "archive_command 'cp %p /arch/%f'\n",
      'conf.d/20.conf': "b = '20'\n",
      'conf.d/10.conf': "b = '10'\na = '10'\n",
      'conf.d/.hidden.conf': "a = 'hidden'\n",
      'conf.d/readme.txt': "a = 'text'\n",
    });
    const settings = readConfiguration(directory, 17);
    assert.equal(settings.get('restore_command')?.value, "it's 'in' /mnt/arch/%f");
    assert.equal(settings.get('restore_command')?.where, join(directory, 'more/extra.conf:1'));
    assert.equal(settings.get('archive_command')?.value, 'cp %p /arch/%f');
    assert.equal(settings.get('a')?.value, '10');
    assert.equal(settings.get('b')?.value, '20');
    assert.equal(settings.get('wal_level')?.value, 'replica');
    assert.equal(settings.has('broken'), false);
  });

  it('are overruled by ALTER SYSTEM, and before 12 by recovery.conf', () => {
    const files = {
      'postgresql.conf': "restore_command = 'plain'\n",
      'postgresql.auto.conf': "restore_command = 'altered'\n",
      'recovery.conf': "restore_command = 'recovering'\n",
    };
    assert.equal(readConfiguration(cluster(files), 12).get('restore_command')?.value, 'altered');
    assert.equal(readConfiguration(cluster(files), 11).get('restore_command')?.value, 'recovering');
  });

  it('that lie elsewhere are found by how the server was last started', () => {
    const elsewhere = cluster({ 'postgresql.conf': "restore_command = 'from /etc'\n" });
    const directory = cluster({
      'postmaster.opts': `/usr/lib/postgresql/15/bin/postgres "-D" "/var/lib/postgresql/15/main" "-c" "config_file=${elsewhere}/postgresql.conf"\n`,
    });
    assert.equal(readConfiguration(directory, 15).get('restore_command')?.value, 'from /etc');
  });

  it('that include themselves come to an end', () => {
    const directory = cluster({ 'postgresql.conf': "a = '1'\ninclude 'postgresql.conf'\n" });
    assert.equal(readConfiguration(directory, 17).get('a')?.value, '1');
  });
});

describe('the text of a restore_command', () => {
  it('has its placeholders replaced as the server does', () => {
    assert.equal(
      expandRestoreCommand('get %f -o "%p" --keep %r 100%% %x %', '00000001000000000000000A'),
      'get 00000001000000000000000A -o "pg_wal/RECOVERYXLOG" --keep 000000000000000000000000 100% %x %',
    );
  });

  it('tells of a directory only when it copies plainly out of one that is there', () => {
    const directory = scratchDirectory('arch');
    for (const command of [
      `cp ${directory}/%f %p`,
      `cp %p ${directory}/%f`,
      `test ! -f ${directory}/%f && cp %p ${directory}/%f`,
      `gunzip < ${directory}/%f.gz > %p`,
      `cp "${directory}/%f" "%p"`,
    ])
      assert.equal(archiveDirectoryOf(command), directory, command);
    for (const command of [
      'pgbackrest --stanza=x archive-get %f "%p"',
      'cp /not/there/%f %p',
      'scp host:/a/%f %p',
    ])
      assert.equal(archiveDirectoryOf(command), undefined, command);
  });
});
