/** Keys of choosing the two sides. */
import type { Binding } from './binding.js';
import { field, scrolling } from './shared.js';

/** In the order help and footer show them. */
export const PICK_KEYS: readonly Binding[] = [
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
  {
    context: 'pick-review',
    keys: ['f'],
    action: 'fork',
    description: 'name the fork by hand, when the histories cannot tell it',
    hint: 'fork',
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
    context: 'pick-fork',
    keys: ['tab'],
    action: 'complete',
    description: 'complete with a place that the histories know',
    hint: 'complete',
  },
  ...field('pick-fork', 'take', 'take this place for the fork; nothing has it found'),
  {
    context: 'opening',
    keys: ['escape'],
    action: 'back',
    description: 'stop and choose others',
    hint: 'stop',
  },
];
