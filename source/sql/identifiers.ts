/** Names as SQL reads them back: quoted unless plainly safe, whatever characters they hold. */

import { QUOTED_KEYWORDS } from '../bytes/keywords.js';
import type { Table } from '../rows/row-change.js';
import { HIDDEN_CHARACTERS, hexadecimal } from './hidden-characters.js';

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

/** A table's qualified name. */
export function tableName(table: Pick<Table, 'schema' | 'name'>): string {
  return qualifiedName(table.schema, table.name);
}

/** A qualified name as the text that regclass reads: always quoted, with no escape syntax. */
export function regclassText(schema: string, name: string): string {
  return [schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
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

/** Schema (undefined when the name is not qualified) and last part of a type's name, unquoted; array brackets and typmod cut off. */
export function splitTypeName(typeName: string): { schema: string | undefined; name: string } {
  const match = /^(?:("(?:[^"]|"")*"|[^".(]+)\.)?("(?:[^"]|"")*"|[^"(]+)/.exec(typeName);
  const unquote = (part: string) => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);
  return {
    schema: match?.[1] === undefined ? undefined : unquote(match[1]),
    name: unquote(match?.[2] ?? typeName).trim(),
  };
}
