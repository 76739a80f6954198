/** TRUNCATE: one statement for all tables of one record. */
import type { RowChange } from '../rows/row-change.js';
import { tableName } from './identifiers.js';

/**
 * `TRUNCATE ONLY a, ONLY b [RESTART IDENTITY]`. The record names every table that was emptied, those reached by
 * CASCADE and by inheritance too, so neither is repeated: on another server it could reach further than it did here.
 */
export function truncateStatement(changes: readonly RowChange[]): string {
  const names = changes.map((change) => tableName(change.table)).join(', ONLY ');
  const restart = changes.some((change) => change.truncate?.restartIdentity) ? ' RESTART IDENTITY' : '';
  return `TRUNCATE ONLY ${names}${restart}`;
}
