/** Do two directories make an incident, and are they given the right way round? */
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { formatLsn } from '../bytes/lsn.js';
import { lastSharedEntry } from './history-file.js';
import type { DataDirectoryProbe, DirectoryProbe } from './side-probe.js';

/** How two sides go together. */
export interface SidesComparison {
  /** Why these two cannot be an incident: each a sentence. Empty when they can. */
  readonly refusals: readonly string[];
  /** Why they look exchanged. */
  readonly swapped?: string;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

const RECOVERING = new Set(['in archive recovery', 'shut down in recovery']);
const PRIMARY = new Set(['in production', 'shut down', 'shutting down', 'in crash recovery']);

/**
 * Why old and new look exchanged, from their histories and states: the "old" one was promoted away from the timeline on
 * which the "new" one still is. Undefined when nothing says so.
 */
export function swappedHint(
  old: Pick<DirectoryProbe, 'history' | 'timeline' | 'state' | 'kind'>,
  fresh: Pick<DirectoryProbe, 'history' | 'timeline' | 'state' | 'kind'>,
): string | undefined {
  if (old.kind === 'wal-directory') return undefined;
  const shared = lastSharedEntry(old.history, fresh.history);
  if (shared >= 0 && shared === fresh.history.length - 1 && shared < old.history.length - 1) {
    const { timeline, end } = old.history[shared];
    return `the old side was promoted to timeline ${old.timeline} (it left timeline ${timeline} at ${formatLsn(end)}), while the new side is still on timeline ${fresh.timeline}`;
  }
  if (old.timeline === fresh.timeline && RECOVERING.has(old.state) && PRIMARY.has(fresh.state)) {
    return `the old side is a standby (${old.state}), the new side a primary (${fresh.state}) on the same timeline ${old.timeline}`;
  }
  return undefined;
}

/** Compares two probes. Never throws. */
export function compareSides(old: DataDirectoryProbe, fresh: DataDirectoryProbe): SidesComparison {
  if (!old.ok || !fresh.ok) {
    const refusals: string[] = [];
    if (!old.ok) refusals.push(`old primary: ${old.reason}`);
    if (!fresh.ok) refusals.push(`new primary: ${fresh.reason}`);
    return { refusals };
  }
  const oldPath = realPath(old.path);
  const newPath = realPath(fresh.path);
  if (oldPath === newPath) return { refusals: [`both sides are the same directory: ${oldPath}`] };
  if (oldPath.startsWith(newPath + sep) || newPath.startsWith(oldPath + sep)) {
    return { refusals: [`one side lies within the other: ${old.path} and ${fresh.path}`] };
  }
  const refusals: string[] = [];
  if (fresh.kind === 'wal-directory' && old.kind === 'wal-directory') {
    refusals.push('both sides are directories of WAL: one data directory is needed for its catalog');
  }
  if (old.systemIdentifier !== fresh.systemIdentifier) {
    refusals.push(
      `different clusters: the old primary's system identifier is ${old.systemIdentifier}, the new one's is ${fresh.systemIdentifier}`,
    );
  }
  if (old.majorVersion !== fresh.majorVersion) {
    refusals.push(
      `different versions: the old primary is PostgreSQL ${old.majorVersion}, the new one PostgreSQL ${fresh.majorVersion}`,
    );
  }
  return refusals.length > 0 ? { refusals } : { refusals, swapped: swappedHint(old, fresh) };
}
