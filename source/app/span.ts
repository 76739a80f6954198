/** Lines of styled text: what controllers lay out and components draw. */
import { textWidth, truncate } from '../bytes/text-width.js';
import type { Style } from './theme.js';

/** A piece of a line. `text` is printable already. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

/** One line of the screen. */
export type Line = readonly Span[];

/** Columns a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((width, span) => width + textWidth(span.text), 0);
}

/** The line in exactly `width` columns: cut with `…`, or padded with spaces. */
export function fitLine(line: Line, width: number): Line {
  const spans: Span[] = [];
  let left = width;
  for (const span of line) {
    if (left <= 0) break;
    const columns = textWidth(span.text);
    if (columns <= left) {
      spans.push(span);
      left -= columns;
      continue;
    }
    const text = truncate(span.text, left);
    spans.push({ ...span, text });
    left -= textWidth(text);
    break;
  }
  if (left > 0) spans.push({ text: ' '.repeat(left) });
  return spans;
}

/** `left` and `right` at the two ends of `width` columns; `left` gives way when both do not fit. */
export function spread(left: Line, right: Line, width: number): Line {
  const room = width - lineWidth(right);
  if (room < 8) return fitLine(left, width);
  return [...fitLine(left, room), ...right];
}
