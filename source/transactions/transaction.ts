/** One committed (or in-doubt) transaction as faces and exports see it. Structured-cloneable. */
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';

/** `prepared`: written under PREPARE TRANSACTION and never resolved: in doubt. */
export type TransactionState = 'committed' | 'prepared';

/** What it did to one table. */
export interface TableCounts {
  readonly schema: string;
  readonly table: string;
  readonly insert: number;
  readonly update: number;
  readonly delete: number;
  readonly truncate: number;
}

/** Everything known of a transaction without decoding its rows. */
export interface TransactionSummary {
  /** Position in commit order, from 0: its name inside one opened incident. */
  readonly index: number;
  /** The 32-bit xid. */
  readonly xid: number;
  /** Global identifier of a two-phase transaction. */
  readonly gid?: string;
  readonly state: TransactionState;
  /** Database name, or '' when it wrote in none (only shared catalogs). */
  readonly database: string;
  /** First record it wrote. */
  readonly firstLsn: Lsn;
  /** Its commit (or prepare) record: begin and end. */
  readonly commitLsn: Lsn;
  readonly commitEndLsn: Lsn;
  readonly commitTime: TimestampMicros;
  /** It wrote before the fork and committed after it. */
  readonly straddlesFork: boolean;
  readonly tables: readonly TableCounts[];
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  /** Changes that cannot be decoded exactly, as far as known before looking at rows. */
  readonly undecodable: number;
  /** It began before the WAL that is there: what it did earlier is not known. */
  readonly beginningMissing: boolean;
  /** It changed the system catalogs. */
  readonly changesCatalog: boolean;
  /** Bytes of WAL its records take. */
  readonly walBytes: number;
}

/** Rows changed. */
export function rowCount(t: Pick<TransactionSummary, 'inserts' | 'updates' | 'deletes'>): number {
  return t.inserts + t.updates + t.deletes;
}
