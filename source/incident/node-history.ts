/** The timelines a node went through, as its history file tells, or, where there is none, as far as the other side's and the operator do. */
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import {
  findHistory,
  historyFromFork,
  historyWithoutParents,
  type TimelineHistory,
} from '../timeline/history-file.js';
import type { DirectoryProbe } from '../timeline/side-probe.js';
import { historyFileName } from '../wal/segment-name.js';

/** A node's history as it was found, and, where it was not, as it is made up for. */
export interface NodeHistory {
  readonly timeline: number;
  readonly history: TimelineHistory;
  /** Why it is not known, as a clause: `00000002.history was not found`. */
  readonly unknown?: string;
}

/** Finds a node's history. A broken file is an error, unless the fork is named by hand. */
export function nodeHistory(timeline: number, places: readonly string[], fork: Lsn | undefined): NodeHistory {
  try {
    const { history, missing } = findHistory(timeline, places);
    return { timeline, history, unknown: missing && `${missing} was not found` };
  } catch (error) {
    if (fork === undefined || !(error instanceof ForkpointError)) throw error;
    const unknown = `${historyFileName(timeline)} is broken`;
    return { timeline, history: historyWithoutParents(timeline), unknown };
  }
}

/**
 * A history that is not known is the beginning of the other side's, if that one went through the same timeline; else it left the other
 * side's path where the fork was named by hand.
 */
export function completeHistory(
  own: NodeHistory,
  other: NodeHistory,
  fork: Lsn | undefined,
): { readonly history: TimelineHistory; readonly warnings: readonly string[] } {
  const { timeline, history, unknown } = own;
  if (unknown === undefined) return { history, warnings: [] };
  const at = other.history.findIndex((entry) => entry.timeline === timeline);
  if (at >= 0) {
    const last = { ...other.history[at], end: Number.POSITIVE_INFINITY, reason: '' };
    return {
      history: [...other.history.slice(0, at), last],
      warnings: [`${unknown}: the way to timeline ${timeline} is taken from the other side's history.`],
    };
  }
  if (fork !== undefined) {
    return {
      history: historyFromFork(timeline, other.history, fork),
      warnings: [`${unknown}: timeline ${timeline} is taken to begin at the fork named by hand.`],
    };
  }
  return { history, warnings: [`${unknown}: what came before timeline ${timeline} is unknown.`] };
}

/**
 * The timeline a directory of WAL stands for as the old side: an archive that both nodes wrote to holds the new primary's
 * timeline too, so it is the highest other one.
 */
export function oldTimeline(probe: DirectoryProbe, newTimeline: number): number {
  if (probe.kind === 'data-directory') return probe.timeline;
  return probe.timelines.findLast((timeline) => timeline !== newTimeline) ?? probe.timeline;
}
