/**
 * `npm run bench:terminal`: what the TUI costs on a real pseudo-terminal of 120×40, beside `tig` and `lnav` (each where it is
 * installed) on a list as long: the time from a key to its frame, bytes sent for one step of the cursor, and what an idle screen costs.
 * FORKPOINT_BENCH_LIST is the number of lost transactions (1,000,000), FORKPOINT_BENCH_JSON a file for the figures.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { stopAllServers } from '../servers/server.js';
import { type Outcome, printOutcomes } from './goals.js';
import { incidentOf } from './incidents.js';
import { PROGRAM } from './program.js';
import { clients, type Shape } from './shapes.js';
import { type KeyTimes, TimedTerminal } from './timed-terminal.js';

const LENGTH = Number(process.env['FORKPOINT_BENCH_LIST'] ?? 1_000_000);
const STEPS = Number(process.env['FORKPOINT_BENCH_KEYS'] ?? 400);

/** A long list: transactions of one row each. */
const LIST: Shape = {
  name: 'list',
  description: 'transactions of one row each',
  schema: `
    CREATE TABLE orders (id bigint PRIMARY KEY, what text);
    CREATE PROCEDURE work(client int, n int) LANGUAGE plpgsql AS $$
    BEGIN
      FOR i IN 1..n LOOP INSERT INTO orders VALUES (client * 1000000000::bigint + i, 'lost'); COMMIT; END LOOP;
    END $$;`,
  work: (old, length) => clients(old, 2, length / 2),
};

/** One measured list. */
interface Row {
  readonly what: string;
  /** A step of the cursor within the screen. */
  readonly move?: KeyTimes;
  /** A step down; most of them move the list, for the cursor is at the screen's end. */
  readonly step: KeyTimes;
  readonly page: KeyTimes;
  readonly idleBytes?: number;
  readonly idleCpu?: number;
}

/** Fewer steps than there are rows on the screen. */
const MOVES = 30;

/** The list's first row is on the screen, and the cursor on it. */
async function measureList(what: string, terminal: TimedTerminal): Promise<Row> {
  const move = await terminal.time('j', MOVES);
  const step = await terminal.time('j', STEPS);
  const page = await terminal.time('\x1b[6~', STEPS);
  const idle = await terminal.idle(5000);
  return { what, move, step, page, ...idle };
}

/** A repository of as many commits, by `git fast-import`. */
function repository(directory: string): void {
  spawnSync('git', ['init', '-q', directory]);
  const stream = join(directory, 'commits');
  const file = openSync(stream, 'w');
  for (let i = 0; i < LENGTH; i += 10_000) {
    let text = '';
    for (let j = i; j < Math.min(LENGTH, i + 10_000); j++) {
      const message = `order ${j}, order_lines, stock and one more word`;
      text += `commit refs/heads/main\ncommitter A Writer <a@example.com> ${1_700_000_000 + j} +0000\ndata ${message.length}\n${message}\n`;
    }
    writeSync(file, text);
  }
  spawnSync('git', ['-C', directory, 'fast-import', '--quiet'], {
    stdio: [openSync(stream, 'r'), 'ignore', 'inherit'],
  });
  spawnSync('git', ['-C', directory, 'symbolic-ref', 'HEAD', 'refs/heads/main']);
  rmSync(stream);
}

function log(path: string): void {
  const file = openSync(path, 'w');
  for (let i = 0; i < LENGTH; i += 10_000) {
    let text = '';
    for (let j = i; j < Math.min(LENGTH, i + 10_000); j++)
      text += `${new Date(1_700_000_000_000 + j * 10).toISOString()} INFO order ${j} order_lines stock clean\n`;
    writeSync(file, text);
  }
}

function installed(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}

function table(rows: readonly Row[]): void {
  console.table(
    rows.map(({ what, move, step, page, idleBytes, idleCpu }) => ({
      list: what,
      'step, median ms': step.median.toFixed(1),
      'step, p99 ms': step.p99.toFixed(1),
      'page, p99 ms': page.p99.toFixed(1),
      'bytes a move of the cursor': move ? Math.round(move.bytes) : '',
      'bytes a step': Math.round(step.bytes),
      'idle bytes': idleBytes ?? '',
      'idle CPU': idleCpu === undefined ? '' : `${(idleCpu * 100).toFixed(2)} %`,
    })),
  );
}

