/**
 * The old primary when only its WAL is left: its catalog is the new primary's, taken back to the fork and led on by the old one's own
 * WAL.
 *
 * Before the fork the two are one. Since then both give out the same transaction ids and file numbers, each for things of its own: so
 * of the new primary's files only what was written before the fork counts, and nothing that was removed there since counts as removed.
 * What the new primary has cleaned out of its files in the meantime is found in its own WAL, in the images of the pages it was on.
 */

import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { FIRST_NORMAL_OID } from '../catalog/bootstrap.js';
import { type BranchPoint, isSharedFile } from '../catalog/branch-point.js';
import type { BranchableCatalog } from '../catalog/catalog.js';
import type { RelationLocator } from '../catalog/model.js';
import { branchCatalog } from '../catalog/open.js';
import type { ControlFile } from '../timeline/control-file.js';
import { CatalogFilesScan } from '../transactions/catalog-files-scan.js';
import { ClusterReader } from '../transactions/cluster-reader.js';
import { findBranchPoint } from '../transactions/find-branch-point.js';
import { findStartingPoint, xidNotGivenOutAt } from '../transactions/starting-point.js';
import type { TemporaryRoom } from '../transactions/temporary-room.js';
import type { WalPlaces } from '../wal/wal-places.js';
import { breathe } from './breathe.js';
import { othersDisk, type SideDirectory, wantedWal } from './disks.js';
import type { OpenedSide } from './incident-parts.js';
import { catalogOptions, lastPossible, openSide, othersToast } from './open-side.js';

/** Pages of a file that are looked at before it is taken for none of the catalogs'. */
const MOST_LOOKS = 32;

/** Milliseconds of reading between two breaths. */
const SLICE = 50;

/** What it takes. */
export interface BranchRequest {
  /** The new primary's data directory (or a copy of its catalog) and its WAL. */
  readonly newSide: SideDirectory;
  readonly oldSegments: WalPlaces;
  readonly fork: Lsn;
  readonly tempDir: string | undefined;
  readonly room: TemporaryRoom;
}

/** Both sides, or why not; and what the operator must know. */
export interface BranchedSides {
  readonly old?: OpenedSide;
  readonly fresh?: OpenedSide;
  readonly unreadable?: string;
  readonly warnings: readonly string[];
}

/** Opens the old side. Reads the new primary's WAL, as far as it is there, to its end: what was there at the fork may only be in it. */
export async function openBranchedSides(request: BranchRequest): Promise<BranchedSides> {
  const { newSide, oldSegments, fork, tempDir, room } = request;
  const { control, segments: newSegments } = newSide;
  // What the new primary's disk is sure to hold: everything before its last checkpoint.
  const settled = Math.min(fork, control.checkpoint.redoLsn + 1);
  const start = findStartingPoint(oldSegments, settled, control.pageSize);
  const point = start && findBranchPoint(oldSegments, start, fork, control.pageSize);
  if (!start || !point) {
    const unreadable = `the WAL before ${formatLsn(settled)} holds no checkpoint to begin at, and without one the new primary's catalog cannot be taken back to the fork: add the segments before it with --old-wal or --new-wal`;
    return { unreadable, warnings: [] };
  }
  const doubt = numbersReused(control, point, start.checkpoint?.nextXidEpoch ?? 0);
  if (doubt) return { unreadable: doubt, warnings: [] };
  const fresh = openSide({ side: newSide, other: undefined, lostFrom: fork, tempDir, room, start })!;
  const warnings = [
    "Of the old primary only WAL is there: its tables are known from the new primary's catalog, as it was at the fork.",
  ];
  const maps = await lookForCatalogFiles(request, fresh.catalog, start.startLsn, point);
  while (fresh.reader.scan.step(SLICE)) await breathe();
  const end = fresh.reader.scan.reader.end;
  if (end && end.kind !== 'end') warnings.push(gapWarning(end.lsn, end.reason));
  const { damagedPages } = fresh;
  const catalog = branchCatalog(fresh.catalog, point, catalogOptions(newSide, start, damagedPages));
  for (const { databaseOid, bytes } of maps) catalog.expectMap(databaseOid, bytes);
  const toast = othersToast(newSide, catalog, () => point.nextXid);
  const reader = new ClusterReader(
    {
      segments: oldSegments,
      catalog,
      blockSize: control.pageSize,
      startLsn: start.startLsn,
      startNextXid: start.checkpoint?.nextXid,
      startRunningXids: start.runningXids,
      wholeFromXid: xidNotGivenOutAt(newSegments, fork, control.pageSize),
      shortfall: start.shortfall,
      lostFrom: fork,
      tempDir,
      room,
      disks: othersDisk(newSide, fork),
      wantedWal: wantedWal({ ...newSide, segments: oldSegments }, start),
    },
    (pointer, databaseOid, at) => toast.fetch(pointer, databaseOid, at),
  );
  const old = {
    reader,
    catalog,
    start,
    segments: oldSegments,
    damagedPages,
    lastPossibleLsn: lastPossible(oldSegments, start),
  };
  return { old, fresh, warnings };
}

