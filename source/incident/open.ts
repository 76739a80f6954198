/** Opens an incident: both sides, the fork, and readers set to where reading must begin. */
import type { Lsn } from '../bytes/lsn.js';
import type { WalPlaces } from '../wal/places.js';
import { openBranchedSides } from './branched-side.js';
import type { IncidentRequest } from './model.js';
import { openSide } from './open-side.js';
import { OpenedIncident, type OpenedSide } from './opened-incident.js';
import { type OpenedSides, openSides } from './sides.js';

/**
 * Opens both sides and finds the fork; no WAL beyond what that takes is read yet. Throws ForkpointError when a side is not what it
 * should be or the two do not belong together.
 */
export async function openIncident(request: IncidentRequest): Promise<OpenedIncident> {
  const sides = await openSides(request);
  const { fork } = sides.overview;
  const opened = fork.diverged ? await openReaders(sides, request) : {};
  const { old } = opened;
  const live = old && sides.server ? new (await import('./live-rows.js')).LiveRows(sides.server) : undefined;
  const warnings = [...sides.overview.warnings, ...(opened.warnings ?? [])];
  return new OpenedIncident({
    overview: { ...sides.overview, warnings },
    old,
    unreadable: old ? undefined : (opened.unreadable ?? whyUnreadable(sides.oldSegments, fork.lsn)),
    fresh: opened.fresh,
    live,
    close: () => {
      void sides.server?.close();
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

async function openReaders(sides: OpenedSides, request: IncidentRequest): Promise<OpenedReaders> {
  const { oldSegments, newSegments, newControl } = sides;
  const { tempDir } = request;
  const lostFrom = sides.overview.fork.lsn;
  const newFiles = newControl && { dataDirectory: sides.overview.new.path, control: newControl };
  if (!sides.oldControl) {
    if (!newFiles)
      return {
        unreadable: 'neither side has a data directory: the definitions of tables are in none of them',
      };
    return openBranchedSides({ fresh: newFiles, oldSegments, newSegments, fork: lostFrom, tempDir });
  }
  const oldFiles = { dataDirectory: sides.overview.old.path, control: sides.oldControl };
  const old = openSide({ files: oldFiles, segments: oldSegments, lostFrom, tempDir });
  const fresh =
    old && newSegments && newFiles
      ? openSide({ files: newFiles, segments: newSegments, lostFrom, tempDir })
      : undefined;
  return { old, fresh };
}

function whyUnreadable(segments: WalPlaces, lostFrom: Lsn): string {
  const segment = segments.at(lostFrom);
  if ('missing' in segment) return `WAL segment ${segment.fileName}: ${segment.reason}`;
  return `without its control file, or a readable page in ${segment.path}, there is no beginning`;
}
