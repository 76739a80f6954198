/**
 * `npm run bench`: how forkpoint compares with its peers on the same WAL, in one run on one machine. Makes incidents of several shapes, then
 * times in turn the server's own logical decoding, pg_waldump (each where it is installed) and forkpoint's commands; how time and memory
 * grow with the size of the WAL; and how soon the TUI is there. Prints tables of medians, spread and ratios, and writes all of it as JSON.
 *
 * FORKPOINT_BENCH_SHAPES   names of shapes, by commas (all)
 * FORKPOINT_BENCH_LEVELS   wal_levels, by commas (logical,replica)
 * FORKPOINT_BENCH_SCALE    how much of each: 1 is some 60 MB of WAL (1)
 * FORKPOINT_BENCH_RUNS     runs of each (3)
 * FORKPOINT_BENCH_LARGE    so many GB of WAL as the largest size (0.5); 4 takes some 15 GB of disk while it runs, 10 some 35
 * FORKPOINT_BENCH_PROFILE  1: of every goal that is missed, also where the processor time went
 * FORKPOINT_BENCH_DIRECTORY  where incidents are kept and found again (nowhere)
 * FORKPOINT_BENCH_JSON     the file to write (one in the system's temporary directory)
 *
 * The terminal's figures are `npm run bench:terminal`'s.
 */
import { writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stopAllServers } from '../servers/server.js';
import { type BenchIncident, incidentOf, startCopyOfOld } from './incidents.js';
import { type Contender, measure, median } from './measure.js';
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
const LARGE = Number(env('LARGE', '0.5'));
const PROFILE = env('PROFILE', '') === '1';
const LEVELS = env('LEVELS', 'logical,replica').split(',') as BenchIncident['walLevel'][];

const READ_ALL = fileURLToPath(new URL('./read-all.js', import.meta.url));

const WALDUMP = 'pg_waldump --stats=record';
const DECODING = 'logical decoding';
const GOALS: Readonly<Record<string, Goal>> = {
  'read every record': { peer: WALDUMP, timesAsFast: 1 },
  inspect: { peer: WALDUMP, timesAsFast: 1 },
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

interface Section {
  readonly shape: string;
  readonly walLevel: string;
  readonly walBytes: number;
  readonly lines: readonly Line[];
  /** Of what missed its goal, by its name. */
  readonly profiles: Readonly<Record<string, Profile>>;
}

const sections: Section[] = [];

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
  sections.push({ shape, walLevel, walBytes, lines, profiles: PROFILE ? profilesOf(incident, lines) : {} });
  return lines.find((line) => line.name.startsWith(DECODING));
}

for (const name of NAMES) {
  const shape = shapeNamed(name);
  let decoded: Line | undefined;
  for (const level of LEVELS)
    decoded = (await section(await incidentOf(shape, level, SCALE), shape.description, decoded)) ?? decoded;
}

/** Scales of two shapes that write 1 GB of WAL: 1.25 million transactions, and 15 million rows. */
const SCALE_A_GIGABYTE = { small: 15.6, copy: 19 };
/** Smallest size, in GB. */
const SMALL = 0.1;

/** Cost against size: the same work, more of it. */
const sizes: { shape: string; walBytes: number; what: string; secondsPerGigabyte: number; memory: number }[] =
  [];
const scales = Object.entries(SCALE_A_GIGABYTE).flatMap(([name, scale]) =>
  [SMALL, LARGE].map((gigabytes): [string, number] => [name, Math.round(gigabytes * scale)]),
);
for (const [name, scale] of scales) {
  const incident = await incidentOf(shapeNamed(name), 'logical', scale);
  for (const { name: what, seconds, memory } of await measure(ours(incident), 1)) {
    const secondsPerGigabyte = median(seconds) / (incident.walBytes / 1e9);
    sizes.push({
      shape: incident.name,
      walBytes: incident.walBytes,
      what,
      secondsPerGigabyte,
      memory: memory ?? 0,
    });
  }
}
process.stdout.write('\nCost against size: seconds a gigabyte should stay the same, and memory too\n');
console.table(
  sizes.map((each) => ({
    incident: each.shape,
    WAL: `${(each.walBytes / 1e6).toFixed(0)} MB`,
    what: each.what,
    'seconds a GB': each.secondsPerGigabyte.toFixed(2),
    memory: `${each.memory.toFixed(0)} MB`,
  })),
);

const start = await measureStart(await incidentOf(shapeNamed('small'), 'logical', SCALE), RUNS);
printTable('Start on a terminal of 120×40', start);
await stopAllServers();

const file = env('JSON', join(tmpdir(), 'forkpoint-bench.json'));
const machine = `${cpus().length} × ${cpus()[0].model}`;
writeFileSync(
  file,
  `${JSON.stringify({ machine, node: process.version, runs: RUNS, sections, sizes, start }, undefined, 2)}\n`,
);
process.stdout.write(`\nAll of it as JSON: ${file}\n`);