/** A pg_filenode.map that a node's WAL tells of. */
interface MapUpdate {
  readonly databaseOid: number;
  readonly bytes: Buffer;
}

/** Goes over both nodes' WAL for files of catalogs. Tells the new primary's catalog, and gives the maps that the old primary wrote. */
async function lookForCatalogFiles(
  { newSide, oldSegments }: BranchRequest,
  catalog: BranchableCatalog,
  startLsn: Lsn,
  point: BranchPoint,
): Promise<MapUpdate[]> {
  const looks = new Map<string, number>();
  const made = new Set<string>();
  const fileKey = (databaseOid: number, fileNode: number): string => `${databaseOid}/${fileNode}`;
  const created = ({ databaseOid, fileNode }: RelationLocator): void => {
    made.add(fileKey(databaseOid, fileNode));
  };
  const wantsPage = ({ databaseOid, fileNode }: RelationLocator): boolean => {
    if (fileNode < FIRST_NORMAL_OID || !isSharedFile(point, fileNode)) return false;
    const key = fileKey(databaseOid, fileNode);
    if (made.has(key)) return false;
    const count = looks.get(key) ?? 0;
    looks.set(key, count + 1);
    return count < MOST_LOOKS && catalog.isInDoubt(databaseOid, point);
  };
  const page = (locator: RelationLocator, bytes: Buffer): void => catalog.recognize(locator, bytes, point);
  const maps: MapUpdate[] = [];
  const ofOld = (databaseOid: number, bytes: Buffer): void => {
    maps.push({ databaseOid, bytes });
  };
  const ofNew = (databaseOid: number, bytes: Buffer): void => catalog.expectMap(databaseOid, bytes);
  const pageSize = newSide.control.pageSize;
  const scans = [
    new CatalogFilesScan(oldSegments, pageSize, startLsn, { map: ofOld, created, wantsPage, page }),
    new CatalogFilesScan(newSide.segments, pageSize, startLsn, { map: ofNew, created, wantsPage, page }),
  ];
  for (const scan of scans) while (scan.step(SLICE)) await breathe();
  return maps;
}

function gapWarning(from: Lsn, reason: string): string {
  return `The new primary's WAL from ${formatLsn(from)} on is missing (${reason}): where it has cleaned a table's definition out of its catalog since the fork, the old primary's rows of that table cannot be told and are counted as undecodable.`;
}

/** Have the new primary's numbers gone so far since the fork that they can be mistaken for older ones? Why, or undefined. */
function numbersReused(control: ControlFile, point: BranchPoint, epoch: number): string | undefined {
  const { nextXid, nextXidEpoch, nextOid, redoLsn } = control.checkpoint;
  if (redoLsn < point.lsn) return undefined;
  const since = (nextXidEpoch - epoch) * 2 ** 32 + (nextXid - point.nextXid);
  // The epoch at the starting point may be one behind that of the fork: then `since` is too large, never too small.
  if (since >= 2 ** 31)
    return 'the new primary has given out so many transaction ids since the fork that they cannot be told from older ones';
  if (nextOid < point.nextOid)
    return 'the new primary has begun to give out object ids from the beginning again since the fork: its files cannot be told from older ones';
  return undefined;
}
