/**
 * `node dist/test/bench/endings.js OLD NEW`: how long a signal takes to end each command and the TUI, at many moments of its work, and
 * whether anything stays behind: a temporary file, a half-written export, a terminal that is not given back.
 *
 * FORKPOINT_BENCH_MOMENTS: milliseconds after the start, by commas. FORKPOINT_BENCH_ROWS: only rows whose name has this regular
 * expression in it. The first row tells what the machine itself takes meanwhile; the kernel takes back the memory of a process that
 * is killed outright (SIGKILL on the list) in a part of all the other times.
 */
import { spawn as spawnChild } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { type IPty, spawn } from '@lydell/node-pty';
import { temporaryDirectory } from '../servers/temporary.js';
import { PROGRAM } from './program.js';

const MOMENTS = (
  process.env['FORKPOINT_BENCH_MOMENTS'] ?? '30,80,150,250,400,600,900,1300,1800,2500,3500,5000'
)
  .split(',')
  .map(Number);
const ROWS = new RegExp(process.env['FORKPOINT_BENCH_ROWS'] ?? '');
/** Alternate screen off: the end of what gives the terminal back. */
const GIVEN_BACK = '\x1b[?1049l';

/** How one run ended. */
interface Ending {
  /** From the signal to the process's end; undefined when it had ended before. */
  readonly milliseconds: number | undefined;
  readonly left: readonly string[];
}

interface Room {
  readonly temporary: string;
  readonly output: string;
  readonly env: NodeJS.ProcessEnv;
}

function newRoom(): Room {
  const room = temporaryDirectory('ending');
  const temporary = join(room, 'temporary');
  const output = join(room, 'output');
  for (const directory of [temporary, output]) mkdirSync(directory);
  return {
    temporary,
    output,
    env: { ...process.env, TMPDIR: temporary, HOME: room, XDG_STATE_HOME: room },
  };
}

