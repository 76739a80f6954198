/** An export made by several threads: the same bytes, counts and complaints as by one, whatever becomes of the threads. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { exportTransactions } from '../source/export/export.js';
import { SelectionSums } from '../source/export/selection.js';
import type { ExportRequest, ExportSummary, IncidentRequest } from '../source/incident/model.js';
import { openIncident } from '../source/incident/open.js';
import type { OpenedIncident } from '../source/incident/opened-incident.js';
import { createWorkerClient } from '../source/incident/worker-client.js';
import { Crew } from '../source/jobs/crew.js';
import { beginExport, Chosen, exportBody, startCrew } from '../source/jobs/export-body.js';
import { planParts, type TransactionPlaces } from '../source/jobs/plan.js';
import { type BuiltIncident, buildIncident } from './servers/incident.js';
import { stopAllServers } from './servers/server.js';
import { runSql } from './support/exported-sql.js';
import { CLI } from './support/program.js';
import { recordedIncident } from './support/recorded.js';
import { scratchDirectory } from './support/scratch.js';

const MEMORY = 1024 ** 3;
/** Small enough to make many parts of a small incident. */
const PART_BYTES = 2000;

interface Opened {
  readonly request: IncidentRequest;
  readonly incident: OpenedIncident;
}

async function open(pack: string, name: string): Promise<Opened> {
  const { oldDataDirectory, newDataDirectory } = recordedIncident(pack, name);
  const request = { old: oldDataDirectory, new: newDataDirectory };
  const incident = await openIncident(request);
  while (incident.step(1000));
  return { request, incident };
}

/** Exports everything into a directory of its own: the files and what was said of them. */
async function exported(
  { incident }: Opened,
  over: Partial<ExportRequest>,
  crew?: Crew,
  midway: (crew: Crew) => void = () => {},
): Promise<{ files: Record<string, string>; summary: ExportSummary }> {
  const output = scratchDirectory('jobs');
  const request: ExportRequest = { format: 'sql', undo: false, guard: false, ddl: false, output, ...over };
  const chosen = new Chosen();
  const selections = new SelectionSums();
  for (let index = 0; index < incident.length; index++) {
    const transaction = incident.transaction(index);
    chosen.add(index, transaction.walBytes);
    selections.add(transaction);
  }
  const context = {
    version: '1.2.3',
    overview: incident.overview(),
    loss: incident.progress().loss,
    besides: incident.besides(),
    selections,
  };
  const writing = exportTransactions(
    request,
    exportBody(incident, chosen, request.undo, crew, PART_BYTES),
    context,
  );
  for (;;) {
    const { done, value } = writing.next();
    if (done) {
      const files = Object.fromEntries(
        readdirSync(output).map((name) => [name, readFileSync(join(output, name), 'utf8')]),
      );
      const summary = JSON.parse(JSON.stringify(value).replaceAll(output, '')) as ExportSummary;
      return { files, summary };
    }
    if (crew) midway(crew);
    await (value.waiting ?? new Promise((resolve) => setImmediate(resolve)));
  }
}

/** Threads that have read everything, so that there is something for each. */
async function readyCrew({ request, incident }: Opened, count: number, megabytes?: number): Promise<Crew> {
  const memory = megabytes === undefined ? MEMORY : megabytes * count * 1024 ** 2;
  const crew = new Crew(request, count, memory, incident.room);
  while (crew.readySize < crew.size) await crew.news();
  return crew;
}

const WAYS: readonly Partial<ExportRequest>[] = [
  {},
  { ddl: true },
  { undo: true },
  { undo: true, guard: true, ddl: true },
  { guard: true, partitionRoot: true },
  { format: 'wal2json' },
  { format: 'csv' },
];

