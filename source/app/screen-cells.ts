/** A line of text with SGR sequences, taken apart into the columns of the screen. */
import { oneColumnEach } from '../bytes/text-width.js';

/** One column: a character and the SGR parameters (ECMA-48, 8.3.117) that are on, such as `2;36`. */
export interface Cell {
  readonly text: string;
  readonly style: string;
}

/** A column nothing was written to. */
export const BLANK: Cell = { text: ' ', style: '' };

const ESCAPE = '\x1b';
/** Which attributes each parameter that ends one ends: 22 ends bold (1) and dim (2). */
const ENDS: Readonly<Record<string, (on: string) => boolean>> = {
  '22': (on) => on === '1' || on === '2',
  '23': (on) => on === '3',
  '24': (on) => on === '4',
  '27': (on) => on === '7',
  '29': (on) => on === '9',
  '39': (on) => /^(3|9)./.test(on),
  '49': (on) => /^(4|10)./.test(on),
};

/** What {@link styleAfter} has answered: a program has few styles, and asks for every one of them in every line. */
const known = new Map<string, string>();

/** The parameters that are on after `parameters` where `style` was on. */
function styleAfter(style: string, parameters: string): string {
  const question = `${style}m${parameters}`;
  const answer = known.get(question);
  if (answer !== undefined) return answer;
  let on = style === '' ? [] : style.split(';');
  for (const parameter of parameters.split(';')) {
    const ends = ENDS[parameter];
    if (parameter === '' || parameter === '0') on = [];
    else if (ends) on = on.filter((one) => !ends(one));
    else if (!on.includes(parameter)) on.push(parameter);
  }
  known.set(question, on.join(';'));
  return on.join(';');
}

/** Whether a space in that style is seen: underlined, inverse, struck through, or on a background. */
export function marksBlanks(style: string): boolean {
  return /(^|;)([479]|4\d|10\d)(;|$)/.test(style);
}

/** So many lines are kept in cells: some screens full. */
const ENOUGH = 256;
/** Lines in cells: while a list scrolls, a line is compared in frame after frame. */
const recent = new Map<string, readonly Cell[] | undefined>();

/**
 * One cell a column. Undefined where columns are not certain: a terminal and this program can disagree about the width of some characters
 * (a row's text may hold any), and a change behind one would go to the wrong place; so too where there is any other sequence than SGR.
 */
export function cellsOf(line: string): readonly Cell[] | undefined {
  const known = recent.get(line);
  if (known || recent.has(line)) return known;
  if (recent.size >= ENOUGH) recent.clear();
  const cells = takeApart(line);
  recent.set(line, cells);
  return cells;
}

function takeApart(line: string): Cell[] | undefined {
  const cells: Cell[] = [];
  let style = '';
  let blank = BLANK;
  for (let at = 0; at < line.length; ) {
    const start = line.indexOf(ESCAPE, at);
    const text = line.slice(at, start < 0 ? line.length : start);
    if (!oneColumnEach(text)) return undefined;
    for (const character of text) cells.push(character === ' ' ? blank : { text: character, style });
    if (start < 0) break;
    const end = line.indexOf('m', start);
    if (end < 0 || !/^\[[\d;]*$/.test(line.slice(start + 1, end))) return undefined;
    style = styleAfter(style, line.slice(start + 2, end));
    // Bold, dim or coloured, a space looks the same.
    blank = marksBlanks(style) ? { text: ' ', style } : BLANK;
    at = end + 1;
  }
  return cells;
}
