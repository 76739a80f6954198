/** Keys of the fork's picture. */
import type { Binding } from './binding.js';
import { field, scrolling } from './shared.js';

/** In the order help and footer show them. */
export const TIMELINE_KEYS: readonly Binding[] = [
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
    keys: ['c'],
    action: 'preserve',
    description:
      'preserve: copy the lost WAL, and what it takes to read it, into a directory that opens as OLD',
    hint: 'preserve',
    disabledReason: (facts) => facts.preserveProblem,
  },
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
    keys: ['p'],
    action: 'add-old',
    description: 'add a place with WAL of the OLD side: a directory or postgres://…',
    hint: 'add WAL',
  },
  {
    context: 'timeline',
    keys: ['P'],
    action: 'add-new',
    description: 'add a place with WAL of the NEW side',
  },
  {
    context: 'timeline',
    keys: ['r'],
    action: 'restore',
    description: 'run the configured restore_command for missing WAL (shows it and asks first)',
    disabledReason: (facts) =>
      facts.restorable ? undefined : 'no restore_command is configured that is not run already',
  },
  {
    context: 'timeline',
    keys: ['s'],
    action: 'swap',
    description: 'exchange old and new and open again',
    disabledReason: (facts) => (facts.swappable ? undefined : 'a live server can only be the new side'),
  },
  {
    context: 'timeline',
    keys: ['f'],
    action: 'fork',
    description: 'name the fork by hand and open again',
  },
  ...scrolling('timeline'),
  {
    context: 'timeline',
    keys: ['escape', 'h', 'left'],
    action: 'back',
    description: 'leave: quit, or choose others',
    hint: 'leave',
  },
  {
    context: 'timeline-place',
    keys: ['tab'],
    action: 'complete',
    description: 'complete the path',
    hint: 'complete',
  },
  ...field('timeline-place', 'add', 'look for WAL there too; marks, filter and place stay'),
  ...field('timeline-save', 'write', 'write the file (never over an existing one)'),
];
