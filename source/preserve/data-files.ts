/** Which files of a data directory a copy needs besides WAL: who the cluster is, how its transactions ended, and its configuration. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Single files at the top; those that are not there are not missed. */
const TOP: readonly string[] = [
  'PG_VERSION',
  'postgresql.conf',
  'postgresql.auto.conf',
  'pg_hba.conf',
  'pg_ident.conf',
  'recovery.conf',
  'recovery.signal',
  'standby.signal',
  'backup_label',
  'tablespace_map',
];

/** Directories that are copied whole: how transactions and multixacts ended, what is prepared, the shared catalogs and the control file. */
const WHOLE: readonly string[] = [
  'pg_xact',
  join('pg_multixact', 'offsets'),
  join('pg_multixact', 'members'),
  'pg_twophase',
  'global',
];

/** Files in them that hold nothing lasting. */
const PASSING: ReadonlySet<string> = new Set(['pg_internal.init']);

/** Names relative to the data directory. */
export function dataFiles(dataDirectory: string): string[] {
  const names = TOP.filter((name) => existsSync(join(dataDirectory, name)));
  for (const directory of WHOLE) {
    const path = join(dataDirectory, directory);
    for (const name of existsSync(path) ? readdirSync(path) : []) {
      if (!PASSING.has(name) && statSync(join(path, name)).isFile()) names.push(join(directory, name));
    }
  }
  return names;
}
