/** What of a data directory has to be kept for reading an incident: a few megabytes instead of hundreds. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lsn } from '../../source/bytes/lsn.js';
import type { Server } from '../servers/server.js';

/** Files and directories that are small and tell something, whole. */
const WHOLE = [
  'PG_VERSION',
  'postgresql.conf',
  'postgresql.auto.conf',
  'pg_xact',
  'pg_multixact',
  'pg_twophase',
  'global/pg_control',
  'global/pg_filenode.map',
];

/** Catalogs that are large and say nothing of tables, their columns and their rows. */
const TALKATIVE =
  'pg_depend pg_description pg_rewrite pg_operator pg_amop pg_amproc pg_statistic pg_conversion pg_ts_config_map pg_init_privs'.split(
    ' ',
  );

/**
 * Paths, relative to a running server's data directory, of what tells a database's tables: its catalogs, tables and TOAST tables, without
 * indexes, free space and visibility maps. `catalogs` names the only ones wanted; without it all but the talkative are kept.
 */
export async function relationPaths(
  server: Server,
  database: string,
  catalogs?: readonly string[],
): Promise<string[]> {
  const client = await server.connect(database);
  const { rows } = await client.query<{ path: string }>(
    `WITH wanted AS (
       SELECT oid, reltoastrelid FROM pg_class
       WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'
         AND CASE WHEN $1::text[] IS NULL THEN relname <> ALL ($2) ELSE relname = ANY ($1) END)
     SELECT pg_relation_filepath(oid) AS path FROM pg_class
     WHERE relkind IN ('r', 't', 'S', 'm') AND (oid >= 16384 OR oid IN (SELECT oid FROM wanted UNION SELECT reltoastrelid FROM wanted))`,
    [catalogs ?? null, TALKATIVE],
  );
  await client.end();
  const home = dirname(rows.find(({ path }) => path.startsWith('base/'))!.path);
  return [...WHOLE, `${home}/PG_VERSION`, `${home}/pg_filenode.map`, ...rows.map(({ path }) => path)];
}

/** Where a segment of `segmentSize` bytes begins, by its name (xlog_internal.h, XLogFromFileName). */
function segmentStart(fileName: string, segmentSize: number): Lsn {
  return (
    Number.parseInt(fileName.slice(8, 16), 16) * 0x1_0000_0000 +
    Number.parseInt(fileName.slice(16), 16) * segmentSize
  );
}

/**
 * History files, and the segments that hold WAL between the two LSNs: recycled and future ones stay behind. Of the
 * segment in which a timeline began its parent's file stays behind too: it holds nothing that the child's has not.
 */
export function walPaths(dataDirectory: string, from: Lsn, to: Lsn): string[] {
  const directory = join(dataDirectory, 'pg_wal');
  const names = readdirSync(directory).sort();
  return names
    .filter((name, index) => {
      if (/^[0-9A-F]{8}\.history$/.test(name)) return true;
      if (!/^[0-9A-F]{24}$/.test(name)) return false;
      if (names.slice(index + 1).some((later) => later.endsWith(name.slice(8)))) return false;
      const { size } = statSync(join(directory, name));
      const start = segmentStart(name, size);
      return start + size > from && start <= to;
    })
    .map((name) => `pg_wal/${name}`);
}

/** The files among the paths that exist; of a directory, every file in it. */
export function existingFiles(dataDirectory: string, paths: Iterable<string>): string[] {
  const files: string[] = [];
  for (const path of paths) {
    const whole = join(dataDirectory, path);
    if (!existsSync(whole)) continue;
    if (!statSync(whole).isDirectory()) files.push(path);
    else
      files.push(
        ...existingFiles(
          dataDirectory,
          readdirSync(whole)
            .sort()
            .map((name) => `${path}/${name}`),
        ),
      );
  }
  return files;
}

/** Where the server would write its next record. */
export async function currentLsn(server: Server): Promise<Lsn> {
  const [{ lsn }] = await server.query(`SELECT (pg_current_wal_insert_lsn() - '0/0')::text AS lsn`);
  return Number(lsn);
}

/** Redo pointer of the server's last checkpoint. */
export async function redoLsn(server: Server): Promise<Lsn> {
  const [{ lsn }] = await server.query(`SELECT (redo_lsn - '0/0')::text AS lsn FROM pg_control_checkpoint()`);
  return Number(lsn);
}
