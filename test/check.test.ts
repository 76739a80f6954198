/** `forkpoint check`: what a running new primary makes of the lost transactions, and that nothing of the trying stays. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';
import { follow } from './support/nodes.js';
import { CLI } from './support/program.js';

after(stopAllServers);

const DATABASES = ['postgres', 'other'];

interface Line {
  readonly xid: number;
  readonly verdict: string;
  readonly rows: readonly { readonly reason: string; readonly verdict: string }[];
  readonly dryRun?: Readonly<Record<string, unknown>> & { readonly outcome: string };
}

describe('check', { timeout: 240_000 }, () => {
  let built: BuiltIncident;
  let live: Server;
  let hashes: Awaited<ReturnType<typeof serverHashes>>;
  /** Names of the lost transactions by xid. */
  const names = new Map<number, string>();

  before(async () => {
    built = await buildIncident({
      major: 16,
      walLevel: 'logical',
      decode: false,
      walSegmentSizeMb: 1,
      // The new primary's restarts would let go of what it wrote since the fork.
      settings: { wal_keep_size: '64MB' },
      databases: DATABASES,
      before: async (old) => {
        await old.query(
          `CREATE TYPE mood AS ENUM ('sad', 'happy');
           CREATE TABLE customer (id int PRIMARY KEY, mail text UNIQUE, mood mood);
           CREATE TABLE bill (id int PRIMARY KEY, customer int REFERENCES customer DEFERRABLE INITIALLY DEFERRED, paid boolean);
           CREATE TABLE visit (id int PRIMARY KEY, customer int REFERENCES customer);
           CREATE TABLE seat (id int PRIMARY KEY, number int, taken boolean, note text);
           INSERT INTO seat VALUES (3, 3, true);
           CREATE UNIQUE INDEX seat_taken ON seat (number) WHERE taken;
           CREATE TABLE room (id int PRIMARY KEY, during int4range, EXCLUDE USING gist (during WITH &&));
           CREATE TABLE stock (id int PRIMARY KEY, amount int CHECK (amount >= 0));
           CREATE TABLE prices (id int PRIMARY KEY);
           CREATE TABLE audit (id serial PRIMARY KEY, note text);
           INSERT INTO customer SELECT i, 'c' || i, 'happy' FROM generate_series(1, 9) i;
           INSERT INTO stock SELECT i, 10 FROM generate_series(1, 9) i;
           INSERT INTO prices VALUES (1)`,
        );
        await old.query('CREATE DATABASE other');
        const other = await old.connect('other');
        await other.query('CREATE TABLE note (id int PRIMARY KEY)');
        await other.end();
      },
      lost: async (old) => {
        const client = await old.connect();
        const lose = async (name: string, ...statements: string[]): Promise<void> => {
          await client.query('BEGIN');
          const [{ xid }] = (await client.query<{ xid: string }>('SELECT txid_current()::text AS xid')).rows;
          for (const statement of statements) await client.query(statement);
          await client.query('COMMIT');
          names.set(Number(xid), name);
        };
        await lose(
          'clean',
          `INSERT INTO customer VALUES (100, 'new', 'sad')`,
          'INSERT INTO bill VALUES (1, 100, false)',
        );
        await lose('builds', `UPDATE customer SET mail = 'newer' WHERE id = 100`);
        await lose('same mail', `INSERT INTO customer VALUES (101, 'same', 'sad')`);
        await lose('builds on same mail', `UPDATE customer SET mood = 'happy' WHERE id = 101`);
        await lose('customer gone', 'INSERT INTO visit VALUES (1, 5)');
        await lose('customer gone, asked at the end', 'INSERT INTO bill VALUES (2, 5, true)');
        await lose('row gone', 'UPDATE stock SET amount = 4 WHERE id = 3');
        await lose('seat taken', 'INSERT INTO seat VALUES (1, 77, true)');
        await lose('seat noted', `UPDATE seat SET note = 'window' WHERE id = 3`);
        await lose('room taken', `INSERT INTO room VALUES (1, '[10,20)')`);
        await lose('trigger refuses', 'UPDATE stock SET amount = 1 WHERE id = 9');
        await lose('locked', 'UPDATE stock SET amount = 1 WHERE id = 8');
        await lose('truncates', 'TRUNCATE prices');
        await lose('after the truncate', 'INSERT INTO prices VALUES (1)');
        await lose('label', `ALTER TYPE mood ADD VALUE 'calm'`);
        await lose('new label', `UPDATE customer SET mood = 'calm' WHERE id = 1`);
        await old.query(`BEGIN; INSERT INTO stock VALUES (50, 1); PREPARE TRANSACTION 'open'`);
        const other = await old.connect('other');
        await other.query('INSERT INTO note VALUES (1)');
      },
      after: async (promoted) => {
        await promoted.query(
          `INSERT INTO customer VALUES (200, 'same', 'sad');
           DELETE FROM customer WHERE id = 5;
           DELETE FROM stock WHERE id = 3;
           INSERT INTO seat VALUES (2, 77, true);
           INSERT INTO room VALUES (2, '[15,16)');
           CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               INSERT INTO public.audit (note) VALUES ('seen');
               IF NEW.id = 9 THEN RAISE EXCEPTION 'nine is counted by hand' USING ERRCODE = 'ZZ009'; END IF;
               RETURN NEW;
             END $$;
           CREATE TRIGGER refuse BEFORE UPDATE ON stock FOR EACH ROW EXECUTE FUNCTION refuse()`,
        );
      },
    });
    live = await built.startNew();
    hashes = await serverHashes(live, DATABASES);
  });

  const arguments_ = (...more: string[]): string[] => [
    CLI,
    'check',
    built.oldDataDirectory,
    built.newDataDirectory,
    '--against',
    live.url,
    ...more,
  ];
  const run = (...more: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, arguments_(...more), {
      encoding: 'utf8',
      timeout: 60_000,
    });
    return { code: status, out: stdout, err: stderr };
  };
  const parsed = (out: string): { lines: Map<string, Line>; summary: Record<string, unknown> } => {
    const objects = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const summary = objects.pop().summary;
    return {
      lines: new Map(objects.map((line) => [names.get(line.xid) ?? `xid ${line.xid}`, line])),
      summary,
    };
  };
  const nothingLeft = async (): Promise<void> => {
    assert.deepEqual(await serverHashes(live, DATABASES), hashes);
    const [{ count }] = await live.query(
      `SELECT count(*)::text AS count FROM pg_stat_activity WHERE application_name = 'forkpoint'`,
    );
    assert.equal(count, '0');
  };

  test('verdicts come from the rows that the server holds now', async () => {
    const { code, out, err } = run('--json');
    assert.equal(code, 1, err);
    const { lines, summary } = parsed(out);
    const verdict = (name: string) => lines.get(name)?.verdict;
    assert.equal(verdict('clean'), 'clean');
    assert.equal(verdict('builds'), 'dependency');
    assert.equal(verdict('same mail'), 'unique');
    assert.equal(verdict('row gone'), 'missing');
    assert.match(lines.get('row gone')?.rows[0].reason ?? '', /id 3 is not on the new primary/);
    assert.equal(summary.transactions, lines.size);
    assert.equal(lines.get('clean')?.dryRun, undefined);
    await nothingLeft();
  });

  test('no row is called clean that a partial index or an exclusion constraint may refuse', async () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [CLI, 'list', built.oldDataDirectory, built.newDataDirectory, '--json'],
      { encoding: 'utf8' },
    );
    assert.notEqual(status, 1);
    const offline = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const live = parsed(run('--json').out).lines;
    for (const [name, verdict] of [
      ['seat taken', 'unknown'],
      ['room taken', 'unknown'],
      // It changes nothing that the index looks at.
      ['seat noted', 'clean'],
    ]) {
      assert.equal(offline.find(({ xid }) => names.get(xid) === name).verdict, verdict, name);
      assert.equal(live.get(name)?.verdict, verdict, name);
    }
    assert.match(live.get('seat taken')?.rows[0].reason ?? '', /seat_taken .*--dry-run/);
  });

  test('a dry run says what constraints, triggers and locks do to each, and hides none behind another', async () => {
    const blocker = await live.connect();
    await blocker.query('BEGIN; SELECT * FROM stock WHERE id = 8 FOR UPDATE');
    const { code, out, err } = run('--dry-run', '--json');
    await blocker.query('ROLLBACK');
    assert.equal(code, 1, err);
    const { lines, summary } = parsed(out);
    const tried = (name: string) => lines.get(name)?.dryRun ?? assert.fail(name);
    const failed = (name: string) => [tried(name).outcome, tried(name).sqlstate, tried(name).constraint];
    assert.equal(tried('clean').outcome, 'ok');
    assert.equal(tried('builds').outcome, 'ok');
    assert.deepEqual(failed('same mail'), ['error', '23505', 'customer_mail_key']);
    assert.equal(tried('builds on same mail').outcome, 'missed');
    assert.deepEqual(failed('customer gone'), ['error', '23503', 'visit_customer_fkey']);
    assert.equal(tried('customer gone').statement, 1);
    assert.deepEqual(failed('customer gone, asked at the end'), ['error', '23503', 'bill_customer_fkey']);
    assert.equal(tried('customer gone, asked at the end').statement, undefined);
    assert.equal(tried('row gone').outcome, 'missed');
    assert.deepEqual(failed('seat taken'), ['error', '23505', 'seat_taken']);
    assert.deepEqual(failed('room taken'), ['error', '23P01', 'room_during_excl']);
    assert.deepEqual(failed('trigger refuses').slice(0, 2), ['error', 'ZZ009']);
    assert.deepEqual(failed('locked').slice(0, 2), ['error', '55P03']);
    assert.equal(tried('label').outcome, 'in part');
    assert.deepEqual(failed('new label').slice(0, 2), ['error', '22P02']);
    const elsewhere = [...lines.values()].map(({ dryRun }) => String(dryRun?.reason));
    assert.ok(elsewhere.includes('it is in database other'), elsewhere.join());
    assert.deepEqual((summary.dryRun as Record<string, unknown>).notTriedDatabases, ['other']);
    await nothingLeft();
  });

  test('the text says it in sentences, and what a rollback leaves', async () => {
    const { code, out } = run('--dry-run', '--filter', 'table:customer');
    assert.equal(code, 1);
    assert.match(out, /ERROR 23505: duplicate key .*customer_mail_key/);
    assert.match(out, /statement 1: INSERT INTO public\.customer/);
    assert.match(out, /dry run: 2 ok, 2 error, 1 missed/);
    assert.match(out, /Rolled back\. .*sequences are used up/);
    const [{ used }] = await live.query(`SELECT last_value::text AS used FROM audit_id_seq`);
    assert.notEqual(used, '0');
    await nothingLeft();
  });

  test('it ends with 0 when all is clean, and with 3 when nothing is in the way but not all could be tried', async () => {
    const xid = [...names].find(([, name]) => name === 'clean')![0];
    assert.equal(run('--dry-run', '--filter', `xid:${xid}`).code, 0);
    const doubtful = run('--dry-run', '--filter', 'state:prepared');
    assert.equal(doubtful.code, 3, doubtful.out);
    assert.match(doubtful.out, /not tried: it is in doubt/);
    await nothingLeft();
  });

  test('a TRUNCATE is taken back before anybody waits for it', async () => {
    const { out } = run('--dry-run', '--json', '--filter', 'table:prices');
    const { lines } = parsed(out);
    const tried = (name: string) => JSON.stringify(lines.get(name)?.dryRun);
    assert.match(tried('truncates'), /"outcome":"ok".*taken back at once|"outcome":"in part"/);
    assert.match(tried('after the truncate'), /"not tried".*truncated public\.prices before/);
    await nothingLeft();
  });

  /** A dry run that waits for a row that somebody else holds. */
  const waiting = async (work: (child: ChildProcess, pid: string) => Promise<void>) => {
    const blocker = await live.connect();
    await blocker.query('BEGIN; SELECT * FROM stock WHERE id = 8 FOR UPDATE');
    const child = spawn(process.execPath, arguments_('--dry-run'), { stdio: ['ignore', 'ignore', 'pipe'] });
    let err = '';
    child.stderr!.on('data', (text) => (err += text));
    const ended = once(child, 'close');
    for (;;) {
      const [row] = await live.query<{ pid: string }>(
        `SELECT pid::text FROM pg_stat_activity WHERE application_name = 'forkpoint' AND wait_event_type = 'Lock'`,
      );
      if (row) {
        await work(child, row.pid);
        break;
      }
      if (child.exitCode !== null) assert.fail(`it ended before it waited: ${err}`);
    }
    const [code] = await ended;
    await blocker.query('ROLLBACK');
    return { code, err };
  };

  test('Ctrl-C rolls back', async () => {
    const { code, err } = await waiting(async (child) => {
      child.kill('SIGINT');
    });
    assert.equal(code, 130, err);
    assert.match(err, /interrupted; rolling back/);
    await nothingLeft();
  });

  test('killed without a word, the server rolls back', async () => {
    const { code } = await waiting(async (child) => {
      child.kill('SIGKILL');
    });
    assert.equal(code, null);
    while (
      (await live.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'forkpoint'`)).length > 0
    );
    await nothingLeft();
  });

  test('a connection that dies is said, in one sentence, and that all is rolled back', async () => {
    const { code, err } = await waiting(async (_child, pid) => {
      await live.query('SELECT pg_terminate_backend($1::int)', [pid]);
    });
    assert.equal(code, 1);
    assert.match(err, /the server ended the dry run, and rolled back what it had tried/);
    assert.doesNotMatch(err, /\n +at /);
    await nothingLeft();
  });

  test('a standby, another cluster, the old primary itself: refused', async () => {
    const standby = await built.startNew();
    await standby.stop();
    follow(standby, live);
    await standby.start();
    const stranger = await (await initdb(16)).start();
    const old = await built.startOld();
    const againstOther = (server: Server) =>
      spawnSync(
        process.execPath,
        [CLI, 'check', built.oldDataDirectory, built.newDataDirectory, '--dry-run', '--against', server.url],
        { encoding: 'utf8' },
      );
    for (const [server, reason] of [
      [standby, /is a standby/],
      [stranger, /different clusters/],
      [old, /on timeline 1, which did not come of the new primary's timeline 2/],
    ] as const) {
      const { status, stdout, stderr } = againstOther(server);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, reason);
      await server.stop('immediate');
    }
  });

  test('the server as NEW needs no --against', async () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [CLI, 'check', built.oldDataDirectory, live.url, '--json', '--filter', 'table:visit'],
      { encoding: 'utf8' },
    );
    assert.equal(parsed(stdout).lines.size, 1, stderr);
    assert.ok(status !== null);
  });
});
