/** A side's WAL from all of its places, and what may have been lost that none of them tells. */
import { formatLsn } from '../bytes/lsn.js';
import { abandonedWal } from '../timeline/abandoned-wal.js';
import { lastSharedEntry, type TimelineHistory } from '../timeline/history-file.js';
import type { DirectoryProbe } from '../timeline/side-probe.js';
import { openWalSegments } from '../wal/places.js';
import type { RemotePlace } from '../wal/remote-place.js';
import type { WalSpool } from '../wal/spool.js';
import type { WalPlaces } from '../wal/wal-places.js';
import type { ForkPoint } from './model.js';
import type { NewSide } from './new-side.js';

/** Opens the WAL of a node `like` this one, along a history. */
export function gather(
  like: Pick<DirectoryProbe, 'walSegmentSize' | 'walPageSize' | 'majorVersion' | 'systemIdentifier'>,
  places: readonly string[],
  history: TimelineHistory,
  spool: WalSpool,
  remotes: readonly RemotePlace[] = [],
): WalPlaces {
  return openWalSegments({
    places,
    remotes,
    spool,
    history,
    segmentSize: like.walSegmentSize,
    pageSize: like.walPageSize,
    majorVersion: like.majorVersion,
    systemIdentifier: like.systemIdentifier,
  });
}

const STANDBY_STATES: readonly string[] = ['in archive recovery', 'shut down in recovery'];

/** What is to be said of the new side beside the fork. */
export function crossWarnings(
  fork: ForkPoint,
  fresh: NewSide,
  newHistory: TimelineHistory,
  oldHistory: TimelineHistory,
): string[] {
  const standby = STANDBY_STATES.includes(fresh.state);
  const shared = lastSharedEntry(oldHistory, newHistory);
  if (standby && shared === newHistory.length - 1) {
    return [
      `The new side is a standby that was not promoted (${fresh.state}); it parts from the old one at ${formatLsn(fork.lsn)}.`,
    ];
  }
  return [];
}

/**
 * Why an old side whose history goes on in the new one's may have lost something all the same: it was made a standby of the new
 * primary, and what it wrote by itself was thrown away with its own timeline.
 */
export function whyUntold(
  probe: DirectoryProbe,
  history: TimelineHistory,
  places: readonly string[],
  spool: WalSpool,
): string | undefined {
  if (history.length === 1) return undefined;
  const left = history[history.length - 2];
  const abandoned = abandonedWal(history, (path) => gather(probe, places, path, spool));
  const on = `The old side follows the new primary's history, which left timeline ${left.timeline} at ${formatLsn(left.end)}`;
  if (abandoned) {
    const { timeline, end, path } = abandoned;
    return `${on}, but there is WAL of timeline ${timeline} from behind ${formatLsn(end)} (${path}): a node wrote on there, and was rewound since. Name the directory of that file as OLD to read it.`;
  }
  if (!probe.standby && !STANDBY_STATES.includes(probe.state)) return undefined;
  return `${on}; it is a standby on timeline ${probe.timeline} now. If it was the old primary, it has been rewound or rebuilt: what it had written by itself is no longer in this directory. Look for an archive, or a copy made before.`;
}
