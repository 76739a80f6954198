/**
 * Before anyone starts that server: what was lost is copied to a place of its own, from which forkpoint says word for word what it says
 * of the original.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForkpointError } from '../source/bytes/errors.js';
import { preserve } from '../source/preserve/preserve.js';
import type { BuiltIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { CLI } from './support/program.js';
import { buildWorkload } from './support/workload.js';

after(stopAllServers);

function forkpoint(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 120_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** What the list says, and every row that was lost, whichever directory they were read from. */
function lostOf(old: string, fresh: string): string[] {
  return [
    ['list', old, fresh, '--json'],
    ['export', old, fresh, '--format', 'wal2json', '--filter', 'db:postgres'],
    ['export', old, fresh, '--format', 'wal2json', '--filter', 'db:apart'],
  ].map((args) => {
    const { code, out, err } = forkpoint(...args);
    // 3: an export leaves out the transaction in doubt.
    assert.ok(code === 0 || code === 3, err);
    return out;
  });
}

/** The SQL for one database, there and back. */
function sqlOf(old: string, fresh: string, database: string): string[] {
  const filter = ['--filter', `db:${database}`];
  return [
    forkpoint('export', old, fresh, '--guard', '--ddl', ...filter).out.replaceAll(old, 'OLD'),
    forkpoint('export', old, fresh, '--undo', ...filter).out.replaceAll(old, 'OLD'),
  ];
}

/** Names, sizes, modes and times of everything in a tree. */
function treeOf(directory: string): string {
  return execFileSync('find', [directory, '-printf', '%P %y %s %m %T@ %C@\n'], { encoding: 'utf8' })
    .split('\n')
    .sort()
    .join('\n');
}

