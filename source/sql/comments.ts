/** Comments that nothing in them can end. */
import { printable } from '../bytes/printable.js';

/** `-- …` on one line: every character that would end the line, act or hide is written as a visible escape. */
export function comment(text: string): string {
  return `-- ${printable(text)}`;
}
