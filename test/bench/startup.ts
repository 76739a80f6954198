/** How long the TUI takes to show itself, and to show what was lost, on a real pseudo-terminal. */
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { temporaryDirectory } from '../servers/temporary.js';
import { ScreenReader } from '../support/tui-driver.js';
import type { BenchIncident } from './incidents.js';
import type { Measured } from './measure.js';

const CLI = fileURLToPath(new URL('../../source/cli.js', import.meta.url));
/** A time of day, as the list has one in each of its lines. */
const LISTED = /\d\d:\d\d:\d\d\.\d+/;

/** Seconds from the start of a program on a terminal to its first byte, and to the first transaction in the list. */
async function start(args: readonly string[]): Promise<{ first: number; listed: number }> {
  const home = temporaryDirectory('home');
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const child = spawn(process.execPath, [...args], {
    name: 'xterm-256color',
    cols: 120,
    rows: 40,
    env: { ...process.env, HOME: home, XDG_STATE_HOME: home },
  });
  const screen = new ScreenReader(120, 40);
  let first = Number.NaN;
  let listed = Number.NaN;
  const ended = new Promise((resolve) => child.onExit(resolve));
  child.onData((data) => {
    screen.write(data);
    if (Number.isNaN(first) && data.includes('forkpoint')) first = seconds();
    void screen.lines().then((lines) => {
      const text = lines.join('\n');
      // The timeline comes first; Enter leads on to the list.
      if (text.includes('the fork') && !asked) {
        asked = true;
        child.write('\r');
      }
      if (asked && Number.isNaN(listed) && text.includes('xid') && LISTED.test(text)) listed = seconds();
      if (!Number.isNaN(listed)) child.kill('SIGKILL');
    });
  });
  let asked = false;
  const patience = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await ended;
  clearTimeout(patience);
  return { first, listed };
}

/** Times `runs` starts on an incident, `node -e 0` beside each of them. */
export async function measureStart(incident: BenchIncident, runs: number): Promise<Measured[]> {
  const bare: number[] = [];
  const frame: number[] = [];
  const listed: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const began = performance.now();
    const node = spawn(process.execPath, ['-e', '0'], {});
    await new Promise((resolve) => node.onExit(resolve));
    const nothing = (performance.now() - began) / 1000;
    const shown = await start([CLI, incident.old, incident.new]);
    if (run === 0) continue;
    bare.push(nothing);
    frame.push(shown.first);
    listed.push(shown.listed);
  }
  return [
    { name: 'node -e 0', seconds: bare.sort((a, b) => a - b) },
    { name: 'start to first frame', seconds: frame.sort((a, b) => a - b) },
    { name: 'start to first transaction in the list', seconds: listed.sort((a, b) => a - b) },
  ];
}
