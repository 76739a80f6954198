/** Keys of one transaction. */
import type { Binding } from './binding.js';
import { field, scrolling } from './shared.js';

/** In the order help and footer show them. */
export const DETAIL_KEYS: readonly Binding[] = [
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
];
