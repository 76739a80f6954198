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

/** A run of row changes with one LSN, or a single change. */
export type ChangeGroup<C> = { readonly truncate: readonly RowChange[] } | { readonly single: C };

function isTruncate(change: { kind: string }): change is RowChange {
  return change.kind === 'row' && (change as RowChange).operation === 'truncate';
}

/** Puts neighbouring truncations of one record (the same LSN) together; everything else passes one by one. */
export function* groupTruncates<C extends { kind: string }>(changes: Iterable<C>): Generator<ChangeGroup<C>> {
  let run: RowChange[] = [];
  for (const change of changes) {
    const truncate: RowChange | undefined = isTruncate(change) ? change : undefined;
    if (run.length > 0 && run[0].lsn !== truncate?.lsn) {
      yield { truncate: run };
      run = [];
    }
    if (truncate) run.push(truncate);
    else yield { single: change };
  }
  if (run.length > 0) yield { truncate: run };
}
