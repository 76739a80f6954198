/** One transaction as lines of SQL: its comment, BEGIN, a statement for each change, COMMIT. */
import { formatLsn } from '../bytes/lsn.js';
import { formatTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import type { Change } from '../rows/row-change.js';
import { originText, rowCount, type TransactionSummary } from '../transactions/transaction.js';
import { ChangeLines, changeLines, type SqlOptions } from './change-lines.js';
import { comment } from './comments.js';
import { notPreparedHere } from './guard.js';
import type { Tally } from './tally.js';

export type { SqlOptions } from './change-lines.js';

/** `2026-11-21 02:45:47.184429 UTC`. */
export function formatUtc(time: TimestampMicros): string {
  return formatTimestamp(time).replace('T', ' ').replace('Z', ' UTC');
}

/** The comment that heads a transaction: `xid 738  committed 2026-11-21 02:45:47.184429 UTC  LSN 0/A016F40`. */
export function transactionHeading(transaction: TransactionSummary): string {
  const { xid, state, gid, commitTime, commitLsn, straddlesFork, preparedBeforeFork, origin } = transaction;
  if (state === 'message') {
    const sender = xid === 0 ? 'without a transaction' : `by xid ${xid}`;
    return `sent at once ${sender}  LSN ${formatLsn(commitLsn)}`;
  }
  const facts = [
    `xid ${xid}`,
    `${state === 'prepared' ? 'PREPARED, never resolved' : 'committed'} ${formatUtc(commitTime)}`,
    `LSN ${formatLsn(commitLsn)}`,
  ];
  if (gid !== undefined) facts.push(`gid ${gid}`);
  if (preparedBeforeFork) facts.push('prepared before the fork');
  else if (straddlesFork) facts.push('began before the fork');
  if (origin) facts.push(originText(origin));
  return facts.join('  ');
}

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
