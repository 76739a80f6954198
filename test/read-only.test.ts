/**
 * Nothing is ever written into a data directory or an archive: the whole trees are watched (content, times, modes, names) through
 * every command and every screen, and once more opened by a user who may only read.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { OWNER } from './servers/owner.js';
import { stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { CLI } from './support/program.js';
import { type Pty, startPty } from './support/pty-driver.js';
import { scratchDirectory } from './support/scratch.js';
import { TreeWatch } from './support/tree-watch.js';

const WRITE_WATCH = new URL('./support/write-watch.js', import.meta.url).href;

let built: BuiltIncident;
let old: string;
let fresh: string;
let oldArchive: string;
let newArchive: string;
let outside: string;
let watch: TreeWatch;

before(async () => {
  outside = scratchDirectory('outside');
  built = await buildIncident({
    major: 17,
    walSegmentSizeMb: 1,
    decode: false,
    before: async (server) => {
      await server.query(`CREATE TABLE orders (id int PRIMARY KEY, state text, note text);
        INSERT INTO orders SELECT g, 'open', repeat('note ', g) FROM generate_series(1, 100) g`);
    },
    lost: async (server) => {
      for (let id = 1; id <= 30; id++)
        await server.query(`UPDATE orders SET state = 'paid' WHERE id = ${id}`);
      await server.query('TRUNCATE orders; CREATE TABLE made (id int); INSERT INTO made VALUES (1)');
    },
    after: async (promoted) => {
      await promoted.query(`UPDATE orders SET state = 'new' WHERE id < 5`);
    },
  });
  old = built.oldDataDirectory;
  fresh = built.newDataDirectory;
  oldArchive = temporaryDirectory('old-archive');
  newArchive = temporaryDirectory('new-archive');
  for (const [data, archive] of [
    [old, oldArchive],
    [fresh, newArchive],
  ]) {
    for (const name of readdirSync(join(data, 'pg_wal')).filter((each) => /^[0-9A-F]{8}/.test(each))) {
      cpSync(join(data, 'pg_wal', name), join(archive, name));
    }
  }
  watch = new TreeWatch([old, fresh, oldArchive, newArchive]);
});

after(stopAllServers);

const environment = () => ({
  ...process.env,
  XDG_STATE_HOME: join(outside, 'state'),
  HOME: outside,
  TMPDIR: outside,
});

function forkpoint(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120_000,
    cwd: outside,
    env: environment(),
  });
  return { code: status, out: stdout, err: stderr };
}

/** What each command is run with behind OLD and NEW; a command that is not here is run without options. */
const OPTIONS: Readonly<Record<string, (name: string) => readonly (readonly string[])[]>> = {
  inspect: () => [[], ['--json']],
  list: () => [[], ['--json', '--filter', 'verdict:clean'], ['--filter', 'paid']],
  export: (name) => [
    [],
    ['-o', join(outside, `${name}.sql`), '--guard'],
    ['-o', join(outside, `${name}-undo.sql`), '--undo', '--ddl'],
    ['--format', 'wal2json'],
    ['--format', 'csv'],
    ['--format', 'report', '-o', join(outside, `${name}.md`)],
  ],
  preserve: (name) => [['-o', join(outside, `${name}-preserved`)]],
};

/** The commands that the help names, but for those that need a terminal or a server. */
function commands(): string[] {
  const named = [...forkpoint('--help').out.matchAll(/^ *\$ forkpoint ([a-z]+) +OLD NEW/gm)].map(
    ([, name]) => name,
  );
  assert.ok(named.length >= 4, named.join());
  return named.filter((name) => name !== 'check');
}

