/**
 * Every key, as data: the footer and the help are drawn from it, and no key works that is not written here.
 * Text fields take the keys that type or edit before this table is asked.
 */

/** Where the operator is; exactly one at a time. */
export type Context =
  | 'pick'
  | 'pick-path'
  | 'pick-review'
  | 'opening'
  | 'timeline'
  | 'timeline-save'
  | 'list'
  | 'list-filter'
  | 'list-jump'
  | 'list-sort'
  | 'list-tables'
  | 'detail'
  | 'detail-search'
  | 'export'
  | 'export-path'
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

const nothingShown = (facts: Facts): string | undefined =>
  facts.shown === 0 && !facts.arranging ? 'the list is empty: change the filter with /' : undefined;

const nothingMarked = (facts: Facts): string | undefined =>
  facts.marked === 0 ? 'nothing is marked: Space marks' : undefined;

const scrolling = (context: Context): Binding[] => [
  { context, keys: ['j', 'down'], action: 'down', description: 'one line down' },
  { context, keys: ['k', 'up'], action: 'up', description: 'one line up' },
  { context, keys: ['ctrl-d'], action: 'half-down', description: 'half a page down' },
  { context, keys: ['ctrl-u'], action: 'half-up', description: 'half a page up' },
  { context, keys: ['pagedown', 'ctrl-f'], action: 'page-down', description: 'one page down' },
  { context, keys: ['pageup', 'ctrl-b'], action: 'page-up', description: 'one page up' },
  { context, keys: ['g', 'home'], action: 'home', description: 'to the beginning' },
  { context, keys: ['G', 'end'], action: 'end', description: 'to the end' },
];

const field = (context: Context, accept: string, description: string): Binding[] => [
  { context, keys: ['enter'], action: 'accept', description, hint: accept },
  {
    context,
    keys: ['escape'],
    action: 'back',
    description: 'leave the box, nothing changed',
    hint: 'cancel',
  },
];

