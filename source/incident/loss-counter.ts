/** The loss in figures, added up while transactions are found. */
import type { TransactionSummary } from '../transactions/transaction.js';
import type { LossFigures } from './model.js';

export class LossCounter {
  #transactions = 0;
  #inserts = 0;
  #updates = 0;
  #deletes = 0;
  #truncates = 0;
  #inDoubt = 0;
  #messages = 0;
  #undecodable = 0;
  #walBytes = 0;
  #first: number | undefined;
  #last: number | undefined;
  #begunBefore = 0;
  readonly #tables = new Set<string>();
  readonly #databases = new Set<string>();
  #lastTables: TransactionSummary['tables'] | undefined;

  /** Adds one lost transaction; one in doubt is counted as such and not among the committed. */
  add(transaction: TransactionSummary): void {
    if (transaction.beginningMissing) this.#begunBefore++;
    if (transaction.state === 'prepared') {
      this.#inDoubt++;
      return;
    }
    if (transaction.state === 'message') {
      this.#messages++;
      return;
    }
    this.#messages += transaction.messages;
    this.#transactions++;
    this.#inserts += transaction.inserts;
    this.#updates += transaction.updates;
    this.#deletes += transaction.deletes;
    this.#truncates += transaction.truncates;
    this.#undecodable += transaction.undecodable;
    this.#walBytes += transaction.walBytes;
    // Transactions that did the same share one list of tables.
    if (transaction.tables !== this.#lastTables) {
      for (const { schema, table } of transaction.tables) this.#tables.add(`${schema}.${table}`);
      this.#lastTables = transaction.tables;
    }
    if (transaction.database !== '') this.#databases.add(transaction.database);
    this.#first = Math.min(this.#first ?? transaction.commitTime, transaction.commitTime);
    this.#last = Math.max(this.#last ?? transaction.commitTime, transaction.commitTime);
  }

  /** Of all that were added, those whose beginning is not in the WAL. */
  get begunBefore(): number {
    return this.#begunBefore;
  }

  /** The sums so far. */
  figures(): LossFigures {
    return {
      transactions: this.#transactions,
      inserts: this.#inserts,
      updates: this.#updates,
      deletes: this.#deletes,
      truncates: this.#truncates,
      inDoubt: this.#inDoubt,
      messages: this.#messages,
      undecodable: this.#undecodable,
      tables: [...this.#tables].sort(),
      databases: [...this.#databases].sort(),
      walBytes: this.#walBytes,
      firstCommitTime: this.#first,
      lastCommitTime: this.#last,
    };
  }
}

/** Before anything was found. */
export const NOTHING_LOST: LossFigures = new LossCounter().figures();
