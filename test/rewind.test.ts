/** Where forkpoint says that pg_rewind can, and gives the command, it can; where it says what is in the way, pg_rewind stops there. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { OWNER } from './servers/owner.js';
import { type Server, stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { newPrimary, standbyOf, write } from './support/nodes.js';
import { findPgRewind } from './support/pg-rewind.js';
import { CLI } from './support/program.js';

const MAJOR = 15;
const program = findPgRewind(MAJOR);
const without = program === undefined && `there is no pg_rewind of PostgreSQL ${MAJOR} on this machine`;

interface Said {
  readonly verdict: string;
  readonly obstacles: readonly string[];
  readonly notes: readonly string[];
  readonly missingSegments: readonly string[];
  readonly commands: readonly string[];
  readonly destroyed: { readonly transactions: number };
  readonly code: number | null;
}

function ask(old: string, fresh: string): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'rewind', old, fresh, '--json'], {
    encoding: 'utf8',
  });
  assert.notEqual(stdout, '', stderr);
  return { ...(JSON.parse(stdout) as Said), code: status };
}

/** Runs the very command that forkpoint gave, for show, as the owner of the files. */
function run(command: string): { code: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', `${command} --dry-run`], {
    encoding: 'utf8',
    cwd: temporaryDirectory('rewind'),
    env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    ...OWNER,
  });
  return { code: status, text: stdout + stderr };
}

/** What it says when it is run all the same. */
function runOn(old: Server, fresh: Server): { code: number | null; text: string } {
  return run(`${program} --target-pgdata=${old.dataDirectory} --source-pgdata=${fresh.dataDirectory}`);
}

/** An old primary that lost three transactions and was stopped, and the stopped new one. */
async function parted(settings: Record<string, string>, checksums = true): Promise<[Server, Server]> {
  const old = await newPrimary(MAJOR, settings, checksums);
  await old.stop();
  const fresh = await standbyOf(old);
  await old.start();
  await fresh.start();
  await write(old, 'shared');
  await fresh.caughtUpWith(old);
  await fresh.stop();
  await write(old, 'lost', 'lost too', 'and lost');
  await old.stop();
  await fresh.start();
  await fresh.promote();
  await write(fresh, 'new');
  await fresh.query('CHECKPOINT');
  await fresh.stop();
  return [old, fresh];
}

after(stopAllServers);

describe('what pg_rewind would do', { skip: without, timeout: 240_000 }, () => {
  let old: Server;
  let fresh: Server;

  before(async () => {
    [old, fresh] = await parted({});
  });

  test('it can: the command is taken as it is, and what it destroys is counted', () => {
    const said = ask(old.dataDirectory, fresh.dataDirectory);
    assert.deepEqual([said.verdict, said.code, said.obstacles], ['possible', 0, []]);
    assert.equal(said.destroyed.transactions, 3);
    const { code, text } = run(said.commands[0]);
    assert.equal(code, 0, text);
    assert.match(text, /Done!/);
  });

  test('a path that a shell would take apart is quoted', async () => {
    const odd = await old.copy(join(temporaryDirectory('rewind'), `it's "odd" $HOME`));
    const said = ask(odd.dataDirectory, fresh.dataDirectory);
    const { code, text } = run(said.commands[0]);
    assert.equal(code, 0, text);
  });

  test('from a running new primary it can as well', async () => {
    await fresh.start();
    const said = ask(old.dataDirectory, fresh.url);
    assert.deepEqual([said.verdict, said.code], ['possible', 0], said.obstacles.join());
    assert.match(said.commands[0], /--source-server=/);
    const { code, text } = run(said.commands[0]);
    assert.equal(code, 0, text);
    const onFiles = ask(old.dataDirectory, fresh.dataDirectory);
    assert.deepEqual([onFiles.verdict, onFiles.code], ['impossible', 1]);
    assert.match(onFiles.obstacles.join(), /A server is running on the new data directory/);
    await fresh.stop();
  });

  test('not when the new primary was killed', async () => {
    const killed = await fresh.copy();
    await killed.start();
    await killed.stop('kill');
    const said = ask(old.dataDirectory, killed.dataDirectory);
    assert.match(said.obstacles.join(), /new primary's data directory was not shut down cleanly/);
    assert.match(runOn(old, killed).text, /source data directory must be shut down cleanly/);
  });

  test('of a crashed old primary it says that it writes there first', async () => {
    const crashed = await old.copy();
    await crashed.start();
    await crashed.stop('kill');
    const said = ask(crashed.dataDirectory, fresh.dataDirectory);
    assert.equal(said.verdict, 'possible');
    assert.match(said.notes.join(), /not shut down cleanly .*single-user mode/);
  });

  test('not while a server runs on the old directory', async () => {
    const running = await old.copy();
    await running.start();
    const said = ask(running.dataDirectory, fresh.dataDirectory);
    assert.match(said.obstacles.join(), /A server is running on the old data directory/);
    await running.stop();
  });

  test('not without the WAL back to the last common checkpoint, unless a restore_command has it', async () => {
    const short = await old.copy();
    const checkpoint = ask(old.dataDirectory, fresh.dataDirectory);
    assert.deepEqual(checkpoint.missingSegments, []);
    const wal = join(short.dataDirectory, 'pg_wal');
    const control = ask(short.dataDirectory, fresh.dataDirectory) as unknown as {
      lastCommonCheckpoint: { lsn: string };
    };
    const [high, low] = control.lastCommonCheckpoint.lsn.split('/').map((half) => Number.parseInt(half, 16));
    const number = (high * 2 ** 32 + low) / 2 ** 20;
    const name = `00000001${Math.floor(number / 4096)
      .toString(16)
      .toUpperCase()
      .padStart(8, '0')}${Math.floor(number % 4096)
      .toString(16)
      .toUpperCase()
      .padStart(8, '0')}`;
    assert.ok(readdirSync(wal).includes(name));
    unlinkSync(join(wal, name));
    const said = ask(short.dataDirectory, fresh.dataDirectory);
    assert.equal(said.verdict, 'impossible');
    assert.deepEqual(said.missingSegments, [name]);
    const { code, text } = runOn(short, fresh);
    assert.notEqual(code, 0, text);

    short.configure({ restore_command: `cp ${old.dataDirectory}/pg_wal/%f %p` });
    const fetching = ask(short.dataDirectory, fresh.dataDirectory);
    assert.equal(fetching.verdict, 'possible', fetching.obstacles.join());
    const fetched = run(fetching.commands[0]);
    assert.equal(fetched.code, 0, fetched.text);
  });

  test('not without checksums and hints in WAL', async () => {
    const [plain, successor] = await parted({}, false);
    const said = ask(plain.dataDirectory, successor.dataDirectory);
    assert.deepEqual([said.verdict, said.code, said.commands], ['impossible', 1, []]);
    assert.match(said.obstacles.join(), /neither data checksums nor wal_log_hints/);
    assert.match(runOn(plain, successor).text, /data checksums or "wal_log_hints = on"/);
  });

  test('it need not when nothing was lost', async () => {
    const same = await fresh.copy();
    const follower = await standbyOf(fresh, fresh);
    const said = ask(follower.dataDirectory, same.dataDirectory);
    assert.equal(said.verdict, 'not needed');
    assert.match(runOn(follower, same).text, /no rewind required/);
  });
});