describe('through every command', () => {
  test('on directories and archives, nothing is touched', () => {
    for (const command of commands()) {
      for (const options of OPTIONS[command]?.('plain') ?? [[]]) {
        const places = ['--old-wal', oldArchive, '--new-wal', newArchive];
        const { code, err } = forkpoint(command, old, fresh, ...places, ...options);
        assert.ok(code === 0 || code === 3, `${command} ${options.join(' ')}: ${code} ${err}`);
        watch.assertUntouched(`forkpoint ${command} ${options.join(' ')}`);
      }
    }
  });

  test('on an archive that stands for the old primary, and with a fork named by hand, nothing is touched', () => {
    forkpoint('inspect', oldArchive, fresh);
    forkpoint('list', oldArchive, fresh);
    forkpoint('inspect', old, fresh, '--fork', '0/1000100');
    watch.assertUntouched('forkpoint on an archive');
  });

  test('an export is refused where it would land in one of them', () => {
    for (const directory of [old, join(old, 'base'), join(fresh, 'pg_wal'), oldArchive]) {
      const places = ['--old-wal', oldArchive, '--new-wal', newArchive];
      const { code, err } = forkpoint('export', old, fresh, ...places, '-o', join(directory, 'lost.sql'));
      assert.equal(code, 1, directory);
      assert.match(err, /nothing is ever written there/);
      watch.assertUntouched(`forkpoint export into ${directory}`);
    }
  });

  test('checking against a running server leaves the directories alone', async () => {
    const live = await built.startNew();
    const { code, err } = forkpoint('check', old, fresh, '--against', live.url, '--dry-run');
    assert.notEqual(code, null, err);
    await live.stop();
    watch.assertUntouched('forkpoint check');
  });
});

describe('from inside the process', () => {
  /** Runs forkpoint with every call that could write below `watched` noted. */
  const noted = (watched: readonly string[], ...args: string[]): string => {
    const notes = join(outside, 'writes');
    rmSync(notes, { force: true });
    const { status, stderr } = spawnSync(process.execPath, ['--import', WRITE_WATCH, CLI, ...args], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      cwd: outside,
      env: { ...environment(), FORKPOINT_WATCHED: watched.join(':'), FORKPOINT_WRITES: notes },
    });
    assert.ok(status === 0 || status === 3, stderr);
    return existsSync(notes) ? readFileSync(notes, 'utf8') : '';
  };

  test('no file of them is ever opened for anything but reading', () => {
    const places = ['--old-wal', oldArchive, '--new-wal', newArchive];
    for (const command of commands()) {
      const options = OPTIONS[command]?.('inside')[0] ?? [];
      const notes = noted([old, fresh, oldArchive, newArchive], command, old, fresh, ...places, ...options);
      assert.equal(notes, '', command);
    }
  });

  test('where something is written, that is noted', () => {
    const directory = join(outside, 'watched');
    mkdirSync(directory);
    assert.match(
      noted([directory], 'export', old, fresh, '-o', join(directory, 'lost.sql')),
      /^openSync .*watched/,
    );
  });
});

