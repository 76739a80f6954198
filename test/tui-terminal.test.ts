import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLI } from './support/program.js';
import { startPty } from './support/pty-driver.js';
import { scratchDirectory } from './support/scratch.js';

/** In a worker thread, being asked to locate 1410 becomes being asked for what there is not. */
const DEFECT = `data:text/javascript,${encodeURIComponent(`
  import { parentPort } from 'node:worker_threads';
  const on = parentPort?.on.bind(parentPort);
  if (on) parentPort.on = (event, listener) => on(event, (call) =>
    listener(call.method === 'locate' && call.args[0] === '1410' ? { ...call, method: 'nothing' } : call));`)}`;
const FAKE_APP = fileURLToPath(new URL('./support/fake-app.js', import.meta.url));

function start(...args: string[]) {
  return startPty({
    file: process.execPath,
    args: [FAKE_APP, '20000', ...args],
    env: { TMPDIR: scratchDirectory('pty'), CI: 'true' },
  });
}

describe('on a real pseudo-terminal', () => {
  it('draws, even where CI is set, follows a resize, and leaves the terminal as it was', async () => {
    const pty = start();
    await pty.see('fork at 0/B9DF928', 'LOST  20,000 transactions');
    await pty.press('enter');
    await pty.see(/▸.* 738 /);
    await pty.press('down', 'pagedown', 'end');
    await pty.see('20,000/20,000');
    pty.resize(132, 40);
    await pty.see('commit LSN', 'q quit');
    assert.equal(pty.screen.terminal.buffer.active.type, 'alternate');
    await pty.press('q');
    assert.equal((await pty.ended).exitCode, 0);
    await pty.screen.lines();
    assert.equal(pty.screen.terminal.buffer.active.type, 'normal');
  });

  it('restores the terminal on SIGTERM and keeps the marks', async () => {
    const pty = start();
    await pty.see('fork at');
    await pty.press('enter');
    await pty.see(/▸.* 738 /);
    await pty.press('space', 'space');
    await pty.see('2 transactions marked');
    pty.kill('SIGTERM');
    assert.equal((await pty.ended).exitCode, 143);
    await pty.screen.lines();
    assert.equal(pty.screen.terminal.buffer.active.type, 'normal');
    assert.match(pty.screen.raw, /2 marked transactions kept/);
  });

  it('an escape that arrives alone is an escape, and arrows are never taken for one', async () => {
    const pty = start();
    await pty.see('fork at');
    await pty.press('enter');
    await pty.see(/▸.* 738 /);
    await pty.type('\x1b[B\x1b[B\x1b[A\x1b[B');
    await pty.see(/▸.* 740 /);
    await pty.press('escape');
    await pty.see('fork at');
    await pty.press('ctrl-c');
    assert.equal((await pty.ended).exitCode, 130);
  });

  it('tells of a defect in the reading thread where it was met, once the terminal is given back, and ends with 1', async () => {
    const pty = startPty({
      file: process.execPath,
      args: ['--enable-source-maps', CLI, 'demo'],
      env: { TMPDIR: scratchDirectory('pty'), NODE_OPTIONS: `--import ${DEFECT}` },
      patience: 30_000,
    });
    await pty.see('fork at');
    await pty.press('enter');
    await pty.see('1/216 transactions');
    await pty.press(':');
    await pty.type('1410');
    await pty.press('enter');
    await pty.see('Cannot read properties of undefined');
    await pty.press('escape');
    await pty.press('q');
    assert.equal((await pty.ended).exitCode, 1);
    const [, report] = (await pty.lines()).join('').split('this is a defect of forkpoint, please report it');
    assert.match(report, /TypeError: Cannot read properties of undefined \(reading 'apply'\)/);
    assert.match(report, /at answer \(.*incident\/worker\.ts/);
    assert.doesNotMatch(report, /worker-client/);
  });
});
