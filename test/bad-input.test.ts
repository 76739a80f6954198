/**
 * Everything that is wrong with what an operator gives, through the real program: one clear sentence (what, where, what next), a code
 * that is not zero, nothing half-written.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { segmentFileName } from '../source/wal/segment-name.js';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';
import { temporaryDirectory, temporaryRoot } from './servers/temporary.js';
import { CLI } from './support/program.js';

const SEGMENT = 1 << 20;
/** Neither root nor the servers' owner: a number that no account has. */
const STRANGER = { uid: 65_533, gid: 65_533 };

let built: BuiltIncident;
let output: string;
/** The segment behind the fork's: lost transactions are in it. */
let behind: string;

before(async () => {
  built = await buildIncident({
    major: 13,
    walSegmentSizeMb: 1,
    walLevel: 'replica',
    before: async (old) => {
      await old.query('CREATE TABLE t (id serial PRIMARY KEY, note text)');
    },
    lost: async (old) => {
      for (let at = 0; at < 40; at++) {
        await old.query(`INSERT INTO t (note) SELECT repeat(md5(g::text), 40) FROM generate_series(1, 60) g`);
      }
    },
  });
  // The stranger may pass, and is stopped by what is closed to him alone.
  chmodSync(temporaryRoot(), 0o711);
  output = temporaryDirectory('output');
  chmodSync(output, 0o777);
  behind = segmentFileName(1, built.fork + SEGMENT, SEGMENT);
});

after(stopAllServers);

function forkpoint(args: readonly string[], as: { uid?: number; gid?: number } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
    cwd: output,
    env: { PATH: process.env['PATH'], HOME: output },
    ...as,
  });
  return { code: status, out: stdout, err: stderr };
}

/** A copy of the old primary's directory that something was done to. */
function damaged(name: string, damage: (directory: string) => void): string {
  const copy = join(temporaryDirectory(name), 'data');
  cpSync(built.oldDataDirectory, copy, { recursive: true, preserveTimestamps: true });
  rmSync(join(copy, 'postmaster.pid'), { force: true });
  damage(copy);
  return copy;
}

/** Runs every command that reads, and an export to a file, and holds what is said against what should be. */
function assertSaid(
  [old, fresh]: readonly [string, string],
  code: 1 | 3,
  sentence: RegExp,
  as: { uid?: number; gid?: number } = {},
): void {
  const file = join(output, 'lost.sql');
  const runs: string[][] = [
    ['inspect', old, fresh],
    ['list', old, fresh, '--json'],
    ['export', old, fresh, '-o', file],
  ];
  for (const args of runs) {
    const outcome = forkpoint(args, as);
    assert.equal(outcome.code, code, `${args[0]}: ${outcome.err}`);
    // The picture wraps its lines; what goes to standard error does not.
    const said =
      args[0] === 'inspect' ? (outcome.err + outcome.out).replace(/\s*\n[! ]*/g, ' ') : outcome.err;
    assert.match(said, sentence, args[0]);
    assert.doesNotMatch(outcome.err, /\n +at |defect/, args[0]);
    if (code === 1) {
      assert.equal(outcome.out, '', args[0]);
      assert.ok(outcome.err.trimEnd().split('\n').length <= 2, outcome.err);
    }
  }
  // What could be read is written whole; what failed leaves nothing.
  assert.deepEqual(readdirSync(output), code === 1 ? [] : ['lost.sql']);
  if (code === 3) assert.match(readFileSync(file, 'utf8'), /^-- end: /m);
  rmSync(file, { force: true });
}

describe('what is named', () => {
  test('a directory that is no data directory', () => {
    assertSaid(
      ['/usr', built.newDataDirectory],
      1,
      /old primary: not a data directory: .*\/usr\)\s+name another directory/,
    );
    assertSaid([built.oldDataDirectory, '/usr/none'], 1, /new primary: \/usr\/none does not exist/);
  });

  test('two different clusters', async () => {
    const stranger = await initdb(13, { walSegmentSizeMb: 1 });
    assertSaid(
      [built.oldDataDirectory, stranger.dataDirectory],
      1,
      /different clusters: .*identifier is \d+.*\s+name the/,
    );
  });

  test('the same directory twice, and a server as the old side', () => {
    assertSaid([built.oldDataDirectory, built.oldDataDirectory], 1, /both sides are the same directory/);
    assertSaid(
      ['postgres://u:secret@h/x', built.newDataDirectory],
      1,
      /read from its files.*postgres:\/\/u@h\/x/,
    );
  });
});

