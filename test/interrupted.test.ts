import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { followThread, holdNothingYet, removeLeftovers, whenHolding } from '../source/bytes/leftovers.js';
import { CLI } from './support/program.js';
import { type Pty, startPty } from './support/pty-driver.js';

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
    leftovers.noteLeftovers(workerData.notes);
    new TemporaryFile(workerData.directory).append(Buffer.alloc(8));
  });`;

test('a thread that is ended between making its temporary file and taking the name away leaves none', async () => {
  const directory = mkdtempSync(join(scratch, 'thread-'));
  const { notes, undo } = followThread();
  const url = (path: string) => new URL(`../source/${path}`, import.meta.url).href;
  const worker = new Worker(MAKER, {
    eval: true,
    workerData: {
      notes,
      directory,
      leftovers: url('bytes/leftovers.js'),
      temporaryFile: url('transactions/temporary-file.js'),
    },
    transferList: notes.ports,
  });
  const failed = once(worker, 'error').then(([error]) => assert.fail(error));
  while (readdirSync(directory).length === 0)
    await Promise.race([failed, new Promise((resolve) => setTimeout(resolve, 5))]);
  await worker.terminate();
  undo();
  assert.deepEqual(readdirSync(directory), []);
});

/** Makes a file that it holds, has a thread of its own make another, and then wants to make a third. */
const HOLDER = `
  const { Worker, workerData } = require('node:worker_threads');
  const { writeFileSync } = require('node:fs');
  const { join } = require('node:path');
  import(workerData.leftovers).then((leftovers) => {
    leftovers.noteLeftovers(workerData.notes);
    const make = (name) => {
      const path = join(workerData.directory, name);
      leftovers.hold({ path });
      writeFileSync(path, '');
    };
    make(workerData.name);
    // A thread that ends by itself sees to what it holds.
    if (workerData.name === 'inner') return void setInterval(() => {}, 1000);
    const { notes } = leftovers.followThread();
    const inner = new Worker(workerData.text, {
      eval: true,
      workerData: { ...workerData, notes, name: 'inner' },
      transferList: notes.ports,
    });
    const timer = setInterval(() => {
      if (Atomics.load(new Int32Array(workerData.told), 0) === 0) return;
      clearInterval(timer);
      make('late');
    }, 5);
  });`;

/** Starts it in this process. `tell`: it is to go on. */
function startHolder(directory: string): { worker: Worker; tell(): void; undo(): void } {
  const { notes, undo } = followThread();
  const told = new SharedArrayBuffer(4);
  const leftovers = new URL('../source/bytes/leftovers.js', import.meta.url).href;
  const worker = new Worker(HOLDER, {
    eval: true,
    workerData: { notes, directory, leftovers, told, text: HOLDER, name: 'outer' },
    transferList: notes.ports,
  });
  const tell = (): void => void Atomics.store(new Int32Array(told), 0, 1);
  return { worker, tell, undo };
}

async function until(holds: () => boolean): Promise<void> {
  for (
    const deadline = Date.now() + 120_000;
    !holds();
    await new Promise((resolve) => setTimeout(resolve, 5))
  )
    assert.ok(Date.now() < deadline);
}

test('what threads hold, and threads of theirs, is removed without asking them, and they come to hold nothing more', async () => {
  const directory = mkdtempSync(join(scratch, 'gate-'));
  const { worker, tell, undo } = startHolder(directory);
  await until(() => readdirSync(directory).length === 2);
  await removeLeftovers(10);
  assert.deepEqual(readdirSync(directory), []);
  tell();
  // It is on its way to make one more: a quarter of a second is a thousand times what that takes.
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.deepEqual(readdirSync(directory), []);
  await worker.terminate();
  undo();
});

test('a thread comes to hold nothing as long as nobody hears signals', async () => {
  const directory = mkdtempSync(join(scratch, 'early-'));
  holdNothingYet();
  const { worker, undo } = startHolder(directory);
  await new Promise((resolve) => setTimeout(resolve, 250));
  assert.deepEqual(readdirSync(directory), []);
  whenHolding(() => {});
  await until(() => readdirSync(directory).length === 2);
  await worker.terminate();
  undo();
  assert.deepEqual(readdirSync(directory), []);
});

/** The first write to an export's file never comes to an end. */
const STUCK_EXPORT = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { openSync, writeSync } = fs;
  let file;
  fs.openSync = (path, ...rest) => {
    const opened = openSync(path, ...rest);
    if (/forkpoint-[0-9a-f]+\\.tmp$/.test(path)) file = opened;
    return opened;
  };
  fs.writeSync = (to, ...rest) => {
    if (to === file) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    return writeSync(to, ...rest);
  };
  syncBuiltinESMExports();`)}`;

describe('the full-screen program when it is ended', () => {
  const BLOWS: Readonly<Record<string, readonly [(pty: Pty) => void, NodeJS.Signals]>> = {
    'Ctrl-C': [(pty) => void pty.press('ctrl-c'), 'SIGINT'],
    SIGINT: [(pty) => pty.kill('SIGINT'), 'SIGINT'],
    SIGTERM: [(pty) => pty.kill('SIGTERM'), 'SIGTERM'],
    SIGHUP: [(pty) => pty.kill('SIGHUP'), 'SIGHUP'],
  };

  function start(home: string, preload = 'data:text/javascript,'): Pty {
    const state = mkdtempSync(join(scratch, 'state-'));
    return startPty({
      file: process.execPath,
      args: ['--import', preload, CLI, join(SAMPLE, 'old'), join(SAMPLE, 'new'), '--temp-dir', home],
      cwd: home,
      env: { HOME: home, TMPDIR: home, XDG_STATE_HOME: state },
      patience: 60_000,
    });
  }

  for (const [how, [blow, signal]] of Object.entries(BLOWS)) {
    it(`takes a half-written export with it, though its thread is stuck, and gives the terminal back: ${how}`, async () => {
      const home = mkdtempSync(join(scratch, 'screen-'));
      const pty = start(home, STUCK_EXPORT);
      await pty.see('fork at');
      await pty.press('enter');
      await pty.see('1/216 transactions');
      await pty.press('e');
      await pty.see('── preview');
      await pty.press('w');
      await until(() => readdirSync(home).some((name) => name.endsWith('.tmp')));
      blow(pty);
      assert.equal((await pty.ended).signal, constants.signals[signal]);
      await pty.lines();
      assert.equal(pty.screen.terminal.buffer.active.type, 'normal');
      assert.deepEqual(readdirSync(home), []);
    });
  }

  it('ends though nobody reads its terminal any more', async () => {
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const pty = start(mkdtempSync(join(scratch, 'stuck-')));
      await pty.see('fork at');
      await pty.press('enter');
      await pty.see('1/216 transactions');
      pty.stopReading();
      // More than the terminal takes without being read.
      for (let i = 0; i < 60; i++) await pty.press(i % 2 === 0 ? 'end' : 'home');
      pty.kill(signal);
      await until(() => !isAlive(pty.pid));
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

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
