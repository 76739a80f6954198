/** One transaction as lines of SQL: its comment, BEGIN, a statement for each change, COMMIT. */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import { formatTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import { type CatalogChange, type Change, type RowChange, tableLabel } from '../rows/row-change.js';
import { originText, rowCount, type TransactionSummary } from '../transactions/transaction.js';
import { comment } from './comments.js';
import { guardedStatement, notPreparedHere } from './guard.js';
import { isLargeObjectChange, LargeObjectWriter } from './large-object.js';
import { redoStatement } from './redo.js';
import type { RowStatement } from './row-statement.js';
import { sequenceKey, sequenceStatement } from './sequence.js';
import type { Tally } from './tally.js';
import { groupTruncates, truncateStatement } from './truncate.js';
import { undoStatement } from './undo.js';

/** How the statements are to be written. */
export interface SqlOptions {
  readonly direction: 'redo' | 'undo';
  /** Each statement fails unless the row it meets is the row it expects. */
  readonly guard: boolean;
  /** Reconstructed DDL as statements; otherwise as comments. */
  readonly ddl: boolean;
  /** Write a transaction in doubt too: somebody chose it knowing its state. */
  readonly inDoubt: boolean;
  /** BLCKSZ in bytes, the same on both sides: large objects are kept in quarters of it. */
  readonly blockSize: number;
}

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

function messageText(content: Uint8Array): string {
  const text = Buffer.from(content).toString('utf8');
  if (Buffer.from(text, 'utf8').equals(content) && !text.includes('\0')) return quoteLiteral(text);
  return `'\\x${Buffer.from(content).toString('hex')}'::bytea`;
}

/** The lines for one change that is no TRUNCATE. */
function* changeLines(xid: number, change: Change, options: SqlOptions, tally: Tally): Generator<string> {
  const at = () => `LSN ${formatLsn(change.lsn)}`;
  switch (change.kind) {
    case 'row': {
      const write = options.direction === 'redo' ? redoStatement : undoStatement;
      const statement = write(change, options.guard);
      if (statement.kind === 'left-out') {
        tally.leaveOut(`${change.operation} of ${tableLabel(change.table)}: ${statement.reason}`);
        yield comment(
          `LEFT OUT: ${change.operation} of ${tableLabel(change.table)} at ${at()}: ${statement.reason}`,
        );
        return;
      }
      tally.statements++;
      const { sql, subject } = statement;
      // A statement is one line; its guard is several.
      if (!options.guard) yield `${sql};`;
      else yield* `${guardedStatement(sql, `xid ${xid}: ${subject()}`)};`.split('\n');
      return;
    }
    case 'undecodable':
      tally.leaveOut(`${change.operation} of ${change.relation}: ${change.problem}`);
      yield comment(`LEFT OUT: ${change.operation} of ${change.relation} at ${at()}: ${change.problem}`);
      return;
    case 'message':
      yield comment(
        `logical message, not sent again (its readers may have had it): SELECT pg_catalog.pg_logical_emit_message(${change.transactional}, ${quoteLiteral(change.prefix)}, ${messageText(change.content)});`,
      );
      return;
    case 'sequence':
      if (options.direction === 'undo') {
        yield comment(
          `sequence ${change.schema}.${change.name} is left where it is: sequences do not go back`,
        );
        return;
      }
      tally.statements++;
      tally.sequences.set(sequenceKey(change), change.lsn);
      yield `${sequenceStatement(change)};`;
      return;
    case 'catalog':
      yield* options.direction === 'redo'
        ? ddlRedoLines(xid, change, options, tally)
        : ddlUndoLines(xid, change, options, tally);
  }
}

/** DDL, said again as it was reconstructed; a comment unless it is asked for, or where it cannot be told. */
function* ddlRedoLines(
  xid: number,
  { lsn, description, statement, reason, note }: CatalogChange,
  options: SqlOptions,
  tally: Tally,
): Generator<string> {
  const at = `LSN ${formatLsn(lsn)}`;
  if (reason !== undefined) {
    // Nobody can take it from the comment either: it has to be looked into, so it counts.
    tally.leaveOut(`xid ${xid} ${description}: ${reason}`);
  }
  if (statement === undefined) {
    yield comment(`LEFT OUT: DDL at ${at}: ${description}${reason === undefined ? '' : `: ${reason}`}`);
    return;
  }
  if (reason !== undefined) yield comment(`NOT WHOLE: ${description}: ${reason}`);
  if (note !== undefined && !note.startsWith('undo')) yield comment(`note: ${note}`);
  if (!options.ddl) {
    yield comment(`DDL, reconstructed, not run: ${statement};`);
    return;
  }
  tally.statements++;
  yield comment(`DDL, reconstructed: ${description}`);
  yield `${statement};`;
}

/** DDL taken back, where it left everything that takes. */
function* ddlUndoLines(
  xid: number,
  { lsn, description, undo, note }: CatalogChange,
  options: SqlOptions,
  tally: Tally,
): Generator<string> {
  if (undo === undefined) {
    const why = note?.startsWith('undo') ? `: ${note}` : '';
    tally.leaveOut(`xid ${xid} ${description}: nothing takes it back exactly`);
    yield comment(`NOT UNDONE: DDL at LSN ${formatLsn(lsn)}: ${description}${why}`);
    return;
  }
  if (!options.ddl) {
    yield comment(`DDL, reconstructed, not run: ${undo};`);
    return;
  }
  tally.statements++;
  yield comment(`DDL, reconstructed, taken back: ${description}`);
  yield `${undo};`;
}

/** The lines for what a large object's change is said with. */
function* largeObjectLines(
  xid: number,
  at: Lsn | undefined,
  statements: Iterable<RowStatement>,
  options: SqlOptions,
  tally: Tally,
): Generator<string> {
  const place = at === undefined ? '' : ` at LSN ${formatLsn(at)}`;
  for (const statement of statements) {
    if (statement.kind === 'left-out') {
      tally.leaveOut(`change of a large object: ${statement.reason}`);
      yield comment(`LEFT OUT: change of a large object${place}: ${statement.reason}`);
      continue;
    }
    tally.statements++;
    const { sql, subject } = statement;
    // Pages written as rows of pg_largeobject are guarded like rows.
    const asRow = options.guard && /^(?:INSERT|UPDATE|DELETE) /.test(sql);
    yield* `${asRow ? guardedStatement(sql, `xid ${xid}: ${subject}`) : sql};`.split('\n');
  }
}

function* truncateLines(changes: readonly RowChange[], options: SqlOptions, tally: Tally): Generator<string> {
  const tables = changes.map((change) => tableLabel(change.table)).join(', ');
  const at = `LSN ${formatLsn(changes[0].lsn)}`;
  const problem =
    options.direction === 'undo'
      ? 'a TRUNCATE logs none of the rows it took'
      : changes.find((change) => change.problem !== undefined)?.problem;
  if (problem !== undefined) {
    tally.leaveOut(`truncate of ${tables}: ${problem}`, changes.length);
    yield comment(`LEFT OUT: truncate of ${tables} at ${at}: ${problem}`);
    return;
  }
  if (changes.some((change) => change.truncate?.cascade)) {
    yield comment('was TRUNCATE … CASCADE; every table it reached is named');
  }
  tally.statements++;
  yield `${truncateStatement(changes)};`;
}

/** An iteration whose first result was taken already. */
function* from<T>(first: IteratorResult<T>, rest: Iterator<T>): Generator<T> {
  for (let next = first; !next.done; next = rest.next()) yield next.value;
}

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
  yield 'BEGIN;';
  // As deferred as they can be: what only held at the end of the original transaction is only asked at the end here.
  yield 'SET CONSTRAINTS ALL DEFERRED;';
  const { xid, gid } = transaction;
  if (transaction.preparedBeforeFork && gid !== undefined && options.direction === 'redo') {
    yield comment(
      `The new primary may hold it prepared still, with its locks: then COMMIT PREPARED does all of this.`,
    );
    yield `${notPreparedHere(gid)};`;
  }
  const objects = new LargeObjectWriter(options);
  for (const group of groupTruncates(from(first, rest))) {
    const change = 'truncate' in group ? undefined : group.single;
    if (change?.kind === 'row' && isLargeObjectChange(change)) {
      yield* largeObjectLines(xid, change.lsn, objects.write(change), options, tally);
      continue;
    }
    yield* largeObjectLines(xid, undefined, objects.finish(), options, tally);
    if ('truncate' in group) yield* truncateLines(group.truncate, options, tally);
    else yield* changeLines(xid, group.single, options, tally);
  }
  yield* largeObjectLines(xid, undefined, objects.finish(), options, tally);
  yield 'COMMIT;';
}