/** 99 of 100 keys are answered within so many milliseconds, of those pressed while WAL is read, and of those afterwards. */
const FRAME_WHILE_READING = 33;
const FRAME = 16;
/** Of one core. */
const IDLE_CPU = 0.01;

/** What is wanted of our rows: the first while WAL is read, the second afterwards. */
function outcomesOf([reading, read]: readonly Row[], tig: KeyTimes | undefined): Outcome[] {
  const within = (what: string, reached: number, limit: number): Outcome => ({
    what: `${what}, p99`,
    goal: `under ${limit} ms`,
    reached: `${reached.toFixed(1)} ms`,
    met: reached < limit,
  });
  const bytes = Math.round(read.move!.bytes);
  return [
    within('a step to its frame while WAL is read', reading.step.p99, FRAME_WHILE_READING),
    within('a page to its frame while WAL is read', reading.page.p99, FRAME_WHILE_READING),
    within('a step to its frame', read.step.p99, FRAME),
    within('a page to its frame', read.page.p99, FRAME),
    ...(tig
      ? [
          {
            what: 'bytes for moving the cursor one row',
            goal: `at most tig's ${Math.round(tig.bytes)}`,
            reached: String(bytes),
            met: bytes <= tig.bytes,
          },
        ]
      : []),
    {
      what: 'idle',
      goal: `nothing sent, under ${IDLE_CPU * 100} % of a core`,
      reached: `${read.idleBytes} bytes, ${((read.idleCpu ?? 0) * 100).toFixed(2)} %`,
      met: read.idleBytes === 0 && (read.idleCpu ?? 0) < IDLE_CPU,
    },
  ];
}

const directory = mkdtempSync(join(tmpdir(), 'forkpoint-bench-'));
try {
  const incident = await incidentOf(LIST, 'replica', LENGTH);
  const rows: Row[] = [];
  const ours = new TimedTerminal(process.execPath, [PROGRAM, incident.old, incident.new]);
  await ours.see('fork at');
  ours.send('\r');
  await ours.see('commit time');
  rows.push({
    what: 'forkpoint, while WAL is read',
    step: await ours.time('j', STEPS / 2),
    page: await ours.time('\x1b[6~', STEPS / 2),
  });
  await ours.see('all WAL read');
  ours.send('g');
  await ours.quiet();
  rows.push(await measureList('forkpoint', ours));
  await ours.close();
  let tig: KeyTimes | undefined;
  if (installed('tig')) {
    repository(join(directory, 'repository'));
    const terminal = new TimedTerminal('tig', [], { cwd: join(directory, 'repository') });
    await terminal.see(`order ${LENGTH - 1}`);
    await terminal.quiet();
    rows.push(await measureList('tig', terminal));
    tig = rows[rows.length - 1].move;
    await terminal.close();
  }
  if (installed('lnav')) {
    log(join(directory, 'list.log'));
    // Its clock would send something each second; it says what stands there instead once it has read the list. It begins at its end.
    const settings = ['-c', ':config /ui/clock-format no clock', '-c', ':goto 0'];
    const terminal = new TimedTerminal('lnav', [...settings, join(directory, 'list.log')], {
      home: directory,
    });
    await terminal.see('no clock');
    await terminal.see('order 0 ');
    await terminal.quiet();
    rows.push(await measureList('lnav', terminal));
    await terminal.close();
  }
  process.stdout.write(
    `a list of ${LENGTH} on a terminal of 120×40, ${STEPS} keys of each kind, one at a time\n`,
  );
  table(rows);
  const outcomes = outcomesOf(rows, tig);
  printOutcomes(outcomes);
  const file = process.env['FORKPOINT_BENCH_JSON'];
  if (file) writeFileSync(file, `${JSON.stringify({ length: LENGTH, outcomes, rows }, undefined, 2)}\n`);
} finally {
  await stopAllServers();
  rmSync(directory, { recursive: true, force: true });
}
