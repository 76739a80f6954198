/** Keys by name, as the keymap writes them: `j`, `G`, `ctrl-d`, `down`, `enter`, `space`, `shift-tab`. */
import type { Key } from 'ink';
import { graphemes } from '../bytes/text-width.js';

/** One key press. `text` is what it would type into a field; a paste is one press named `paste`. */
export interface KeyPress {
  readonly name: string;
  readonly text?: string;
}

const CONTROL_NAMES: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\b': 'backspace',
  '\x7f': 'backspace',
  ' ': 'space',
};

function specialName(key: Key): string | undefined {
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.leftArrow) return 'left';
  if (key.rightArrow) return 'right';
  if (key.pageUp) return 'pageup';
  if (key.pageDown) return 'pagedown';
  if (key.home) return 'home';
  if (key.end) return 'end';
  if (key.return) return 'enter';
  if (key.escape) return 'escape';
  if (key.tab) return key.shift ? 'shift-tab' : 'tab';
  // Terminals send DEL (0x7f) for the backspace key, which Ink reports as `delete`.
  if (key.backspace || key.delete) return 'backspace';
  return undefined;
}

function characterPress(character: string): KeyPress {
  const name = CONTROL_NAMES[character];
  if (name) return name === 'space' ? { name, text: ' ' } : { name };
  const code = character.codePointAt(0)!;
  if (code < 0x20) return { name: `ctrl-${String.fromCharCode(code + 0x60)}` };
  return { name: character, text: character };
}

/** What Ink read, as presses: characters that arrived together (fast typing, a slow line) come one by one. */
export function keyPresses(input: string, key: Key): KeyPress[] {
  const special = specialName(key);
  if (special) return [{ name: special }];
  if (key.ctrl) return input === 'space' ? [] : [{ name: `ctrl-${input}` }];
  // Alt and unknown escape sequences: no key of ours, and never text.
  if (key.meta || input === '') return [];
  return graphemes(input).map(characterPress);
}

/** What terminals send around pasted text once asked to (bracketed paste), as Ink hands it on. */
export const PASTE_BEGIN = '[200~';
export const PASTE_END = '[201~';

const KEY_LABELS: Readonly<Record<string, string>> = {
  up: '↑',
  down: '↓',
  left: '←',
  right: '→',
  enter: 'Enter',
  escape: 'Esc',
  space: 'Space',
  tab: 'Tab',
  'shift-tab': 'Shift-Tab',
  pageup: 'PgUp',
  pagedown: 'PgDn',
  home: 'Home',
  end: 'End',
  backspace: 'Bksp',
};

/** A key's name as the screen shows it: `Enter`, `↓`, `^D`, `j`. */
export function keyLabel(name: string): string {
  if (name.startsWith('ctrl-')) return `^${name.slice(5).toUpperCase()}`;
  return KEY_LABELS[name] ?? name;
}
