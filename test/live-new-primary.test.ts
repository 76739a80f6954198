/** The new primary as a running server: everything a directory gives, and verdicts from the rows it holds at this moment. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ForkpointError } from '../source/bytes/errors.js';
import { openIncident } from '../source/incident/open.js';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import { type BuiltIncident, buildIncident, serverHashes } from './servers/incident.js';
import { initdb, type Server, stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { assertEqualsTruth, everythingLost } from './support/against-the-server.js';
import { runSql } from './support/exported-sql.js';
import { CLI } from './support/program.js';

after(stopAllServers);

function forkpoint(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
    env: { ...process.env, ...environment },
  });
  return { code: status, out: stdout, err: stderr };
}

describe('the new primary as a running server', { timeout: 240_000 }, () => {
  let built: BuiltIncident;
  let live: Server;
  let directory: string;

  before(async () => {
    directory = temporaryDirectory('live');
    built = await buildIncident({
      major: 17,
      walSegmentSizeMb: 1,
      databases: ['postgres', 'Other db/?'],
      before: async (old) => {
        await old.query(
          `CREATE TABLE account (id int PRIMARY KEY, owner text, balance numeric(10,2), seen timestamptz);
           INSERT INTO account SELECT i, 'owner ' || i, i, '2026-01-01' FROM generate_series(1, 50) i;
           CREATE TABLE "Odd ""table" ("the key" text PRIMARY KEY, v bytea);
           INSERT INTO "Odd ""table" VALUES ('a''b', '\\x00ff'), ('c', NULL)`,
        );
        await old.query('CREATE DATABASE "Other db/?"');
        const other = await old.connect('Other db/?');
        await other.query('CREATE TABLE note (id int PRIMARY KEY, v text)');
        await other.end();
      },
      lost: async (old) => {
        const client = await old.connect();
        for (const statement of [
          `INSERT INTO account VALUES (100, 'untouched', 1, NULL)`,
          `INSERT INTO account VALUES (101, 'taken', 1, NULL)`,
          `UPDATE account SET owner = 'untouched' WHERE id = 1`,
          `UPDATE account SET owner = 'lost' WHERE id = 2`,
          `UPDATE account SET owner = 'lost' WHERE id = 3`,
          'DELETE FROM account WHERE id = 4',
          'DELETE FROM account WHERE id = 5',
          'DELETE FROM account WHERE id = 6',
          `UPDATE account SET owner = 'same on both' WHERE id = 7`,
          `UPDATE account SET balance = 2 WHERE id = 100`,
          `UPDATE "Odd ""table" SET v = '\\x01' WHERE "the key" = 'a''b'`,
        ])
          await client.query(statement);
        const other = await old.connect('Other db/?');
        await other.query(`INSERT INTO note VALUES (1, 'elsewhere')`);
      },
      after: async (promoted) => {
        await promoted.query(
          `INSERT INTO account VALUES (101, 'somebody else', 2, NULL);
           UPDATE account SET owner = 'new primary' WHERE id IN (2, 5);
           DELETE FROM account WHERE id IN (3, 6);
           UPDATE account SET owner = 'same on both' WHERE id = 7`,
        );
      },
    });
    live = await built.startNew();
  });

  /** Opens with the server in the new primary's place, reads, judges, and closes however `work` ends. */
  async function withIncident(work: (incident: OpenedIncident) => void | Promise<void>): Promise<void> {
    const incident = await openIncident({ old: built.oldDataDirectory, new: live.url });
    try {
      while (incident.step(1000));
      await work(incident);
    } finally {
      incident.close();
    }
  }

  test('the fork and every lost transaction are those of the directories', () =>
    withIncident((incident) => {
      const { fork, new: side } = incident.overview();
      assert.equal(fork.lsn, built.fork);
      assert.deepEqual([side.kind, side.timeline, side.majorVersion], ['server', 2, 17]);
      assertEqualsTruth(incident, built.truth.transactions ?? []);
      assert.equal(incident.incomplete, false, incident.overview().warnings.join('; '));
    }));

  test('each lost change is judged by the row that the server holds now', () =>
    withIncident(async (incident) => {
      await incident.judge();
      const verdicts = everythingLost(incident).map(({ transaction }) => transaction.verdict);
      assert.deepEqual(verdicts, [
        'clean', // insert 100
        'exists', // insert 101
        'clean', // update 1
        'changed', // update 2
        'missing', // update 3
        'clean', // delete 4
        'changed', // delete 5
        'applied', // delete 6
        'applied', // update 7
        'dependency', // update 100
        'clean', // odd table
        'clean', // the other database
      ]);
      const [exists] = await incident.verdicts(1);
      assert.deepEqual(exists?.current, ['101', 'somebody else', '2.00', null]);
      const [changed] = await incident.verdicts(3);
      assert.deepEqual(changed?.current?.slice(0, 2), ['2', 'new primary']);
    }));

  test('the server is asked, never written to', async () => {
    await withIncident((incident) => incident.judge());
    assert.deepEqual(await serverHashes(live, ['postgres', 'Other db/?']), built.truth.newHashes);
  });

  test('inspect, list and export take its URL', async () => {
    const sides = [built.oldDataDirectory, live.url];
    const inspected = forkpoint(['inspect', ...sides, '--json']);
    assert.equal(inspected.code, 0, inspected.err);
    const overview = JSON.parse(inspected.out);
    assert.deepEqual(
      [overview.new.kind, overview.lost.transactions, overview.complete],
      ['server', 12, true],
    );
    const drawn = forkpoint(['inspect', ...sides]);
    assert.equal(drawn.code, 0, drawn.err);

    const listed = forkpoint(['list', ...sides, '--json']);
    assert.equal(listed.code, 0, listed.err);
    const verdicts = listed.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).verdict);
    assert.deepEqual(verdicts.filter((verdict) => verdict === 'exists').length, 1);
    assert.equal(verdicts.length, 12);

    const output = join(directory, 'redo.sql');
    const filter = 'verdict:clean db:postgres';
    const exported = forkpoint(['export', ...sides, '--filter', filter, '-o', output]);
    assert.equal(exported.code, 0, exported.err);
    const target = await built.startNew();
    await runSql(target, readFileSync(output, 'utf8'));
    const rows = await target.query(
      `SELECT id::text, owner FROM account WHERE id IN (1, 2, 4, 100, 101) ORDER BY account.id`,
    );
    assert.deepEqual(rows, [
      { id: '1', owner: 'untouched' },
      { id: '2', owner: 'new primary' },
      { id: '100', owner: 'untouched' },
      { id: '101', owner: 'somebody else' },
    ]);
    await target.stop('immediate');
  });

  test('a server that cannot be used is refused in one clear sentence, without the password', async () => {
    const refusal = async (url: string): Promise<string> => {
      try {
        (await openIncident({ old: built.oldDataDirectory, new: url })).close();
      } catch (error) {
        assert.ok(error instanceof ForkpointError, String(error));
        return `${error.complaint.what} | ${error.complaint.where ?? ''} | ${error.complaint.next ?? ''}`;
      }
      return assert.fail(`${url} was accepted`);
    };
    const other = await initdb(17);
    await other.start();
    await other.query(`CREATE ROLE guarded LOGIN PASSWORD 'right'`);
    writeFileSync(
      join(other.dataDirectory, 'pg_hba.conf'),
      'local all postgres trust\nlocal all all scram-sha-256\n',
    );
    await other.query('SELECT pg_reload_conf()');
    const guarded = other.url.replace('postgres://postgres@', 'postgres://guarded:wr0ng-s3cret@');

    const cluster = await refusal(other.url);
    assert.match(
      cluster,
      /different clusters: the old primary's system identifier is \d+, the server's is \d+/,
    );
    const password = await refusal(guarded);
    assert.match(password, /password authentication failed for user "guarded".*check user and password/);
    assert.doesNotMatch(password, /wr0ng-s3cret/);
    assert.match(
      await refusal(`${live.url.replace('/postgres?', '/nowhere?')}`),
      /database "nowhere" does not exist.*check the name of the database/,
    );
    await other.stop('immediate');
    assert.match(await refusal(other.url), /cannot connect to the server.*that the server runs/);
    assert.match(
      await refusal('postgres://localhost:1/postgres'),
      /cannot connect.*check that the server runs/,
    );

    const { code, out, err } = forkpoint(['list', built.oldDataDirectory, guarded]);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^forkpoint: cannot connect to the server: .*\n {2}.*\n$/);
    assert.doesNotMatch(err, /wr0ng-s3cret|\n +at /);
  });

  test('a server that goes away while it is asked ends the comparison with a sentence, not the program', async () => {
    const dying = await built.startNew();
    const incident = await openIncident({ old: built.oldDataDirectory, new: dying.url });
    while (incident.step(1000));
    await dying.stop('kill');
    await assert.rejects(incident.judge(), (error) => {
      assert.ok(error instanceof ForkpointError, String(error));
      assert.match(error.message, /the server did not answer|cannot connect/);
      return true;
    });
    assertEqualsTruth(incident, built.truth.transactions ?? []);
    incident.close();
  });
});
