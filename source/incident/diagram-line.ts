/** Lines of the picture of an incident, in pieces that know what they are about. */
import { printable } from '../bytes/printable.js';
import { textWidth, wrapWords } from '../bytes/text-width.js';

/** What a part of the picture is about: faces give it a colour, plain text does without. */
export type DiagramRole =
  | 'plain'
  | 'title'
  | 'muted'
  | 'shared'
  | 'old'
  | 'new'
  | 'fork'
  | 'loss'
  | 'warning';

/** A piece of a line in one role. */
export interface DiagramSpan {
  readonly text: string;
  readonly role: DiagramRole;
}

/** One line of the picture. */
export type DiagramLine = readonly DiagramSpan[];

/** A line in one role. */
export function line(text: string, role: DiagramRole = 'plain'): DiagramLine {
  return [{ text, role }];
}

function lineWidth(spans: DiagramLine): number {
  return spans.reduce((width, span) => width + textWidth(span.text), 0);
}

/** A sentence to be heeded, wrapped to `width` columns. */
export function warningLines(text: string, width: number): DiagramLine[] {
  return wrapWords(printable(text), width - 2).map((part, at) =>
    line(`${at === 0 ? '! ' : '  '}${part}`, 'warning'),
  );
}

/** Two blocks next to each other, `width` columns each, two apart. */
export function sideBySide(
  left: readonly DiagramLine[],
  right: readonly DiagramLine[],
  width: number,
): DiagramLine[] {
  const lines: DiagramLine[] = [];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const spans = left[at] ?? [];
    const gap = ' '.repeat(Math.max(0, width - lineWidth(spans)) + 2);
    lines.push([...spans, { text: gap, role: 'plain' }, ...(right[at] ?? [])]);
  }
  return lines;
}
