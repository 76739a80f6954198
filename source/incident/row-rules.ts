/** The rules by which one lost transaction's row changes get their verdicts. */
import { formatLsn } from '../bytes/lsn.js';
import {
  type CatalogChange,
  type Change,
  type DdlSubject,
  type Row,
  type RowChange,
  type Table,
  tableLabel,
  type UnknownValue,
} from '../rows/row-change.js';
import type { TransactionSummary } from '../transactions/transaction.js';
import { type Key, kept, keyOf, moves } from './change-keys.js';
import { type CurrentRow, type CurrentRows, isCannotTell } from './current-rows.js';
import type { KeyFile } from './key-run.js';
import { LostDefinitions } from './lost-definitions.js';
import type { LostTouches, Touch } from './lost-touches.js';
import { type RowVerdict, VERDICTS, type Verdict } from './model.js';
import { type Link, OwnWrites, type RemembersKey } from './own-writes.js';
import { compareRows, type KeySet, keyLabel, keysOf, neverTaken, tableKey, valuesOf } from './row-keys.js';

/** How an earlier lost transaction is named to people. */
export type TransactionNames = (index: number) => Pick<TransactionSummary, 'xid' | 'commitLsn'>;

/** The new primary's answers for the keys of the changes being judged. */
export type Answers = (table: Table, set: KeySet, key: Key) => CurrentRow;

/** What earlier lost transactions wrote; see LostTouches. */
export interface EarlierTouches extends Pick<LostTouches, 'remembersAll' | 'untoldBefore' | 'space'> {
  /** `change` is the one being judged. */
  before(
    tableName: string,
    setName: string,
    key: string,
    index: number,
    change: RowChange | undefined,
  ): Touch | undefined;
  /** The lost transaction before `index` that wrote the very row which an update or delete met, where its place tells. */
  writerOf(change: RowChange, index: number): number | undefined;
}

/** What the rules look at. */
export interface Evidence {
  readonly current: CurrentRows;
  readonly answers: Answers;
  readonly touches: EarlierTouches;
  /** What later transactions will ask for. */
  readonly remembers: RemembersKey;
  /** For what a transaction of very many rows wrote; without it that is in memory. */
  readonly file?: KeyFile;
  readonly definitions: LostDefinitions;
  readonly nameOf: TransactionNames;
  /** Reasons are wanted; otherwise they say nothing. */
  readonly words: boolean;
}

/** The worse of two verdicts, by the order of VERDICTS. */
export function worse(a: Verdict, b: Verdict): Verdict {
  const rank = (verdict: Verdict): number => VERDICTS.indexOf(verdict as (typeof VERDICTS)[number]);
  return rank(b) > rank(a) ? b : a;
}

function unknown(reason: string): RowVerdict {
  return { verdict: 'unknown', reason };
}

function verdictOn(verdict: Verdict, reason: string, current: Row): RowVerdict {
  return { verdict, reason, current };
}

function unknownColumn(table: Table, column: number, why: UnknownValue): string {
  const text = {
    unchanged: 'was not written anew by the update and its value is not in the WAL',
    'not-logged': 'is not in the WAL',
    undecodable: 'cannot be read',
  }[why.unknown];
  return `column ${table.columns[column].name} cannot be compared: ${why.reason ?? `it ${text}`}`;
}

function givesUpKeys(change: RowChange): boolean {
  if (change.operation !== 'update') return change.operation === 'delete';
  return moves(change) || keysOf(change.table).others.some((set) => !kept(change, set));
}

function isIntact(verdict: Verdict): boolean {
  return verdict === 'clean' || verdict === 'dependency';
}

/** Judges one transaction's changes, in order. */
export class TransactionJudge {
  readonly #index: number;
  readonly #evidence: Evidence;
  readonly #own: OwnWrites;
  /** Earlier lost transactions that it builds upon. */
  readonly dependencies = new Set<number>();
  /** What it did to the catalog itself so far: of what it is going to do nothing counts, though it may have been judged before. */
  #ownDefinitions: LostDefinitions | undefined;
  /** Earlier ones met while judging the change at hand. */
  readonly #met: number[] = [];
  /** The change at hand. */
  #change: RowChange | undefined;

  constructor(index: number, evidence: Evidence) {
    this.#index = index;
    this.#evidence = evidence;
    const { touches, remembers, file } = evidence;
    const space = (tableName: string, setName: string): number => touches.space(tableName, setName);
    this.#own = new OwnWrites({ index, space, remembers, file });
  }

