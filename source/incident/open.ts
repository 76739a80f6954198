/** Opens an incident: both sides, the fork, and readers set to where reading must begin. */
import type { Lsn } from '../bytes/lsn.js';
import type { FileUse } from '../catalog/file-use.js';
import type { Gathering } from '../gather/gathering.js';
import { findStartingPoint } from '../transactions/starting-point.js';
import type { WalPlaces } from '../wal/places.js';
import { segmentStart } from '../wal/segment-name.js';
import { openBranchedSides } from './branched-side.js';
import type { SideDirectory } from './disks.js';
import type { IncidentRequest } from './model.js';
import { openSide } from './open-side.js';
import { OpenedIncident, type OpenedSide } from './opened-incident.js';
import { type OpenedSides, openSides } from './sides.js';

/**
 * Opens both sides and finds the fork; no WAL beyond what that takes is read yet. Throws ForkpointError when a side is not what it
 * should be or the two do not belong together. `use` is told which of the old side's files reading needs; `stop` ends what is being
 * fetched meanwhile.
 */
export async function openIncident(
  request: IncidentRequest,
  { use, stop }: { readonly use?: FileUse; readonly stop?: AbortSignal } = {},
): Promise<OpenedIncident> {
  const sides = await openSides(request, stop);
  const { fork } = sides.overview;
  const opened = fork.diverged ? await openReaders(sides, request, use) : {};
  const { old } = opened;
  const asked = sides.against ?? sides.server;
  const live = old && asked ? new (await import('./live-rows.js')).LiveRows(asked) : undefined;
  const warnings = [...sides.overview.warnings, ...(opened.warnings ?? [])];
  return new OpenedIncident({
    maxMemory: request.maxMemory,
    overview: { ...sides.overview, warnings },
    old,
    oldSegments: sides.oldSegments,
    unreadable: old ? undefined : (opened.unreadable ?? whyUnreadable(sides.oldSegments, fork.lsn)),
    fresh: opened.fresh,
    live,
    findings: () => ({ old: sides.oldFindings(), new: sides.newFindings() }),
    gathering: sides.gathering,
    close: () => {
      sides.gathering.close();
      sides.spool.close();
      void sides.server?.close();
      void sides.against?.close();
    },
  });
}

/** The two sides ready to be read, as far as they can be. */
interface OpenedReaders {
  readonly old?: OpenedSide;
  readonly fresh?: OpenedSide;
  readonly unreadable?: string;
  readonly warnings?: readonly string[];
}

async function openReaders(
  sides: OpenedSides,
  request: IncidentRequest,
  use: FileUse | undefined,
): Promise<OpenedReaders> {
  const { oldSegments, newSegments, oldControl, newControl, overview } = sides;
  const { tempDir, tempLimit } = request;
  const lostFrom = overview.fork.lsn;
  await fetchBeginnings(sides, lostFrom);
  const newSide: SideDirectory | undefined = newControl &&
    newSegments && {
      name: 'new primary',
      dataDirectory: overview.new.path,
      control: newControl,
      segments: newSegments,
    };
  if (!oldControl) {
    if (!newSide) return { unreadable: sides.server ? ONLY_A_SERVER : NO_DEFINITIONS };
    for (const segments of [oldSegments, newSide.segments])
      await fetchToTheEnd(segments, lostFrom, sides.gathering);
    return openBranchedSides({ newSide, oldSegments, fork: lostFrom, tempDir, tempLimit });
  }
  const oldSide: SideDirectory = {
    name: 'old primary',
    dataDirectory: overview.old.path,
    control: oldControl,
    segments: oldSegments,
  };
  const shared = { lostFrom, tempDir, tempLimit };
  const old = openSide({ ...shared, side: oldSide, other: newSide, use });
  const fresh = old && newSide ? openSide({ ...shared, side: newSide, other: oldSide }) : undefined;
  return { old, fresh };
}

/** What finding the starting points comes upon and misses is asked for before it counts as missing. */
async function fetchBeginnings({ gathering, ...sides }: OpenedSides, lostFrom: Lsn): Promise<void> {
  if (!gathering.remote) return;
  const blockSize = sides.oldControl?.pageSize ?? sides.newControl?.pageSize;
  if (blockSize === undefined) return;
  for (const segments of [sides.oldSegments, sides.newSegments]) {
    if (segments) await gathering.settled(() => findStartingPoint(segments, lostFrom, blockSize));
  }
}

/** Has everything from `from` to the end asked for, for a look at all of it beforehand. */
async function fetchToTheEnd(segments: WalPlaces, from: Lsn, gathering: Gathering): Promise<void> {
  if (!gathering.remote) return;
  await gathering.settled(() => {
    for (let at = from; !('missing' in segments.at(at)); )
      at = segmentStart(at, segments.segmentSize) + segments.segmentSize;
  });
}

const ONLY_A_SERVER =
  "of the old primary there is only WAL, and how its tables are defined is read from the new primary's files: name the new primary's data directory, or a copy of it, not the running server";
const NO_DEFINITIONS = 'neither side has a data directory, so nothing tells how the tables are defined';

function whyUnreadable(segments: WalPlaces, lostFrom: Lsn): string {
  const segment = segments.at(lostFrom);
  if ('missing' in segment) return `WAL segment ${segment.fileName}: ${segment.reason}`;
  return `without its control file, or a readable page in ${segment.path}, there is no beginning`;
}
