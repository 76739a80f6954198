/**
 * `npm run bench`: how forkpoint compares with its peers on the same WAL, in one run on one machine. Makes incidents of several shapes, then
 * times in turn the server's own logical decoding, pg_waldump (each where it is installed) and forkpoint's commands; how time and memory
 * grow with the size of the WAL; and how soon the TUI is there. Prints tables of medians, spread and ratios, at the end one of all goals,
 * met or missed, and writes all of it as JSON.
 *
 * FORKPOINT_BENCH_SHAPES   names of shapes, by commas (all)
 * FORKPOINT_BENCH_LEVELS   wal_levels, by commas (logical,replica)
 * FORKPOINT_BENCH_SCALE    how much of each: 1 is some 60 MB of WAL (1)
 * FORKPOINT_BENCH_RUNS     runs of each (3)
 * FORKPOINT_BENCH_LARGE    so many GB of WAL as the largest size (4, which takes some 15 GB of disk while it runs; 10 takes 35); small
 *                          transactions, of which a gigabyte takes minutes to write, go up to a quarter of it
 * FORKPOINT_BENCH_PROFILE  1: of every goal that is missed, also where the processor time went
 * FORKPOINT_BENCH_DIRECTORY  where incidents are kept and found again (nowhere)
 * FORKPOINT_BENCH_JSON     the file to write (one in the system's temporary directory)
 *
 * The terminal's figures are `npm run bench:terminal`'s.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopAllServers } from '../servers/server.js';
import {
  memoryOutcomes,
  type Outcome,
  printOutcomes,
  speedOutcomes,
  startOutcomes,
  straightOutcomes,
} from './goals.js';
import { type BenchIncident, incidentOf, startCopyOfOld } from './incidents.js';
import { type Contender, type Measured, measure, median } from './measure.js';
import { decoding, waldump } from './peers.js';
import { type Profile, printProfile, profileOf } from './profile.js';
import { PROGRAM } from './program.js';
import { SHAPES, shapeNamed } from './shapes.js';
import { measureStart } from './startup.js';
import { type Goal, type Line, printTable, ratioToPeer } from './table.js';

const env = (name: string, otherwise: string): string => process.env[`FORKPOINT_BENCH_${name}`] ?? otherwise;
const RUNS = Number(env('RUNS', '3'));
const SCALE = Number(env('SCALE', '1'));
const NAMES = env('SHAPES', SHAPES.map((shape) => shape.name).join(',')).split(',');
const LARGE = Number(env('LARGE', '4'));
const PROFILE = env('PROFILE', '') === '1';
const LEVELS = env('LEVELS', 'logical,replica').split(',') as BenchIncident['walLevel'][];

const READ_ALL = fileURLToPath(new URL('./read-all.js', import.meta.url));

const WALDUMP = 'pg_waldump --stats=record';
const DECODING = 'logical decoding';
const GOALS: Readonly<Record<string, Goal>> = {
  'read every record': { peer: WALDUMP, timesAsFast: 1 },
  'list --json': { peer: DECODING, timesAsFast: 5 },
  'export (SQL)': { peer: DECODING, timesAsFast: 5 },
};
/** At wal_level=replica nothing can be decoded by a server: what it took to decode the same work at logical counts. */
const GOALS_AT_REPLICA: typeof GOALS = { ...GOALS, 'export (SQL)': { peer: DECODING, timesAsFast: 3 } };

function ours(incident: BenchIncident): Contender[] {
  const sides = [incident.old, incident.new];
  return [
    { name: 'read every record', command: [READ_ALL, incident.old], ours: true },
    { name: 'inspect', command: [PROGRAM, 'inspect', ...sides], ours: true },
    { name: 'list --json', command: [PROGRAM, 'list', ...sides, '--json'], ours: true },
    { name: 'export (SQL)', command: [PROGRAM, 'export', ...sides], ours: true },
  ];
}

