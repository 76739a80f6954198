/** How many columns of a terminal a text takes, and texts cut or padded to a number of columns. */
import stringWidth from 'string-width';

const ASCII = /^[\x20-\x7e]*$/;
const ONE_COLUMN_EACH =
  /^[\x20-\x7e\u00a0-\u00ac\u00ae-\u024f\u2010-\u2027\u2030-\u205e\u2190-\u22ff\u2500-\u25fc\u2713\u2717]*$/;
/** Made for the first text that needs it: that takes some milliseconds, which a start has not to spare. */
let segmenter: Intl.Segmenter | undefined;

/** What stands for the part that was cut off. */
const ELLIPSIS = '…';

/** Whether `text` has only characters of which all terminals agree that each takes one column: Latin, arrows, box drawing and the like. */
export function oneColumnEach(text: string): boolean {
  return ONE_COLUMN_EACH.test(text);
}

/** Columns a line of printable text takes: 2 for each wide character (CJK, emoji), 0 for combining marks. */
export function textWidth(text: string): number {
  return ONE_COLUMN_EACH.test(text) ? text.length : stringWidth(text);
}

/** User-perceived characters, the units a text may be cut at. */
export function graphemes(text: string): string[] {
  if (ASCII.test(text)) return text.split('');
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), (part) => part.segment);
}

/** The longest beginning of `text` that fits into `width` columns. */
function beginning(text: string, width: number): string {
  if (ASCII.test(text)) return text.slice(0, Math.max(0, width));
  let taken = '';
  let used = 0;
  for (const grapheme of graphemes(text)) {
    used += textWidth(grapheme);
    if (used > width) break;
    taken += grapheme;
  }
  return taken;
}

/** The longest end of `text` that fits into `width` columns. */
function ending(text: string, width: number): string {
  if (ASCII.test(text)) return width <= 0 ? '' : text.slice(-width);
  let taken = '';
  let used = 0;
  for (const grapheme of graphemes(text).reverse()) {
    used += textWidth(grapheme);
    if (used > width) break;
    taken = grapheme + taken;
  }
  return taken;
}

/** `text` in at most `width` columns; what is too long ends in `…`. */
export function truncate(text: string, width: number): string {
  if (width <= 0) return '';
  if (textWidth(text) <= width) return text;
  return beginning(text, width - 1) + ELLIPSIS;
}

/** `text` in at most `width` columns, with `…` in place of its middle: for paths, whose end says most. */
export function truncateMiddle(text: string, width: number): string {
  if (width <= 0) return '';
  if (textWidth(text) <= width) return text;
  const head = Math.min(12, Math.floor((width - 1) / 3));
  return beginning(text, head) + ELLIPSIS + ending(text, width - 1 - head);
}

/** `text` in exactly `width` columns: cut with `…`, or padded with spaces. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = truncate(text, width);
  const padding = ' '.repeat(Math.max(0, width - textWidth(cut)));
  return align === 'left' ? cut + padding : padding + cut;
}

/** `text` broken into lines of at most `width` columns, anywhere: values are shown exactly, not as prose. */
export function breakLines(text: string, width: number): string[] {
  if (width <= 0) return [];
  if (textWidth(text) <= width) return [text];
  const lines: string[] = [];
  if (ASCII.test(text)) {
    for (let from = 0; from < text.length; from += width) lines.push(text.slice(from, from + width));
    return lines;
  }
  let line = '';
  let used = 0;
  for (const grapheme of graphemes(text)) {
    const columns = textWidth(grapheme);
    if (used + columns > width && line) {
      lines.push(line);
      line = '';
      used = 0;
    }
    line += grapheme;
    used += columns;
  }
  lines.push(line);
  return lines;
}

/** Prose broken between words into lines of at most `width` columns; a word longer than that is broken anywhere. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const candidate = line ? `${line} ${word}` : word;
    if (textWidth(candidate) <= width) {
      line = candidate;
      continue;
    }
    if (line) lines.push(line);
    const pieces = breakLines(word, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1) ?? '';
  }
  if (line || lines.length === 0) lines.push(line);
  return lines;
}
