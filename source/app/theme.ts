/** What each kind of text looks like. Colour only repeats what a glyph or a word already says. */
import type { TextProps } from 'ink';

/** Kinds of text on the screen. */
export type Style =
  | 'plain'
  | 'title'
  | 'muted'
  | 'shared'
  | 'old'
  | 'new'
  | 'fork'
  | 'loss'
  | 'warning'
  | 'error'
  | 'good'
  | 'key'
  | 'mark'
  | 'insert'
  | 'update'
  | 'delete'
  | 'changed'
  | 'unknown'
  | 'found'
  | 'bar'
  | 'active'
  | 'cursor';

/** How text of one style is drawn. */
export type Look = Pick<TextProps, 'color' | 'bold' | 'dimColor' | 'inverse' | 'underline' | 'italic'>;

/** How every style is drawn. */
export type Theme = Readonly<Record<Style, Look>>;

const COLOURED: Theme = {
  plain: {},
  title: { bold: true },
  muted: { dimColor: true },
  shared: { color: 'blue' },
  old: { color: 'red', bold: true },
  new: { color: 'green', bold: true },
  fork: { color: 'yellow', bold: true },
  loss: { color: 'red', bold: true },
  warning: { color: 'yellow' },
  error: { color: 'red', bold: true },
  good: { color: 'green' },
  key: { color: 'cyan', bold: true },
  mark: { color: 'magenta', bold: true },
  insert: { color: 'green' },
  update: { color: 'yellow' },
  delete: { color: 'red' },
  changed: { color: 'yellow', bold: true },
  unknown: { dimColor: true, italic: true },
  found: { inverse: true },
  bar: { inverse: true },
  active: { bold: true, underline: true },
  cursor: { inverse: true },
};

function withoutColour(look: Look): Look {
  const { color: _, ...rest } = look;
  return rest;
}

/** The theme for an environment: without colour where NO_COLOR is set to anything (no-color.org). */
export function themeFor(env: NodeJS.ProcessEnv): Theme {
  if (!env['NO_COLOR']) return COLOURED;
  const styles = Object.entries(COLOURED).map(([style, look]) => [style, withoutColour(look)]);
  return Object.fromEntries(styles) as Theme;
}
