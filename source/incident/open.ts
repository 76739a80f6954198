/** Opens an incident: both sides, the fork, and readers set to where reading must begin. */
import type { Lsn } from '../bytes/lsn.js';
import { DamagedPages } from '../catalog/damaged-pages.js';
import { openCatalog } from '../catalog/open.js';
import type { ControlFile } from '../timeline/control-file.js';
import { ClusterReader } from '../transactions/cluster-reader.js';
import { findStartingPoint } from '../transactions/starting-point.js';
import { ToastFiles } from '../transactions/toast-files.js';
import type { WalPlaces } from '../wal/places.js';
import type { IncidentRequest } from './model.js';
import { OpenedIncident, type OpenedSide } from './opened-incident.js';
import { openSides } from './sides.js';

/**
 * Opens both sides and finds the fork; no WAL beyond what that takes is read yet. Throws ForkpointError when a side is not what it
 * should be or the two do not belong together.
 */
export async function openIncident(request: IncidentRequest): Promise<OpenedIncident> {
  const sides = await openSides(request);
  const { fork } = sides.overview;
  const old =
    fork.diverged && sides.oldControl
      ? openSide(sides.overview.old.path, sides.oldControl, sides.oldSegments, fork.lsn, request.tempDir)
      : undefined;
  const fresh =
    old && sides.newSegments && sides.newControl
      ? openSide(sides.overview.new.path, sides.newControl, sides.newSegments, fork.lsn, request.tempDir)
      : undefined;
  const live = old && sides.server ? new (await import('./live-rows.js')).LiveRows(sides.server) : undefined;
  return new OpenedIncident({
    overview: sides.overview,
    old,
    unreadable: old ? undefined : whyUnreadable(sides.oldSegments, fork.lsn),
    fresh,
    live,
    findings: () => ({ old: sides.oldFindings(), new: sides.newFindings() }),
    close: () => {
      sides.spool.close();
      void sides.server?.close();
    },
  });
}

function whyUnreadable(segments: WalPlaces, lostFrom: Lsn): string {
  const segment = segments.at(lostFrom);
  if ('missing' in segment) return `WAL segment ${segment.fileName}: ${segment.reason}`;
  return `without its control file, or a readable page in ${segment.path}, there is no beginning`;
}

function openSide(
  dataDirectory: string,
  control: ControlFile,
  segments: WalPlaces,
  lostFrom: Lsn,
  tempDir: string | undefined,
): OpenedSide | undefined {
  const blockSize = control.pageSize;
  const start = findStartingPoint(segments, lostFrom, blockSize);
  if (!start) return undefined;
  const damagedPages = control.dataChecksumVersion > 0 ? new DamagedPages() : undefined;
  const catalog = openCatalog(dataDirectory, {
    damagedPages,
    majorVersion: control.majorVersion,
    pageSize: blockSize,
    startLsn: start.startLsn,
    startNextXid: start.nextXid,
    startRunningXids: start.runningXids,
  });
  const toast = new ToastFiles(
    dataDirectory,
    control.majorVersion,
    blockSize,
    catalog,
    damagedPages && { damaged: damagedPages, refuse: true },
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
  return { reader, start, damagedPages, lastPossibleLsn: last + segments.segmentSize };
}
