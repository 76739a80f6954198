/** What comes after both sides were opened and the fork was found: readers set to where reading must begin, and the open incident. */
import type { Lsn } from '../bytes/lsn.js';
import type { Gathering } from '../gather/gathering.js';
import {
  findStartingPoint,
  type StartingPoint,
  searchStartingPoint,
} from '../transactions/starting-point.js';
import { TemporaryRoom } from '../transactions/temporary-room.js';
import { segmentStart } from '../wal/segment-name.js';
import type { WalPlaces } from '../wal/wal-places.js';
import { openBranchedSides } from './branched-side.js';
import type { SideDirectory } from './disks.js';
import type { OpenedSide } from './incident-parts.js';
import type { IncidentRequest } from './model.js';
import type { OpeningOptions } from './open.js';
import { openSide } from './open-side.js';
import { OpenedIncident } from './opened-incident.js';
import type { OpenedSides } from './sides.js';

/** Milliseconds of work between two pauses. */
const SLICE = 10;

/** Opens the readers of two sides, with pauses between slices of the work. `close`: closes the sides. Throws ForkpointError. */
export async function openParted(
  sides: OpenedSides,
  request: IncidentRequest,
  options: Pick<OpeningOptions, 'use' | 'asHelper'>,
  pause: () => Promise<void>,
  close: () => void,
): Promise<OpenedIncident> {
  const { fork } = sides.overview;
  const room = options.asHelper ?? new TemporaryRoom(request.tempLimit);
  const opened: OpenedReaders = fork.diverged ? await openReaders(sides, request, options, room, pause) : {};
  const { old } = opened;
  const asked = sides.against ?? sides.server;
  const live = old && asked ? new (await import('./live-rows.js')).LiveRows(asked) : undefined;
  const warnings = [...sides.overview.warnings, ...(opened.warnings ?? [])];
  return new OpenedIncident({
    maxMemory: request.maxMemory,
    room,
    overview: { ...sides.overview, warnings },
    old,
    oldSegments: sides.oldSegments,
    unreadable: old ? undefined : (opened.unreadable ?? whyUnreadable(sides.oldSegments, fork.lsn)),
    fresh: opened.fresh,
    live,
    findings: () => ({ old: sides.oldFindings(), new: sides.newFindings() }),
    gathering: sides.gathering,
    close,
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
  { use, asHelper }: Pick<OpeningOptions, 'use' | 'asHelper'>,
  room: TemporaryRoom,
  pause: () => Promise<void>,
): Promise<OpenedReaders> {
  const { oldSegments, newSegments, oldControl, newControl, overview } = sides;
  const { tempDir } = request;
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
    return openBranchedSides({ newSide, oldSegments, fork: lostFrom, tempDir, room });
  }
  const oldSide: SideDirectory = {
    name: 'old primary',
    dataDirectory: overview.old.path,
    control: oldControl,
    segments: oldSegments,
  };
  const shared = { lostFrom, tempDir, room };
  const oldStart = await startingPoint(oldSide, lostFrom, pause);
  const old =
    oldStart &&
    openSide({
      ...shared,
      side: oldSide,
      other: newSide,
      start: oldStart,
      use,
      indexIsLent: asHelper !== undefined,
    });
  if (asHelper) return { old };
  await pause();
  const newStart = old && newSide && (await startingPoint(newSide, lostFrom, pause));
  const fresh = newStart && openSide({ ...shared, side: newSide, other: oldSide, start: newStart });
  return { old, fresh };
}

/** Finds where to begin with a side, in slices: a checkpoint may be gigabytes before the fork. */
async function startingPoint(
  { segments, control }: SideDirectory,
  lostFrom: Lsn,
  pause: () => Promise<void>,
): Promise<StartingPoint | undefined> {
  const search = searchStartingPoint(segments, lostFrom, control.pageSize);
  try {
    for (let slept = performance.now(); ; ) {
      const { done, value } = search.next();
      if (done) return value;
      if (performance.now() - slept < SLICE) continue;
      await pause();
      slept = performance.now();
    }
  } finally {
    search.return(undefined);
  }
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
