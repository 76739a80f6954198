/** What a file of SQL says about itself, and the settings it relies on. */
import { comment } from './comments.js';

/**
 * Settings under which every literal reads back to the same bits and every name means what it says, whatever the
 * server's, the database's or the role's own settings are.
 */
export const SETTINGS: readonly string[] = [
  "SET client_encoding = 'UTF8';",
  'SET standard_conforming_strings = on;',
  "SET search_path = '';",
  "SET DateStyle = 'ISO, YMD';",
  'SET IntervalStyle = postgres;',
  "SET TimeZone = 'UTC';",
  'SET extra_float_digits = 3;',
  'SET bytea_output = hex;',
  'SET xmloption = content;',
  'SET array_nulls = on;',
  "SET lc_monetary = 'C';",
  'SET row_security = off;',
  'SET statement_timeout = 0;',
  'SET lock_timeout = 0;',
  'SET default_transaction_read_only = off;',
];

const NOTES: readonly string[] = [
  'Each transaction commits by itself. Run with: psql -v ON_ERROR_STOP=1 -f FILE',
  'Triggers fire and foreign keys act again. What they wrote on the old primary is in this file too: where that is',
  'twice, or where a trigger needs the search_path that is emptied below, a superuser can add',
  '    SET session_replication_role = replica;',
  'below: then rows are written exactly as they were, and foreign keys are not checked.',
];

/** The lines at the top of the file: `facts` as comments, then what one must know, then the settings. */
export function fileHeader(facts: readonly string[]): string[] {
  return [...facts, '', ...NOTES, '']
    .map((line) => (line === '' ? '--' : comment(line)))
    .concat(SETTINGS, '');
}
