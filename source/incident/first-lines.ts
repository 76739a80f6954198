/** What a first look saw of the list's beginning, as lines: shown until reading has reached them, and never taken for more. */
import { type Lsn, parseLsn } from '../bytes/lsn.js';
import type { FirstLook } from '../transactions/first-look.js';
import type { ListedTransaction } from './model.js';

export class FirstLines {
  readonly #look: FirstLook;
  /** Those before have been reached. */
  #from = 0;

  constructor(look: FirstLook) {
    this.#look = look;
  }

  /** Reading has come to here: what commits before is known for certain, or is not lost at all. */
  reached(lsn: Lsn): void {
    const { transactions } = this.#look;
    while (this.#from < transactions.length && transactions[this.#from].commitLsn < lsn) this.#from++;
  }

  /** Lines not reached so far. */
  get length(): number {
    return this.#look.transactions.length - this.#from;
  }

  /** The lines [from, end) of those not reached. */
  slice(from: number, end: number): ListedTransaction[] {
    const lines: ListedTransaction[] = [];
    for (let line = Math.max(0, from); line < Math.min(end, this.length); line++) {
      const seen = this.#look.transactions[this.#from + line];
      lines.push({
        ...seen,
        index: -1 - line,
        firstLook: true,
        state: 'committed',
        database: '',
        straddlesFork: false,
        tables: [],
        truncates: 0,
        messages: 0,
        movesSequences: false,
        undecodable: 0,
        beginningMissing: false,
        changesCatalog: false,
        verdict: 'pending',
      });
    }
    return lines;
  }

  /** The line that an xid or an LSN leads to; undefined when that is none of these. */
  locate(text: string): number | undefined {
    const wanted = text.trim();
    const lsn = parseLsn(wanted);
    const xid = /^\d+$/.test(wanted) ? Number(wanted) % 0x1_0000_0000 : undefined;
    for (let at = this.#from; at < this.#look.transactions.length; at++) {
      const seen = this.#look.transactions[at];
      if (seen.xid === xid || (lsn !== undefined && seen.commitLsn >= lsn)) return at - this.#from;
    }
    return undefined;
  }
}