/** What a room holds that should not be there. An export that was completed in time may stay, and what is preserved is meant to. */
function leftIn({ temporary, output }: Room, complete: boolean): string[] {
  const made = (readdirSync(output, { recursive: true }) as string[]).filter(
    (name) => !name.startsWith('forkpoint-preserved') || name.endsWith('.forkpoint-part'),
  );
  return [...readdirSync(temporary), ...(complete ? [] : made)];
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function endCommand(
  args: (room: Room) => readonly string[],
  signal: NodeJS.Signals,
  moment: number,
): Promise<Ending> {
  const room = newRoom();
  const child = spawnChild(process.execPath, args(room), {
    env: room.env,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  let endedAt = 0;
  const ended = new Promise<void>((resolve) =>
    child.on('exit', () => {
      endedAt = performance.now();
      resolve();
    }),
  );
  await pause(moment);
  if (endedAt > 0) return { milliseconds: undefined, left: leftIn(room, true) };
  const began = performance.now();
  child.kill(signal);
  await ended;
  const ending = { milliseconds: endedAt - began, left: leftIn(room, child.exitCode === 0) };
  rmSync(join(room.temporary, '..'), { recursive: true });
  return ending;
}

/** Ends a program on a terminal of its own. */
type Blow = (child: IPty) => void;

const BLOWS: Readonly<Record<string, Blow>> = {
  'Ctrl-C': (child) => child.write('\x03'),
  SIGTERM: (child) => child.kill('SIGTERM'),
  SIGHUP: (child) => child.kill('SIGHUP'),
  SIGKILL: (child) => child.kill('SIGKILL'),
  'closed terminal': (child) => (child as IPty & { destroy(): void }).destroy(),
};

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function endTui(
  sides: readonly string[],
  keys: readonly string[],
  blow: Blow,
  moment: number,
): Promise<Ending> {
  const room = newRoom();
  const child = spawn(process.execPath, [PROGRAM, ...sides], {
    name: 'xterm-256color',
    cols: 120,
    rows: 40,
    cwd: room.output,
    env: room.env,
  });
  let raw = '';
  child.onData((data) => {
    raw += data;
  });
  const started = performance.now();
  while (!raw.includes('fork at') && performance.now() - started < moment) await pause(2);
  for (const key of keys) {
    child.write(key);
    await pause(60);
  }
  await pause(Math.max(0, moment - (performance.now() - started)));
  const hadTerminal = raw.includes('\x1b[?1049h');
  const began = performance.now();
  blow(child);
  while (isAlive(child.pid) && performance.now() - began < 10_000) await pause(1);
  const milliseconds = performance.now() - began;
  await pause(20);
  const left = leftIn(room, false);
  const seesTerminal = !['closed terminal', 'SIGHUP', 'SIGKILL'].some((how) => blow === BLOWS[how]);
  if (hadTerminal && seesTerminal && !raw.includes(GIVEN_BACK)) left.push('the alternate screen');
  rmSync(join(room.temporary, '..'), { recursive: true });
  return { milliseconds, left };
}

const rows: object[] = [];

async function row(what: string, how: string, end: (moment: number) => Promise<Ending>): Promise<void> {
  if (!ROWS.test(`${what} ${how}`)) return;
  const times: { moment: number; milliseconds: number }[] = [];
  const left = new Set<string>();
  for (const moment of MOMENTS) {
    const ending = await end(moment);
    for (const each of ending.left) left.add(each);
    if (ending.milliseconds === undefined) break;
    times.push({ moment, milliseconds: ending.milliseconds });
  }
  const sorted = times.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const worst = times.find(({ milliseconds }) => milliseconds === sorted[sorted.length - 1]);
  rows.push({
    what,
    how,
    signals: times.length,
    'median ms': sorted[sorted.length >> 1]?.toFixed(0),
    'worst ms': worst?.milliseconds.toFixed(0),
    'sent after ms': worst?.moment,
    'left behind': [...left].join(' ') || 'nothing',
  });
}

const [oldSide, newSide] = process.argv.slice(2);
const sides = [oldSide, newSide];
const COMMANDS: Readonly<Record<string, (room: Room) => readonly string[]>> = {
  inspect: () => ['inspect', ...sides],
  'list --json': () => ['list', ...sides, '--json'],
  export: ({ output }) => ['export', ...sides, '-o', join(output, 'redo.sql')],
  'export --undo': ({ output }) => ['export', ...sides, '--undo', '-o', join(output, 'undo.sql')],
  'export, searching rows': ({ output }) => [
    'export',
    ...sides,
    '--filter',
    'nowhere',
    '-o',
    join(output, 'a.sql'),
  ],
  preserve: ({ output }) => ['preserve', ...sides, '-o', join(output, 'preserved')],
};
// What the machine itself takes, with all else that it has to do.
await row('node -e "for (;;);"', 'SIGINT', (moment) =>
  endCommand(() => ['-e', 'for (;;);'], 'SIGINT', moment),
);
for (const [name, args] of Object.entries(COMMANDS))
  for (const signal of ['SIGINT', 'SIGHUP'] as const)
    await row(name, signal, (moment) => endCommand((room) => [PROGRAM, ...args(room)], signal, moment));
/** What is going on in the TUI when the blow falls: which sides it is started with, and keys. */
const SCENES: Readonly<Record<string, readonly [sides: readonly string[], keys: readonly string[]]>> = {
  picking: [[], []],
  timeline: [sides, []],
  'list, to its end': [sides, ['\r', 'G']],
  'list, filtered by rows': [sides, ['\r', '/', 'nowhere', '\r']],
  'SQL of a transaction': [sides, ['\r', '\r', '\t']],
  exporting: [sides, ['\r', 'e', 'w']],
  preserving: [sides, ['c', '\r']],
};
for (const [name, [named, keys]] of Object.entries(SCENES))
  for (const [how, blow] of Object.entries(BLOWS)) {
    // While it is copied, Ctrl-C stops that alone.
    if (name === 'preserving' && how === 'Ctrl-C') continue;
    if (how === 'SIGKILL' && name !== 'list, to its end') continue;
    await row(`TUI: ${name}`, how, (moment) => endTui(named, keys, blow, moment));
  }
console.table(rows);
process.exit(0);