describe('through every screen', { timeout: 120_000 }, () => {
  const started: Pty[] = [];
  const start = (...args: string[]): Pty => {
    const pty = startPty({
      file: process.execPath,
      args: [CLI, ...args],
      cwd: outside,
      env: { ...environment(), PGDATA: old },
    });
    started.push(pty);
    return pty;
  };
  after(() => {
    for (const pty of started) pty.kill('SIGKILL');
  });

  test('choosing, looking, filtering, marking, exporting: nothing is touched', async () => {
    const pty = start();
    await pty.see('Which is the OLD primary', 'PostgreSQL 17 data directory');
    await pty.press('l', 'j', 'j', 'k', 'h', 'p', 'ctrl-u');
    await pty.type(`${dirname(old)}/`);
    await pty.press('tab', 'tab', 'escape', 'p', 'ctrl-u');
    await pty.type(old);
    await pty.press('enter');
    await pty.see('Which is the NEW primary');
    await pty.press('p', 'ctrl-u');
    await pty.type(fresh);
    await pty.press('enter');
    await pty.see('These two go together');
    watch.assertUntouched('choosing the sides');
    await pty.press('j', 'k', 'enter');
    await pty.see(/fork at 0\//, 'all WAL read');
    await pty.press('?');
    await pty.see('Keys that work here');
    await pty.press('escape', 'j', 'j', 'enter');
    await pty.see('transactions, commit order');
    watch.assertUntouched('looking at the fork and the list');
    await pty.press('v', 'j', 'j', 'space', 's', 'escape', '/');
    await pty.type('op:update paid');
    await pty.press('enter', 'a', 'enter');
    await pty.see('UPDATE public.orders');
    await pty.press('tab', 'tab', 'tab', ']', '[', '?', 'escape', 'escape', 'e');
    await pty.see('── preview');
    await pty.press('j', 'j', 'j', 'j', 'j', 'j', 'enter', 'ctrl-u');
    // Into a data directory it is refused.
    await pty.type(join(old, 'lost.sql'));
    await pty.press('enter', 'w');
    await pty.see('is a data directory: nothing is ever');
    watch.assertUntouched('an export into the data directory');
    await pty.press('k', 'enter', 'ctrl-u');
    await pty.type(join(outside, 'from-the-screen.sql'));
    await pty.press('enter', 'w');
    await pty.see('Written:');
    await pty.press('q');
    assert.equal((await pty.ended).exitCode, 0);
    watch.assertUntouched('the whole walk');
    assert.ok(existsSync(join(outside, 'from-the-screen.sql')));
  });

  test('the bundled sample stays as it is', async () => {
    const sample = fileURLToPath(new URL('../../samples/shop', import.meta.url));
    const watched = new TreeWatch([sample]);
    const pty = start('demo');
    await pty.see(/fork at 0\//, 'all WAL read');
    await pty.press('enter', 'enter', 'tab', 'q');
    await pty.ended;
    watched.assertUntouched('forkpoint demo');
  });
});

/** May the servers' owner, who is nobody to the tester's files, run what is tested? */
function reachable(path: string): boolean {
  for (let directory = path; directory !== '/'; directory = dirname(directory)) {
    if ((statSync(directory).mode & 0o005) !== 0o005 && (statSync(directory).mode & 0o004) !== 0o004)
      return false;
  }
  return true;
}

describe('by a user who may only read', () => {
  const skip =
    process.getuid!() !== 0
      ? 'only root can become somebody else'
      : !reachable(CLI) && 'the checkout is not open to others';

  test('everything works, as nothing needs to be written', { skip }, () => {
    const copies = temporaryDirectory('read-only');
    const mine = temporaryDirectory('mine');
    for (const [from, name] of [
      [old, 'old'],
      [fresh, 'new'],
    ]) {
      execFileSync('cp', ['-a', from, join(copies, name)]);
    }
    // Root's own, and nobody else may do more than look.
    execFileSync('chown', ['-R', 'root:root', copies]);
    execFileSync('chmod', ['-R', 'a-w,a+rX', copies]);
    mkdirSync(join(mine, 'state'));
    chownSync(join(mine, 'state'), OWNER.uid, OWNER.gid);
    const watched = new TreeWatch([copies]);
    const as = (...args: string[]) =>
      spawnSync(process.execPath, [CLI, ...args], {
        encoding: 'utf8',
        cwd: mine,
        env: { PATH: process.env['PATH'], HOME: mine, TMPDIR: mine, XDG_STATE_HOME: join(mine, 'state') },
        ...OWNER,
      });
    const root = forkpoint('export', old, fresh).out;
    for (const command of commands()) {
      const options = OPTIONS[command]?.('x').at(-1) ?? [];
      const own = options.map((option) => option.replace(outside, mine));
      const { status, stderr } = as(command, join(copies, 'old'), join(copies, 'new'), ...own);
      assert.ok(status === 0 || status === 3, `${command}: ${status} ${stderr}`);
    }
    const body = (sql: string): string => sql.slice(sql.indexOf('\nBEGIN;'));
    assert.equal(body(as('export', join(copies, 'old'), join(copies, 'new')).stdout), body(root));
    watched.assertUntouched('a user who may only read');
  });
});
