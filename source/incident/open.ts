/** Opens an incident: both sides, the fork, and readers set to where reading must begin. */
import type { Lsn } from '../bytes/lsn.js';
import { DamagedPages } from '../catalog/damaged-pages.js';
import { openCatalog } from '../catalog/open.js';
import { ClusterReader } from '../transactions/cluster-reader.js';
import { findStartingPoint, xidNotGivenOutAt } from '../transactions/starting-point.js';
import { ToastFiles } from '../transactions/toast-files.js';
import type { WalPlaces } from '../wal/places.js';
import { disksFor, type SideDirectory, wantedWal } from './disks.js';
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
  const { oldSegments, newSegments, oldControl, newControl, overview } = sides;
  const oldSide: SideDirectory | undefined = oldControl && {
    name: 'old primary',
    dataDirectory: overview.old.path,
    control: oldControl,
    segments: oldSegments,
  };
  const newSide: SideDirectory | undefined = newControl &&
    newSegments && {
      name: 'new primary',
      dataDirectory: overview.new.path,
      control: newControl,
      segments: newSegments,
    };
  const old = fork.diverged && oldSide ? openSide(oldSide, newSide, fork.lsn, request.tempDir) : undefined;
  const fresh = old && newSide ? openSide(newSide, oldSide, fork.lsn, request.tempDir) : undefined;
  const asked = sides.against ?? sides.server;
  const live = old && asked ? new (await import('./live-rows.js')).LiveRows(asked) : undefined;
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
      void sides.against?.close();
    },
  });
}

function whyUnreadable(segments: WalPlaces, lostFrom: Lsn): string {
  const segment = segments.at(lostFrom);
  if ('missing' in segment) return `WAL segment ${segment.fileName}: ${segment.reason}`;
  return `without its control file, or a readable page in ${segment.path}, there is no beginning`;
}

function openSide(
  side: SideDirectory,
  other: SideDirectory | undefined,
  lostFrom: Lsn,
  tempDir: string | undefined,
): OpenedSide | undefined {
  const { dataDirectory, control, segments } = side;
  const { majorVersion, pageSize } = control;
  const start = findStartingPoint(segments, lostFrom, pageSize);
  if (!start) return undefined;
  const damagedPages = control.dataChecksumVersion > 0 ? new DamagedPages() : undefined;
  const catalog = openCatalog(dataDirectory, {
    damagedPages,
    majorVersion,
    pageSize,
    startLsn: start.startLsn,
    startNextXid: start.nextXid,
    startRunningXids: start.runningXids,
  });
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
      disks: disksFor(side, other, lostFrom),
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
      checks: damagedPages && { damaged: damagedPages, refuse: true },
    }),
  ];
  if (other) {
    toastFiles.push(
      new ToastFiles({
        dataDirectory: other.dataDirectory,
        majorVersion,
        pageSize,
        catalog,
        checks: damagedPages && { damaged: new DamagedPages(), refuse: true },
        firstXidAfterFork: () => reader.scan.firstXidAfterFork,
      }),
    );
  }
  const last = segments.lastUsable() ?? start.startLsn;
  return { reader, start, damagedPages, lastPossibleLsn: last + segments.segmentSize };
}
