/** Keys of the help and the questions, and those that work nearly everywhere. */
import type { Binding } from './binding.js';
import { scrolling } from './shared.js';

/** In the order help and footer show them. */
export const DIALOGS_KEYS: readonly Binding[] = [
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
    keys: ['q'],
    action: 'quit',
    description: 'quit (marks and place are kept for the next start)',
    hint: 'quit',
  },
  {
    context: 'global',
    keys: ['ctrl-c'],
    action: 'interrupt',
    description: 'quit at once, whatever is under way (an export that is being written is not kept)',
  },
];
