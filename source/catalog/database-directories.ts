/**
 * Where the files of a cluster's databases are: in base/, or in a tablespace that a database was put into. One with a home elsewhere may
 * have single tables in either; only its home has the map of its catalogs.
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { tablespaceVersionDirectory, versionOfMajor } from '../wal/versions.js';
import { DEFAULT_TABLESPACE } from './bootstrap.js';
import type { Oid } from './model.js';

/** A directory that a database has files in, and the tablespace that is in. */
export interface DatabaseDirectory {
  readonly directory: string;
  readonly tablespaceOid: Oid;
}

/** OIDs of all databases that have a home, or files in base/, the lowest (template1) first. */
export function databaseOids(dataDirectory: string, majorVersion: number): Oid[] {
  const oids = new Set(oidNames(path.join(dataDirectory, 'base')));
  for (const tablespaceOid of tablespaceOids(dataDirectory)) {
    const inside = tablespacePath(dataDirectory, majorVersion, tablespaceOid);
    for (const oid of oidNames(inside)) if (isHome(path.join(inside, String(oid)))) oids.add(oid);
  }
  return [...oids].sort((a, b) => a - b);
}

/** The home of a database, or what there is of it in base/; undefined when there is neither. */
export function databaseHome(
  dataDirectory: string,
  majorVersion: number,
  oid: Oid,
): DatabaseDirectory | undefined {
  for (const tablespaceOid of [DEFAULT_TABLESPACE, ...tablespaceOids(dataDirectory)]) {
    const directory = databasePath(dataDirectory, majorVersion, oid, tablespaceOid);
    if (isHome(directory)) return { directory, tablespaceOid };
  }
  const inBase = databasePath(dataDirectory, majorVersion, oid, DEFAULT_TABLESPACE);
  return existsSync(inBase) ? { directory: inBase, tablespaceOid: DEFAULT_TABLESPACE } : undefined;
}

/** Where a tablespace (not pg_global) keeps a database's files, whether there are any or not (GetDatabasePath() in relpath.c). */
export function databasePath(
  dataDirectory: string,
  majorVersion: number,
  oid: Oid,
  tablespaceOid: Oid,
): string {
  const inside =
    tablespaceOid === DEFAULT_TABLESPACE
      ? path.join(dataDirectory, 'base')
      : tablespacePath(dataDirectory, majorVersion, tablespaceOid);
  return path.join(inside, String(oid));
}

/** The link that leads to a tablespace of its own. */
export function tablespaceDirectory(dataDirectory: string, tablespaceOid: Oid): string {
  return path.join(dataDirectory, 'pg_tblspc', String(tablespaceOid));
}

function tablespacePath(dataDirectory: string, majorVersion: number, tablespaceOid: Oid): string {
  const version = tablespaceVersionDirectory(versionOfMajor(majorVersion)!);
  return path.join(tablespaceDirectory(dataDirectory, tablespaceOid), version);
}

function tablespaceOids(dataDirectory: string): Oid[] {
  return oidNames(path.join(dataDirectory, 'pg_tblspc'));
}

function isHome(directory: string): boolean {
  return existsSync(path.join(directory, 'pg_filenode.map'));
}

/** What in a directory is named like an OID; nothing when it is not there. */
function oidNames(directory: string): Oid[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => /^[1-9][0-9]*$/.test(name))
    .map(Number);
}
