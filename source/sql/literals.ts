/** Values as SQL reads them back, to the same bits. */
import type { TableColumn } from '../rows/row-change.js';
import { HIDDEN_CHARACTERS, hexadecimal } from './hidden-characters.js';
import { safeTypeName } from './identifiers.js';
import { TYPE } from './type-oids.js';

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "''",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
};

/**
 * A string literal on one physical line. Plain `'…'` where nothing in it needs an escape; `E'…'` as soon as there is
 * a backslash (so that it means the same under any standard_conforming_strings) or a character that hides or acts.
 * A lone surrogate, which no database can hold, throws RangeError.
 */
export function quoteLiteral(text: string): string {
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

const WHOLE_NUMBER = /^-?(?:0|[1-9][0-9]{0,18})$/;
const DECIMAL_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/;

/**
 * A value where its column's type is known from the place (VALUES, SET): NULL, a bare integer or decimal, true or
 * false, or a literal that the column's own input function reads. Floats are quoted (a bare -0 would lose its sign),
 * and so is what is not a plain number (NaN, Infinity).
 */
export function valueLiteral(column: TableColumn, value: string | null): string {
  if (value === null) return 'NULL';
  switch (column.typeOid) {
    case TYPE.int2:
    case TYPE.int4:
    case TYPE.int8:
      return WHOLE_NUMBER.test(value) ? value : quoteLiteral(value);
    case TYPE.numeric:
      return DECIMAL_NUMBER.test(value) ? value : quoteLiteral(value);
    case TYPE.bool:
      return value === 't' ? 'true' : value === 'f' ? 'false' : quoteLiteral(value);
    default:
      return quoteLiteral(value);
  }
}

/** A value that carries its type with it, for comparisons: `'…'::uuid`; bare where a bare constant has a fitting type. */
export function typedLiteral(column: TableColumn, value: string): string {
  const literal = valueLiteral(column, value);
  return /^'|^E'/.test(literal) ? `${literal}::${safeTypeName(column.typeName)}` : literal;
}
