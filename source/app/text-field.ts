/** A line of text being typed: the same editing keys in every box. */
import { graphemes } from '../bytes/text-width.js';
import type { KeyPress } from './keys.js';

/** The text and the place of the cursor in it, in user-perceived characters. */
export interface TextField {
  readonly characters: readonly string[];
  readonly cursor: number;
}

/** A field holding `text`, the cursor at its end. */
export function textField(text = ''): TextField {
  const characters = graphemes(text);
  return { characters, cursor: characters.length };
}

/** What is typed so far. */
export function fieldText(field: TextField): string {
  return field.characters.join('');
}

function insert(field: TextField, text: string): TextField {
  // A pasted line end would be invisible in a one-line field.
  const added = graphemes(text.replace(/[\r\n\t]+/g, ' '));
  const characters = [
    ...field.characters.slice(0, field.cursor),
    ...added,
    ...field.characters.slice(field.cursor),
  ];
  return { characters, cursor: field.cursor + added.length };
}

function remove(field: TextField, from: number, to: number): TextField {
  if (from >= to) return field;
  return { characters: [...field.characters.slice(0, from), ...field.characters.slice(to)], cursor: from };
}

function wordStart(field: TextField): number {
  let at = field.cursor;
  while (at > 0 && /[\s/]/.test(field.characters[at - 1])) at--;
  while (at > 0 && !/[\s/]/.test(field.characters[at - 1])) at--;
  return at;
}

/** The field after a key press, or undefined when the key is no editing key. */
export function editField(field: TextField, press: KeyPress): TextField | undefined {
  const { cursor, characters } = field;
  switch (press.name) {
    case 'left':
    case 'ctrl-b':
      return { ...field, cursor: Math.max(0, cursor - 1) };
    case 'right':
    case 'ctrl-f':
      return { ...field, cursor: Math.min(characters.length, cursor + 1) };
    case 'home':
    case 'ctrl-a':
      return { ...field, cursor: 0 };
    case 'end':
    case 'ctrl-e':
      return { ...field, cursor: characters.length };
    case 'backspace':
      return remove(field, Math.max(0, cursor - 1), cursor);
    case 'ctrl-d':
      return remove(field, cursor, Math.min(characters.length, cursor + 1));
    case 'ctrl-w':
      return remove(field, wordStart(field), cursor);
    case 'ctrl-u':
      return remove(field, 0, cursor);
    case 'ctrl-k':
      return remove(field, cursor, characters.length);
    default:
      return press.text === undefined ? undefined : insert(field, press.text);
  }
}
