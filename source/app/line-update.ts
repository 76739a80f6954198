/**
 * What has to be sent so that one line of the screen becomes another: only the cells that differ, each preceded by as
 * little cursor movement and styling as possible. On a slow link this is what a moved cursor costs.
 */
import { BLANK, type Cell, cellsOf, marksBlanks } from './screen-cells.js';

const RESET_STYLE = '\x1b[0m';
/** The line is erased before it is written: erasing after a full line would take its last character. */
const ERASE_LINE = '\x1b[0m\x1b[2K';
const ERASE_TO_END = '\x1b[K';
/** Unchanged cells between two changed ones are sent again where stepping over them would not be shorter. */
const STEP_OVER = 5;

function same(a: Cell, b: Cell): boolean {
  return a.text === b.text && a.style === b.style;
}

/** From one style to another, both as SGR parameters; a reset is never longer than undoing each attribute. */
function restyle(from: string, to: string): string {
  if (from === to) return '';
  if (to === '') return '\x1b[m';
  if (from === '') return `\x1b[${to}m`;
  return to.startsWith(`${from};`) ? `\x1b[${to.slice(from.length + 1)}m` : `\x1b[;${to}m`;
}

function wholeLine(row: number, line: string): string {
  return `\x1b[${row + 1};1H${ERASE_LINE}${line}${RESET_STYLE}`;
}

/**
 * The sequence that turns line `row` (from 0) of a terminal with `columns` columns from `before` into `after`; both are text with SGR
 * sequences, as Ink writes them. `before` undefined: what stands there is unknown. Leaves the style reset, the cursor anywhere.
 */
export function lineUpdate(row: number, before: string | undefined, after: string, columns: number): string {
  const old = before === undefined ? undefined : cellsOf(before);
  const now = old && cellsOf(after);
  if (!old || !now || now.length > columns) return wholeLine(row, after);
  const width = Math.max(old.length, now.length);
  const differs = (column: number): boolean => !same(old[column] ?? BLANK, now[column] ?? BLANK);
  let blankFrom = now.length;
  while (blankFrom > 0 && same(now[blankFrom - 1], BLANK)) blankFrom--;
  let text = '';
  let style = '';
  let at = -1;
  for (let column = 0; column < width; column++) {
    if (!differs(column)) continue;
    if (at < 0) text += `\x1b[${row + 1};${column + 1}H`;
    else if (column - at > STEP_OVER) text += `\x1b[${column - at}C`;
    else for (; at < column; at++) [text, style] = put(text, style, now[at] ?? BLANK);
    if (column >= blankFrom && column < columns) return `${text}${restyle(style, '')}${ERASE_TO_END}`;
    [text, style] = put(text, style, now[column] ?? BLANK);
    at = column + 1;
  }
  return text + restyle(style, '');
}

function put(text: string, style: string, cell: Cell): [string, string] {
  if (same(cell, BLANK) && !marksBlanks(style)) return [`${text} `, style];
  return [text + restyle(style, cell.style) + cell.text, cell.style];
}
