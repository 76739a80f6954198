/** Names as the server itself prints them (quote_identifier() in utils/adt/ruleutils.c). */
import { QUOTED_KEYWORDS } from './keywords.js';

const PLAIN = /^[a-z_][a-z0-9_]*$/;

/** One name, quoted unless it is lower-case ASCII and no keyword. */
export function quoteName(name: string): string {
  return PLAIN.test(name) && !QUOTED_KEYWORDS.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** `schema.name`, each part quoted where needed. */
export function qualify(schema: string, name: string): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}
