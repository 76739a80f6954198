/**
 * When did a transaction's writes become visible? For transactions that were over when reading began, pg_xact knows; for
 * the others only WAL does, as it is read.
 */
import type { Lsn } from '../bytes/lsn.js';
import { FIRST_NORMAL_XID, INVALID_XID, xidPrecedes } from '../heap/tuple.js';
import type { CommitLog } from './commit-log.js';

/** Aborted, crashed, or not ended as far as WAL has been read. */
export const NEVER: Lsn = Number.POSITIVE_INFINITY;

/** Transactions as far as this from the first are kept in an array of eight bytes each. */
const FARTHEST_IN_ARRAY = 1 << 28;

/** Which transactions were over when reading began. */
export interface FatesOptions {
  /** The first xid that no transaction had when reading began. */
  readonly startNextXid: number;
  /** (Sub)transactions that were running when reading began. */
  readonly startRunningXids: ReadonlySet<number>;
  readonly commitLog: CommitLog;
}

/** How and when each transaction ended. */
export class TransactionFates {
  readonly #startNextXid: number;
  readonly #running: ReadonlySet<number>;
  readonly #commitLog: CommitLog;
  /**
   * By distance from startNextXid: the LSN of the commit record, NEVER when aborted, 0 when not ended. Lost parts hold
   * millions of transactions, which is why this is not a Map.
   */
  #ended = new Float64Array(1024);
  /** The same for those that were running when reading began, and for any so far off that they would need a huge array. */
  readonly #endedElsewhere = new Map<number, Lsn>();

  constructor(options: FatesOptions) {
    this.#startNextXid = options.startNextXid;
    this.#running = options.startRunningXids;
    this.#commitLog = options.commitLog;
  }

  /** Was this transaction over, one way or the other, when reading began? */
  isSettled(xid: number): boolean {
    if (xid < FIRST_NORMAL_XID) return true;
    return xidPrecedes(xid, this.#startNextXid) && !this.#running.has(xid);
  }

  /** Did this transaction begin before reading did? Then it may have written what no WAL that is read tells. */
  beganBefore(xid: number): boolean {
    return xidPrecedes(xid, this.#startNextXid);
  }

  /** How many transactions after the first one without an owner at the start this one is; meaningful for unsettled ones. */
  distance(xid: number): number {
    return (xid - this.#startNextXid) >>> 0;
  }

  /**
   * For a settled transaction: did it commit? `hint` is what the tuple's hint bits say, for transactions so old that
   * pg_xact no longer has them; those without a hint either are taken for aborted, as nothing vouches for them.
   */
  settledCommitted(xid: number, hint: boolean): boolean {
    if (hint) return true;
    if (xid < FIRST_NORMAL_XID) return xid !== INVALID_XID;
    return this.#commitLog.status(xid) === 'committed';
  }

  /** A (sub)transaction ended. */
  ended(xid: number, committed: boolean, lsn: Lsn): void {
    const settledAt = committed ? lsn : NEVER;
    const distance = this.distance(xid);
    if (distance >= FARTHEST_IN_ARRAY) {
      this.#endedElsewhere.set(xid, settledAt);
      return;
    }
    if (distance >= this.#ended.length) {
      const grown = new Float64Array(2 ** Math.ceil(Math.log2(distance + 1)));
      grown.set(this.#ended);
      this.#ended = grown;
    }
    this.#ended[distance] = settledAt;
  }

  /** LSN of an unsettled transaction's commit record; NEVER when it aborted or has not been told to have ended. */
  committedAt(xid: number): Lsn {
    const distance = this.distance(xid);
    if (distance >= FARTHEST_IN_ARRAY) return this.#endedElsewhere.get(xid) ?? NEVER;
    return this.#ended[distance] || NEVER;
  }
}
