/** A text box as a line: its label, what is typed, and the cursor in it. */
import { printable } from '../../bytes/printable.js';
import { textWidth } from '../../bytes/text-width.js';
import type { Line } from '../span.js';
import type { TextField } from '../text-field.js';

/** The box in `width` columns; a long text is scrolled so that the cursor is seen. */
export function fieldLine(label: string, field: TextField, width: number): Line {
  const room = Math.max(4, width - textWidth(label) - 2);
  const shown = field.characters.map((character) => printable(character));
  let from = 0;
  const used = (): number => shown.slice(from, field.cursor).reduce((sum, part) => sum + textWidth(part), 0);
  while (used() >= room) from++;
  const before = shown.slice(from, field.cursor).join('');
  const under = shown[field.cursor] ?? ' ';
  const after = shown.slice(field.cursor + 1).join('');
  return [
    { text: `${label} `, style: 'key' },
    { text: from > 0 ? `…${before.slice(1)}` : before },
    { text: under, style: 'found' },
    { text: after },
  ];
}
