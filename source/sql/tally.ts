/** What was written and, loudly, what was not. */

import type { Lsn } from '../bytes/lsn.js';

/** How many distinct reasons are kept word for word; the count goes on. */
const REASONS_KEPT = 20;

/** Counts statements and changes left out while an export is written. */
export class Tally {
  statements = 0;
  leftOut = 0;
  /** Where each sequence was last set to: the LSN of the record that said so, under sequenceKey(). */
  readonly sequences = new Map<string, Lsn>();
  readonly #reasons = new Map<string, number>();

  /** Counts `changes` as left out for this reason. */
  leaveOut(reason: string, changes = 1): void {
    this.leftOut += changes;
    const known = this.#reasons.get(reason);
    if (known !== undefined || this.#reasons.size < REASONS_KEPT)
      this.#reasons.set(reason, (known ?? 0) + changes);
  }

  /** The reasons met first, each with how often: `3 × the old row is not known`. */
  reasons(): string[] {
    return [...this.#reasons].map(([reason, count]) => (count === 1 ? reason : `${count} × ${reason}`));
  }
}
