/** One transaction's changes as lines of SQL, taken one by one. */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import { type CatalogChange, type Change, type RowChange, tableLabel } from '../rows/row-change.js';
import { comment } from './comments.js';
import { guardedStatement } from './guard.js';
import { isLargeObjectTable, LargeObjectWriter } from './large-object.js';
import { redoStatement } from './redo.js';
import type { RowStatement } from './row-statement.js';
import { sequenceKey, sequenceStatement } from './sequence.js';
import type { Tally } from './tally.js';
import { truncateStatement } from './truncate.js';
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

/**
 * Takes changes in the order in which they are to be written, and holds back what needs its neighbours: truncations of one record are one
 * statement, and a large object's pages may belong to a call before them.
 */
export class ChangeLines {
  readonly #xid: number;
  readonly #options: SqlOptions;
  readonly #tally: Tally;
  readonly #objects: LargeObjectWriter;
  /** Truncations of the same record (the same LSN). */
  #truncates: RowChange[] = [];

  constructor(xid: number, options: SqlOptions, tally: Tally) {
    this.#xid = xid;
    this.#options = options;
    this.#tally = tally;
    this.#objects = new LargeObjectWriter(options);
  }

  /** Is there something that finish() would write? */
  get holdsBack(): boolean {
    return this.#truncates.length > 0 || this.#objects.holdsBack;
  }

  /** The lines (without line ends) that can be written now. */
  *take(change: Change): Generator<string> {
    const truncate = change.kind === 'row' && change.operation === 'truncate';
    if (this.#truncates.length > 0 && !(truncate && change.lsn === this.#truncates[0].lsn))
      yield* this.#finishTruncates();
    if (truncate) {
      this.#truncates.push(change);
    } else if (change.kind === 'row' && isLargeObjectTable(change.table)) {
      yield* this.#objectLines(change.lsn, this.#objects.write(change));
    } else {
      yield* this.#objectLines(undefined, this.#objects.finish());
      yield* changeLines(this.#xid, change, this.#options, this.#tally);
    }
  }

  /** The lines held back until here. */
  *finish(): Generator<string> {
    if (this.#truncates.length > 0) yield* this.#finishTruncates();
    yield* this.#objectLines(undefined, this.#objects.finish());
  }

  *#finishTruncates(): Generator<string> {
    yield* this.#objectLines(undefined, this.#objects.finish());
    yield* truncateLines(this.#truncates, this.#options, this.#tally);
    this.#truncates = [];
  }

  #objectLines(at: Lsn | undefined, statements: Iterable<RowStatement>): Generator<string> {
    return largeObjectLines(this.#xid, at, statements, this.#options, this.#tally);
  }
}

function messageText(content: Uint8Array): string {
  const text = Buffer.from(content).toString('utf8');
  if (Buffer.from(text, 'utf8').equals(content) && !text.includes('\0')) return quoteLiteral(text);
  return `'\\x${Buffer.from(content).toString('hex')}'::bytea`;
}

/** The lines for one change that is no TRUNCATE, and none of a large object. */
export function* changeLines(
  xid: number,
  change: Change,
  options: SqlOptions,
  tally: Tally,
): Generator<string> {
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
