/** How many transactions and rows are marked, kept up to date without asking for the whole of it at every key. */
import type { IncidentClient } from '../../incident/client.js';
import type { MarkSet } from '../../incident/marks.js';
import type { ListedTransaction } from '../../incident/model.js';
import { rowCount } from '../../transactions/transaction.js';

/** Sums over the marks. */
export class MarkTotals {
  /** Row changes of the marked transactions; undefined while a big change is being summed up. */
  rows: number | undefined = 0;
  #client: IncidentClient;
  #marks: MarkSet;
  #changed: () => void;
  #summing = false;
  #again = false;

  constructor(client: IncidentClient, marks: MarkSet, changed: () => void) {
    this.#client = client;
    this.#marks = marks;
    this.#changed = changed;
  }

  /** One transaction was marked (or unmarked). */
  toggled(transaction: ListedTransaction, marked: boolean): void {
    if (this.rows === undefined) {
      this.recount();
      return;
    }
    this.rows += (marked ? 1 : -1) * rowCount(transaction);
    this.#changed();
  }

  /** Many marks changed: the sums are asked for. */
  recount(): void {
    if (this.#marks.count === 0) {
      this.rows = 0;
      this.#again = this.#summing;
      this.#changed();
      return;
    }
    this.rows = undefined;
    this.#changed();
    if (this.#summing) {
      this.#again = true;
      return;
    }
    void this.#sum();
  }

  async #sum(): Promise<void> {
    this.#summing = true;
    try {
      do {
        this.#again = false;
        const { rows } = await this.#client.totals([...this.#marks]);
        if (!this.#again) this.rows = rows;
      } while (this.#again);
    } catch {
      // Without the worker there is no list either; that is said where the list is.
    } finally {
      this.#summing = false;
      this.#changed();
    }
  }
}
