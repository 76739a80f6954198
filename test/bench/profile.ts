/** Where a command's processor time goes: V8's own sampling profile of every thread, summed up by folder and by function. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM, PROGRAM_IN_ROOMS } from './program.js';

/** What the profiler writes (Chrome DevTools protocol, `Profiler.Profile`); times in microseconds. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** One line of a profile. */
export interface Share {
  readonly what: string;
  /** Of the time that any thread was busy, 0 to 1. */
  readonly share: number;
}

export interface Profile {
  /** By room of the source (`wal`, `sql`), `garbage collection`, `node`, `packages`. Largest first. */
  readonly rooms: readonly Share[];
  /** The functions with most time of their own. Largest first. */
  readonly functions: readonly Share[];
}

/** How many functions are told. */
const FUNCTIONS_TOLD = 15;
/** Frames that stand for nothing being done. */
const NOTHING = new Set(['(idle)', '(root)']);

function roomOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string {
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (url.startsWith('wasm:')) return 'bytes';
  const room = /\/source\/(?:([^/]+)\/)?[^/]+$/.exec(url);
  if (room) return room[1] ?? 'cli';
  return url.includes('/node_modules/') ? 'packages' : 'node';
}

function nameOf({ functionName, url }: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url.startsWith('wasm:') ? 'WebAssembly' : url.replace(/^.*\/(?:source|node_modules)\//, '');
  return place === '' ? functionName : `${functionName || '(anonymous)'} (${place})`;
}

function largest(times: ReadonlyMap<string, number>, total: number): Share[] {
  return [...times].map(([what, time]) => ({ what, share: time / total })).sort((a, b) => b.share - a.share);
}

/** Runs one of our programs under the profiler. Throws when it fails. */
export function profileOf(command: readonly string[]): Profile {
  const directory = mkdtempSync(join(tmpdir(), 'forkpoint-profile-'));
  try {
    const named = command.map((part) => (part === PROGRAM ? PROGRAM_IN_ROOMS : part));
    const args = ['--cpu-prof', `--cpu-prof-dir=${directory}`, ...named];
    const { status, stderr } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${stderr.toString()}`);
    const rooms = new Map<string, number>();
    const functions = new Map<string, number>();
    let total = 0;
    for (const name of readdirSync(directory)) {
      const profile = JSON.parse(readFileSync(join(directory, name), 'utf8')) as CpuProfile;
      const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
      for (const [i, id] of profile.samples.entries()) {
        const frame = frames.get(id);
        if (!frame || NOTHING.has(frame.functionName)) continue;
        const time = profile.timeDeltas[i];
        total += time;
        rooms.set(roomOf(frame), (rooms.get(roomOf(frame)) ?? 0) + time);
        functions.set(nameOf(frame), (functions.get(nameOf(frame)) ?? 0) + time);
      }
    }
    return { rooms: largest(rooms, total), functions: largest(functions, total).slice(0, FUNCTIONS_TOLD) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const percent = ({ what, share }: Share): string => `${(share * 100).toFixed(1).padStart(5)} %  ${what}`;

/** Prints it: rooms first, then functions. */
export function printProfile(title: string, { rooms, functions }: Profile): void {
  const told = [
    ...rooms.filter(({ share }) => share >= 0.01).map(percent),
    'of which, by function:',
    ...functions.map(percent),
  ];
  process.stdout.write(`\n${title}\n${told.map((line) => `  ${line}\n`).join('')}`);
}
