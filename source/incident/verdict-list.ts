/** Verdicts of an incident's transactions, one byte each. */
import { VERDICTS, type Verdict } from './model.js';

const PENDING = 255;

export class VerdictList {
  /** Positions in VERDICTS. */
  #codes = new Uint8Array(1024).fill(PENDING);

  /** The verdict of the transaction at a position in commit order; `pending` until it is set. */
  of(index: number): Verdict {
    const code = index < this.#codes.length ? this.#codes[index] : PENDING;
    return code === PENDING ? 'pending' : VERDICTS[code];
  }

  set(index: number, verdict: Verdict): void {
    if (index >= this.#codes.length) {
      const grown = new Uint8Array(Math.max(index + 1, this.#codes.length * 2)).fill(PENDING);
      grown.set(this.#codes);
      this.#codes = grown;
    }
    this.#codes[index] = verdict === 'pending' ? PENDING : VERDICTS.indexOf(verdict);
  }
}
