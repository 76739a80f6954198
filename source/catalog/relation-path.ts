/** Where a relation's main fork lies in a data directory (relpath.c: GetRelationPath). */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tablespaceVersionDirectory, versionOfMajor } from '../wal/versions.js';
import type { RelationLocator } from './model.js';

/** OIDs of pg_default and pg_global (catalog/pg_tablespace.dat). */
const DEFAULT_TABLESPACE = 1663;
const GLOBAL_TABLESPACE = 1664;

const HOME_MARK = 'pg_filenode.map';

/** The file of the relation's first segment, whether it is there or not. Tablespace 0 is the database's own (pg_class.reltablespace). */
export function relationPath(dataDirectory: string, majorVersion: number, locator: RelationLocator): string {
  const { tablespaceOid, databaseOid, fileNode } = locator;
  const file = String(fileNode);
  if (tablespaceOid === GLOBAL_TABLESPACE) return join(dataDirectory, 'global', file);
  const directory = tablespaceOid === 0 ? databaseHome : databaseDirectory;
  return join(directory(dataDirectory, majorVersion, databaseOid, tablespaceOid), file);
}

/** Where a tablespace keeps a database's files. */
function databaseDirectory(
  dataDirectory: string,
  majorVersion: number,
  databaseOid: number,
  tablespaceOid: number,
): string {
  if (tablespaceOid === DEFAULT_TABLESPACE) return join(dataDirectory, 'base', String(databaseOid));
  const version = tablespaceVersionDirectory(versionOfMajor(majorVersion)!);
  return join(tablespaceDirectory(dataDirectory, tablespaceOid), version, String(databaseOid));
}

/** A database may have single tables in any tablespace; only its home has the map of its catalogs. */
function databaseHome(dataDirectory: string, majorVersion: number, databaseOid: number): string {
  const inBase = databaseDirectory(dataDirectory, majorVersion, databaseOid, DEFAULT_TABLESPACE);
  if (existsSync(join(inBase, HOME_MARK))) return inBase;
  const tablespaces = join(dataDirectory, 'pg_tblspc');
  for (const name of existsSync(tablespaces) ? readdirSync(tablespaces) : []) {
    const directory = databaseDirectory(dataDirectory, majorVersion, databaseOid, Number(name));
    if (existsSync(join(directory, HOME_MARK))) return directory;
  }
  return inBase;
}

/** The link that leads to a tablespace of its own. */
export function tablespaceDirectory(dataDirectory: string, tablespaceOid: number): string {
  return join(dataDirectory, 'pg_tblspc', String(tablespaceOid));
}

/** True for a tablespace outside the data directory. */
export function isOutside(tablespaceOid: number): boolean {
  return tablespaceOid !== 0 && tablespaceOid !== DEFAULT_TABLESPACE && tablespaceOid !== GLOBAL_TABLESPACE;
}
