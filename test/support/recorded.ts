/**
 * Recorded incidents: real ones, made once by `npm run record` from the workload of the live matrix, trimmed to what reading needs and
 * kept in `test/recorded` together with what PostgreSQL itself said of them. They are read without any server.
 *
 * A pack (`pack.ts`) holds one or more incidents, each a directory with `old/`, `new/` and `truth.json` (`RecordedTruth`).
 * `recordIncident` in `recording.ts` makes those files of any incident that `buildIncident` built; `npm run record` packs both wal_levels
 * of a major into `pg<major>.pack`. Another kind of incident gets another pack, and is read the same way: `recordedIncidents('name')`.
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

/** A pack's incidents by name (`logical`, `replica`), unpacked into a directory that is gone when the process is. */
export function recordedIncidents(name: string): Record<string, RecordedIncident> {
  const files = recordedFiles(name);
  const directory = scratchDirectory(`recorded-${name}`);
  writeFiles(
    directory,
    files.filter(({ path }) => !path.endsWith('/truth.json')),
  );
  const incidents: Record<string, RecordedIncident> = {};
  for (const { path, bytes } of files) {
    if (!path.endsWith('/truth.json')) continue;
    const incident = path.slice(0, -'/truth.json'.length);
    incidents[incident] = {
      oldDataDirectory: join(directory, incident, 'old'),
      newDataDirectory: join(directory, incident, 'new'),
      truth: JSON.parse(Buffer.from(bytes).toString('utf8')) as RecordedTruth,
    };
  }
  return incidents;
}
