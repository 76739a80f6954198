/**
 * Files that mapped catalogs were in where reading begins, when they have been rewritten (VACUUM FULL) since: nothing on disk names
 * them any more, and WAL shows them by what is in them alone.
 */
import path from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { FIRST_NORMAL_OID } from '../catalog/bootstrap.js';
import { type BranchPoint, isSharedFile } from '../catalog/branch-point.js';
import type { BranchableCatalog } from '../catalog/catalog.js';
import { databaseHome, databaseOids } from '../catalog/database-directories.js';
import { readFileNodeMap } from '../catalog/filenode-map.js';
import type { RelationLocator } from '../catalog/model.js';
import type { ControlFile } from '../timeline/control-file.js';
import { CatalogFilesScan } from '../transactions/catalog-files-scan.js';
import type { StartingPoint } from '../transactions/starting-point.js';
import type { WalSegments } from '../wal/segments.js';

/** How many images of one file are looked at. */
const MOST_LOOKS = 64;

function namesNewFile(map: string, point: BranchPoint): boolean {
  try {
    return [...readFileNodeMap(map).values()].some((node) => !isSharedFile(point, node));
  } catch (error) {
    // Whoever needs that database will say so.
    if (error instanceof ForkpointError) return false;
    throw error;
  }
}

/** Databases whose map names a file that was not there yet at the point. */
function rewrittenSince(dataDirectory: string, majorVersion: number, point: BranchPoint): Set<number> {
  const rewritten = databaseOids(dataDirectory, majorVersion).filter((oid) => {
    const { directory } = databaseHome(dataDirectory, majorVersion, oid)!;
    return namesNewFile(path.join(directory, 'pg_filenode.map'), point);
  });
  return new Set(rewritten);
}

/** Goes over the WAL for such files and tells the catalog of them; nothing is read when no catalog has been rewritten. */
export function lookForEarlierFiles(
  dataDirectory: string,
  catalog: BranchableCatalog,
  segments: WalSegments,
  start: StartingPoint,
  { majorVersion, pageSize }: Pick<ControlFile, 'majorVersion' | 'pageSize'>,
): void {
  if (!start.checkpoint) return;
  const { nextXid, nextOid, nextMultixact } = start.checkpoint;
  const point: BranchPoint = { lsn: start.startLsn, nextXid, nextOid, nextMultixact };
  const databases = rewrittenSince(dataDirectory, majorVersion, point);
  if (databases.size === 0) return;
  const looks = new Map<string, number>();
  const wantsPage = ({ databaseOid, fileNode }: RelationLocator): boolean => {
    if (!databases.has(databaseOid) || fileNode < FIRST_NORMAL_OID || !isSharedFile(point, fileNode))
      return false;
    const key = `${databaseOid}/${fileNode}`;
    const count = looks.get(key) ?? 0;
    looks.set(key, count + 1);
    return count < MOST_LOOKS && catalog.isInDoubt(databaseOid, point);
  };
  const scan = new CatalogFilesScan(segments, pageSize, start.startLsn, {
    map: (databaseOid, bytes) => {
      if (databases.has(databaseOid)) catalog.expectMap(databaseOid, bytes);
    },
    created: () => {},
    wantsPage,
    page: (locator, page) => catalog.recognize(locator, page, point),
  });
  while (scan.step(1000));
}
