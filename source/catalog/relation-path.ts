/** Where a relation's main fork lies in a data directory (GetRelationPath() in relpath.c). */
import { join } from 'node:path';
import { DEFAULT_TABLESPACE, GLOBAL_TABLESPACE } from './bootstrap.js';
import { databaseHome, databasePath } from './database-directories.js';
import type { Oid, RelationLocator } from './model.js';

/** The file of the relation's first segment, whether it is there or not. Tablespace 0 is the database's own (pg_class.reltablespace). */
export function relationPath(dataDirectory: string, majorVersion: number, locator: RelationLocator): string {
  const { tablespaceOid, databaseOid, fileNode } = locator;
  const file = String(fileNode);
  if (tablespaceOid === GLOBAL_TABLESPACE) return join(dataDirectory, 'global', file);
  const home = tablespaceOid === 0 ? databaseHome(dataDirectory, majorVersion, databaseOid) : undefined;
  const directory =
    home?.directory ??
    databasePath(dataDirectory, majorVersion, databaseOid, tablespaceOid || DEFAULT_TABLESPACE);
  return join(directory, file);
}

/** True for a tablespace outside the data directory. */
export function isOutside(tablespaceOid: Oid): boolean {
  return tablespaceOid !== 0 && tablespaceOid !== DEFAULT_TABLESPACE && tablespaceOid !== GLOBAL_TABLESPACE;
}
