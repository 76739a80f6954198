/** A question before something that cannot be taken back. */

/** What is asked, and what follows a yes; anything else is a no. */
export interface Confirmation {
  readonly question: readonly string[];
  /** What the two answers are called. */
  readonly yesLabel: string;
  readonly noLabel: string;
  yes(): void;
  no(): void;
}
