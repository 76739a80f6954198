/** A line of spans as text with SGR sequences. */
import { fitLine, type Line } from './span.js';
import type { Look, Theme } from './theme.js';

/** SGR parameters (ECMA-48, 8.3.117) of the colours that themes use. */
const COLOURS: Readonly<Record<string, number>> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
};

function parameters(look: Look): string {
  const on: number[] = [];
  if (look.inverse) on.push(7);
  if (look.bold) on.push(1);
  if (look.dimColor) on.push(2);
  if (look.italic) on.push(3);
  if (look.underline) on.push(4);
  if (look.color) on.push(COLOURS[look.color]);
  return on.join(';');
}

/**
 * The line in exactly `width` columns. Selected, it is all inverted and loses its colours, which would be backgrounds then.
 * Trailing blanks that cannot be seen are left out.
 */
export function styledLine(line: Line, width: number, theme: Theme, selected: boolean): string {
  let text = '';
  for (const { text: part, style = 'plain' } of fitLine(line, width)) {
    const look = theme[style];
    const codes = parameters(selected ? { inverse: true, bold: look.bold } : look);
    text += codes === '' ? part : `\x1b[${codes}m${part}\x1b[0m`;
  }
  return text.trimEnd();
}
