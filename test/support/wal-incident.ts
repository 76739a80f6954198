/**
 * An incident over several small segments, for tests that take its WAL apart: what is moved, packed, cut or broken, in copies of the old
 * primary's directory, must give the same loss or say what is missing.
 */
import { cpSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { IncidentOverview, IncidentRequest } from '../../source/incident/model.js';
import { openIncident } from '../../source/incident/open.js';
import type { OpenedIncident } from '../../source/incident/opened-incident.js';
import { type BuiltIncident, buildIncident } from '../servers/incident.js';
import { scratchDirectory } from './scratch.js';

const SEGMENT = /^[0-9A-F]{24}$/;

/** How many transactions it loses. */
export const LOST_TRANSACTIONS = 60;

/** Builds one whose lost part lies in at least four segments of 1 MB. */
export function buildWalIncident(major = 17): Promise<BuiltIncident> {
  return buildIncident({
    major,
    walSegmentSizeMb: major >= 11 ? 1 : undefined,
    walLevel: 'replica',
    settings: major >= 13 ? { wal_keep_size: '400MB' } : { wal_keep_segments: 200 },
    before: async (old) => {
      await old.query('CREATE TABLE item (id int PRIMARY KEY, state text, filler text)');
      await old.query(
        `INSERT INTO item SELECT g, 'new', (SELECT string_agg(md5(g || '.' || n), '') FROM generate_series(1, 20) n) FROM generate_series(1, 500) g`,
      );
      await old.query('CHECKPOINT');
    },
    shared: async (old) => {
      for (let round = 0; round < 30; round++)
        await old.query(`UPDATE item SET state = 'shared ${round}' WHERE id % 10 = ${round % 10}`);
    },
    lost: async (old) => {
      for (let round = 0; round < LOST_TRANSACTIONS; round++)
        await old.query(
          `UPDATE item SET state = 'lost ${round}', filler = md5(filler) || filler WHERE id % 3 = ${round % 3}`,
        );
    },
    after: async (promoted) => {
      await promoted.query(`INSERT INTO item VALUES (9000, 'only here', '')`);
    },
  });
}

/** A copy of the old primary's data directory, to be taken apart. */
export function copyOfOld(built: BuiltIncident): string {
  const directory = join(scratchDirectory('old'), 'data');
  cpSync(built.oldDataDirectory, directory, { recursive: true, verbatimSymlinks: true });
  return directory;
}

/** The names of the whole segments in a data directory's pg_wal, in order. */
export function segmentsOf(dataDirectory: string): string[] {
  return readdirSync(join(dataDirectory, 'pg_wal'))
    .filter((name) => SEGMENT.test(name))
    .sort();
}

/** Moves segments out of a data directory's pg_wal into a new directory; gives that. */
export function moveAway(dataDirectory: string, names: readonly string[]): string {
  const archive = scratchDirectory('archive');
  mkdirSync(archive, { recursive: true });
  for (const name of names) renameSync(join(dataDirectory, 'pg_wal', name), join(archive, name));
  return archive;
}

/** What reading an incident to its end gives. */
export interface ReadLoss {
  /** xid, commit LSN, and every row's old and new values, in commit order. */
  readonly transactions: readonly string[];
  readonly incomplete: boolean;
  readonly overview: IncidentOverview;
}

/** Opens and reads all of it. */
export async function readLoss(request: IncidentRequest): Promise<ReadLoss> {
  const incident = await openIncident(request);
  try {
    return await lossOf(incident);
  } finally {
    incident.close();
  }
}

async function lossOf(incident: OpenedIncident): Promise<ReadLoss> {
  while (incident.step(1000)) await incident.fetch();
  const transactions: string[] = [];
  for (let index = 0; index < incident.length; index++) {
    const { xid, commitLsn } = incident.transaction(index);
    transactions.push(JSON.stringify([xid, commitLsn, [...incident.changes(index)].map(rowText)]));
  }
  return { transactions, incomplete: incident.incomplete, overview: incident.overview() };
}

function rowText(
  change: ReturnType<OpenedIncident['changes']> extends Iterable<infer C> ? C : never,
): unknown {
  return change.kind === 'row' ? [change.operation, change.before, change.after] : change;
}
