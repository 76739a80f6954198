/** One transaction's SQL as lines, read on as far as somebody scrolls. */
import { Tally } from '../sql/tally.js';
import { transactionLines } from '../sql/transaction-sql.js';
import type { OpenedIncident } from './opened-incident.js';

export class SqlLines {
  readonly #lines: string[] = [];
  readonly #source: Iterator<string>;
  #done = false;

  constructor(incident: OpenedIncident, index: number, direction: 'redo' | 'undo') {
    const changes = incident.changes(index, direction === 'undo');
    const { blockSize } = incident.overview().old;
    const options = { direction, guard: false, ddl: false, inDoubt: true, blockSize };
    this.#source = transactionLines(incident.transaction(index), changes, options, new Tally())[
      Symbol.iterator
    ]();
  }

  /** Lines [from, from + count), and how many there are: at least, while not all have been made. */
  slice(from: number, count: number): { lines: string[]; total: number } {
    const wanted = from + count + 1;
    while (!this.#done && this.#lines.length < wanted) {
      const next = this.#source.next();
      if (next.done) this.#done = true;
      else this.#lines.push(...next.value.split('\n'));
    }
    return { lines: this.#lines.slice(from, from + count), total: this.#lines.length };
  }
}
