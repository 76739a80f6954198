/** The incidents that are measured: made once, kept where FORKPOINT_BENCH_DIRECTORY says, and used again. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { buildIncident } from '../servers/incident.js';
import { OWNER } from '../servers/owner.js';
import { Server } from '../servers/server.js';
import { temporaryDirectory } from '../servers/temporary.js';
import type { Shape } from './shapes.js';

/** The major that Debian 12 packages pg_waldump and pg_recvlogical for; another one's would refuse the WAL. */
export const MAJOR = 15;
/** The slot, made at the cut, from which the server decodes what was lost. */
export const SLOT = 'bench';

export interface BenchIncident {
  readonly name: string;
  readonly old: string;
  readonly new: string;
  readonly walLevel: 'logical' | 'replica';
  /** Bytes of the old primary's WAL from the cut to the crash. */
  readonly walBytes: number;
}

/** Reads or makes the incident of a shape. */
export async function incidentOf(
  shape: Shape,
  walLevel: 'logical' | 'replica',
  scale: number,
): Promise<BenchIncident> {
  const directory = process.env['FORKPOINT_BENCH_DIRECTORY'] ?? temporaryDirectory('bench');
  const name = `${shape.name}-${walLevel}-${scale}`;
  const place = join(directory, name);
  const facts = join(place, 'facts.json');
  if (existsSync(facts)) return JSON.parse(readFileSync(facts, 'utf8')) as BenchIncident;
  let walBytes = 0;
  const built = await buildIncident({
    major: MAJOR,
    walLevel,
    decode: false,
    // All of the WAL stays, with several checkpoints in it.
    settings: {
      max_wal_size: '1GB',
      wal_keep_size: '1TB',
      synchronous_commit: 'off',
      autovacuum: 'off',
      shared_buffers: '256MB',
      ...shape.settings,
    },
    before: async (old) => {
      await old.query(shape.schema);
    },
    shared: async (old) => {
      if (walLevel === 'logical')
        await old.query(`SELECT pg_create_logical_replication_slot('${SLOT}', 'test_decoding')`);
      await shape.shared?.(old, scale);
    },
    lost: async (old) => {
      const [{ from }] = await old.query(`SELECT pg_current_wal_insert_lsn() AS from`);
      await shape.work(old, scale);
      const [{ bytes }] = await old.query(`SELECT pg_current_wal_insert_lsn() - '${from}'::pg_lsn AS bytes`);
      walBytes = Number(bytes);
      // What is measured must be there: nobody waited for it.
      await old.query('SELECT pg_switch_wal()');
    },
    after: async (promoted) => {
      await shape.after?.(promoted, scale);
    },
  });
  mkdirSync(place, { recursive: true });
  chmodSync(directory, 0o755);
  execFileSync('cp', ['-a', built.oldDataDirectory, join(place, 'old')]);
  execFileSync('cp', ['-a', built.newDataDirectory, join(place, 'new')]);
  chownSync(place, OWNER.uid, OWNER.gid);
  const incident = { name, old: join(place, 'old'), new: join(place, 'new'), walLevel, walBytes };
  writeFileSync(facts, JSON.stringify(incident));
  return incident;
}

/** Starts a copy of the old primary, for it to decode its own WAL. */
export async function startCopyOfOld(incident: BenchIncident): Promise<Server> {
  return (await new Server(MAJOR, incident.old).copy()).start();
}

/** Names of the old primary's segments, in order. */
export function segmentsOf(incident: BenchIncident): string[] {
  return readdirSync(join(incident.old, 'pg_wal'))
    .filter((name) => /^[0-9A-F]{24}$/.test(name) && statSync(join(incident.old, 'pg_wal', name)).isFile())
    .sort();
}