for (const name of ['logical', 'replica']) {
  describe(`an export by several threads, wal_level=${name}`, { timeout: 120_000 }, () => {
    let opened: Opened;
    before(async () => {
      opened = await open('pg17', name);
    });

    for (const count of [1, 4]) {
      it(`writes the same bytes and counts with ${count} more`, async () => {
        const crew = await readyCrew(opened, count);
        try {
          for (const way of WAYS) {
            const alone = await exported(opened, way);
            assert.ok(alone.summary.leftOut > 0 || way.format === 'csv', 'some changes cannot be written');
            const made = crew.partsMade;
            const together = await exported(opened, way, crew);
            assert.deepEqual(together, alone, JSON.stringify(way));
            assert.ok(crew.partsMade > made, 'the others made some of it');
          }
        } finally {
          await crew.close();
        }
      });
    }

    it('goes on alone when the threads die in the middle', async () => {
      const alone = await exported(opened, { ddl: true });
      for (const after of [0, 5]) {
        const crew = await readyCrew(opened, 2);
        let looks = 0;
        const together = await exported(opened, { ddl: true }, crew, () => {
          if (looks++ === after) crew.lose();
        });
        await crew.close();
        assert.deepEqual(together, alone);
      }
    });

    it('goes on alone when they have not the memory to read', async () => {
      const alone = await exported(opened, {});
      const crew = await readyCrew(opened, 2, 4);
      assert.equal(crew.size, 0);
      const together = await exported(opened, {}, crew);
      await crew.close();
      assert.deepEqual(together, alone);
    });
  });
}

describe('an export cut into parts', () => {
  /** Transactions as [first LSN, commit LSN]. */
  const places = (spans: readonly (readonly [number, number])[]): TransactionPlaces => ({
    firstLsn: (index) => spans[index][0],
    commitLsn: (index) => spans[index][1],
    walBytes: (index) => spans[index][1] - spans[index][0],
  });
  const all = (count: number) => Uint32Array.from({ length: count }, (_, index) => index);

  it('has every transaction once, in order', () => {
    const spans = Array.from({ length: 5000 }, (_, i) => [i * 1000, i * 1000 + 1500] as const);
    const { parts } = planParts(places(spans), all(5000));
    assert.ok(parts.length > 5);
    assert.equal(parts[0].from, 0);
    assert.equal(parts.at(-1)!.to, 5000);
    for (let i = 1; i < parts.length; i++) assert.equal(parts[i].from, parts[i - 1].to);
    for (const { from, to, keepFrom } of parts) {
      assert.ok(to > from);
      assert.equal(keepFrom, from * 1000);
    }
    assert.deepEqual(planParts(places(spans), all(0)).parts, []);
  });

  it('lets one long transaction hold nobody up, and reads nothing many times over for many', () => {
    const MB = 1024 * 1024;
    const short = Array.from({ length: 64 }, (_, i) => [i * MB, i * MB + 1000] as const);
    const one = planParts(places([...short, [0, 64 * MB]]), all(65), 2000);
    assert.equal(one.parts[20].keepFrom, short[one.parts[20].from][0]);
    const many = planParts(places([...short, [0, 64 * MB], [1, 65 * MB], [2, 66 * MB]]), all(67), 2000);
    assert.equal(many.longest, Number.POSITIVE_INFINITY);
    assert.ok(many.parts.every(({ keepFrom }) => keepFrom <= 2));
  });
});

