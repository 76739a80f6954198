/**
 * WAL that a node wrote on a timeline behind the place where its history, as it is now, leaves that timeline: the remains of a
 * primary that was rewound (pg_rewind leaves what segments the other side does not have), or an archive that both nodes wrote to.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { WalPlaces } from '../wal/wal-places.js';
import type { TimelineHistory } from './history-file.js';
import { foundAt } from './wal-comparison.js';

/** The first record behind the end of a timeline. */
export interface AbandonedWal {
  readonly timeline: number;
  /** Where the history leaves the timeline. */
  readonly end: Lsn;
  /** The file that goes on behind it. */
  readonly path: string;
}

/** Looks for it, newest timeline first. `open` gathers WAL along another history. */
export function abandonedWal(
  history: TimelineHistory,
  open: (history: TimelineHistory) => WalPlaces,
): AbandonedWal | undefined {
  for (let at = history.length - 2; at >= 0; at--) {
    const { timeline, end } = history[at];
    const wal = open([...history.slice(0, at), { ...history[at], end: Number.POSITIVE_INFINITY }]);
    const segment = wal.at(end);
    if (!('missing' in segment) && foundAt(wal, end) === 'record')
      return { timeline, end, path: segment.path };
  }
  return undefined;
}
