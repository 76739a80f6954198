/** Keys of exporting. */
import type { Binding } from './binding.js';
import { field, scrolling } from './shared.js';

/** In the order help and footer show them. */
export const EXPORT_KEYS: readonly Binding[] = [
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
    context: 'export-writing',
    keys: ['escape'],
    action: 'stop',
    description: 'stop writing: nothing of it is kept',
    hint: 'stop',
  },
  {
    context: 'export-writing',
    keys: ['h', 'left'],
    action: 'leave',
    description: 'back, while it goes on being written',
    hint: 'leave it running',
  },
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
];
