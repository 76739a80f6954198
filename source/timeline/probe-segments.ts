/** What a directory's WAL tells by the names of its files, whether it is a data directory's pg_wal or stands alone. */
import { ForkpointError, whatAndWhere } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import { segmentFileName } from '../wal/segment-name.js';
import { type FoundHistory, findHistory, historyWithoutParents } from './history-file.js';
import type { SegmentsSummary } from './side-probe.js';

/** The segments with these names. `lastUsable`: where the last one begins that is not recycled; `timelineAt`: of the history's path. */
export function summarize(
  names: readonly string[],
  segmentSize: number,
  namedPositions: readonly Lsn[],
  lastUsable: Lsn | undefined,
  timelineAt: (lsn: Lsn) => number,
): SegmentsSummary {
  const partial = names.filter((name) => name.endsWith('.partial')).length;
  const used = namedPositions.filter((position) => lastUsable !== undefined && position <= lastUsable);
  if (used.length === 0) return { count: 0, bytes: 0, recycled: namedPositions.length, partial };
  const nameAt = (position: Lsn): string =>
    segmentFileName(timelineAt(position + segmentSize - 1), position, segmentSize);
  return {
    first: nameAt(used[0]),
    last: nameAt(used[used.length - 1]),
    count: used.length,
    bytes: used.length * segmentSize,
    recycled: namedPositions.length - used.length,
    partial,
  };
}

/** The timelines that segments' names carry, ascending. */
export function timelinesOf(names: readonly string[]): number[] {
  const timelines = new Set(names.map((name) => Number.parseInt(name.slice(0, 8), 16)));
  return [...timelines].sort((a, b) => a - b);
}

/** A broken history file stands in the way of finding the fork, not of looking at the directory: it becomes a warning. */
export function historyOrWarning(timeline: number, place: string, warnings: string[]): FoundHistory {
  try {
    return findHistory(timeline, [place]);
  } catch (error) {
    if (!(error instanceof ForkpointError)) throw error;
    warnings.push(whatAndWhere(error.complaint));
    return { history: historyWithoutParents(timeline) };
  }
}
