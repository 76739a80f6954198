/**
 * The keymap: every binding, and which one a key means. The footer and the help are drawn from it, and no key works that is not written
 * there. Text fields take the keys that type or edit before it is asked.
 */
import type { Binding, Context } from './bindings/binding.js';
import { DETAIL_KEYS } from './bindings/detail.js';
import { DIALOGS_KEYS } from './bindings/dialogs.js';
import { EXPORT_KEYS } from './bindings/export.js';
import { LIST_KEYS } from './bindings/list.js';
import { PICK_KEYS } from './bindings/pick.js';
import { PRESERVE_KEYS } from './bindings/preserve.js';
import { TIMELINE_KEYS } from './bindings/timeline.js';

/** All bindings, in the order help and footer show them. */
export const KEYMAP: readonly Binding[] = [
  ...PICK_KEYS,
  ...TIMELINE_KEYS,
  ...PRESERVE_KEYS,
  ...LIST_KEYS,
  ...DETAIL_KEYS,
  ...EXPORT_KEYS,
  ...DIALOGS_KEYS,
];

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
