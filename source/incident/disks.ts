/** The two nodes' disks as places to look for rows whose past is not in the WAL at hand. */
import type { Lsn } from '../bytes/lsn.js';
import type { FileUse } from '../catalog/file-use.js';
import type { ControlFile } from '../timeline/control-file.js';
import { DiskPages, type DiskPagesOptions } from '../transactions/disk-pages.js';
import type { StartingPoint } from '../transactions/starting-point.js';
import { segmentFileName } from '../wal/segment-name.js';
import type { WalPlaces } from '../wal/wal-places.js';

/** One side's data directory with what it says of itself. */
export interface SideDirectory {
  /** `old primary`, `new primary`. */
  readonly name: string;
  readonly dataDirectory: string;
  readonly control: ControlFile;
  /** WAL along its history. */
  readonly segments: WalPlaces;
}

/** The disks to look at for rows of `own`, best first: its own, then the other node's, which shares its history up to `fork`. */
export function disksFor(
  own: SideDirectory,
  other: SideDirectory | undefined,
  fork: Lsn,
  use: FileUse | undefined,
): DiskPages[] {
  const disks: DiskPages[] = [];
  if (isOfItsHistory(own)) {
    disks.push(new DiskPages({ ...describe(own), use, notSharedWith: other?.dataDirectory }));
  }
  if (other && isOfItsHistory(other)) {
    disks.push(new DiskPages({ ...describe(other), notSharedWith: own.dataDirectory, sharedUpTo: fork }));
  }
  return disks;
}

/** The other node's disk alone, for a node that has none any more. */
export function othersDisk(other: SideDirectory, fork: Lsn): DiskPages[] {
  return isOfItsHistory(other)
    ? [new DiskPages({ ...describe(other), notSharedWith: undefined, sharedUpTo: fork })]
    : [];
}

function describe({ name, dataDirectory, control }: SideDirectory): DiskPagesOptions {
  const checksums = control.dataChecksumVersion > 0;
  const wentDownOrderly = control.state === 'shut down' || control.state === 'shut down in recovery';
  return {
    label: `the ${name}'s disk`,
    dataDirectory,
    majorVersion: control.majorVersion,
    pageSize: control.pageSize,
    checksums,
    flushedUpTo: control.checkpoint.redoLsn,
    // Who switches full_page_writes off vouches for pages being written whole.
    mayBeTorn: !checksums && control.checkpoint.fullPageWrites && !wentDownOrderly,
  };
}

/** Has what is on the disk come about along the history that WAL is read of? Not so when a primary was made a standby of its successor. */
function isOfItsHistory({ control, segments }: SideDirectory): boolean {
  const { checkpoint, minRecoveryPoint, minRecoveryPointTimeline } = control;
  if (segments.timelineAt(checkpoint.redoLsn) !== checkpoint.timeline) return false;
  return minRecoveryPoint === 0 || segments.timelineAt(minRecoveryPoint - 1) === minRecoveryPointTimeline;
}

/**
 * What WAL would tell of rows last written before reading began. A page's last image before that is behind the redo pointer of the
 * checkpoint before; when full_page_writes was off, there is only the record that wrote the row, wherever it is.
 */
export function wantedWal({ control, segments }: SideDirectory, start: StartingPoint): string {
  const { redoLsn, fullPageWrites } = control.checkpoint;
  const nameAt = (lsn: Lsn) => segmentFileName(segments.timelineAt(lsn), lsn, segments.segmentSize);
  if (fullPageWrites && redoLsn > 0 && redoLsn < start.startLsn)
    return `needs segments from ${nameAt(redoLsn)} on`;
  return `needs segments before ${nameAt(start.startLsn)}`;
}
