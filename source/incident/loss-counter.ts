/** The loss in figures, added up while transactions are found. */
import type { TransactionIndex } from '../transactions/transaction-index.js';
import type { TransactionShape } from '../transactions/transaction-shapes.js';
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
  /** Of the first and the last commit; infinite while there was none. */
  #first = Number.POSITIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;
  #begunBefore = 0;
  readonly #tables = new Set<string>();
  readonly #databases = new Set<string>();
  #lastShape: TransactionShape | undefined;

  /** Adds the lost transaction at `at`; one in doubt is counted as such and not among the committed. */
  add(index: TransactionIndex, at: number): void {
    const beginningMissing = index.beginningMissing(at);
    if (beginningMissing) this.#begunBefore++;
    const state = index.state(at);
    if (state === 'prepared') {
      this.#inDoubt++;
      return;
    }
    if (state === 'message') {
      this.#messages++;
      return;
    }
    const shape = index.shape(index.shapeNumber(at));
    this.#messages += shape.messages;
    this.#transactions++;
    this.#inserts += shape.inserts;
    this.#updates += shape.updates;
    this.#deletes += shape.deletes;
    this.#truncates += shape.truncates;
    this.#undecodable += index.undecodable(at);
    this.#walBytes += index.walBytes(at);
    if (shape !== this.#lastShape) {
      for (const { schema, table } of shape.tables) this.#tables.add(`${schema}.${table}`);
      if (shape.database !== '') this.#databases.add(shape.database);
      this.#lastShape = shape;
    }
    const time = index.commitTime(at);
    if (time < this.#first) this.#first = time;
    if (time > this.#last) this.#last = time;
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
      firstCommitTime: Number.isFinite(this.#first) ? this.#first : undefined,
      lastCommitTime: Number.isFinite(this.#last) ? this.#last : undefined,
    };
  }
}

/** Before anything was found. */
export const NOTHING_LOST: LossFigures = new LossCounter().figures();
