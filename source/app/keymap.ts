/**
 * The keymap: what a binding is, and which one a key means. The table itself is in bindings.ts; the footer and the help
 * are drawn from it, and no key works that is not written there.
 */
import { KEYMAP } from './bindings.js';

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

/** Contexts in which letters are typed, and in which `q` and `?` mean themselves. */
const TYPING: ReadonlySet<Context> = new Set<Context>([
  'pick-path',
  'pick-fork',
  'timeline-save',
  'timeline-place',
  'preserve',
  'list-filter',
  'list-jump',
  'detail-search',
  'export-path',
]);

/** Contexts that the global keys do not reach (but for ctrl-c). */
const CLOSED: ReadonlySet<Context> = new Set<Context>([...TYPING, 'help', 'confirm', 'resume', 'list-sort']);

/** Letters are typed here. */
export function isTyping(context: Context): boolean {
  return TYPING.has(context);
}

/** The binding of a key in a context: its own first, then the global one. */
export function bindingFor(context: Context, key: string): Binding | undefined {
  const own = KEYMAP.find((binding) => binding.context === context && binding.keys.includes(key));
  if (own) return own;
  if (CLOSED.has(context) && key !== 'ctrl-c') return undefined;
  return KEYMAP.find((binding) => binding.context === 'global' && binding.keys.includes(key));
}

/** Every binding that works in a context. */
export function bindingsOf(context: Context): readonly Binding[] {
  return KEYMAP.filter(
    (binding) => binding.context === context || (binding.context === 'global' && !CLOSED.has(context)),
  );
}
