/** One side made ready to be read: its catalog, its WAL from where reading must begin, and its files for what WAL does not have. */

import type { Lsn } from '../bytes/lsn.js';
import type { BranchableCatalog } from '../catalog/catalog.js';
import { DamagedPages } from '../catalog/damaged-pages.js';
import type { OpenCatalogOptions } from '../catalog/data-directory-catalog.js';
import type { FileUse } from '../catalog/file-use.js';
import { openCatalog } from '../catalog/open.js';
import { ClusterReader } from '../transactions/cluster-reader.js';
import { findStartingPoint, type StartingPoint, xidNotGivenOutAt } from '../transactions/starting-point.js';
import type { TemporaryRoom } from '../transactions/temporary-room.js';
import { ToastFiles } from '../transactions/toast-files.js';
import type { WalPlaces } from '../wal/wal-places.js';
import { disksFor, type SideDirectory, wantedWal } from './disks.js';
import { lookForEarlierFiles } from './earlier-catalog-files.js';
import type { OpenedSide } from './incident-parts.js';

/** What openSide is told. */
export interface SideOptions {
  readonly side: SideDirectory;
  /** The other node, which shares the history up to the fork. */
  readonly other: SideDirectory | undefined;
  /** Transactions that commit after this are wanted. */
  readonly lostFrom: Lsn;
  readonly tempDir: string | undefined;
  /** What may be put there. */
  readonly room: TemporaryRoom;
  /** Where to begin, when that has been found already. */
  readonly start?: StartingPoint;
  /** See ScanOptions. */
  readonly indexIsLent?: boolean;
  /** Is told which of the side's files are needed. */
  readonly use?: FileUse;
}

/** Opens a side; undefined when no WAL of it is there to begin with. Throws ForkpointError when its files cannot be read. */
export function openSide(options: SideOptions): OpenedSide | undefined {
  const { side, other, lostFrom, tempDir, room, use } = options;
  const { dataDirectory, control, segments } = side;
  const { majorVersion, pageSize } = control;
  const start = options.start ?? findStartingPoint(segments, lostFrom, pageSize);
  if (!start) return undefined;
  const damagedPages = control.dataChecksumVersion > 0 ? new DamagedPages() : undefined;
  const catalog = openCatalog(dataDirectory, { ...catalogOptions(side, start, damagedPages), use });
  lookForEarlierFiles(dataDirectory, catalog, segments, start, control);
  const newer = side.name === 'new primary' ? side : other;
  const reader = new ClusterReader(
    {
      segments,
      catalog,
      blockSize: pageSize,
      startLsn: start.startLsn,
      startNextXid: start.checkpoint?.nextXid,
      startRunningXids: start.runningXids,
      wholeFromXid: newer && xidNotGivenOutAt(newer.segments, lostFrom, pageSize),
      shortfall: start.shortfall,
      lostFrom,
      tempDir,
      room,
      indexIsLent: options.indexIsLent,
      disks: disksFor(side, other, lostFrom, use),
      wantedWal: wantedWal(side, start),
    },
    (pointer, databaseOid, at) => {
      for (const files of toastFiles) {
        const value = files.fetch(pointer, databaseOid, at);
        if (value !== undefined) return value;
      }
      return undefined;
    },
  );
  const toastFiles = [
    new ToastFiles({
      dataDirectory,
      majorVersion,
      pageSize,
      catalog,
      damagedPages,
      use,
    }),
  ];
  if (other) toastFiles.push(othersToast(other, catalog, () => reader.scan.firstXidAfterFork));
  return { reader, catalog, start, segments, damagedPages, lastPossibleLsn: lastPossible(segments, start) };
}

/** How a side's catalog is opened where reading begins. */
export function catalogOptions(
  { control }: SideDirectory,
  start: StartingPoint,
  damagedPages: DamagedPages | undefined,
): OpenCatalogOptions {
  return {
    damagedPages,
    majorVersion: control.majorVersion,
    pageSize: control.pageSize,
    startLsn: start.startLsn,
    startNextXid: start.nextXid,
    startRunningXids: start.runningXids,
  };
}

/** The other node's TOAST files, of which only what was written before the two parted is believed. */
export function othersToast(
  { dataDirectory, control }: SideDirectory,
  catalog: BranchableCatalog,
  firstXidAfterFork: () => number,
): ToastFiles {
  const { majorVersion, pageSize, dataChecksumVersion } = control;
  const damagedPages = dataChecksumVersion > 0 ? new DamagedPages() : undefined;
  return new ToastFiles({ dataDirectory, majorVersion, pageSize, catalog, damagedPages, firstXidAfterFork });
}

/** Where WAL can end at the latest: the end of its last segment. */
export function lastPossible(segments: WalPlaces, start: StartingPoint): Lsn {
  return (segments.lastUsable() ?? start.startLsn) + segments.segmentSize;
}
