/** A place of segments that has to be asked for each file: what it is asked, and what it says. */
import type { Lsn } from '../bytes/lsn.js';

/** What a place that has to be asked said of one file. */
export type RemoteAnswer =
  | { readonly path: string }
  /** It does not have it: a sentence. */
  | { readonly reason: string };

/** A place that has to be asked for each file, and whose answer takes a while: a server, a restore_command. */
export interface RemotePlace {
  /** How the operator knows it. */
  readonly label: string;
  /** What it said of the segment of this name; undefined when it was not asked. */
  answer(fileName: string): RemoteAnswer | undefined;
  /** Notes that the segment is wanted. */
  want(wanted: WantedSegment): void;
  /** Something is wanted that it was not asked for yet. */
  readonly waiting: boolean;
  /** Names of segments that it is known to have. */
  names(): readonly string[];
}

/** A segment that a remote place is to be asked for. */
export interface WantedSegment {
  readonly fileName: string;
  readonly timeline: number;
  readonly startLsn: Lsn;
}
