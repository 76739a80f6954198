/** How long the TUI takes to show itself, and to show what was lost, on a real pseudo-terminal. */
import { spawn } from '@lydell/node-pty';
import { temporaryDirectory } from '../servers/temporary.js';
import { ScreenReader } from '../support/tui-driver.js';
import type { BenchIncident } from './incidents.js';
import type { Measured } from './measure.js';
import { PROGRAM } from './program.js';

/** Something to see on the screen, and the keys to press once it is there. */
interface Stage {
  readonly sight: RegExp;
  readonly keys?: string;
}

const PICKING: readonly Stage[] = [{ sight: /choose two sides of a failover/ }];
const OPENING: readonly Stage[] = [
  // The screen that tells what is being opened; or the fork's, where opening is over before anything is drawn.
  { sight: /OLD {2}\S|OLD primary/ },
  // Both sides and where they parted: from here on Enter leads to the list.
  { sight: /OLD primary[\s\S]*NEW primary/, keys: '\r' },
  // A time of day, as the list has one in each of its lines.
  { sight: /lost transactions[\s\S]*\d\d:\d\d:\d\d\.\d+ +\d+/ },
];

/** Nothing takes longer than this; in milliseconds. */
const PATIENCE = 60_000;

/** Seconds from the start of a program on a terminal until the bytes arrived that made each stage visible. */
async function start(args: readonly string[], stages: readonly Stage[]): Promise<number[]> {
  const home = temporaryDirectory('home');
  const screen = new ScreenReader(120, 40);
  const times: number[] = [];
  const began = performance.now();
  const child = spawn(process.execPath, [...args], {
    name: 'xterm-256color',
    cols: 120,
    rows: 40,
    env: { ...process.env, HOME: home, XDG_STATE_HOME: home },
  });
  const ended = new Promise((resolve) => child.onExit(resolve));
  child.onData((data) => {
    const arrived = (performance.now() - began) / 1000;
    screen.write(data);
    void screen.lines().then((lines) => {
      const text = lines.join('\n');
      for (let stage = stages[times.length]; stage?.sight.test(text); stage = stages[times.length]) {
        times.push(arrived);
        if (stage.keys) child.write(stage.keys);
      }
      if (times.length === stages.length) child.kill('SIGKILL');
    });
  });
  const patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  await ended;
  clearTimeout(patience);
  if (times.length < stages.length)
    throw new Error(`never saw ${stages[times.length].sight} on\n${(await screen.lines()).join('\n')}`);
  return times;
}

/** Seconds that a program takes that does nothing. */
async function startNothing(): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], {});
  await new Promise((resolve) => child.onExit(resolve));
  return (performance.now() - began) / 1000;
}

/** Times `runs` starts without arguments and as many on an incident, `node -e 0` beside each of them; once more before that, uncounted. */
export async function measureStart(incident: BenchIncident, runs: number): Promise<Measured[]> {
  const names = [
    'node -e 0',
    'start to first frame, nothing named',
    'start to first frame, OLD and NEW named',
    'start to the fork',
    'start to first transaction in the list',
  ];
  const found: number[][] = names.map(() => []);
  for (let run = 0; run <= runs; run++) {
    const times = [
      await startNothing(),
      ...(await start([PROGRAM], PICKING)),
      ...(await start([PROGRAM, incident.old, incident.new], OPENING)),
    ];
    if (run > 0) for (const [at, seconds] of times.entries()) found[at].push(seconds);
  }
  const measured = found.map((seconds, at) => ({
    name: names[at],
    seconds: seconds.sort((a, b) => a - b),
  }));
  const [bare] = measured;
  const nothing = bare.seconds[Math.floor(bare.seconds.length / 2)];
  const less = measured.slice(1, 3).map(({ name, seconds }) => ({
    name: `${name}, node -e 0 subtracted`,
    seconds: seconds.map((each) => Math.max(0, each - nothing)),
  }));
  return [...measured, ...less];
}
