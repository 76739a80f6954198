/** What was written and, loudly, what was not. */

import type { Lsn } from '../bytes/lsn.js';

/** How many distinct reasons are kept word for word; the count goes on. */
const REASONS_KEPT = 20;

/** What a tally has counted, as plain data. */
export interface TallyFigures {
  readonly statements: number;
  readonly leftOut: number;
  /** Each reason with how often, in the order in which they were met. */
  readonly reasons: readonly (readonly [reason: string, changes: number])[];
  readonly sequences: readonly (readonly [key: string, lsn: Lsn])[];
}

/** Counts statements and changes left out while an export is written. */
export class Tally {
  statements = 0;
  leftOut = 0;
  /** Where each sequence was last set to: the LSN of the record that said so, under sequenceKey(). */
  readonly sequences = new Map<string, Lsn>();
  readonly #reasons = new Map<string, number>();
  readonly #most: number;

  /** `most`: how many reasons are kept. A tally that is to be added to another keeps all of them: which ones that one keeps depends on what it has. */
  constructor(most = REASONS_KEPT) {
    this.#most = most;
  }

  /** Counts `changes` as left out for this reason. */
  leaveOut(reason: string, changes = 1): void {
    this.leftOut += changes;
    this.#note(reason, changes);
  }

  #note(reason: string, changes: number): void {
    const known = this.#reasons.get(reason);
    if (known !== undefined || this.#reasons.size < this.#most)
      this.#reasons.set(reason, (known ?? 0) + changes);
  }

  /** Everything counted so far, with all the reasons that were kept. */
  figures(): TallyFigures {
    const { statements, leftOut } = this;
    return { statements, leftOut, reasons: [...this.#reasons], sequences: [...this.sequences] };
  }

  /** Counts from nothing again. */
  reset(): void {
    this.statements = 0;
    this.leftOut = 0;
    this.sequences.clear();
    this.#reasons.clear();
  }

  /** Counts what another tally did after everything that this one has: as if it had been counted here. */
  add({ statements, leftOut, reasons, sequences }: TallyFigures): void {
    this.statements += statements;
    this.leftOut += leftOut;
    for (const [reason, changes] of reasons) this.#note(reason, changes);
    for (const [key, lsn] of sequences) this.sequences.set(key, lsn);
  }

  /** The reasons met first, each with how often: `3 × the old row is not known`. */
  reasons(): string[] {
    return [...this.#reasons].map(([reason, count]) => (count === 1 ? reason : `${count} × ${reason}`));
  }
}
