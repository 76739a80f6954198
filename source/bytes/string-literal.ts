/** A string as SQL reads it back, to the same characters. */
import { HIDDEN_CHARACTERS, hexadecimal } from './hidden-characters.js';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "''",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

/** Printable ASCII without quote and backslash: most of all text there is, and nothing in it to look at twice. */
const PLAIN_TEXT = /^[ -&(-[\]-~]*$/;

/**
 * A string literal on one physical line. Plain `'…'` where nothing in it needs an escape; `E'…'` as soon as there is
 * a backslash (so that it means the same under any standard_conforming_strings) or a character that hides or acts.
 * A lone surrogate, which no database can hold, throws RangeError.
 */
export function quoteLiteral(text: string): string {
  if (PLAIN_TEXT.test(text)) return `'${text}'`;
  if (!text.includes('\\') && !HIDDEN_CHARACTERS.test(text)) return `'${text.replaceAll("'", "''")}'`;
  let escaped = '';
  for (const character of text) {
    const short = SHORT_ESCAPES[character];
    if (short !== undefined) escaped += short;
    else if (!HIDDEN_CHARACTERS.test(character)) escaped += character;
    else if (character.length > 1) escaped += `\\U${hexadecimal(character, 8)}`;
    else if (character === '\0' || /\p{Cs}/u.test(character))
      throw new RangeError('a character no text value can hold');
    else escaped += `\\u${hexadecimal(character, 4)}`;
  }
  return `E'${escaped}'`;
}
