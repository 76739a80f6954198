/** Names as SQL reads them back: quoted unless plainly safe, whatever characters they hold. */
import { HIDDEN_CHARACTERS, hexadecimal } from './hidden-characters.js';
import { QUOTED_KEYWORDS } from './keywords.js';

const PLAIN = /^[a-z_][a-z0-9_]*$/;

/**
 * One name, quoted unless it is lower-case ASCII and no keyword. Characters that hide or act become `U&"\202e"`
 * (SQL's own escapes, lexed the same under any standard_conforming_strings).
 */
export function quoteIdentifier(name: string): string {
  if (PLAIN.test(name) && !QUOTED_KEYWORDS.has(name)) return name;
  const quoted = name.replaceAll('"', '""');
  if (!HIDDEN_CHARACTERS.test(name)) return `"${quoted}"`;
  let escaped = '';
  for (const character of quoted) {
    if (character === '\\') escaped += '\\\\';
    else if (!HIDDEN_CHARACTERS.test(character)) escaped += character;
    else if (character.length > 1) escaped += `\\+${hexadecimal(character, 6)}`;
    else escaped += `\\${hexadecimal(character, 4)}`;
  }
  return `U&"${escaped}"`;
}

/** `schema.name`, each part quoted where needed. */
export function qualifiedName(schema: string, name: string): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * A type's name as the catalog writes it (`character varying(20)`, `public."Odd ""type"""[]`), with the quoted parts
 * written so that nothing in them hides or ends a line.
 */
export function safeTypeName(typeName: string): string {
  if (!HIDDEN_CHARACTERS.test(typeName)) return typeName;
  return typeName.replace(/"((?:[^"]|"")*)"/g, (_, inner: string) =>
    quoteIdentifier(inner.replaceAll('""', '"')),
  );
}