describe('preserving what was lost', { timeout: 300_000 }, () => {
  let built: BuiltIncident;
  let scratch: string;
  /** The first segment that is left: rows written before it are nowhere but on disk. */
  let first: string;
  /** The file of a table of which two rows are lost. */
  let far: string;

  before(async () => {
    scratch = temporaryDirectory('preserve');
    built = await buildWorkload(17, 'replica', {
      // Then old rows are not in WAL, and have to come from the old primary's own pages.
      settings: { full_page_writes: 'off', allow_in_place_tablespaces: 'on' },
      before: async (old) => {
        await old.query(`CREATE TABLESPACE elsewhere LOCATION ''`);
        await old.query('CREATE DATABASE apart TABLESPACE elsewhere');
        await old.query('CREATE DATABASE idle');
        const apart = await old.connect('apart');
        await apart.query(
          `CREATE TABLE far (id int PRIMARY KEY, v text); INSERT INTO far SELECT i, 'far ' || i FROM generate_series(1, 20000) i`,
        );
        [{ path: far }] = (
          await apart.query<{ path: string }>(`SELECT pg_relation_filepath('far') AS path`)
        ).rows;
        await apart.query('CHECKPOINT');
        await apart.query('SELECT pg_switch_wal()');
        [{ name: first }] = (
          await apart.query<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name')
        ).rows;
        await apart.end();
      },
      lostLast: async (old) => {
        const apart = await old.connect('apart');
        await apart.query(`UPDATE far SET v = 'further' WHERE id = 1500; DELETE FROM far WHERE id = 3`);
        await apart.end();
      },
    });
    for (const directory of [built.oldDataDirectory, built.newDataDirectory]) {
      for (const name of readdirSync(join(directory, 'pg_wal'))) {
        if (/^[0-9A-F]{24}$/.test(name) && name.slice(8) < first.slice(8))
          unlinkSync(join(directory, 'pg_wal', name));
      }
    }
  });

  test('the copy answers every command as the original does, and nothing of the original was touched', () => {
    const copy = join(scratch, 'copy');
    const before = treeOf(built.oldDataDirectory) + treeOf(built.newDataDirectory);
    const { code, out, err } = forkpoint(
      'preserve',
      built.oldDataDirectory,
      built.newDataDirectory,
      '-o',
      copy,
    );
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /all read back and compared/);
    const { oldDataDirectory: old, newDataDirectory: fresh } = built;
    assert.deepEqual(lostOf(copy, fresh), lostOf(old, fresh));
    const original = sqlOf(old, fresh, 'apart');
    assert.match(original[1], /INSERT INTO public\.far .*'far 3'/);
    assert.deepEqual(sqlOf(copy, fresh, 'apart'), original);
    assert.deepEqual(sqlOf(copy, fresh, 'postgres'), sqlOf(old, fresh, 'postgres'));
    assert.equal(treeOf(built.oldDataDirectory) + treeOf(built.newDataDirectory), before);
  });

  test('it holds what is needed: of tables only the pages that are', () => {
    const copy = join(scratch, 'copy');
    const [part, whole] = [copy, built.oldDataDirectory].map((each) => statSync(join(each, far)));
    assert.equal(part.size, whole.size);
    assert.ok(part.blocks < whole.blocks / 4, `${part.blocks} blocks of ${whole.blocks}`);
    assert.ok(
      readdirSync(join(copy, 'base')).length < readdirSync(join(built.oldDataDirectory, 'base')).length,
      'the catalog of a database that lost nothing is not needed',
    );
    assert.equal(existsSync(join(copy, 'postmaster.pid')), false);
  });

  test('sha256sum finds every file as the list of sums says', () => {
    const copy = join(scratch, 'copy');
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: copy });
    const listed = readFileSync(join(copy, 'SHA256SUMS'), 'utf8').trim().split('\n').length;
    const files = execFileSync('find', [copy, '-type', 'f'], { encoding: 'utf8' }).trim().split('\n').length;
    assert.equal(listed, files - 1);
  });

  test('run again it holds every file against its sum, and says which one is not as it was', () => {
    const copy = join(scratch, 'again');
    forkpoint('preserve', built.oldDataDirectory, built.newDataDirectory, '-o', copy);
    const second = forkpoint('preserve', built.oldDataDirectory, built.newDataDirectory, '-o', copy);
    assert.equal(second.code, 0);
    assert.match(second.out, /complete already/);
    appendFileSync(join(copy, 'PG_VERSION'), ' ');
    const third = forkpoint('preserve', built.oldDataDirectory, built.newDataDirectory, '-o', copy);
    assert.equal(third.code, 1);
    assert.match(third.err, /not as it was copied .*PG_VERSION/);
  });

  test('killed in the middle and run again, it is the same copy, without leftovers', async () => {
    const copy = join(scratch, 'killed');
    const child = spawn(
      process.execPath,
      [CLI, 'preserve', built.oldDataDirectory, built.newDataDirectory, '-o', copy],
      { stdio: 'ignore' },
    );
    while (!existsSync(join(copy, 'pg_wal')) || readdirSync(join(copy, 'pg_wal')).length < 3) await sleep(1);
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    assert.equal(existsSync(join(copy, 'SHA256SUMS')), false);
    // And a segment that was cut off under its final name, as a disk that lost power may leave it.
    const segment = readdirSync(join(copy, 'pg_wal')).find((name) => /^[0-9A-F]{24}$/.test(name));
    if (segment) writeFileSync(join(copy, 'pg_wal', segment), 'torn');
    const { code } = forkpoint('preserve', built.oldDataDirectory, built.newDataDirectory, '-o', copy);
    assert.equal(code, 0);
    const sums = (directory: string): string =>
      readFileSync(join(directory, 'SHA256SUMS'), 'utf8').replace(/^.*forkpoint-preserve.json\n/m, '');
    assert.equal(sums(copy), sums(join(scratch, 'copy')));
    assert.equal(execFileSync('find', [copy, '-name', '*part*'], { encoding: 'utf8' }), '');
  });

  test('an old side of which only WAL is left is preserved as such', () => {
    const archive = join(scratch, 'archive');
    execFileSync('cp', ['-a', join(built.oldDataDirectory, 'pg_wal'), archive]);
    const copy = join(scratch, 'copied-archive');
    const { code, err } = forkpoint('preserve', archive, built.newDataDirectory, '-o', copy);
    // That the tables are known from the new primary only is worth a warning.
    assert.equal(code, 3, err);
    assert.deepEqual(lostOf(copy, built.newDataDirectory), lostOf(archive, built.newDataDirectory));
  });

  test('WAL behind a symbolic link is followed', () => {
    const linked = join(scratch, 'linked');
    execFileSync('cp', ['-a', built.oldDataDirectory, linked]);
    renameSync(join(linked, 'pg_wal'), join(scratch, 'wal-elsewhere'));
    symlinkSync(join(scratch, 'wal-elsewhere'), join(linked, 'pg_wal'));
    const copy = join(scratch, 'from-link');
    assert.equal(forkpoint('preserve', linked, built.newDataDirectory, '-o', copy).code, 0);
    rmSync(linked, { recursive: true });
    rmSync(join(scratch, 'wal-elsewhere'), { recursive: true });
    assert.deepEqual(
      lostOf(copy, built.newDataDirectory),
      lostOf(join(scratch, 'copy'), built.newDataDirectory),
    );
  });

  test('nothing is overwritten, and nothing is written into what is read', () => {
    const refused = (output: string): string => {
      const { code, err } = forkpoint(
        'preserve',
        built.oldDataDirectory,
        built.newDataDirectory,
        '-o',
        output,
      );
      assert.equal(code, 1);
      return err;
    };
    const full = join(scratch, 'full');
    mkdirSync(full);
    writeFileSync(join(full, 'mine'), 'mine');
    assert.match(refused(full), /not empty: nothing is overwritten/);
    assert.equal(readFileSync(join(full, 'mine'), 'utf8'), 'mine');
    assert.match(refused(join(full, 'mine')), /there is a file of that name/);
    assert.match(refused(join(built.oldDataDirectory, 'copy')), /writes nothing into what it reads/);
    assert.match(
      refused(join(built.newDataDirectory, 'pg_wal', 'copy')),
      /writes nothing into what it reads/,
    );
    const other = join(scratch, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'forkpoint-preserve.json'), '{"systemIdentifier":"1","fork":"0/1"}');
    assert.match(refused(other), /holds another incident/);
  });

  test('a file that goes away meanwhile is named', async () => {
    const going = join(scratch, 'going');
    execFileSync('cp', ['-a', built.oldDataDirectory, going]);
    await assert.rejects(
      preserve({ old: going, new: built.newDataDirectory }, join(scratch, 'of-going'), {
        onProgress: ({ doing }) => {
          const conf = join(going, 'postgresql.conf');
          if (doing === 'copying WAL' && existsSync(conf)) {
            for (const name of readdirSync(join(going, 'pg_xact'))) unlinkSync(join(going, 'pg_xact', name));
            unlinkSync(join(going, 'base', '1', 'pg_filenode.map'));
            unlinkSync(conf);
          }
        },
      }),
      (error) => error instanceof ForkpointError && /pg_filenode\.map/.test(error.complaint.where ?? ''),
    );
    assert.equal(existsSync(join(scratch, 'of-going', 'SHA256SUMS')), false);
  });

  test('without a directory to copy to, it is wrong usage', () => {
    const { code, err } = forkpoint('preserve', built.oldDataDirectory, built.newDataDirectory);
    assert.equal(code, 2);
    assert.match(err, /-o DIR/);
  });
});
