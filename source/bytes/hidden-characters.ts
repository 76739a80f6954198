/**
 * Characters that end a line, act on a terminal, reorder what a reviewer sees or cannot be seen at all: control
 * bytes, format characters (bidirectional and zero-width marks), line and paragraph separators, lone surrogates and
 * what Unicode calls ignorable. In SQL they are always written as escapes, so that a statement is one line and says
 * what it shows.
 */
export const HIDDEN_CHARACTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/** Eight or four hexadecimal digits of a character, for the two escape syntaxes that take them. */
export function hexadecimal(character: string, digits: number): string {
  return character.codePointAt(0)!.toString(16).padStart(digits, '0');
}
