/** One transaction as lines of SQL: its comment, BEGIN, a statement for each change, COMMIT. */
import type { Change } from '../rows/row-change.js';
import { rowCount, type TransactionSummary } from '../transactions/transaction.js';
import { ChangeLines, changeLines, type SqlOptions } from './change-lines.js';
import { comment } from './comments.js';
import { notPreparedHere } from './guard.js';
import type { Tally } from './tally.js';
import { transactionHeading } from './transaction-heading.js';

export type { SqlOptions } from './change-lines.js';

/** What stands before a transaction's statements. */
export const BEGINNING: readonly string[] = [
  'BEGIN;',
  // As deferred as they can be: what only held at the end of the original transaction is only asked at the end here.
  'SET CONSTRAINTS ALL DEFERRED;',
];
/** And behind them. */
export const ENDING = 'COMMIT;';

/**
 * The lines (without line ends) of one transaction. `changes` come in the order in which they are to be written: as
 * they were made for redo, backwards for undo; they are taken one by one, so a transaction of any size fits.
 */
export function* transactionLines(
  transaction: TransactionSummary,
  changes: Iterable<Change>,
  options: SqlOptions,
  tally: Tally,
): Generator<string> {
  yield comment(transactionHeading(transaction));
  if (transaction.state === 'prepared' && (!options.inDoubt || options.direction === 'undo')) {
    const rows = rowCount(transaction) + transaction.truncates;
    const reason = `xid ${transaction.xid} is in doubt: prepared, neither committed nor rolled back`;
    tally.leaveOut(reason, Math.max(rows, 1));
    yield comment(`LEFT OUT: ${rows} row changes: ${reason}`);
    return;
  }
  if (transaction.state === 'message') {
    for (const change of changes) yield* changeLines(transaction.xid, change, options, tally);
    return;
  }
  const rest = changes[Symbol.iterator]();
  let first = rest.next();
  // What cannot stand within a transaction block stood alone: its transaction did nothing else.
  if (!first.done && first.value.kind === 'catalog' && first.value.alone) {
    for (; !first.done; first = rest.next()) yield* changeLines(transaction.xid, first.value, options, tally);
    return;
  }
  yield* BEGINNING;
  const { xid, gid } = transaction;
  if (transaction.preparedBeforeFork && gid !== undefined && options.direction === 'redo') {
    yield comment(
      `The new primary may hold it prepared still, with its locks: then COMMIT PREPARED does all of this.`,
    );
    yield `${notPreparedHere(gid)};`;
  }
  const lines = new ChangeLines(xid, options, tally);
  for (; !first.done; first = rest.next()) yield* lines.take(first.value);
  yield* lines.finish();
  yield ENDING;
}
