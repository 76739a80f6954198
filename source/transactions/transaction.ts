/** One committed (or in-doubt) transaction as faces and exports see it. Structured-cloneable. */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { formatTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import type { RecordedOrigin } from '../wal/transaction-record.js';

/**
 * `prepared`: written under PREPARE TRANSACTION and never resolved: in doubt. `message`: no transaction at all, but a logical message that
 * was sent at once, whatever became of the transaction that sent it, if there was one.
 */
export type TransactionState = 'committed' | 'prepared' | 'message';

/** Where a transaction that was replicated from another server came from. */
export interface TransactionOrigin extends RecordedOrigin {
  /** roname of pg_replication_origin, when it is still known. */
  readonly name?: string;
}

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
  /** Of a message: when the transaction before it committed, as WAL does not say more. */
  readonly commitTime: TimestampMicros;
  /** Undefined when it was not replicated from elsewhere. */
  readonly origin?: TransactionOrigin;
  /**
   * It was prepared (PREPARE TRANSACTION) before the fork and committed after it: the new primary holds it prepared, locks and all, until
   * somebody resolves it there.
   */
  readonly preparedBeforeFork?: boolean;
  /** It wrote before the fork and committed after it. */
  readonly straddlesFork: boolean;
  readonly tables: readonly TableCounts[];
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  /** Logical messages it wrote. */
  readonly messages: number;
  /** It moved a sequence. */
  readonly movesSequences: boolean;
  /** Changes that cannot be decoded exactly, as far as known before looking at rows. */
  readonly undecodable: number;
  /** It began before the WAL that is there: what it did earlier is not known. */
  readonly beginningMissing: boolean;
  /** It changed the system catalogs. */
  readonly changesCatalog: boolean;
  /** Bytes of WAL its records take. */
  readonly walBytes: number;
}

/** `replicated from upstream, committed there at 0/16B2D80, 2026-11-21 02:45:47.184429 UTC`, as far as it is known. */
export function originText({ id, name, lsn, time }: TransactionOrigin): string {
  const facts = [`replicated from ${name ?? `origin ${id}`}`];
  if (lsn !== 0) facts.push(`committed there at ${formatLsn(lsn)}`);
  if (time !== 0) facts.push(`${formatTimestamp(time).replace('T', ' ').replace('Z', ' UTC')}`);
  return facts.join(', ');
}

/** Rows changed. */
export function rowCount(t: Pick<TransactionSummary, 'inserts' | 'updates' | 'deletes'>): number {
  return t.inserts + t.updates + t.deletes;
}
