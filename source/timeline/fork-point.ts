/** Where two histories part, and how that is known. */
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';

/** The fork: the first LSN that the two sides do not share. */
export interface ForkPoint {
  readonly lsn: Lsn;
  /** The last timeline both sides share. */
  readonly timeline: number;
  /** Time of the last commit before the fork or of the promotion, when WAL tells. */
  readonly time?: TimestampMicros;
  /** The last checkpoint that both sides share: where pg_rewind would begin. Undefined when the WAL at hand holds none. */
  readonly lastCommonCheckpoint?: { readonly lsn: Lsn; readonly timeline: number };
  /** How it was found, and what of it was verified in the WAL: sentences for people. */
  readonly evidence: readonly string[];
  /** False when the old side's history simply continues into the new one's: nothing can be lost. */
  readonly diverged: boolean;
  /** Why, although nothing diverged, something may have been lost: what the old side wrote by itself is no longer its history. */
  readonly untold?: string;
}
