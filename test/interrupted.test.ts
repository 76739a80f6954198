import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { followThread } from '../source/bytes/leftovers.js';
import { CLI } from './support/program.js';

const SAMPLE = fileURLToPath(new URL('../../samples/shop/', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'forkpoint-test-'));

after(() => rmSync(scratch, { recursive: true }));

/** Runs a command in places of its own and ends it after so many milliseconds; what it left behind, and how it ended. */
async function interrupted(args: readonly string[], signal: NodeJS.Signals, milliseconds: number) {
  const home = mkdtempSync(join(scratch, 'run-'));
  const places = ['temp', 'system', 'out'].map((name) => join(home, name));
  for (const place of places) mkdirSync(place);
  const [temp, system, out] = places;
  const output = args[0] === 'export' ? ['-o', join(out, 'lost.sql')] : [];
  const child = spawn(
    process.execPath,
    [CLI, args[0], join(SAMPLE, 'old'), join(SAMPLE, 'new'), '--temp-dir', temp, ...args.slice(1), ...output],
    { stdio: ['ignore', 'ignore', 'ignore'], env: { ...process.env, TMPDIR: system } },
  );
  const timer = setTimeout(() => child.kill(signal), milliseconds);
  const [code, by] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('exit', (...how) => resolve(how));
  });
  clearTimeout(timer);
  return { code, by, left: places.flatMap((place) => readdirSync(place)) };
}

/** Reading WAL, it comes to a call that never returns. */
const STUCK = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { readSync } = fs;
  let reads = 0;
  fs.readSync = (...args) => {
    if (args[1].length >= 8192 && ++reads === 3) {
      process.stderr.write('stuck');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
    return readSync(...args);
  };
  syncBuiltinESMExports();`)}`;

/** Once it is told to write, it makes its temporary file, and never comes to take the name away. */
const MAKER = `
  const { workerData } = require('node:worker_threads');
  const fs = require('node:fs');
  const { openSync } = fs;
  fs.openSync = (path, flags, mode) => {
    if (typeof flags === 'number') throw new Error('no nameless files here');
    return openSync(path, flags, mode);
  };
  fs.unlinkSync = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  require('node:module').syncBuiltinESMExports();
  Promise.all([import(workerData.leftovers), import(workerData.temporaryFile)]).then(([leftovers, { TemporaryFile }]) => {
    leftovers.noteLeftovers(workerData.port);
    new TemporaryFile(workerData.directory).append(Buffer.alloc(8));
  });`;

test('a thread that is ended between making its temporary file and taking the name away leaves none', async () => {
  const directory = mkdtempSync(join(scratch, 'thread-'));
  const { port, undo } = followThread();
  const url = (path: string) => new URL(`../source/${path}`, import.meta.url).href;
  const worker = new Worker(MAKER, {
    eval: true,
    workerData: {
      port,
      directory,
      leftovers: url('bytes/leftovers.js'),
      temporaryFile: url('transactions/temporary-file.js'),
    },
    transferList: [port],
  });
  const failed = once(worker, 'error').then(([error]) => assert.fail(error));
  while (readdirSync(directory).length === 0)
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 5))]);
  await worker.terminate();
  undo();
  assert.deepEqual(readdirSync(directory), []);
});

describe('a command that is interrupted', () => {
  for (const command of ['inspect', 'list'])
    it(`ends at once while it holds nothing, even where it is stuck: ${command}`, async () => {
      const child = spawn(
        process.execPath,
        ['--import', STUCK, CLI, command, join(SAMPLE, 'old'), join(SAMPLE, 'new')],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      const ended = once(child, 'exit');
      const [said] = await once(child.stderr, 'data');
      assert.equal(String(said), 'stuck');
      child.kill('SIGINT');
      const giveUp = setTimeout(() => child.kill('SIGKILL'), 30_000);
      assert.deepEqual(await ended, [null, 'SIGINT']);
      clearTimeout(giveUp);
    });

  for (const args of [['inspect'], ['list', '--json'], ['export'], ['export', '--undo', '--guard']]) {
    for (const signal of ['SIGINT', 'SIGHUP'] as const) {
      it(`leaves nothing behind whenever it is: ${args.join(' ')}, ${signal}`, async () => {
        for (const milliseconds of [30, 120, 250, 350, 450]) {
          const { code, by, left } = await interrupted(args, signal, milliseconds);
          const ended = by ?? code;
          assert.ok(
            [signal, 128 + constants.signals[signal], 0, 3].includes(ended as never),
            `ended by ${ended} after ${milliseconds} ms`,
          );
          // Whole, under its own name, or not at all.
          assert.deepEqual(left, code === 0 || code === 3 ? left.filter((name) => name === 'lost.sql') : []);
        }
      });
    }
  }
});