/** All bindings, in the order help and footer show them. */
export const KEYMAP: readonly Binding[] = [
  {
    context: 'pick',
    keys: ['enter'],
    action: 'choose',
    description: 'choose this directory, or look into it',
    hint: 'choose',
  },
  {
    context: 'pick',
    keys: ['l', 'right'],
    action: 'into',
    description: 'look into this directory',
    hint: 'into',
  },
  {
    context: 'pick',
    keys: ['h', 'left', 'backspace'],
    action: 'parent',
    description: 'to the parent directory',
    hint: 'parent',
  },
  {
    context: 'pick',
    keys: ['p', '/'],
    action: 'path',
    description: 'type a path (Tab completes) or, for the new side, a postgres:// URL',
    hint: 'type a path',
  },
  {
    context: 'pick',
    keys: ['r'],
    action: 'again',
    description: 'look again: what was there may have changed',
  },
  ...scrolling('pick'),
  { context: 'pick', keys: ['escape'], action: 'back', description: 'one step back', hint: 'back' },

  {
    context: 'pick-path',
    keys: ['tab'],
    action: 'complete',
    description: 'complete the path',
    hint: 'complete',
  },
  ...field('pick-path', 'choose', 'choose what is typed'),

  {
    context: 'pick-review',
    keys: ['enter'],
    action: 'open',
    description: 'open both sides and read their WAL (nothing is written)',
    hint: 'open',
    disabledReason: (facts) => facts.refusal,
  },
  {
    context: 'pick-review',
    keys: ['s'],
    action: 'swap',
    description: 'exchange old and new',
    hint: 'swap',
    disabledReason: (facts) => (facts.swappable ? undefined : 'a live server can only be the new side'),
  },
  ...scrolling('pick-review'),
  {
    context: 'pick-review',
    keys: ['escape'],
    action: 'back',
    description: 'choose the new side again',
    hint: 'back',
  },

  {
    context: 'opening',
    keys: ['escape'],
    action: 'back',
    description: 'stop and choose others',
    hint: 'stop',
  },

  {
    context: 'timeline',
    keys: ['enter', 'l', 'right'],
    action: 'list',
    description: 'list the lost transactions',
    hint: 'transactions',
  },
  { context: 'timeline', keys: ['e'], action: 'export', description: 'export what was lost', hint: 'export' },
  {
    context: 'timeline',
    keys: ['y'],
    action: 'copy',
    description: 'copy this picture as plain text to the terminal’s clipboard (OSC 52)',
    hint: 'copy',
  },
  {
    context: 'timeline',
    keys: ['w'],
    action: 'save',
    description: 'write this picture as plain text to a file',
    hint: 'write to file',
  },
  {
    context: 'timeline',
    keys: ['s'],
    action: 'swap',
    description: 'exchange old and new and open again',
    disabledReason: (facts) => (facts.swappable ? undefined : 'a live server can only be the new side'),
  },
  ...scrolling('timeline'),
  {
    context: 'timeline',
    keys: ['escape', 'h', 'left'],
    action: 'back',
    description: 'leave: quit, or choose others',
    hint: 'leave',
  },

  ...field('timeline-save', 'write', 'write the file (never over an existing one)'),

  {
    context: 'list',
    keys: ['enter', 'l', 'right'],
    action: 'open',
    description: 'open this transaction',
    hint: 'open',
    disabledReason: nothingShown,
  },
  {
    context: 'list',
    keys: ['space'],
    action: 'mark',
    description: 'mark or unmark this transaction; with a range, mark all of it',
    hint: 'mark',
    disabledReason: nothingShown,
  },
  {
    context: 'list',
    keys: ['a'],
    action: 'mark-all',
    description: 'mark all the filter shows',
    hint: 'all',
    disabledReason: nothingShown,
  },
  {
    context: 'list',
    keys: ['/'],
    action: 'filter',
    description: 'filter: table:orders op:delete xid:700..800 time:>=12:00:03 rows:>100 -word …',
    hint: 'filter',
  },
  {
    context: 'list',
    keys: ['e'],
    action: 'export',
    description: 'export the marked (or what is shown)',
    hint: 'export',
  },
  {
    context: 'list',
    keys: ['v'],
    action: 'range',
    description: 'begin a range here; move; Space marks it, u unmarks it',
    hint: 'range',
    disabledReason: nothingShown,
  },
  { context: 'list', keys: ['s'], action: 'sort', description: 'sort by …', hint: 'sort' },
  {
    context: 'list',
    keys: [':'],
    action: 'jump',
    description: 'jump to an xid, an LSN or a time',
    hint: 'jump',
    disabledReason: nothingShown,
  },
  {
    context: 'list',
    keys: ['t'],
    action: 'mark-table',
    description: 'mark all that is shown of a table of this transaction',
    hint: 'by table',
    disabledReason: nothingShown,
  },
  {
    context: 'list',
    keys: ['i'],
    action: 'invert',
    description: 'invert the marks of all the filter shows',
    hint: 'invert',
    disabledReason: nothingShown,
  },
  { context: 'list', keys: ['S'], action: 'reverse', description: 'reverse the order' },
  {
    context: 'list',
    keys: ['u'],
    action: 'unmark',
    description: 'unmark this transaction, or the range',
    disabledReason: nothingMarked,
  },
  {
    context: 'list',
    keys: ['U'],
    action: 'unmark-all',
    description: 'take all marks away (asks first)',
    disabledReason: nothingMarked,
  },
  {
    context: 'list',
    keys: ['m'],
    action: 'next-mark',
    description: 'to the next marked transaction on the pages at hand',
    disabledReason: nothingMarked,
  },
  { context: 'list', keys: ['c'], action: 'clear-filter', description: 'clear the filter' },
  ...scrolling('list'),
  {
    context: 'list',
    keys: ['escape', 'h', 'left'],
    action: 'back',
    description: 'end the range, clear the filter, or go back to the timeline',
    hint: 'back',
  },

  ...field('list-filter', 'filter', 'apply the filter; empty shows all'),
  ...field('list-jump', 'jump', 'go to the nearest transaction'),

  {
    context: 'list-sort',
    keys: ['c'],
    action: 'sort-commit',
    description: 'commit order',
    hint: 'commit order',
  },
  { context: 'list-sort', keys: ['t'], action: 'sort-time', description: 'commit time', hint: 'time' },
  { context: 'list-sort', keys: ['x'], action: 'sort-xid', description: 'xid', hint: 'xid' },
  { context: 'list-sort', keys: ['r'], action: 'sort-rows', description: 'rows changed', hint: 'rows' },
  { context: 'list-sort', keys: ['z'], action: 'sort-size', description: 'bytes of WAL', hint: 'size' },
  { context: 'list-sort', keys: ['d'], action: 'sort-database', description: 'database', hint: 'database' },
  { context: 'list-sort', keys: ['b'], action: 'sort-table', description: 'table', hint: 'table' },
  { context: 'list-sort', keys: ['v'], action: 'sort-verdict', description: 'verdict', hint: 'verdict' },
  {
    context: 'list-sort',
    keys: ['escape'],
    action: 'back',
    description: 'leave the order as it is',
    hint: 'cancel',
  },

  { context: 'list-tables', keys: ['j', 'down'], action: 'down', description: 'next table' },
  { context: 'list-tables', keys: ['k', 'up'], action: 'up', description: 'previous table' },
  {
    context: 'list-tables',
    keys: ['enter', 'space'],
    action: 'accept',
    description: 'mark all that is shown of this table',
    hint: 'mark all of this table',
  },
  { context: 'list-tables', keys: ['escape'], action: 'back', description: 'mark nothing', hint: 'cancel' },

  {
    context: 'detail',
    keys: ['tab'],
    action: 'next-tab',
    description: 'rows → redo SQL → undo SQL',
    hint: 'rows/SQL',
  },
  { context: 'detail', keys: ['shift-tab'], action: 'previous-tab', description: 'the other way round' },
  { context: 'detail', keys: ['J'], action: 'next-change', description: 'next row change' },
  { context: 'detail', keys: ['K'], action: 'previous-change', description: 'previous row change' },
  {
    context: 'detail',
    keys: [']', '>'],
    action: 'next-transaction',
    description: 'next transaction of the list',
    hint: 'next',
  },
  {
    context: 'detail',
    keys: ['[', '<'],
    action: 'previous-transaction',
    description: 'previous transaction of the list',
    hint: 'previous',
  },
  {
    context: 'detail',
    keys: ['space'],
    action: 'mark',
    description: 'mark or unmark this transaction',
    hint: 'mark',
  },
  {
    context: 'detail',
    keys: ['/'],
    action: 'search',
    description: 'search in this transaction',
    hint: 'search',
  },
  {
    context: 'detail',
    keys: ['n'],
    action: 'search-next',
    description: 'next hit',
    disabledReason: (facts) => (facts.searched ? undefined : 'nothing was searched for: / searches'),
  },
  {
    context: 'detail',
    keys: ['N'],
    action: 'search-previous',
    description: 'previous hit',
    disabledReason: (facts) => (facts.searched ? undefined : 'nothing was searched for: / searches'),
  },
  {
    context: 'detail',
    keys: ['w'],
    action: 'whole',
    description: 'long values whole, or shortened',
    hint: 'whole values',
  },
  { context: 'detail', keys: ['e'], action: 'export', description: 'export the marked (or what is shown)' },
  ...scrolling('detail'),
  {
    context: 'detail',
    keys: ['escape', 'h', 'left'],
    action: 'back',
    description: 'back to the list',
    hint: 'back',
  },

  ...field('detail-search', 'search', 'find it from here on'),

  { context: 'export', keys: ['j', 'down'], action: 'down', description: 'next choice' },
  { context: 'export', keys: ['k', 'up'], action: 'up', description: 'previous choice' },
  {
    context: 'export',
    keys: ['space', 'right', 'l'],
    action: 'change',
    description: 'change it',
  },
  { context: 'export', keys: ['left', 'h'], action: 'change-back', description: 'change it the other way' },
  {
    context: 'export',
    keys: ['enter'],
    action: 'accept',
    description: 'change it; on the path, edit it; on Write, write',
    hint: 'change, write',
  },
  {
    context: 'export',
    keys: ['w'],
    action: 'write',
    description: 'write the file (asks before it replaces one)',
    hint: 'write',
    disabledReason: (facts) => facts.exportProblem,
  },
  {
    context: 'export',
    keys: ['ctrl-d', 'pagedown'],
    action: 'preview-down',
    description: 'preview: further down',
  },
  { context: 'export', keys: ['ctrl-u', 'pageup'], action: 'preview-up', description: 'preview: back up' },
  { context: 'export', keys: ['escape'], action: 'back', description: 'back, nothing written', hint: 'back' },

  {
    context: 'export-path',
    keys: ['tab'],
    action: 'complete',
    description: 'complete the directory',
    hint: 'complete',
  },
  ...field('export-path', 'accept', 'take this path'),

  ...scrolling('export-done'),
  {
    context: 'export-done',
    keys: ['y'],
    action: 'copy',
    description: 'copy this summary to the terminal’s clipboard (OSC 52)',
    hint: 'copy',
  },
  {
    context: 'export-done',
    keys: ['escape', 'enter'],
    action: 'back',
    description: 'back to the list',
    hint: 'back to the list',
  },

  ...scrolling('help'),
  {
    context: 'help',
    keys: ['escape', '?', 'q', 'enter'],
    action: 'back',
    description: 'close the help',
    hint: 'close',
  },

  { context: 'confirm', keys: ['y'], action: 'yes', description: 'yes', hint: 'yes' },
  {
    context: 'confirm',
    keys: ['n', 'escape', 'enter'],
    action: 'no',
    description: 'no: nothing happens',
    hint: 'no',
  },

  {
    context: 'resume',
    keys: ['enter', 'y'],
    action: 'yes',
    description: 'take up the marks, filter and place of last time',
    hint: 'resume',
  },
  {
    context: 'resume',
    keys: ['n', 'escape'],
    action: 'no',
    description: 'begin afresh',
    hint: 'begin afresh',
  },

  { context: 'global', keys: ['?'], action: 'help', description: 'all keys that work here', hint: 'help' },
  {
    context: 'global',
    keys: ['q', 'ctrl-c'],
    action: 'quit',
    description: 'quit (marks and place are kept for the next start)',
    hint: 'quit',
  },
];

/** Contexts in which letters are typed, and in which `q` and `?` mean themselves. */
const TYPING: ReadonlySet<Context> = new Set<Context>([
  'pick-path',
  'timeline-save',
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
