/** Keys that mean the same in several places. */
import type { Binding, Context } from './binding.js';

/** Keys that scroll. */
export const scrolling = (context: Context): Binding[] => [
  { context, keys: ['j', 'down'], action: 'down', description: 'one line down' },
  { context, keys: ['k', 'up'], action: 'up', description: 'one line up' },
  { context, keys: ['ctrl-d'], action: 'half-down', description: 'half a page down' },
  { context, keys: ['ctrl-u'], action: 'half-up', description: 'half a page up' },
  { context, keys: ['pagedown', 'ctrl-f'], action: 'page-down', description: 'one page down' },
  { context, keys: ['pageup', 'ctrl-b'], action: 'page-up', description: 'one page up' },
  { context, keys: ['g', 'home'], action: 'home', description: 'to the beginning' },
  { context, keys: ['G', 'end'], action: 'end', description: 'to the end' },
];

/** Keys of a text field; `accept` is Enter's hint. */
export const field = (context: Context, accept: string, description: string): Binding[] => [
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
