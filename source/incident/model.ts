/** What an incident is, in plain structured-cloneable objects: two sides, a fork, what was lost. */
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { Change, Row } from '../rows/row-change.js';
import type { ForkPoint } from '../timeline/fork-point.js';
import type { TransactionSummary } from '../transactions/transaction.js';
import type { SegmentDisagreement } from '../wal/disagreement.js';

/** Where to look: the operator's answers, whole. */
export interface IncidentRequest {
  /** Data directory of the old primary, or a directory that holds only WAL. */
  readonly old: string;
  /** Data directory or `postgres://` URL of the new primary. */
  readonly new: string;
  readonly oldWal?: readonly string[];
  readonly newWal?: readonly string[];
  /** Fetches a segment: somebody's shell command, which giving it here agrees to. */
  readonly restoreCommand?: string;
  /** Agrees to the restore_command that a side's own configuration holds. */
  readonly runRestoreCommand?: boolean;
  /** Seconds that a restore_command may take for one segment. */
  readonly restoreTimeout?: number;
  /** `postgres://` URL of the running new primary that verdicts are asked of, besides the directory in `new`. */
  readonly against?: string;
  /** The fork named by hand, when histories cannot tell. */
  readonly fork?: Lsn;
  readonly tempDir?: string;
  /** Bytes that may be put there for each side; no limit when undefined. */
  readonly tempLimit?: number;
  /** Bytes that verdicts may take to remember which lost transaction wrote which row; a quarter of the machine's when undefined. */
  readonly maxMemory?: number;
  /** Threads that decode rows, the one that reads among them; as many as pay when undefined. */
  readonly jobs?: number;
}

/** How much of one segment is there. */
export interface SegmentCoverage {
  readonly fileName: string;
  readonly timeline: number;
  readonly startLsn: Lsn;
  readonly state: 'present' | 'missing' | 'partial' | 'recycled' | 'foreign';
  /** Path of the file used, when present. */
  readonly path?: string;
  /** The place it came from, as the operator named it, when present. */
  readonly place?: string;
  /** Why there is none, otherwise. */
  readonly reason?: string;
}

/** WAL that is missing, and what it would give back. */
export interface WalGap {
  readonly side: 'old' | 'new';
  /** `before` the beginning of reading; `missing` where reading stopped; `damaged`: there, but broken where reading stopped. */
  readonly state: 'before' | 'missing' | 'damaged';
  /** Names of the first and the last missing segment, and how many they are. */
  readonly first: string;
  readonly last: string;
  readonly count: number;
  /** First LSN of the first. */
  readonly startLsn: Lsn;
  /** Each a clause: `every transaction that it committed after 0/A01EEF0`. */
  readonly givesBack: readonly string[];
}

/** What a side's own configuration says of an archive. */
export interface SideArchive {
  readonly restoreCommand?: {
    readonly command: string;
    /** File and line. */
    readonly where: string;
    /** The operator agreed: it is run. */
    readonly used: boolean;
  };
  /** A directory that a plain copying command names, and the setting that does. */
  readonly directory?: { readonly path: string; readonly setting: string };
}

/** One promotion or other end of a timeline, from a history file. */
export interface TimelineSwitch {
  /** The timeline that ended there. */
  readonly timeline: number;
  readonly lsn: Lsn;
  readonly reason: string;
}

/** One of the two nodes. */
export interface SideOverview {
  /** Path or URL (password removed). */
  readonly path: string;
  readonly kind: 'data-directory' | 'wal-directory' | 'server';
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  /** DBState in PostgreSQL's own words (pg_controldata): `in production`, `shut down`, `in archive recovery` … */
  readonly state: string;
  readonly timeline: number;
  readonly history: readonly TimelineSwitch[];
  readonly checkpointLsn: Lsn;
  readonly redoLsn: Lsn;
  readonly checkpointTime: TimestampMicros;
  /** Where its valid WAL ends; 0 until known. */
  readonly endLsn: Lsn;
  readonly endReason: string;
  readonly segments: readonly SegmentCoverage[];
  /** Places that hold different bytes for one segment, as far as it was read. */
  readonly disagreements: readonly SegmentDisagreement[];
  readonly archive?: SideArchive;
  readonly walLevel: string;
  readonly walSegmentSize: number;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
  /** postmaster.pid names a live process. */
  readonly running: boolean;
  readonly warnings: readonly string[];
}

export type { ForkPoint, SegmentDisagreement };

