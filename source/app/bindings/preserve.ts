/** Keys of preserving what was lost. */
import type { Binding } from './binding.js';

/** In the order help and footer show them. */
export const PRESERVE_KEYS: readonly Binding[] = [
  {
    context: 'preserve',
    keys: ['enter'],
    action: 'accept',
    description: 'copy there what was lost',
    hint: 'preserve',
  },
  {
    context: 'preserve',
    keys: ['tab'],
    action: 'complete',
    description: 'complete the path',
    hint: 'complete',
  },
  {
    context: 'preserve',
    keys: ['escape'],
    action: 'back',
    description: 'go on to the fork without preserving',
    hint: 'go on without',
  },
  {
    context: 'preserve-copying',
    keys: ['escape', 'ctrl-c'],
    action: 'stop',
    description: 'stop: what is whole stays, and preserving there again goes on from it',
    hint: 'stop',
  },
  {
    context: 'preserve-copying',
    keys: ['h', 'left'],
    action: 'leave',
    description: 'on to the fork, while it goes on being copied',
    hint: 'leave it running',
  },
  {
    context: 'preserve-done',
    keys: ['enter', 'escape'],
    action: 'back',
    description: 'on to the fork, as it was opened',
    hint: 'go on',
  },
  {
    context: 'preserve-done',
    keys: ['o'],
    action: 'open',
    description: 'open the copy as OLD now',
    hint: 'open the copy',
  },
  {
    context: 'preserve-done',
    keys: ['y'],
    action: 'copy',
    description: 'copy the command that opens it to the terminal’s clipboard (OSC 52)',
    hint: 'copy command',
  },
  {
    context: 'preserve-done',
    keys: ['n'],
    action: 'again',
    description: 'preserve once more, into another directory',
    hint: 'once more',
  },
];
