/** What an incident with both sides open is made of. */

import type { Lsn } from '../bytes/lsn.js';
import type { BranchableCatalog } from '../catalog/catalog.js';
import type { DamagedPages } from '../catalog/damaged-pages.js';
import type { Gathering } from '../gather/gathering.js';
import type { ClusterReader } from '../transactions/cluster-reader.js';
import type { StartingPoint } from '../transactions/starting-point.js';
import type { TemporaryRoom } from '../transactions/temporary-room.js';
import type { WalPlaces } from '../wal/wal-places.js';
import type { CurrentRows } from './current-rows.js';
import type { IncidentOverview } from './model.js';
import type { WalFindings } from './side-overview.js';

/** One side as it is read. */
export interface OpenedSide {
  readonly reader: ClusterReader;
  readonly catalog: BranchableCatalog;
  readonly start: StartingPoint;
  readonly segments: WalPlaces;
  /** Pages of its files with a wrong checksum met so far; undefined when it has no data checksums. */
  readonly damagedPages: DamagedPages | undefined;
  /** Where its WAL can end at the latest: the end of its last segment. */
  readonly lastPossibleLsn: Lsn;
}

/** What an incident is made of. */
export interface IncidentParts {
  readonly overview: IncidentOverview;
  /** Undefined when the two sides never parted (then nothing is lost and nothing need be read), and when it cannot be read. */
  readonly old: OpenedSide | undefined;
  /** The old side's WAL, readable or not. */
  readonly oldSegments: WalPlaces;
  /** Why the old side cannot be read although the two parted. */
  readonly unreadable?: string;
  /** The new primary's data directory, when it is one. */
  readonly fresh: OpenedSide | undefined;
  /** The new primary's rows, when it is a running server. */
  readonly live: CurrentRows | undefined;
  /** Which WAL is there, as of now. */
  readonly findings: () => { readonly old: WalFindings; readonly new: WalFindings | undefined };
  /** Places that have to be asked for segments. */
  readonly gathering: Gathering;
  /** See IncidentRequest. */
  readonly maxMemory?: number;
  /** For temporary files. */
  readonly room: TemporaryRoom;
  readonly close: () => void;
}

/** The old side's reader. Throws RangeError when there is nothing to read: the two sides never parted, or its WAL is not there. */
export function oldReader({ old }: Pick<IncidentParts, 'old'>): ClusterReader {
  if (!old) throw new RangeError('nothing was lost, so there is nothing to read');
  return old.reader;
}
