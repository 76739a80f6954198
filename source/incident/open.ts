/** Opens an incident: both sides, the fork, and readers set to where reading must begin. */
import type { Lsn } from '../bytes/lsn.js';
import type { FileUse } from '../catalog/file-use.js';
import type { Gathering } from '../gather/gathering.js';
import { FirstLook } from '../transactions/first-look.js';
import {
  findStartingPoint,
  type StartingPoint,
  searchStartingPoint,
} from '../transactions/starting-point.js';
import { segmentStart } from '../wal/segment-name.js';
import type { WalPlaces } from '../wal/wal-places.js';
import { openBranchedSides } from './branched-side.js';
import { breathe } from './breathe.js';
import type { SideDirectory } from './disks.js';
import type { OpenedSide } from './incident-parts.js';
import type { IncidentOverview, IncidentRequest } from './model.js';
import { openSide } from './open-side.js';
import { OpenedIncident } from './opened-incident.js';
import { type OpenedSides, openSides } from './sides.js';

/** What is known of an incident before it is known where reading has to begin. */
export interface EarlySight {
  readonly overview: IncidentOverview;
  /** What was committed first after the fork; goes on being looked for while the incident is opened. */
  readonly look: FirstLook;
}

/** How an incident is opened. */
export interface OpeningOptions {
  /** Is told which of the old side's files reading needs. */
  readonly use?: FileUse;
  /** Ends the opening, and what is being fetched meanwhile. */
  readonly stop?: AbortSignal;
  /** Is told, now and then until the incident is open, what can be seen early when the two sides have parted. */
  readonly early?: (sight: EarlySight) => void;
  /** Another thread reads the same and judges: only the old side is to be read, and the index of what it finds is lent by the other. */
  readonly asHelper?: boolean;
  /** See SidesOptions. */
  readonly spool?: string;
}

/** Milliseconds of work between two looks at who else wants something. */
const SLICE = 10;
/** What the first look is to have seen before anything else is done: a screen of transactions, unless it takes so many milliseconds. */
const FIRST_SCREEN = 64;
const FIRST_SLICE = 25;

/**
 * Opens both sides and finds the fork; no WAL beyond what that takes is read yet. Throws ForkpointError when a side is not what it
 * should be or the two do not belong together.
 */
export async function openIncident(
  request: IncidentRequest,
  options: OpeningOptions = {},
): Promise<OpenedIncident> {
  const sides = await openSides(request, options);
  try {
    return await openParted(sides, request, options);
  } catch (error) {
    closeSides(sides);
    throw error;
  }
}

function closeSides({ gathering, spool, server, against }: OpenedSides): void {
  gathering.close();
  spool.close();
  void server?.close();
  void against?.close();
}

async function openParted(
  sides: OpenedSides,
  request: IncidentRequest,
  { use, stop, early, asHelper }: OpeningOptions,
): Promise<OpenedIncident> {
  const { fork } = sides.overview;
  const look = early && fork.diverged ? firstLook(sides) : undefined;
  /** Between two slices of work: what was seen is shown, and whoever asks for something gets an answer. */
  const pause = async (): Promise<void> => {
    if (look) early?.({ overview: sides.overview, look });
    await breathe();
    if (stop?.aborted) throw new Error('closed while opening');
    look?.step(SLICE);
  };
  look?.step(FIRST_SLICE, FIRST_SCREEN);
  await pause();
  let opened: OpenedReaders;
  try {
    opened = fork.diverged ? await openReaders(sides, request, { use, asHelper }, pause) : {};
  } finally {
    look?.close();
  }
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
    close: () => closeSides(sides),
  });
}

function firstLook({ oldSegments, oldControl, newControl, overview }: OpenedSides): FirstLook | undefined {
  const blockSize = (oldControl ?? newControl)?.pageSize;
  return blockSize === undefined ? undefined : new FirstLook(oldSegments, overview.fork.lsn, blockSize);
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
  pause: () => Promise<void>,
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
  const oldStart = await startingPoint(oldSide, lostFrom, pause);
  const old =
    oldStart &&
    openSide({ ...shared, side: oldSide, other: newSide, start: oldStart, use, indexIsLent: asHelper });
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
