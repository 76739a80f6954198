/**
 * Recorded incidents: real ones, made once by `npm run record` from the workload of the live matrix, trimmed to what reading needs and
 * kept in `test/recorded` together with what PostgreSQL itself said of them. They are read without any server.
 *
 * A pack (`pack.ts`) holds one or more incidents, each a directory with `old/`, `new/` and `truth.json` (`RecordedTruth`).
 * `recordIncident` in `recording.ts` makes those files of any incident that `buildIncident` built; `npm run record` packs both wal_levels
 * of a major into `pg<major>.pack`. Another kind of incident gets another pack, and is read the same way: `recordedIncident('pack', 'name')`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Lsn } from '../../source/bytes/lsn.js';
import type { Truth } from '../servers/incident.js';
import type { TableRows } from '../servers/truth.js';
import { type PackedFile, unpack, writeFiles } from './pack.js';
import { scratchDirectory } from './scratch.js';

/** Compiled, this file lies in dist/test/support. */
const RECORDED = fileURLToPath(new URL('../../../test/recorded/', import.meta.url));

/** Table contents by database, then by `schema.table`. */
export type DatabaseRows = Readonly<Record<string, Readonly<Record<string, TableRows>>>>;

/** What PostgreSQL said of a recorded incident. */
export interface RecordedTruth extends Pick<Truth, 'transactions' | 'prepared'> {
  readonly major: number;
  readonly fork: Lsn;
  /** What the tables held: when the new primary was promoted, on the old primary at its end, on the new one at its end. */
  readonly contents: { readonly fork: DatabaseRows; readonly old: DatabaseRows; readonly new: DatabaseRows };
}

export interface RecordedIncident {
  readonly oldDataDirectory: string;
  readonly newDataDirectory: string;
  readonly truth: RecordedTruth;
}

/** Where a pack is kept. */
export function packPath(name: string): string {
  return join(RECORDED, `${name}.pack`);
}

/** A pack's files, not written anywhere. */
export function recordedFiles(name: string): PackedFile[] {
  const path = packPath(name);
  if (!existsSync(path)) throw new Error(`${path} is missing: npm run record makes it`);
  return unpack(readFileSync(path));
}

/** All incidents of a pack by name (`logical`, `replica`), as `recordedIncident` gives each. */
export function recordedIncidents(pack: string): Record<string, RecordedIncident> {
  const names = recordedFiles(pack).flatMap(({ path }) => /^(.+)\/truth\.json$/.exec(path)?.[1] ?? []);
  return Object.fromEntries(names.map((name) => [name, recordedIncident(pack, name)]));
}

/** One incident of a pack (`pg17`, `logical`), unpacked into a directory that is gone when the process is. */
export function recordedIncident(pack: string, name: string): RecordedIncident {
  const files = recordedFiles(pack).filter(({ path }) => path.startsWith(`${name}/`));
  const truth = files.find(({ path }) => path === `${name}/truth.json`);
  if (!truth) throw new Error(`${packPath(pack)} has no incident ${name}`);
  const directory = scratchDirectory(`recorded-${pack}`);
  writeFiles(
    directory,
    files.filter((file) => file !== truth),
  );
  return {
    oldDataDirectory: join(directory, name, 'old'),
    newDataDirectory: join(directory, name, 'new'),
    truth: JSON.parse(Buffer.from(truth.bytes).toString('utf8')) as RecordedTruth,
  };
}
