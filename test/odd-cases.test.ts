/**
 * Where hardly anything was lost, or hardly anything is left: every command, in every way it may be asked, says what is so in a sentence,
 * and no two of them tell different things.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { initdb, type Server, stopAllServers } from './servers/server.js';
import { temporaryDirectory } from './servers/temporary.js';
import { CLI } from './support/program.js';

const MAJOR = 18;

after(stopAllServers);

interface Outcome {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

function forkpoint(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { maxBuffer: 1 << 28, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error ? (error.code as number | undefined) : 0, out, err }),
    );
  });
}

/** A case, and how many transactions that committed are lost in it. */
interface Case {
  readonly name: string;
  readonly sides: () => readonly [string, string];
  readonly lost: number;
  /** The old server runs. */
  readonly runs?: true;
}

const sides: Record<string, readonly [string, string]> = {};
/** The new primary while it runs. */
let server = '';
const CASES: readonly Case[] = [
  { name: 'nothing was lost', sides: () => sides['nothing'], lost: 0 },
  { name: 'the old primary only idled on', sides: () => sides['idle'], lost: 0 },
  { name: 'one was lost, and only WAL of it is left', sides: () => sides['archive'], lost: 1 },
  { name: 'three were lost, and both servers run', sides: () => sides['both'], lost: 3, runs: true },
];

/** Ways to export, and what of each lost transaction is in it. */
const EXPORTS: readonly (readonly [args: string, each: RegExp])[] = [
  ['--jobs 2 --undo --partition-root --filter op:insert', /^DELETE FROM /gm],
  ['--jobs 2 --format wal2json', /"action":"I"/g],
  ['--format csv --filter verdict:clean', /lost \d/g],
  ['--jobs 2 --format report', /^- \*\*clean\*\* [13] /gm],
];

before(async () => {
  const old = await initdb(MAJOR, { walSegmentSizeMb: 1, settings: { wal_level: 'logical' } });
  await old.start();
  await old.query(`CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item VALUES (0, 'kept')`);
  await old.stop();
  const fresh = await old.copyAsStandby();
  await old.start();
  await fresh.start();
  await fresh.caughtUpWith(old);
  await old.stop('fast');
  await fresh.promote();
  await fresh.query(`INSERT INTO item VALUES (1000, 'only here')`);
  await fresh.stop();

  const losing = async (count: number): Promise<Server> => {
    const server = await old.copy();
    await server.start();
    for (let id = 1; id <= count; id++) await server.query(`INSERT INTO item VALUES (${id}, 'lost ${id}')`);
    await server.query('CHECKPOINT');
    return server;
  };
  const idle = await losing(0);
  await idle.stop('kill');
  const one = await losing(1);
  await one.stop('kill');
  const running = await losing(3);
  const archive = temporaryDirectory('archive');
  const wal = join(one.dataDirectory, 'pg_wal');
  for (const name of readdirSync(wal))
    if (/^[0-9A-F]{24}$/.test(name)) cpSync(join(wal, name), join(archive, name));
  const served = await (await fresh.copy()).start();
  const { dataDirectory } = fresh;
  server = served.url;
  Object.assign(sides, {
    nothing: [old.dataDirectory, dataDirectory],
    idle: [idle.dataDirectory, dataDirectory],
    archive: [archive, dataDirectory],
    both: [running.dataDirectory, served.url],
  });
});

for (const { name, sides, lost, runs } of CASES) {
  describe(`where ${name}`, { concurrency: 2 }, () => {
    /** Runs it, and says what it said when that is nothing that an operator should ever see. */
    const run = async (command: string, ...args: string[]): Promise<Outcome> => {
      const outcome = await forkpoint([command, ...sides(), ...args]);
      const { code, err } = outcome;
      assert.doesNotMatch(err, /defect|\n +at /);
      // A server that runs may change what is read.
      if (command !== 'rewind' && command !== 'preserve') assert.equal(code, runs ? 3 : 0, err);
      return outcome;
    };

    it('inspect tells as many', async () => {
      const { lost: told } = JSON.parse((await run('inspect', '--json')).out);
      assert.deepEqual([told.transactions, told.inserts, told.undecodable], [lost, lost, 0]);
    });

    it('list lists as many, as JSON, as lines, and through filters of all kinds', async () => {
      for (const [filter, count] of [
        ['verdict:clean -xid:3 table:item', lost],
        ['"lost 1" key:1 op:insert', Math.min(lost, 1)],
      ] as const) {
        const { out } = await run('list', '--json', '--filter', filter);
        const verdicts = out
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line).verdict);
        assert.deepEqual(verdicts, Array(count).fill('clean'), filter);
      }
      assert.equal((await run('list')).out.trimEnd().split('\n').length, lost + 1);
    });

    for (const [args, each] of EXPORTS) {
      it(`export ${args} has as many`, async () => {
        const { out } = await run('export', ...args.split(' '));
        assert.equal(out.match(each)?.length ?? 0, args.includes('report') ? Math.min(lost, 1) : lost, out);
      });
    }

    it('preserve copies what tells as many, or says why there is nothing to copy', async () => {
      const copy = join(temporaryDirectory('odd'), 'copy');
      const { out: told, err } = await run('preserve', '-o', copy);
      if (!existsSync(copy)) return assert.deepEqual([lost, /^Nothing was lost/.test(told)], [0, true]);
      const { out } = await forkpoint(['inspect', copy, sides()[1], '--json']);
      assert.equal(JSON.parse(out).lost.transactions, lost, err);
    });

    it('rewind says whether it can, or why it cannot tell', async () => {
      const { out, err } = await run('rewind', '--json');
      if (out === '') assert.match(err, /^forkpoint: .*\n/);
      else assert.match(JSON.parse(out).verdict, /^(possible|impossible|not needed)$/);
    });

    it('check tries as many on the server', async () => {
      const { out } = await run('check', '--json', '--dry-run', '--against', server);
      assert.equal(out.match(/"xid":/g)?.length ?? 0, lost, out);
    });
  });
}
