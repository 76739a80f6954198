/** Nodes of one real cluster that are promoted, cut off, recovered and followed in every order, and what forkpoint says of two of them. */
import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatLsn, type Lsn, parseLsn } from '../../source/bytes/lsn.js';
import type { IncidentOverview, IncidentRequest, LossFigures } from '../../source/incident/model.js';
import { openIncident } from '../../source/incident/open.js';
import { OWNER } from '../servers/owner.js';
import { initdb, type Server, type Settings } from '../servers/server.js';

/** What every cluster here runs with: keeping its WAL, and quick to look for more. */
const SETTINGS: Settings = {
  wal_level: 'replica',
  max_wal_size: '1GB',
  checkpoint_timeout: '1h',
  wal_retrieve_retry_interval: '50ms',
};

/** A new running primary with a table `work (id, note)`; segments of 1 MB where the major can. */
export async function newPrimary(major: number, settings: Settings = {}, checksums = true): Promise<Server> {
  const keep: Settings = major >= 13 ? { wal_keep_size: '512MB' } : { wal_keep_segments: 100 };
  const server = await initdb(major, {
    walSegmentSizeMb: major > 10 ? 1 : undefined,
    checksums,
    settings: { ...SETTINGS, ...keep, ...settings },
  });
  await server.start();
  await server.query('CREATE TABLE work (id serial PRIMARY KEY, note text)');
  return server;
}

/** One transaction for each note. */
export async function write(server: Server, ...notes: string[]): Promise<void> {
  for (const note of notes) await server.query('INSERT INTO work (note) VALUES ($1)', [note]);
}

/** Where a running primary writes. */
export async function position(server: Server): Promise<Lsn> {
  const [{ lsn }] = await server.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn');
  return parseLsn(lsn)!;
}

function recoverySettings(
  server: Server,
  settings: Settings,
  signal: 'standby.signal' | 'recovery.signal',
): void {
  if (server.major >= 12) {
    server.configure(settings);
    writeFileSync(join(server.dataDirectory, signal), '');
    return;
  }
  const all = signal === 'standby.signal' ? { standby_mode: 'on', ...settings } : settings;
  const file = join(server.dataDirectory, 'recovery.conf');
  writeFileSync(
    file,
    Object.entries(all)
      .map(([name, value]) => `${name} = '${value}'\n`)
      .join(''),
  );
  chownSync(file, OWNER.uid, OWNER.gid);
}

/** A copy of a stopped node, set to follow `primary` (itself by default). */
export async function standbyOf(stopped: Server, primary: Server = stopped): Promise<Server> {
  const copy = await stopped.copy();
  follow(copy, primary);
  return copy;
}

/** Sets a stopped node to follow another one along the newest timeline. */
export function follow(server: Server, primary: Server): void {
  const primary_conninfo = `host=${primary.socketDirectory} port=${primary.port} user=postgres`;
  recoverySettings(server, { primary_conninfo, recovery_target_timeline: 'latest' }, 'standby.signal');
}

/** Starts a stopped node as a standby of nobody and promotes it: on to a timeline of its own. */
export async function promoteAlone(server: Server): Promise<void> {
  const settings = { primary_conninfo: '', recovery_target_timeline: server.major >= 12 ? 'current' : '' };
  recoverySettings(server, server.major >= 12 ? settings : {}, 'standby.signal');
  await server.start();
  await server.promote();
}

/** Starts a stopped node's recovery to a target, after which it is a primary. */
export async function recoverTo(server: Server, settings: Settings): Promise<void> {
  recoverySettings(server, { ...settings, recovery_target_action: 'promote' }, 'recovery.signal');
  await server.start();
  for (;;) {
    const [{ recovering }] = await server.query<{ recovering: boolean }>(
      'SELECT pg_is_in_recovery() AS recovering',
    );
    if (!recovering) return;
  }
}

/** What forkpoint says of two nodes. */
export interface Answer {
  readonly overview: IncidentOverview;
  readonly loss: LossFigures;
  /** `1 0/3000060`. */
  readonly fork: string;
  /** Notes that lost transactions inserted, in commit order. */
  readonly lost: readonly string[];
  readonly incomplete: boolean;
  /** All sentences about how the fork was found, and the warnings of both sides. */
  readonly said: string;
}

/** Reads both sides to the end. */
export async function ask(
  old: Server | string,
  fresh: Server | string,
  more: Partial<IncidentRequest> = {},
): Promise<Answer> {
  const path = (side: Server | string): string => (typeof side === 'string' ? side : side.dataDirectory);
  const incident = await openIncident({ ...more, old: path(old), new: path(fresh) });
  try {
    while (incident.step(1000));
    const lost: string[] = [];
    for (let index = 0; index < incident.length; index++) {
      for (const change of incident.changes(index)) {
        if (change.kind !== 'row' || change.table.name !== 'work') continue;
        lost.push(change.problem ?? String(change.after?.[1]));
      }
    }
    const overview = incident.overview();
    return {
      overview,
      loss: incident.progress().loss,
      fork: `${overview.fork.timeline} ${formatLsn(overview.fork.lsn)}`,
      lost,
      incomplete: incident.incomplete,
      said: [
        ...overview.fork.evidence,
        ...overview.warnings,
        ...overview.old.warnings,
        ...overview.new.warnings,
      ].join('\n'),
    };
  } finally {
    incident.close();
  }
}
