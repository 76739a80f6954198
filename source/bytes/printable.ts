/**
 * Text from strangers, made safe to print: a row's value, a table's name or a path may hold anything, and a terminal
 * obeys what it is sent. What cannot be seen, or would act, is shown as an escape instead.
 */

/**
 * Control bytes, format characters (bidirectional marks, zero-width joiners), lone surrogates, line and paragraph
 * separators, and everything Unicode calls ignorable by default (fillers, variation selectors, tags).
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const SHORT_FORMS: Readonly<Record<string, string>> = { '\n': '⏎', '\t': '⇥', '\r': '\\r' };

function visibleForm(character: string): string {
  const short = SHORT_FORMS[character];
  if (short !== undefined) return short;
  const codePoint = character.codePointAt(0)!;
  // A byte that is no character of its database.
  if (codePoint >= 0xdc80 && codePoint <= 0xdcff) return `\\x${(codePoint - 0xdc00).toString(16)}`;
  const hex = codePoint.toString(16);
  if (codePoint <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return codePoint <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/**
 * The text with every character that is invisible or would act on a terminal written as a visible escape: `\x1b`,
 * `\u202e`, `⏎` for a line feed, `⇥` for a tab. The result is one line. For people only: it cannot be read back.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, visibleForm);
}
