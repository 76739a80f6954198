/** Keys of the list of lost transactions. */
import type { Binding, Facts } from './binding.js';
import { field, scrolling } from './shared.js';

const nothingShown = (facts: Facts): string | undefined =>
  facts.shown === 0 && !facts.arranging ? 'the list is empty: change the filter with /' : undefined;

const nothingMarked = (facts: Facts): string | undefined =>
  facts.marked === 0 ? 'nothing is marked: Space marks' : undefined;

/** In the order help and footer show them. */
export const LIST_KEYS: readonly Binding[] = [
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
];
