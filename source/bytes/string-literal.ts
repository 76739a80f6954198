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

/** The same by byte. */
const IS_PLAIN = new Uint8Array(256);
for (let code = 0; code < 0x80; code++) IS_PLAIN[code] = PLAIN_TEXT.test(String.fromCharCode(code)) ? 1 : 0;

/** Is bytes[start,end) text of which quoteLiteral makes a literal by putting it between quotes? */
export function isPlainText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (IS_PLAIN[bytes[at]] === 0) return false;
  return true;
}

/**
 * The bytes of a character that hides or acts, in the encoding of the database that the literal is for; undefined where that is UTF-8, which
 * takes its code point.
 */
export type HiddenBytes = (character: string) => readonly number[] | undefined;

/**
 * A string literal on one physical line. Plain `'…'` where nothing in it needs an escape; `E'…'` as soon as there is
 * a backslash (so that it means the same under any standard_conforming_strings) or a character that hides or acts.
 * For a database that is not UTF-8 `hidden` is needed: until 12 those take no escaped code points beyond ASCII.
 * A lone surrogate of which `hidden` knows no byte, and which no database can hold, throws RangeError.
 */
export function quoteLiteral(text: string, hidden?: HiddenBytes): string {
  if (PLAIN_TEXT.test(text)) return `'${text}'`;
  if (!text.includes('\\') && !HIDDEN_CHARACTERS.test(text)) return `'${text.replaceAll("'", "''")}'`;
  let escaped = '';
  for (const character of text) {
    const short = SHORT_ESCAPES[character];
    if (short !== undefined) escaped += short;
    else if (!HIDDEN_CHARACTERS.test(character)) escaped += character;
    else escaped += hiddenEscape(character, hidden);
  }
  return `E'${escaped}'`;
}

function hiddenEscape(character: string, hidden: HiddenBytes | undefined): string {
  const bytes = hidden?.(character);
  if (bytes !== undefined) return bytes.map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  if (character.length > 1) return `\\U${hexadecimal(character, 8)}`;
  if (character === '\0' || /\p{Cs}/u.test(character))
    throw new RangeError('a character no text value can hold');
  return `\\u${hexadecimal(character, 4)}`;
}
