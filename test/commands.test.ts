/** The command line as scripts meet it: a real failover, read by the real program in its own process. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { initdb, type Server } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { CLI } from './support/program.js';

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function forkpoint(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  return { code: status, out: stdout, err: stderr };
}

describe('command line, no incident', () => {
  it('helps', () => {
    const { code, out } = forkpoint('--help');
    assert.equal(code, 0);
    for (const word of ['inspect', 'list', 'export', 'demo', '--filter', '--guard', 'Exit codes']) {
      assert.match(out, new RegExp(word));
    }
    assert.match(out, /preserve OLD NEW -o DIR/);
  });

  it('tells its version', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert.deepEqual(forkpoint('--version'), { code: 0, out: `${version}\n`, err: '' });
  });

  const mistakes: [string[], RegExp][] = [
    [['list'], /OLD.*and.*NEW.*are missing/],
    [['inspect', 'a'], /NEW\) is missing/],
    [['list', 'a', 'b', 'c'], /what is "c"/],
    [['list', 'a', 'b', '--colour'], /no option --colour/],
    [['list', 'a', 'b', '-q'], /no option -q/],
    [['list', 'a', 'b', '--guard'], /--guard means nothing for list/],
    [['list', 'a', 'b', '--filter'], /--filter needs a value/],
    [['list', 'a', 'b', '--fork', '0/1', '--fork=0/2'], /--fork is given twice/],
    [['list', 'a', 'b', '--json=yes'], /--json takes no value/],
    [['list', 'a', 'b', '--filter', 'tabel:x'], /unknown field "tabel"/],
    [['list', 'a', 'b', '--filter', '-op:x'], /op: cannot be "x"/],
    [['list', 'a', 'b', '--fork', 'x'], /no LSN/],
    [['list', 'a', 'b', '--max-memory', 'lots'], /--max-memory lots is no size/],
    [['export', 'a', 'b', '--format', 'xml'], /no format "xml"/],
    [['export', 'a', 'b', '--format', 'csv', '--undo'], /--undo/],
    [['demo', 'x'], /demo takes no directory/],
  ];
  for (const [args, message] of mistakes) {
    it(`refuses: ${args.join(' ')}`, () => {
      const { code, out, err } = forkpoint(...args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, message);
      assert.doesNotMatch(err, /\n +at /);
    });
  }

  it('says what is wrong with a directory', () => {
    const { code, err } = forkpoint('inspect', '/nonexistent-old', '/nonexistent-new');
    assert.equal(code, 1);
    assert.match(err, /^forkpoint: /);
    assert.doesNotMatch(err, /\n +at /);
  });

  it('does not open the full-screen program without a terminal', () => {
    const { code, err } = forkpoint('demo');
    assert.equal(code, 1);
    assert.match(err, /terminal|sample/);
  });
});

describe('command line on a failover', () => {
  let old: Server;
  let fresh: Server;
  let atFork: Record<string, string>[];
  let atCrash: Record<string, string>[];
  let directory: string;
  const CONTENTS = `SELECT 'orders' AS name, count(*)::text AS count, coalesce(sum(hashtext(o::text)::bigint), 0)::text AS sum FROM shop.orders o
    UNION ALL SELECT 'log', count(*)::text, coalesce(sum(hashtext(l::text)::bigint), 0)::text FROM shop.log l ORDER BY 1`;

  before(async () => {
    directory = temporaryDirectory('commands');
    old = await initdb(15, {
      walSegmentSizeMb: 1,
      settings: { wal_level: 'logical', max_prepared_transactions: 4 },
    });
    await old.start();
    await old.query(`
      CREATE SCHEMA shop;
      CREATE TABLE shop.orders (id int PRIMARY KEY, customer text NOT NULL, total numeric(10,2), placed timestamptz);
      CREATE TABLE shop.log (at timestamptz, line text);
      ALTER TABLE shop.log REPLICA IDENTITY FULL;
      ALTER TABLE shop.orders REPLICA IDENTITY FULL;
      INSERT INTO shop.orders SELECT i, 'customer ' || i, i * 1.5, '2026-11-21 00:00Z' FROM generate_series(1, 100) i;
      INSERT INTO shop.log SELECT '2026-11-21 00:00Z', 'line ' || i % 3 FROM generate_series(1, 9) i`);
    await old.stop();
    fresh = await old.copyAsStandby();
    await old.start();
    await fresh.start();
    const slow = await old.connect();
    await slow.query("BEGIN; INSERT INTO shop.orders VALUES (900, 'began early', 1, now())");
    await old.query("INSERT INTO shop.orders VALUES (901, 'safe', 1, now())");
    await fresh.caughtUpWith(old);
    atFork = await old.query(CONTENTS);
    await fresh.stop();

    await old.query("INSERT INTO shop.orders VALUES (200, 'Alice', 10.00, now()), (201, 'Bob', 20, NULL)");
    await old.query(
      "UPDATE shop.orders SET total = total + 1, customer = E'it''s\\n\\\\! new' WHERE id <= 5",
    );
    await old.query(
      "DELETE FROM shop.orders WHERE id BETWEEN 90 AND 92; DELETE FROM shop.log WHERE ctid = '(0,1)'",
    );
    await old.query("UPDATE shop.log SET line = 'changed' WHERE ctid = '(0,4)'");
    await old.query(
      "BEGIN; INSERT INTO shop.orders VALUES (300, 'in doubt', 1, now()); PREPARE TRANSACTION 'transfer 7'",
    );
    await slow.query("INSERT INTO shop.orders VALUES (902, 'ended late', 1, now()); COMMIT");
    atCrash = await old.query(CONTENTS);
    await old.stop('kill');

    await fresh.start();
    await fresh.promote();
    await fresh.query('UPDATE shop.orders SET total = 0 WHERE id = 50');
    await fresh.stop();
  });

  after(async () => {
    await old?.stop('immediate');
    await fresh?.stop('immediate');
  });

  const run = (command: string, ...args: string[]) =>
    forkpoint(command, old.dataDirectory, fresh.dataDirectory, ...args);

  it('inspects, as text and as JSON', () => {
    const json = run('inspect', '--json');
    assert.equal(json.code, 0, json.err);
    const overview = JSON.parse(json.out);
    assert.equal(overview.version, 15);
    assert.match(overview.systemIdentifier, /^\d+$/);
    assert.match(overview.fork.lsn, /^[0-9A-F]+\/[0-9A-F]+$/);
    assert.deepEqual([overview.fork.timeline, overview.old.timeline, overview.new.timeline], [1, 1, 2]);
    const { transactions, inserts, updates, deletes, truncates, inDoubt, undecodable } = overview.lost;
    assert.deepEqual(
      { transactions, inserts, updates, deletes, truncates, inDoubt, undecodable },
      { transactions: 5, inserts: 4, updates: 6, deletes: 4, truncates: 0, inDoubt: 1, undecodable: 0 },
    );
    const text = run('inspect');
    assert.equal(text.code, 0);
    assert.ok(text.out.includes(overview.fork.lsn));
    for (const line of text.out.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('lists in commit order, as JSON lines', () => {
    const { code, out, err } = run('list', '--json');
    assert.equal(code, 0, err);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 6);
    assert.deepEqual(lines[0].tables, { 'shop.orders': { insert: 2, update: 0, delete: 0, truncate: 0 } });
    assert.deepEqual(Object.keys(lines[0]).slice(0, 4), ['xid', 'commitLsn', 'commitEndLsn', 'commitTime']);
    assert.match(lines[0].commitTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.deepEqual(lines.map(({ state }) => state).filter((state) => state === 'prepared').length, 1);
    assert.deepEqual(lines.map(({ straddlesFork }) => straddlesFork).filter(Boolean).length, 1);
    for (const line of lines) assert.equal(line.database, 'postgres');
  });

  it('filters', () => {
    const xids = (filter: string) => {
      const { code, out, err } = run('list', '--json', '--filter', filter);
      assert.equal(code, 0, err);
      return out === '' ? 0 : out.trimEnd().split('\n').length;
    };
    assert.equal(xids('alice'), 1);
    assert.equal(xids('-alice'), 5);
    assert.equal(xids('key:3'), 1);
    assert.equal(xids('table:log'), 2);
    assert.equal(xids('state:prepared'), 1);
    assert.equal(xids('op:delete rows:>3'), 1);
    assert.equal(xids('db:nowhere'), 0);
  });

  it('lists for people', () => {
    const { code, out } = run('list');
    assert.equal(code, 0);
    assert.match(out, /^commit time \(UTC\)/);
    assert.match(out, /\+2 ~0 -0 .*shop\.orders/);
    assert.match(out, /IN DOUBT: prepared as transfer 7/);
  });

  it('exports SQL that makes the new primary equal to the old one, and takes it back on the old one', async () => {
    const redo = join(directory, 'redo.sql');
    const outcome = run('export', '--guard', '-o', redo);
    // The transaction in doubt is left out: done, but incomplete.
    assert.equal(outcome.code, 3, outcome.err);
    assert.match(outcome.err, /redo\.sql: 6 transactions, 14 statements, .* sha256 [0-9a-f]{64}/);
    assert.match(outcome.err, /LEFT OUT: 1 change\n.*in doubt/);
    assert.equal(statSync(redo).mode & 0o777, 0o600);
    const undo = join(directory, 'undo.sql');
    assert.equal(run('export', '--undo', '--filter', 'state:committed', '-o', undo).code, 0);

    const repaired = await fresh.copy();
    await repaired.start();
    await repaired.query('UPDATE shop.orders SET total = 75.00 WHERE id = 50');
    const client = await repaired.connect();
    await client.query(readFileSync(redo, 'utf8'));
    assert.deepEqual(await repaired.query(CONTENTS), atCrash);
    await assert.rejects(client.query(readFileSync(redo, 'utf8')), /duplicate key|forkpoint guard/);
    await repaired.stop();

    const rolledBack = await old.copy();
    await rolledBack.start();
    await rolledBack.query("ROLLBACK PREPARED 'transfer 7'");
    assert.deepEqual(await rolledBack.query(CONTENTS), atCrash);
    await (await rolledBack.connect()).query(readFileSync(undo, 'utf8'));
    assert.deepEqual(await rolledBack.query(CONTENTS), atFork);
    await rolledBack.stop();
  });

  it('exports every format to standard output', () => {
    const only = ['--filter', 'alice'];
    assert.match(run('export', ...only).out, /^BEGIN;\n(.*\n)*INSERT .*Alice(.*\n)*COMMIT;$/m);
    const objects = run('export', '--format', 'wal2json', ...only)
      .out.trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      objects.map(({ action }) => action),
      ['B', 'I', 'I', 'C'],
    );
    assert.equal(run('export', '--format', 'csv', ...only).out.split('\r\n').length, 4);
    assert.match(run('export', '--format', 'report', '-o', '-').out, /^# What the failover lost/);
  });

  it('never writes over a file, and changes neither side', () => {
    const path = join(directory, 'taken.sql');
    writeFileSync(path, 'precious');
    const { code, err } = run('export', '-o', path);
    assert.equal(code, 1);
    assert.match(err, /exists already/);
    assert.equal(readFileSync(path, 'utf8'), 'precious');
    assert.equal(existsSync(join(old.dataDirectory, 'postmaster.pid')), true);
  });

  it('says that the disk is full', () => {
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(
      process.execPath,
      [CLI, 'export', old.dataDirectory, fresh.dataDirectory],
      { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' },
    );
    assert.equal(status, 1);
    assert.match(stderr, /no space left on device/);
    assert.doesNotMatch(stderr, /\n +at /);
  });

  it('ends quietly when nobody reads on', async () => {
    const closed = async (command: string): Promise<{ code: number; err: string }> => {
      const child: ChildProcess = spawn(
        process.execPath,
        [CLI, command, old.dataDirectory, fresh.dataDirectory],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      child.stdout!.destroy();
      let err = '';
      child.stderr!.on('data', (text) => {
        err += text;
      });
      const [code] = await once(child, 'close');
      return { code, err };
    };
    assert.deepEqual(await closed('list'), { code: 0, err: '' });
    const cut = await closed('export');
    assert.equal(cut.code, 1);
    assert.match(cut.err, /standard output was closed/);
  });

  it('leaves nothing behind when interrupted', async () => {
    const target = join(directory, 'interrupted');
    mkdirSync(target);
    const child = spawn(
      process.execPath,
      [CLI, 'export', old.dataDirectory, fresh.dataDirectory, '-o', join(target, 'x.sql')],
      { stdio: 'ignore' },
    );
    const ended = once(child, 'exit');
    while (child.exitCode === null && readdirSync(target).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    child.kill('SIGINT');
    const [code] = await ended;
    const left = readdirSync(target);
    // Either the signal came in time and nothing is there, or the export was complete already.
    assert.ok(code === 130 ? left.length === 0 : left.length === 1 && left[0] === 'x.sql', `${code} ${left}`);
  });
});
