/** One side made ready to be read: its catalog, its WAL from where reading must begin, and its files for what WAL does not have. */
import type { Lsn } from '../bytes/lsn.js';
import type { BranchPoint } from '../catalog/branch-point.js';
import type { BranchableCatalog } from '../catalog/catalog.js';
import { DamagedPages } from '../catalog/damaged-pages.js';
import { type OpenCatalogOptions, openCatalog } from '../catalog/open.js';
import type { ControlFile } from '../timeline/control-file.js';
import { ClusterReader } from '../transactions/cluster-reader.js';
import { findStartingPoint, type StartingPoint } from '../transactions/starting-point.js';
import { ToastFiles } from '../transactions/toast-files.js';
import type { WalPlaces } from '../wal/places.js';
import type { OpenedSide } from './opened-incident.js';

/** The files of a node. */
export interface SideFiles {
  readonly dataDirectory: string;
  readonly control: ControlFile;
}

/** What openSide is told. */
export interface SideOptions {
  readonly files: SideFiles;
  readonly segments: WalPlaces;
  /** Transactions that commit after this are wanted. */
  readonly lostFrom: Lsn;
  readonly tempDir: string | undefined;
  /** Where to begin, when that has been found already. */
  readonly start?: StartingPoint;
  /** The files are another node's: what to believe of them, and how to get the catalog. */
  readonly branch?: {
    readonly point: BranchPoint;
    readonly catalog: (options: OpenCatalogOptions) => BranchableCatalog;
  };
}

/** Opens a side; undefined when no WAL of it is there to begin with. Throws ForkpointError when its files cannot be read. */
export function openSide(options: SideOptions): OpenedSide | undefined {
  const { files, segments, lostFrom, tempDir, branch } = options;
  const { dataDirectory, control } = files;
  const blockSize = control.pageSize;
  const start = options.start ?? findStartingPoint(segments, lostFrom, blockSize);
  if (!start) return undefined;
  const damagedPages = control.dataChecksumVersion > 0 ? new DamagedPages() : undefined;
  const catalogOptions: OpenCatalogOptions = {
    damagedPages,
    majorVersion: control.majorVersion,
    pageSize: blockSize,
    startLsn: start.startLsn,
    startNextXid: start.nextXid,
    startRunningXids: start.runningXids,
  };
  const catalog = branch ? branch.catalog(catalogOptions) : openCatalog(dataDirectory, catalogOptions);
  const toast = new ToastFiles(
    dataDirectory,
    control.majorVersion,
    blockSize,
    catalog,
    damagedPages && { damaged: damagedPages, refuse: true },
    branch?.point,
  );
  const reader = new ClusterReader(
    {
      segments,
      catalog,
      blockSize,
      startLsn: start.startLsn,
      startRunningXids: start.runningXids,
      shortfall: start.shortfall,
      lostFrom,
      tempDir,
    },
    (pointer, databaseOid, at) => toast.fetch(pointer, databaseOid, at),
  );
  const last = segments.lastUsable() ?? start.startLsn;
  return { reader, catalog, start, damagedPages, lastPossibleLsn: last + segments.segmentSize };
}
