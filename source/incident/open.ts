/**
 * Opens an incident: both sides, the fork, and readers set to where reading must begin. What reads and judges is loaded when the two sides
 * are known, and what was lost first: nothing before that needs it, and it is most of the program.
 */

import type { FileUse } from '../catalog/file-use.js';
import { FirstLook } from '../transactions/first-look.js';
import type { TemporaryRoom } from '../transactions/temporary-room.js';
import { breathe } from './breathe.js';
import type { IncidentOverview, IncidentRequest } from './model.js';
import type { OpenedIncident } from './opened-incident.js';
import { type OpenedSides, openSides } from './sides.js';
import { Superseded } from './superseded.js';
import { keepYoungGenerationSmall } from './young-generation.js';

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
  /**
   * Another thread reads the same and judges: only the old side is to be read, the index of what it finds is lent by the other, and
   * temporary files have this room.
   */
  readonly asHelper?: TemporaryRoom;
}

/** Milliseconds of the first look between two looks at who else wants something. */
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
    const opened = await openInView(sides, request, options);
    keepYoungGenerationSmall();
    return opened;
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

/** Opens the rest of it, and shows meanwhile what can be seen early. */
async function openInView(
  sides: OpenedSides,
  request: IncidentRequest,
  { use, stop, early, asHelper }: OpeningOptions,
): Promise<OpenedIncident> {
  const { overview } = sides;
  const look = early && overview.fork.diverged ? firstLook(sides) : undefined;
  /** Between two slices of work: what was seen is shown, and whoever asks for something gets an answer. */
  const pause = async (): Promise<void> => {
    if (look) early?.({ overview, look });
    await breathe();
    if (stop?.aborted) throw new Superseded('closed while opening');
    look?.step(SLICE);
  };
  try {
    look?.step(FIRST_SLICE, FIRST_SCREEN);
    await pause();
    const { openParted } = await import('./open-parted.js');
    return await openParted(sides, request, { use, asHelper }, pause, () => closeSides(sides));
  } finally {
    look?.close();
  }
}

function firstLook({ oldSegments, oldControl, newControl, overview }: OpenedSides): FirstLook | undefined {
  const blockSize = (oldControl ?? newControl)?.pageSize;
  return blockSize === undefined ? undefined : new FirstLook(oldSegments, overview.fork.lsn, blockSize);
}
