/** What a key's binding is: data, of which footer, help and the keys themselves are made. */

/** Where the operator is; exactly one at a time. */
export type Context =
  | 'pick'
  | 'pick-path'
  | 'pick-review'
  | 'pick-fork'
  | 'opening'
  | 'timeline'
  | 'timeline-save'
  | 'timeline-place'
  | 'preserve'
  | 'preserve-copying'
  | 'preserve-done'
  | 'list'
  | 'list-filter'
  | 'list-jump'
  | 'list-sort'
  | 'list-tables'
  | 'detail'
  | 'detail-search'
  | 'export'
  | 'export-path'
  | 'export-writing'
  | 'export-done'
  | 'help'
  | 'confirm'
  | 'resume';

/** What the keymap may know to say why a key does not work now. */
export interface Facts {
  /** Lines the list shows. */
  readonly shown: number;
  /** What the list will show is being worked out. */
  readonly arranging: boolean;
  readonly marked: number;
  /** Why the two picked sides cannot be opened. */
  readonly refusal?: string;
  /** Both sides are directories and may be exchanged. */
  readonly swappable: boolean;
  /** A side's configuration has a restore_command that is not run. */
  readonly restorable: boolean;
  /** Why there is nothing to preserve. */
  readonly preserveProblem?: string;
  /** Something was searched for. */
  readonly searched: boolean;
  /** What an export would be missing. */
  readonly exportProblem?: string;
}

/** One line of the keymap. */
export interface Binding {
  readonly context: Context | 'global';
  readonly keys: readonly string[];
  readonly action: string;
  /** For the help: what it does. */
  readonly description: string;
  /** For the footer: one or two words. Bindings without one are only in the help. */
  readonly hint?: string;
  /** One sentence when the key does not work now, and why. */
  readonly disabledReason?: (facts: Facts) => string | undefined;
}
