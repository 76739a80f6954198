/** What a quick look at a directory tells: that it can be a side of an incident, and which, or why it cannot. */
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { ControlFile, WalLevel } from './control-file.js';
import type { FoundHistory } from './history-file.js';

/** The segments a directory holds, by their names. */
export interface SegmentsSummary {
  /** File name of the first, and of the last that is not recycled; undefined when there is none. */
  readonly first?: string;
  readonly last?: string;
  /** How many from the first to the last, and the bytes they take. */
  readonly count: number;
  readonly bytes: number;
  /** Files behind the last one: recycled or pre-allocated, future names without contents. */
  readonly recycled: number;
  /** Names that end in `.partial`. */
  readonly partial: number;
}

/** A place outside of the data directory that holds tables. */
export interface TablespaceLink {
  readonly oid: number;
  /** Where pg_tblspc's link leads. */
  readonly path: string;
  /** It leads nowhere on this machine. */
  readonly broken: boolean;
}

/** A directory that can be a side. */
export interface DirectoryProbe {
  readonly ok: true;
  /** Absolute. */
  readonly path: string;
  readonly kind: 'data-directory' | 'wal-directory';
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  /** DBState in pg_controldata's words; `WAL only` for a directory of WAL. */
  readonly state: string;
  /** The timeline it is on; of a directory of WAL, the highest there. */
  readonly timeline: number;
  /** Timelines that its segments' names carry, ascending. */
  readonly timelines: readonly number[];
  readonly history: FoundHistory['history'];
  /** The history file that should be there and is not. */
  readonly missingHistory?: string;
  /** 0 when unknown (a directory of WAL), as the three below. */
  readonly checkpointLsn: Lsn;
  readonly redoLsn: Lsn;
  readonly checkpointTime: TimestampMicros;
  /** BLCKSZ, in bytes. */
  readonly pageSize: number;
  /** XLOG_BLCKSZ, in bytes. */
  readonly walPageSize: number;
  /** In bytes. */
  readonly walSegmentSize: number;
  readonly walLevel: WalLevel | 'unknown';
  /** Where its own WAL is: pg_wal, or the directory itself. */
  readonly walDirectory: string;
  readonly segments: SegmentsSummary;
  /** A live process named by postmaster.pid, and the port it listens on. */
  readonly running?: { readonly pid: number; readonly port?: number };
  /** It has standby.signal, recovery.signal or recovery.conf: started, it would be a standby. */
  readonly standby: boolean;
  readonly tablespaces: readonly TablespaceLink[];
  /** The control file; undefined for a directory of WAL. */
  readonly control?: ControlFile;
  readonly warnings: readonly string[];
}

/** A directory that cannot be a side. */
export interface RefusedProbe {
  readonly ok: false;
  readonly path: string;
  /** One sentence. */
  readonly reason: string;
  /** It is a directory whose contents may be listed. */
  readonly browsable: boolean;
}

export type DataDirectoryProbe = DirectoryProbe | RefusedProbe;