/** How many transactions were lost, as forkpoint itself counts them. */
function lostTransactions(incident: BenchIncident): number {
  const command = [PROGRAM, 'inspect', incident.old, incident.new, '--json'];
  const told = execFileSync(process.execPath, command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return (JSON.parse(told) as { lost: { transactions: number } }).lost.transactions;
}

interface Section {
  readonly shape: string;
  readonly walLevel: string;
  readonly walBytes: number;
  readonly lines: readonly Line[];
  /** Of what missed its goal, by its name. */
  readonly profiles: Readonly<Record<string, Profile>>;
}

const sections: Section[] = [];
const outcomes: Outcome[] = [];

/** Shows where the time of what missed its goal went. */
function profilesOf(incident: BenchIncident, lines: readonly Line[]): Record<string, Profile> {
  const profiles: Record<string, Profile> = {};
  for (const { name, command } of ours(incident)) {
    const line = lines.find((each) => each.name === name);
    const ratio = line && ratioToPeer(line, lines);
    if (ratio === undefined || ratio >= (line?.goal?.timesAsFast ?? 0)) continue;
    profiles[name] = profileOf(command as readonly string[]);
    printProfile(`${incident.name}: where ${name} spends its time`, profiles[name]);
  }
  return profiles;
}

/** Measures one shape at one level. `decoded`: what decoding took at logical, for a level at which it cannot be done. */
async function section(
  incident: BenchIncident,
  description: string,
  decoded?: Line,
): Promise<Line | undefined> {
  const server = incident.walLevel === 'logical' ? await startCopyOfOld(incident) : undefined;
  const peers = [waldump(incident), server && decoding(server)].filter((peer) => peer !== undefined);
  const measured = await measure([...peers, ...ours(incident)], RUNS);
  await server?.stop('immediate');
  server?.remove();
  const goals = incident.walLevel === 'replica' ? GOALS_AT_REPLICA : GOALS;
  const lines: Line[] = measured.map((each) => ({ ...each, goal: goals[each.name] }));
  if (decoded) lines.unshift(decoded);
  const megabytes = (incident.walBytes / 1e6).toFixed(0);
  printTable(`${incident.name}: ${description}; ${megabytes} MB of WAL at ${incident.walLevel}`, lines);
  const { name: shape, walLevel, walBytes } = incident;
  outcomes.push(
    ...speedOutcomes(shape, lines),
    ...memoryOutcomes(shape, measured, lostTransactions(incident)),
  );
  sections.push({ shape, walLevel, walBytes, lines, profiles: PROFILE ? profilesOf(incident, lines) : {} });
  return lines.find((line) => line.name.startsWith(DECODING));
}

for (const name of NAMES) {
  const shape = shapeNamed(name);
  let decoded: Line | undefined;
  for (const level of LEVELS)
    decoded = (await section(await incidentOf(shape, level, SCALE), shape.description, decoded)) ?? decoded;
}

/** Two shapes, the scale at which each writes 1 GB of WAL (1.25 million transactions, and 15 million rows), and their sizes in GB. */
const GROWING = [
  { name: 'small', scaleAGigabyte: 15.6, gigabytes: [0.1, LARGE / 4] },
  { name: 'copy', scaleAGigabyte: 19, gigabytes: [0.1, LARGE] },
];

/** Cost against size: the same work, more of it. */
const sizes: {
  incident: string;
  what: string;
  walBytes: number;
  secondsPerGigabyte: number;
  memory: number;
}[] = [];
let largest: BenchIncident | undefined;
for (const { name, scaleAGigabyte, gigabytes } of GROWING) {
  const figures: typeof sizes = [];
  for (const size of gigabytes) {
    const incident = await incidentOf(shapeNamed(name), 'logical', Math.round(size * scaleAGigabyte));
    largest = incident;
    const measured = await measure(ours(incident), 1);
    outcomes.push(...memoryOutcomes(incident.name, measured, lostTransactions(incident)));
    for (const { name: what, seconds, memory = 0 } of measured) {
      const { walBytes } = incident;
      const secondsPerGigabyte = median(seconds) / (walBytes / 1e9);
      figures.push({ incident: incident.name, what, walBytes, secondsPerGigabyte, memory });
    }
  }
  outcomes.push(...straightOutcomes(name, figures));
  sizes.push(...figures);
}
process.stdout.write('\nCost against size: seconds a gigabyte should stay the same, and memory too\n');
console.table(
  sizes.map(({ incident, what, walBytes, secondsPerGigabyte, memory }) => ({
    incident,
    WAL: `${(walBytes / 1e6).toFixed(0)} MB`,
    what,
    'seconds a GB': secondsPerGigabyte.toFixed(2),
    memory: `${memory.toFixed(0)} MB`,
  })),
);

const starts: { incident: string; start: Measured[] }[] = [];
for (const incident of [await incidentOf(shapeNamed('small'), 'logical', SCALE), largest]) {
  if (!incident) continue;
  const start = await measureStart(incident, RUNS);
  printTable(`Start on a terminal of 120×40, ${incident.name}`, start);
  outcomes.push(...startOutcomes(incident.name, start));
  starts.push({ incident: incident.name, start });
}
await stopAllServers();
printOutcomes(outcomes);

const file = env('JSON', join(tmpdir(), 'forkpoint-bench.json'));
const machine = `${cpus().length} × ${cpus()[0].model}`;
writeFileSync(
  file,
  `${JSON.stringify({ machine, node: process.version, runs: RUNS, outcomes, sections, sizes, starts }, undefined, 2)}\n`,
);
process.stdout.write(`\nAll of it as JSON: ${file}\n`);
