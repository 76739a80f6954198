/**
 * `npm run bench`: how forkpoint compares with its peers on the same WAL, in one run on one machine. Makes an incident of many small
 * transactions, then times, in turn: the server's own logical decoding, pg_waldump (where it is installed), and forkpoint's commands.
 * Prints medians, spread and ratios, and writes them as JSON to the file named by FORKPOINT_BENCH_JSON.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIncident } from '../servers/incident.js';
import { type Server, stopAllServers } from '../servers/server.js';

/** The major that Debian 12 packages pg_waldump for; another one's would refuse the WAL. */
const MAJOR = 15;
const WALDUMP = `/usr/lib/postgresql/${MAJOR}/bin/pg_waldump`;
const RUNS = Number(process.env['FORKPOINT_BENCH_RUNS'] ?? 5);
/** Transactions each of four clients commits after the cut. */
const TRANSACTIONS = Number(process.env['FORKPOINT_BENCH_TRANSACTIONS'] ?? 20_000);

const SCHEMA = `
  CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL, filler text);
  CREATE TABLE teller (id int PRIMARY KEY, balance int NOT NULL);
  CREATE TABLE history (account int, teller int, delta int, at timestamptz DEFAULT now(), filler text);
  INSERT INTO account SELECT i, 0, repeat('x', 80) FROM generate_series(1, 200000) i;
  INSERT INTO teller SELECT i, 0 FROM generate_series(1, 100) i;
  CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
  DECLARE a int; t int; d int;
  BEGIN
    FOR i IN 1..n LOOP
      a := 1 + floor(random() * 200000); t := client * 25 + 1 + floor(random() * 25); d := floor(random() * 1000);
      UPDATE account SET balance = balance + d WHERE id = a;
      UPDATE teller SET balance = balance + d WHERE id = t;
      INSERT INTO history (account, teller, delta) VALUES (a, t, d);
      COMMIT;
    END LOOP;
  END $$;`;

async function work(server: Server): Promise<void> {
  const clients = await Promise.all([0, 1, 2, 3].map(() => server.connect()));
  await Promise.all(clients.map((client, n) => client.query(`CALL work(${n}, ${TRANSACTIONS})`)));
}

interface Measured {
  readonly name: string;
  /** Seconds, one a run, ascending. */
  readonly seconds: readonly number[];
  /** Peak resident memory in MB, the highest of all runs; undefined for a peer. */
  readonly memory?: number;
}

function median({ seconds }: Measured): number {
  return seconds[Math.floor(seconds.length / 2)];
}

async function measure(
  name: string,
  run: () => Promise<number | undefined> | number | undefined,
): Promise<Measured> {
  const seconds: number[] = [];
  let memory: number | undefined;
  for (let i = 0; i <= RUNS; i++) {
    const began = performance.now();
    const used = await run();
    // The first run warms the file cache for everybody.
    if (i > 0) seconds.push((performance.now() - began) / 1000);
    if (used !== undefined) memory = Math.max(memory ?? 0, used);
  }
  return { name, seconds: seconds.sort((a, b) => a - b), memory };
}

/** Runs forkpoint in a process of its own, its output thrown away; returns its peak memory in MB. */
function forkpoint(...args: string[]): number {
  const cli = fileURLToPath(new URL('../../source/cli.js', import.meta.url));
  const report = `process.on('exit', () => require('fs').writeSync(3, String(process.resourceUsage().maxRSS)))`;
  const preload = `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('/'); ${report}`)}`;
  const result = spawnSync(process.execPath, ['--import', preload, cli, ...args], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  if (result.status !== 0) throw new Error(`forkpoint ${args.join(' ')} ended with ${result.status}`);
  return Number(result.output[3]?.toString()) / 1024;
}

function waldump(directory: string): undefined {
  const wal = join(directory, 'pg_wal');
  const names = readdirSync(wal).filter((name) => /^[0-9A-F]{24}$/.test(name));
  spawnSync(WALDUMP, ['--stats=record', '-p', wal, names[0], names[names.length - 1]], { stdio: 'ignore' });
}

const built = await buildIncident({
  major: MAJOR,
  before: async (old) => {
    await old.query(SCHEMA);
  },
  lost: work,
});
const old = await built.startOld();
const bytes = readdirSync(join(built.oldDataDirectory, 'pg_wal'))
  .map((name) => statSync(join(built.oldDataDirectory, 'pg_wal', name)))
  .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
const [{ slot }] = await old.query<{ slot: string }>('SELECT slot_name AS slot FROM pg_replication_slots');
const sides = [built.oldDataDirectory, built.newDataDirectory];

const decoding = await measure('logical decoding (test_decoding, counted in SQL)', async () => {
  await old.query(`SELECT count(*) FROM pg_logical_slot_peek_changes('${slot}', NULL, NULL)`);
  return undefined;
});
const reading = existsSync(WALDUMP)
  ? await measure('pg_waldump --stats=record', () => waldump(built.oldDataDirectory))
  : undefined;
const ours = [
  await measure('forkpoint inspect (reads and checks every record)', () => forkpoint('inspect', ...sides)),
  await measure('forkpoint list --json (with verdicts)', () => forkpoint('list', ...sides, '--json')),
  await measure('forkpoint export (SQL, old rows rebuilt)', () => forkpoint('export', ...sides)),
];
await stopAllServers();

const rows = [decoding, ...(reading ? [reading] : []), ...ours].map((each) => ({
  what: each.name,
  median: `${median(each).toFixed(2)} s`,
  spread: `${each.seconds[0].toFixed(2)}–${each.seconds[each.seconds.length - 1].toFixed(2)}`,
  'of decoding': (median(each) / median(decoding)).toFixed(2),
  'of pg_waldump': reading ? (median(each) / median(reading)).toFixed(2) : 'not installed',
  memory: each.memory === undefined ? '' : `${each.memory.toFixed(0)} MB`,
}));
process.stdout.write(
  `${TRANSACTIONS * 4} lost transactions, ${(bytes / 1e6).toFixed(0)} MB of WAL, ${RUNS} runs each\n`,
);
console.table(rows);
const file = process.env['FORKPOINT_BENCH_JSON'];
if (file)
  writeFileSync(
    file,
    `${JSON.stringify({ major: MAJOR, bytes, transactions: TRANSACTIONS * 4, rows }, undefined, 2)}\n`,
  );