/** The loss in figures, growing while WAL is read. */
export interface LossFigures {
  readonly transactions: number;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  readonly inDoubt: number;
  /** Logical messages, in transactions and out of them. */
  readonly messages: number;
  readonly undecodable: number;
  readonly tables: readonly string[];
  readonly databases: readonly string[];
  readonly walBytes: number;
  readonly firstCommitTime?: TimestampMicros;
  readonly lastCommitTime?: TimestampMicros;
}

/** Both sides and the fork: known within milliseconds, before WAL is read. */
export interface IncidentOverview {
  readonly old: SideOverview;
  readonly new: SideOverview;
  readonly fork: ForkPoint;
  /** Missing WAL that keeps something from being told, as far as reading has come. */
  readonly gaps: readonly WalGap[];
  /** Old and new look exchanged: why. */
  readonly swapped?: string;
  readonly warnings: readonly string[];
}

export interface Progress {
  /** `old` and `new`: that side's WAL is read; `judging`: rows are compared with the new primary's. */
  readonly phase: 'opening' | 'old' | 'new' | 'judging' | 'done' | 'failed';
  readonly bytesRead: number;
  readonly bytesTotal: number;
  /** Bytes a second, over the last seconds. */
  readonly rate: number;
  readonly secondsLeft: number;
  /** Rows compared, about, and how many are to be. */
  readonly judged?: { readonly done: number; readonly total: number };
  /** A segment that is being fetched, and from where: `00000001000000000000000A from restore_command`. */
  readonly fetching?: string;
  /** Why what does not fit into memory is not kept any more: old rows that need it will not be known. */
  readonly givenUp?: string;
  readonly loss: LossFigures;
  /** Why it stopped, when failed. */
  readonly error?: string;
  /** Of a defect: where it was met, for the report about it. */
  readonly stack?: string;
  /** In the phase `opening`: what can be shown by now. */
  readonly firstSight?: FirstSight;
}

/** What can be shown of an incident before it is open: both sides, the fork, and how the list begins as far as a first look tells. */
export interface FirstSight {
  readonly overview: IncidentOverview;
  /** The first lines of the list in commit order, and how many there are. */
  readonly lines: readonly ListedTransaction[];
  readonly length: number;
}

export const VERDICTS = [
  'clean',
  'applied',
  'dependency',
  'changed',
  'missing',
  'exists',
  'unique',
  'unknown',
] as const;
/** How a lost change stands against what the new primary has written since; see DESIGN. `pending` while not yet known. */
export type Verdict = (typeof VERDICTS)[number] | 'pending';

/** A verdict with its reason, and the new primary's row where it has one. */
export interface RowVerdict {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly current?: Row;
}

/** One line of the list. */
export interface ListedTransaction extends TransactionSummary {
  readonly verdict: Verdict;
  /** Of one that changed the catalog: what it did there, `creates table public.orders`, the first few things of it; known once it is judged. */
  readonly definitions?: readonly string[];
  /**
   * Only a first look was had at its records after the fork: xid, commit and its time are certain; rows are counted by records; all else
   * is not known yet. Its index is negative and means nothing: it cannot be asked about.
   */
  readonly firstLook?: boolean;
}

/** One line of a transaction's detail. */
export interface ListedChange {
  readonly change: Change;
  readonly verdict?: RowVerdict;
}

export type SortKey = 'commit' | 'time' | 'xid' | 'rows' | 'size' | 'database' | 'table' | 'verdict';

export interface ListOrder {
  readonly key: SortKey;
  readonly descending: boolean;
}

export type ExportFormat = 'sql' | 'wal2json' | 'csv' | 'report';

export interface ExportRequest {
  readonly format: ExportFormat;
  /** Transactions by index; undefined means all that `filter` matches. */
  readonly transactions?: readonly number[];
  readonly filter?: string;
  readonly undo: boolean;
  readonly guard: boolean;
  readonly ddl: boolean;
  /** Rows of partitions are written as rows of the table at the root of their tree. */
  readonly partitionRoot?: boolean;
  /** File (or directory when several databases); undefined or '-' is standard output. */
  readonly output?: string;
  readonly overwrite?: boolean;
}

export interface ExportedFile {
  readonly path: string;
  readonly database?: string;
  readonly transactions: number;
  readonly statements: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface ExportSummary {
  readonly files: readonly ExportedFile[];
  readonly transactions: number;
  readonly statements: number;
  readonly bytes: number;
  /** Changes left out because they could not be decoded exactly. */
  readonly leftOut: number;
  readonly leftOutReasons: readonly string[];
}