  /** The verdict of the next change; undefined where a verdict makes no sense (message, sequence). */
  judge(change: Change): RowVerdict | undefined {
    if (change.kind === 'undecodable') return unknown(change.problem);
    if (change.kind !== 'row' && change.kind !== 'catalog') return undefined;
    this.#met.length = 0;
    this.#change = change.kind === 'row' ? change : undefined;
    let verdict: RowVerdict;
    if (change.kind === 'catalog') {
      this.#evidence.definitions.describe(change, this.#index);
      verdict = this.#definition(change);
    } else verdict = change.operation === 'truncate' ? this.#truncate(change) : this.#row(change);
    if (verdict.verdict !== 'clean' && verdict.verdict !== 'applied') {
      for (const index of this.#met) this.dependencies.add(index);
    }
    return verdict;
  }

  /** How often a key was noted, which is held until the transaction's end; infinity when there is no room for more. */
  get held(): number {
    return this.#own.noted;
  }

  /** Tells the later transactions what this one wrote. To be called once, after its last change. */
  record(touches: LostTouches): void {
    this.#own.record(touches);
  }

  /** DDL: is what it is about on the new primary as this statement found it? */
  #definition(change: CatalogChange): RowVerdict {
    const { subject, database = '', statement, reason } = change;
    if (statement === undefined || reason !== undefined || !subject)
      return unknown(`it ${change.description}${reason === undefined ? '' : `: ${reason}`}`);
    const verdicts = [subject, ...(subject.and ?? []).map((each) => ({ ...subject, ...each }))].map((each) =>
      this.#definitionOf(database, each),
    );
    this.#evidence.definitions.note(change, this.#index);
    this.#ownDefinitions ??= new LostDefinitions();
    this.#ownDefinitions.note(change, this.#index);
    // Of several tables, some are gone already: as one statement it cannot be repeated, nor is it superfluous.
    const gone = verdicts.find((each) => each.verdict === 'applied');
    if (gone && verdicts.some((each) => each.verdict !== 'applied')) return { ...gone, verdict: 'changed' };
    return verdicts.reduce((worst, each) =>
      worse(worst.verdict, each.verdict) === worst.verdict ? worst : each,
    );
  }

