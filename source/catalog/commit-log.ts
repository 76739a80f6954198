/** pg_xact: two bits a transaction that say how it ended (access/transam/clog.c). */
import path from 'node:path';
import { SlruReader } from './slru.js';

/** How a transaction ended, as pg_xact has it; `unknown` when that part of pg_xact is gone. */
export type TransactionStatus = 'in-progress' | 'committed' | 'aborted' | 'sub-committed' | 'unknown';

/** TRANSACTION_STATUS_* (access/clog.h), by their number. */
const STATUSES: readonly TransactionStatus[] = ['in-progress', 'committed', 'aborted', 'sub-committed'];

/** CLOG_XACTS_PER_BYTE */
const TRANSACTIONS_PER_BYTE = 4;

/** Reads pg_xact, page by page as it is asked. */
export class CommitLog {
  readonly #pages: SlruReader;
  readonly #transactionsPerPage: number;

  /** `pageSize` is the cluster's block size in bytes. */
  constructor(dataDirectory: string, pageSize: number) {
    this.#pages = new SlruReader(path.join(dataDirectory, 'pg_xact'), pageSize);
    this.#transactionsPerPage = pageSize * TRANSACTIONS_PER_BYTE;
  }

  /** What pg_xact says of this transaction. */
  status(xid: number): TransactionStatus {
    const page = this.#pages.page(Math.floor(xid / this.#transactionsPerPage));
    if (!page) return 'unknown';
    const inPage = xid % this.#transactionsPerPage;
    const byte = page[Math.floor(inPage / TRANSACTIONS_PER_BYTE)];
    return STATUSES[(byte >> ((inPage % TRANSACTIONS_PER_BYTE) * 2)) & 3];
  }
}
