/** A node's path through WAL, one timeline after the other. */
import type { Lsn } from '../bytes/lsn.js';

/** One timeline of a node's path through WAL: it owns LSNs from `begin` up to, not including, `end`. */
export interface TimelineSpan {
  readonly timeline: number;
  readonly begin: Lsn;
  /** The switch point where the path leaves this timeline; Infinity for the last one. */
  readonly end: Lsn;
}

/** The timeline of a history (oldest first, never empty) that owns this LSN. */
export function spanAt(history: readonly TimelineSpan[], lsn: Lsn): TimelineSpan {
  return history.find((span) => lsn < span.end) ?? history[history.length - 1];
}