describe('an export that is worth several threads', { timeout: 240_000 }, () => {
  let built: BuiltIncident;
  after(stopAllServers);

  before(async () => {
    built = await buildIncident({
      major: 17,
      walLevel: 'replica',
      databases: ['postgres', 'second'],
      settings: { max_wal_size: '2GB' },
      before: async (old) => {
        await old.query('CREATE DATABASE second');
        for (const database of ['postgres', 'second'])
          await runSql(old, 'CREATE TABLE one (id int PRIMARY KEY, words text)', database);
      },
      lost: async (old) => {
        for (let i = 0; i < 16; i++) {
          await runSql(
            old,
            `INSERT INTO one SELECT ${i} * 10000 + i, repeat('word ', 28) || i FROM generate_series(1, 10000) AS i`,
            i % 3 === 0 ? 'second' : 'postgres',
          );
          await old.query(`UPDATE one SET words = 'changed' WHERE id % 977 = ${i}`);
        }
        await old.query('TRUNCATE one');
      },
    });
  });

  /** Runs an export; what it wrote and said, and what it left in the places it was given. */
  async function run(args: readonly string[], kill?: number) {
    const home = scratchDirectory('jobs-run');
    const [temp, system, out] = ['temp', 'system', 'out'].map((name) => join(home, name));
    for (const place of [temp, system, out]) mkdirSync(place);
    const child = spawn(
      process.execPath,
      [CLI, 'export', built.oldDataDirectory, built.newDataDirectory, '--temp-dir', temp, '-o', out, ...args],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TMPDIR: system } },
    );
    let said = '';
    child.stderr.on('data', (piece) => {
      said += piece;
    });
    const timer = kill === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), kill);
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    clearTimeout(timer);
    const files = readdirSync(out);
    const sums = files.map((name) =>
      createHash('sha256')
        .update(readFileSync(join(out, name)))
        .digest('hex'),
    );
    return {
      code,
      said: said.replaceAll(home, ''),
      files,
      sums,
      left: [temp, system].flatMap((place) => readdirSync(place)),
    };
  }

  it('is the same with any number of them', async () => {
    for (const way of [[], ['--undo', '--ddl']]) {
      const alone = await run([...way, '--jobs', '1']);
      assert.deepEqual(alone.files, ['postgres.sql', 'second.sql']);
      assert.deepEqual(alone.left, []);
      for (const jobs of ['2', '5']) assert.deepEqual(await run([...way, '--jobs', jobs]), alone);
    }
  });

  it('gets them as soon as transactions turn out too long to be written while they are read, and none for what is', async () => {
    const where = { old: built.oldDataDirectory, new: built.newDataDirectory, jobs: 3 };
    const request = { format: 'sql', undo: false, guard: false, ddl: false } as const;
    const incident = await openIncident(where);
    const crews: Crew[] = [];
    const join = (crew: Crew) => crews.push(crew);
    const look = beginExport(incident, where, request, join);
    look();
    assert.equal(crews.length, 0);
    for (; crews.length === 0; look()) assert.ok(incident.step(0), 'all was read, and nobody had come');
    assert.equal(crews[0].size, 2);
    while (incident.step(1000));
    assert.equal(crews.length, 1);
    assert.ok(!incident.wroteMostAhead);
    incident.close();
    const other = await openIncident(where);
    beginExport(other, where, { ...request, undo: true }, join)();
    assert.equal(crews.length, 2);
    other.close();
    for (const crew of crews) await crew.close();
  });

  it('has none come unasked where a few transactions are all, for nobody can help with one', async () => {
    const where = { old: built.oldDataDirectory, new: built.newDataDirectory };
    const incident = await openIncident(where);
    const crewFor = (length: number, jobs?: number) =>
      startCrew(incident, { ...where, jobs }, 'sql', { walBytes: 1024 ** 3, length });
    assert.equal(crewFor(4), undefined);
    for (const crew of [crewFor(4, 2), ...(availableParallelism() > 1 ? [crewFor(100)] : [])]) {
      assert.equal(crew?.size, 1);
      await crew.close();
    }
    incident.close();
  });

  it('leaves nothing behind whenever it is interrupted', async () => {
    for (const milliseconds of [100, 300, 500, 700, 900, 1200]) {
      const { code, files, left } = await run(['--jobs', '3'], milliseconds);
      assert.deepEqual(left, []);
      assert.deepEqual(files, code === 3 ? ['postgres.sql', 'second.sql'] : [], `after ${milliseconds} ms`);
    }
  });

  it('is the same from the full-screen program, and leaves nothing when it is stopped there', async () => {
    const output = scratchDirectory('jobs-client');
    const client = createWorkerClient();
    const request = {
      format: 'sql',
      undo: false,
      guard: false,
      ddl: false,
      filter: 'db:postgres',
      output: join(output, 'lost.sql'),
    } as const;
    try {
      const read = new Promise<void>((resolve) =>
        client.onProgress(({ phase }) => {
          if (phase === 'done') resolve();
        }),
      );
      await client.open({ old: built.oldDataDirectory, new: built.newDataDirectory, jobs: 3 });
      await read;
      const stopping = assert.rejects(client.export(request), /was stopped/);
      await client.stopExport();
      await stopping;
      assert.deepEqual(readdirSync(output), []);
      const summary = await client.export(request);
      const alone = await run(['--filter', 'db:postgres', '--jobs', '1']);
      assert.deepEqual([summary.files[0].sha256], alone.sums);
    } finally {
      await client.close();
    }
  });
});