describe('what is damaged', () => {
  test('a missing segment is named, and what is before it is given', () => {
    const old = damaged('missing', (directory) => rmSync(join(directory, 'pg_wal', behind)));
    assertSaid([old, built.newDataDirectory], 3, new RegExp(behind));
  });

  test('a flipped bit is found by the checksum, with file and LSN', () => {
    const old = damaged('flipped', (directory) => {
      const path = join(directory, 'pg_wal', behind);
      const bytes = readFileSync(path);
      bytes[300_001] ^= 4;
      writeFileSync(path, bytes);
    });
    assertSaid([old, built.newDataDirectory], 3, new RegExp(`reading stopped at 0/[0-9A-F]+: .*${behind}`));
  });

  test('a truncated segment', () => {
    const old = damaged('cut', (directory) => truncateSync(join(directory, 'pg_wal', behind), 300_000));
    assertSaid([old, built.newDataDirectory], 3, new RegExp(behind));
  });

  test('a truncated control file, and one with a flipped bit', () => {
    const cut = damaged('control', (directory) => truncateSync(join(directory, 'global', 'pg_control'), 100));
    assertSaid([cut, built.newDataDirectory], 1, /pg_control.*100 bytes|100 bytes.*pg_control/);
    const flipped = damaged('control-bit', (directory) => {
      const path = join(directory, 'global', 'pg_control');
      const bytes = readFileSync(path);
      bytes[40] ^= 1;
      writeFileSync(path, bytes);
    });
    assertSaid([flipped, built.newDataDirectory], 1, /pg_control.*CRC|CRC.*pg_control/);
  });

  test('a catalog file that is gone', () => {
    const old = damaged('catalog', (directory) => rmSync(join(directory, 'global', 'pg_filenode.map')));
    assertSaid([old, built.newDataDirectory], 1, /pg_filenode\.map/);
  });
});

describe('a server that still runs on the old side', () => {
  test('is said, and nothing read of it passes for complete', async () => {
    const running: Server = await built.startOld();
    assertSaid(
      [running.dataDirectory, built.newDataDirectory],
      3,
      /server is running .*process \d+.*Stop it/,
    );
    await running.stop('immediate');
  });
});

describe('what may not be read', {
  skip: process.getuid!() !== 0 && 'only root can become somebody who may not',
}, () => {
  test('a whole directory', () => {
    assertSaid(
      [built.oldDataDirectory, built.newDataDirectory],
      1,
      /no permission to read .*: run forkpoint as/,
      STRANGER,
    );
  });

  test('one WAL segment, one catalog file', () => {
    const open = (directory: string): void => {
      execFileSync('chmod', ['-R', 'a+rX', directory]);
    };
    const fresh = damaged('open-new', () => {});
    rmSync(fresh, { recursive: true });
    cpSync(built.newDataDirectory, fresh, { recursive: true });
    open(dirname(fresh));
    const segment = damaged('segment', (directory) => {
      open(dirname(directory));
      chownSync(join(directory, 'pg_wal', behind), 0, 0);
      chmodSync(join(directory, 'pg_wal', behind), 0o600);
    });
    assertSaid([segment, fresh], 3, new RegExp(`${behind}.*permission|permission.*${behind}`), STRANGER);
    const catalog = damaged('closed-catalog', (directory) => {
      open(dirname(directory));
      chmodSync(join(directory, 'global'), 0o700);
    });
    assertSaid([catalog, fresh], 1, /no permission to read .*global/, STRANGER);
  });
});

describe('a place that does not take the export', () => {
  const everything = () => ['export', built.oldDataDirectory, built.newDataDirectory];

  test('a full disk', (t) => {
    const disk = join(output, 'disk');
    mkdirSync(disk);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    if (mounted.status !== 0) {
      rmSync(disk, { recursive: true });
      t.skip('no small file system may be mounted here');
      return;
    }
    try {
      const { code, err } = forkpoint([...everything(), '-o', join(disk, 'lost.sql')]);
      assert.equal(code, 1, err);
      assert.match(
        err,
        /^forkpoint: cannot write: no space left on device \(.*lost\.sql\)\n +free some space.*nothing was kept/,
      );
      assert.deepEqual(readdirSync(disk), []);
      const spilled = forkpoint([...everything(), '--temp-dir', disk, '-o', join(output, 'lost.sql')]);
      assert.ok(spilled.code === 0 || spilled.code === 3 || /space/.test(spilled.err), spilled.err);
      assert.doesNotMatch(spilled.err, /\n +at |defect/);
      assert.deepEqual(readdirSync(disk), []);
      rmSync(join(output, 'lost.sql'), { force: true });
    } finally {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });

  test('a limit on the size of files', () => {
    const file = join(output, 'lost.sql');
    const { status, stderr } = spawnSync(
      '/bin/sh',
      ['-c', 'ulimit -f 64; exec "$0" "$@"', process.execPath, CLI, ...everything(), '-o', file],
      { encoding: 'utf8', cwd: output },
    );
    assert.equal(status, 1, stderr);
    assert.match(stderr, /cannot write: the file is larger than the limit allows/);
    assert.deepEqual(readdirSync(output), []);
  });

  test('a directory that is not there, one that may not be written to, a file that is there', () => {
    const refused = (path: string, sentence: RegExp, as = {}): void => {
      const { code, err } = forkpoint([...everything(), '-o', path], as);
      assert.equal(code, 1, err);
      assert.match(err, sentence);
      assert.doesNotMatch(err, /\n +at /);
    };
    refused(join(output, 'none', 'lost.sql'), /no such directory/);
    writeFileSync(join(output, 'taken'), 'precious');
    refused(join(output, 'taken'), /exists already.*taken/);
    refused(join(output, 'taken', 'x'), /not a directory/);
    assert.equal(readFileSync(join(output, 'taken'), 'utf8'), 'precious');
    rmSync(join(output, 'taken'));
    assert.ok(!existsSync(join(output, 'none')));
  });
});