  #definitionOf(database: string, subject: DdlSubject): RowVerdict {
    const { current } = this.#evidence;
    const whole = subject.column === undefined ? subject.name : `${subject.name}.${subject.column}`;
    const label = subject.kind === 'schema' ? `schema ${subject.name}` : `${subject.schema}.${whole}`;
    const maker = this.#maker(database, subject);
    const alterer = this.#alterer(database, subject);
    if (maker === this.#index) return { verdict: 'clean', reason: `this transaction made ${label} itself` };
    const now = current.definition?.(database, subject);
    if (!now) return unknown(`it cannot be told how ${label} stands on the new primary`);
    if (subject.effect === 'create' && now.exists)
      return { verdict: 'exists', reason: `${label} is on the new primary already` };
    if (maker !== undefined) return this.#builtOn(maker, label);
    if (subject.effect === 'drop' && !now.exists)
      return { verdict: 'applied', reason: `${label} is not on the new primary any more` };
    if (now.altered)
      return { verdict: 'changed', reason: `${label} was altered on the new primary since the fork` };
    if (alterer !== undefined && alterer !== this.#index) return this.#builtOn(alterer, label);
    if (subject.effect === 'create') {
      const table = { ...subject, kind: 'relation' as const };
      const orphan = subject.kind === 'column' && current.definition?.(database, table)?.exists === false;
      return orphan
        ? {
            verdict: 'missing',
            reason: `there is no table ${subject.schema}.${subject.name} on the new primary`,
          }
        : this.#certain({ verdict: 'clean', reason: `there is no ${label} on the new primary` });
    }
    if (!now.exists) return { verdict: 'missing', reason: `${label} is not on the new primary` };
    return this.#certain({
      verdict: 'clean',
      reason: `nothing altered ${label} on the new primary since the fork`,
    });
  }

  /** The last that made the definition of this name so far: this transaction or an earlier lost one. */
  #maker(database: string, definition: Pick<Table, 'schema' | 'name'>): number | undefined {
    return (
      this.#ownDefinitions?.maker(database, definition, this.#index) ??
      this.#evidence.definitions.maker(database, definition, this.#index - 1)
    );
  }

  /** The last that altered it otherwise. */
  #alterer(database: string, definition: Pick<Table, 'schema' | 'name'>): number | undefined {
    return (
      this.#ownDefinitions?.alterer(database, definition, this.#index) ??
      this.#evidence.definitions.alterer(database, definition, this.#index - 1)
    );
  }

  #builtOn(index: number, label: string): RowVerdict {
    this.#met.push(index);
    return {
      verdict: 'dependency',
      reason: `${this.#name(index)}, lost too, made or altered ${label} before; this builds on it`,
    };
  }

  /**
   * A table that the new primary does not have as it was here: made by this transaction or an earlier lost one, its rows are in nobody's
   * way; altered by one, they cannot be compared.
   */
  #misfitting(table: Table, misfit: string): RowVerdict {
    const maker = this.#maker(table.database, table);
    if (maker === this.#index)
      return { verdict: 'clean', reason: `this transaction made ${tableLabel(table)} itself` };
    if (maker !== undefined) return this.#builtOn(maker, tableLabel(table));
    const alterer = this.#alterer(table.database, table);
    if (alterer !== undefined && alterer !== this.#index) this.#met.push(alterer);
    return unknown(misfit);
  }

  #truncate({ table, problem }: RowChange): RowVerdict {
    const label = tableLabel(table);
    const touched = this.#evidence.current.touched(table);
    const misfit = this.#evidence.current.misfit(table);
    let verdict: RowVerdict;
    if (problem) verdict = unknown(problem);
    else if (misfit !== undefined) verdict = this.#misfitting(table, misfit);
    else if (touched === undefined) {
      verdict = unknown(`it cannot be told whether ${label} was written on the new primary since the fork`);
    } else if (touched) {
      verdict = { verdict: 'changed', reason: `${label} was written on the new primary since the fork` };
    } else verdict = { verdict: 'clean', reason: `nothing wrote ${label} on the new primary since the fork` };
    verdict = this.#certain(verdict);
    this.#own.noteTruncate(table, { verdict, intact: isIntact(verdict.verdict) });
    return verdict;
  }

  /** Where not all the new primary wrote is known, nothing is known to be as it should be; a collision stays one. */
  #certain(verdict: RowVerdict): RowVerdict {
    const { incomplete } = this.#evidence.current;
    const hopeful = isIntact(verdict.verdict) || verdict.verdict === 'applied';
    return incomplete !== undefined && hopeful ? unknown(incomplete) : verdict;
  }

  #row(change: RowChange): RowVerdict {
    const { table, operation } = change;
    const { identity } = keysOf(table);
    const inherited = this.#inherited(change);
    let own: RowVerdict;
    const misfit = this.#evidence.current.misfit(table);
    if (change.problem) own = unknown(change.problem);
    else if (!this.#evidence.touches.remembersAll(tableKey(table), this.#index)) {
      own = unknown(
        `what other lost transactions wrote to ${tableLabel(table)} before was too much to remember: allow more with --max-memory or --temp-limit`,
      );
    } else if (misfit !== undefined) {
      own = this.#misfitting(table, misfit);
      if (this.#evidence.words) this.#meetWriter(change);
    } else if (inherited) own = inherited.verdict;
    else if (operation !== 'insert') own = this.#started(change);
    else if (identity.wholeRow) {
      own = { verdict: 'clean', reason: `${tableLabel(table)} has no key that could be taken` };
    } else own = this.#target(table, change.after);
    let verdict = own;
    let target: RowVerdict | undefined;
    const comparable = misfit === undefined && own.verdict !== 'unknown' && own.verdict !== 'applied';
    if (comparable && !this.#own.emptied(table)) {
      target = moves(change) ? this.#target(table, change.after) : undefined;
      // The row it became is there, but so is the one it was: the two cannot become one.
      if (target?.verdict === 'applied') target = { ...target, verdict: 'exists' };
      for (const other of [target, this.#taken(change)]) {
        if (other && worse(verdict.verdict, other.verdict) !== verdict.verdict) verdict = other;
      }
    }
    if (isIntact(verdict.verdict)) verdict = this.#perhapsRefused(change) ?? verdict;
    const regardless = inherited !== undefined || (operation === 'insert' && identity.wholeRow);
    if (verdict !== own || !regardless) verdict = this.#certain(verdict);
    // Of its rows is said who made it, and who wrote them before as their places tell; by keys only who gave one up that is taken again.
    if (this.#evidence.current.lacks?.(table) && !givesUpKeys(change)) return verdict;
    const intact = inherited ? inherited.intact : isIntact(own.verdict);
    this.#own.note(change, verdict, intact, intact && (!target || isIntact(target.verdict)));
    return verdict;
  }

  /** Meets the lost transaction that wrote the row before: this change builds on it, whatever the new primary's table is like. */
  #meetWriter(change: RowChange): void {
    const { table, operation, before, after } = change;
    const { touches } = this.#evidence;
    const { identity } = keysOf(table);
    const key = keyOf(table, identity, operation === 'insert' ? after : before);
    const writer =
      touches.writerOf(change, this.#index) ??
      (key && touches.before(tableKey(table), identity.name, key.text, this.#index, change)?.index);
    if (writer !== undefined) this.#met.push(writer);
  }

  /** The link of this transaction's own earlier change that this one goes on from. */
  #inherited({ table, operation, before, after }: RowChange): Link | undefined {
    const { identity } = keysOf(table);
    if (operation === 'insert' && identity.wholeRow) return undefined;
    const key = keyOf(table, identity, operation === 'insert' ? after : before);
    const first = (key && this.#own.link(table, identity, key)) ?? this.#own.emptied(table);
    // The result of the first being there says nothing of the second's: that one is compared by itself.
    if (!first || first.verdict.verdict === 'applied') return undefined;
    return first;
  }

  /** An update or delete: is the row it met what the new primary has? */
  #started(change: RowChange): RowVerdict {
    const { table, before, after } = change;
    const { identity } = keysOf(table);
    if (!before) return unknown('the old row is not in the WAL, so it cannot be told which row this was');
    const key = keyOf(table, identity, before);
    if (!key) return this.#noKey(table, identity, before);
    const label = this.#label(table, identity, key);
    const current = this.#evidence.answers(table, identity, key);
    if (isCannotTell(current)) return unknown(current.reason);
    if (current === undefined && moves(change) && this.#isThere(table, identity, after)) {
      return {
        verdict: 'applied',
        reason: `${label} has become the row it became here on the new primary too`,
      };
    }
    return (
      this.#untouchedOrBuilt(table, identity, key, current, label) ??
      this.#compared(change, current as Row | undefined, label)
    );
  }

  #isThere(table: Table, set: KeySet, row: Row | undefined): boolean {
    const key = keyOf(table, set, row);
    const current = key && this.#evidence.answers(table, set, key);
    return row !== undefined && Array.isArray(current) && compareRows(table, row, current) === 'equal';
  }

  #compared(
    { table, operation, before, after }: RowChange,
    current: Row | undefined,
    label: string,
  ): RowVerdict {
    const { identity } = keysOf(table);
    if (!current) {
      return operation === 'delete'
        ? { verdict: 'applied', reason: `${label} is not on the new primary any more` }
        : { verdict: 'missing', reason: `${label} is not on the new primary` };
    }
    if (identity.wholeRow) return verdictOn('clean', 'the same row is on the new primary', current);
    const result = operation === 'update' && after ? compareRows(table, after, current) : 'different';
    if (result === 'equal')
      return verdictOn('applied', `${label} has the same values on the new primary already`, current);
    const start = before ? compareRows(table, before, current) : 'different';
    if (start === 'equal')
      return verdictOn('clean', `${label} on the new primary is what this change started from`, current);
    for (const open of [result, start]) {
      if (typeof open === 'object')
        return verdictOn('unknown', unknownColumn(table, open.column, open.why), current);
    }
    return verdictOn('changed', `${label} was changed on the new primary since the fork`, current);
  }

  /** An insert, or an update's new key: is the place free on the new primary? */
  #target(table: Table, after: Row | undefined): RowVerdict {
    const { identity } = keysOf(table);
    const key = keyOf(table, identity, after);
    if (!key || !after) return this.#noKey(table, identity, after);
    if (this.#own.link(table, identity, key))
      return { verdict: 'clean', reason: 'this transaction freed the key before' };
    const label = this.#label(table, identity, key);
    const current = this.#evidence.answers(table, identity, key);
    if (isCannotTell(current)) return unknown(current.reason);
    const simple = this.#untouchedOrBuilt(table, identity, key, current, label);
    if (simple) return simple;
    const row = current as Row | undefined;
    if (!row) return { verdict: 'clean', reason: `${label} is free on the new primary` };
    const same = compareRows(table, after, row);
    if (same === 'equal')
      return verdictOn('applied', `${label} is on the new primary with the same values`, row);
    if (typeof same === 'object')
      return verdictOn('unknown', unknownColumn(table, same.column, same.why), row);
    return verdictOn('exists', `${label} is on the new primary too, with other values`, row);
  }

  #noKey(table: Table, set: KeySet, row: Row | undefined): RowVerdict {
    const missing = row && valuesOf(row, set.columns);
    if (!missing || 'known' in missing) return unknown('the row is not in the WAL');
    return unknown(unknownColumn(table, missing.column, missing.why));
  }

  /**
   * The verdict where the new primary never wrote the key, or still has what an earlier lost transaction started from; undefined
   * when what it holds has to be looked at.
   */
  #untouchedOrBuilt(
    table: Table,
    set: KeySet,
    key: Key,
    current: CurrentRow,
    label: string,
  ): RowVerdict | undefined {
    const { touches } = this.#evidence;
    const tableName = tableKey(table);
    const earlier = touches.before(tableName, set.name, key.text, this.#index, this.#change);
    if (earlier) this.#met.push(earlier.index);
    if (earlier && (earlier.intact || current === 'untouched')) return this.#dependency(earlier, label);
    if (current !== 'untouched') return undefined;
    const untold = touches.untoldBefore(tableName, set.name, this.#index);
    if (untold !== undefined) {
      return unknown(
        `${this.#name(untold)}, lost too, wrote a row of ${tableLabel(table)} that cannot be told: it may have been ${label}`,
      );
    }
    return { verdict: 'clean', reason: `nothing wrote ${label} on the new primary since the fork` };
  }

  #label(table: Table, set: KeySet, key: Key): string {
    return this.#evidence.words ? keyLabel(table, set.columns, key.values) : '';
  }

  #name(index: number): string {
    if (!this.#evidence.words) return '';
    const { xid, commitLsn } = this.#evidence.nameOf(index);
    return `transaction ${xid} (commit LSN ${formatLsn(commitLsn)})`;
  }

  #dependency(earlier: Touch, label: string): RowVerdict {
    return {
      verdict: 'dependency',
      reason: `${this.#name(earlier.index)}, lost too, wrote ${label} before; this builds on it`,
    };
  }

  /**
   * Partial and expression unique indexes and exclusion constraints are not evaluated: where the new primary wrote to the table since the
   * fork, a row that they look at may collide. Rows from before the fork do not: the old primary took the change next to them.
   */
  #perhapsRefused({ table, operation, before, after }: RowChange): RowVerdict | undefined {
    if (!table.conditionalKeys || !after || operation === 'delete') return undefined;
    if (this.#evidence.current.touched(table) === false) return undefined;
    const wrote = (column: number): boolean => !before || before[column] !== after[column];
    const key = table.conditionalKeys.find(({ columns }) => !columns || columns.some(wrote));
    if (!key) return undefined;
    return unknown(
      `its own key is no obstacle, but ${key.name} (partial, by expressions, or an exclusion constraint) may refuse it for another row of the new primary: forkpoint check --dry-run asks the running server`,
    );
  }

  /** The worst of what the other unique keys that the new row takes meet on the new primary. */
  #taken(change: RowChange): RowVerdict | undefined {
    const { table, operation, after } = change;
    if (operation === 'delete' || !after) return undefined;
    let worst: RowVerdict | undefined;
    for (const set of keysOf(table).others) {
      if (kept(change, set)) continue;
      const verdict = this.#takenIn(change, set, after);
      if (verdict && (!worst || worse(worst.verdict, verdict.verdict) !== worst.verdict)) worst = verdict;
    }
    return worst;
  }

  #takenIn({ table, operation, before }: RowChange, set: KeySet, after: Row): RowVerdict | undefined {
    const key = keyOf(table, set, after);
    if (!key) return this.#noKey(table, set, after);
    if (neverTaken(set, key.values) || this.#own.link(table, set, key)) return undefined;
    const current = this.#evidence.answers(table, set, key);
    if (isCannotTell(current)) return unknown(current.reason);
    const label = this.#label(table, set, key);
    const { identity } = keysOf(table);
    const holder = Array.isArray(current) ? keyOf(table, identity, current) : undefined;
    // Its own row holds it: how that one stands has been looked at by its identity.
    const isOwn = [before, after].some((row) => holder && keyOf(table, identity, row)?.text === holder.text);
    if (isOwn) return undefined;
    const simple = this.#untouchedOrBuilt(table, set, key, current, label);
    if (simple) return simple;
    if (!Array.isArray(current)) return undefined;
    if (operation === 'insert' && identity.wholeRow && compareRows(table, after, current) === 'equal') {
      return verdictOn('applied', `${label} is on the new primary with the same values`, current);
    }
    const who = holder && !identity.wholeRow ? ` (${keyLabel(table, identity.columns, holder.values)})` : '';
    return verdictOn('unique', `${label} is held by another row${who} on the new primary`, current);
  }
}
