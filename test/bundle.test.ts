/** The program as it is installed: the bundle alone, without the compiled modules, without any package beside it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startPty } from './support/pty-driver.js';
import { scratchDirectory } from './support/scratch.js';

const CLONE = fileURLToPath(new URL('../../', import.meta.url));

let installed: string;
let home: string;

before(() => {
  const bundle = join(CLONE, 'dist/bundle');
  assert.ok(existsSync(bundle), 'npm run build makes the bundle');
  installed = scratchDirectory('installed');
  home = scratchDirectory('home');
  for (const part of ['package.json', 'dist/bundle', 'samples/shop'])
    cpSync(join(CLONE, part), join(installed, part), { recursive: true });
});

const COMPILED = join(CLONE, 'dist/source/cli.js');
const bundled = () => join(installed, 'dist/bundle/cli.js');

function run(cli: string, args: readonly string[], node: readonly string[] = []) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, cli, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    cwd: CLONE,
    env: { ...process.env, HOME: home, NODE_OPTIONS: '' },
  });
  return { status, stdout, stderr };
}

const SIDES = ['samples/shop/old', 'samples/shop/new'];
const COMMANDS: readonly (readonly string[])[] = [
  ['--version'],
  ['--help'],
  ['inspect', ...SIDES, '--json'],
  ['list', ...SIDES, '--filter', 'verdict:changed'],
  ['list', ...SIDES, '--json'],
  ['export', ...SIDES, '--ddl', '--guard'],
  ['export', ...SIDES, '--format', 'wal2json'],
  ['export', ...SIDES, '--format', 'report'],
  ['rewind', ...SIDES],
  ['check', ...SIDES, '--against', 'postgres://nobody@127.0.0.1:1/none'],
  ['list', ...SIDES, '--colour'],
];

describe('the bundle', () => {
  for (const args of COMMANDS) {
    it(`says to ${args.join(' ')} what the modules it is made of say`, () => {
      const bundle = run(bundled(), args);
      assert.deepEqual(bundle, run(COMPILED, args));
      assert.ok(bundle.stdout.length + bundle.stderr.length > 0);
    });
  }

  it('opens the sample on a terminal, reads it in its worker thread, and preserves it in another', async (t) => {
    const directory = scratchDirectory('operator');
    const pty = startPty({
      file: process.execPath,
      args: [join(installed, 'dist/bundle/cli.js'), 'demo'],
      cwd: directory,
      env: { HOME: home, XDG_STATE_HOME: home },
    });
    t.after(() => pty.kill('SIGKILL'));
    await pty.see('fork at 0/', 'only here', '215 transactions');
    await pty.press('c');
    await pty.see('Enter preserve');
    await pty.press('enter');
    await pty.see('Preserved in');
    await pty.press('escape');
    await pty.see('fork at 0/');
    await pty.press('enter');
    await pty.see('lost transactions', 'orders', '✓ clean');
    await pty.press('enter');
    await pty.see('committed', 'column', 'after');
    await pty.press('q');
    assert.equal((await pty.ended).exitCode, 0);
    assert.deepEqual(
      readdirSync(directory).map((copy) => existsSync(join(directory, copy, 'SHA256SUMS'))),
      [true],
    );
  });

  it('has a file for each thread that one of its files starts', () => {
    const directory = join(installed, 'dist/bundle');
    const files = readdirSync(directory).filter((name) => name.endsWith('.js'));
    const started = files.flatMap((name) =>
      [
        ...readFileSync(join(directory, name), 'utf8').matchAll(
          /new URL\("\.\/([^"]+)",import\.meta\.url\)/g,
        ),
      ].map(([, file]) => file),
    );
    assert.ok(started.length >= 3, String(started));
    assert.deepEqual(
      started.filter((file) => !files.includes(file)),
      [],
    );
  });

  it('reports a defect by places in the source', () => {
    const broken = `data:text/javascript,JSON.stringify = () => { throw new TypeError('broken on purpose') }`;
    const { status, stderr } = run(bundled(), ['inspect', ...SIDES, '--json'], ['--import', broken]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^forkpoint: this is a defect of forkpoint, please report it\nTypeError: broken on purpose\n/,
    );
    const place = /source\/commands\/inspect\.ts:(\d+):\d+/.exec(stderr);
    assert.ok(place, stderr);
    const source = readFileSync(join(CLONE, 'source/commands/inspect.ts'), 'utf8').split('\n');
    assert.match(source[Number(place[1]) - 1], /JSON\.stringify/);
  });

  it('has React’s production build in it, no devtools, and the licence of each package', () => {
    const files = readdirSync(join(installed, 'dist/bundle')).filter((name) => name.endsWith('.js'));
    const code = files.map((name) => readFileSync(join(installed, 'dist/bundle', name), 'utf8')).join('\n');
    for (const words of [
      '__REACT_DEVTOOLS_GLOBAL_HOOK__.inject',
      'while rendering a different component',
      'WebSocketServer',
    ])
      assert.ok(!code.includes(words), words);
    const licences = readFileSync(join(installed, 'dist/bundle/licences.txt'), 'utf8');
    for (const name of ['ink', 'react', 'yoga-layout', 'pg', 'meow', 'fzstd', 'ink-table'])
      assert.match(licences, new RegExp(`^(@\\w+/)?${name} \\d`, 'm'));
  });
});
