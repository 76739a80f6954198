/** Names of tables and types as SQL reads them back. */
import { qualifiedName } from '../bytes/identifiers.js';
import type { Table } from '../rows/row-change.js';

/** A table's qualified name. */
export function tableName(table: Pick<Table, 'schema' | 'name'>): string {
  return qualifiedName(table.schema, table.name);
}

/** A qualified name as the text that regclass reads: always quoted, with no escape syntax. */
export function regclassText(schema: string, name: string): string {
  return [schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.');
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
