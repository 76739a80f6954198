/** What the new primary holds now: the question, and its answer from nothing but the WAL written since the fork. */
import {
  type Change,
  type ColumnValue,
  type DdlSubject,
  isUnknown,
  type Row,
  type RowChange,
  type Table,
  type TableColumn,
  tableLabel,
} from '../rows/row-change.js';
import {
  isWholeRow,
  type KeySet,
  type KeyValues,
  keySet,
  keysOf,
  keyText,
  neverTaken,
  tableKey,
  valuesOf,
} from './row-keys.js';

/** Why it cannot be told what is under a key: one sentence. */
export interface CannotTell {
  readonly reason: string;
}

/**
 * What the new primary holds now under some key: nothing was written to this key since the fork (it is as it was then), or
 * a row (in the order of the columns of the table asked with), or undefined: no such row.
 */
export type CurrentRow = 'untouched' | Row | undefined | CannotTell;

/** True for an answer that is none. */
export function isCannotTell(current: CurrentRow): current is CannotTell {
  return typeof current === 'object' && 'reason' in current;
}

/** Something that DDL is about, on the new primary. */
export interface CurrentDefinition {
  readonly exists: boolean;
  /** Made, dropped or altered there since the fork. */
  readonly altered: boolean;
}

export interface CurrentRows {
  /**
   * One answer a key; keys are values of `columns` (indexes into table.columns). Asked with all stored columns of a table
   * without key, a row is the answer when at least one that was there at the fork, or came since, is still there.
   */
  lookup(table: Table, columns: readonly number[], keys: readonly KeyValues[]): Promise<CurrentRow[]>;
  /** The same as lookup() for keys of a set of the table's, one by one and at once, where nobody need be asked; `text` is the key's keyText(). */
  answers?(table: Table, set: KeySet): (values: KeyValues, text?: string) => CurrentRow;
  /** May the answer for a key be anything else than that it was not written? Where only lookup() tells it is not there. */
  isWritten?(tableName: string, setName: string, key: string): boolean;
  /** All keys of a set for which isWritten() is true; undefined where it is for any. Not there where isWritten() is not. */
  writtenKeys?(tableName: string, setName: string): Iterable<string> | undefined;
  /** Has anything been written to the table since the fork? undefined: it cannot be told. */
  touched(table: Table): boolean | undefined;
  /** Why a row of this table cannot be written on the new primary as it is; undefined when it can, or it is not known until asked. */
  misfit(table: Table): string | undefined;
  /** Is there no table of that name, so that none of its versions fits? Where it is not known until asked it is not there. */
  lacks?(table: Table): boolean;
  /** How a relation, column, type or schema stands on the new primary; undefined when that cannot be told. */
  definition?(database: string, subject: DdlSubject): CurrentDefinition | undefined;
  /** Set when what the new primary wrote since the fork is not wholly known: then no row can be called clean. */
  readonly incomplete?: string;
}

/** The answer for one key of a set; `text` is its keyText(). */
type AnswerKey = (values: KeyValues, text?: string) => CurrentRow;

/** What holds for the keys that were not written: as at the fork, gone (the table was truncated), or not known. */
type Rest = 'untouched' | 'gone' | CannotTell;

/** Rows under a unique key; undefined where the key was given up. */
interface KeyedRows {
  set: KeySet;
  rest: Rest;
  readonly rows: Map<string, Row | undefined>;
}

/** Written rows of one table. Every entry is exact; what is not known for certain is taken out and `rest` says why. */
class WrittenTable {
  #table: Table;
  #keyed = new Map<string, KeyedRows>();
  /** For a table without key: how many more (or fewer) of each row there are, under the row's text. */
  #counts = new Map<string, number>();
  #countsRest: Rest = 'untouched';

  constructor(table: Table, rest: Rest) {
    this.#table = table;
    this.#countsRest = rest;
    for (const set of keyedSets(table)) this.#keyed.set(set.name, { set, rest, rows: new Map() });
  }

  get table(): Table {
    return this.#table;
  }

  apply(change: RowChange): void {
    if (change.table !== this.#table) this.#redefine(change.table);
    if (change.operation === 'truncate') this.forget('gone');
    else if (keysOf(this.#table).identity.wholeRow) this.#applyCounted(change);
    else this.#applyKeyed(change);
  }

  /** Drops every entry; from here on `rest` holds for keys not written again. */
  forget(rest: Rest): void {
    this.#counts.clear();
    this.#countsRest = rest;
    for (const keyed of this.#keyed.values()) {
      keyed.rows.clear();
      keyed.rest = rest;
    }
  }

  #unreadable(change: RowChange): CannotTell {
    const label = tableLabel(this.#table);
    const why = change.problem ?? 'its WAL does not hold the whole key';
    return { reason: `the new primary changed a row of ${label} that cannot be told: ${why}` };
  }

  #applyCounted(change: RowChange): void {
    const { identity } = keysOf(this.#table);
    const count = (row: Row, by: number): boolean => {
      const values = valuesOf(row, identity.columns);
      if (!('known' in values)) return false;
      const key = keyText(this.#table, identity, values.known);
      this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
      return true;
    };
    const { before, after, operation } = change;
    const removed = operation === 'insert' || (before !== undefined && count(before, -1));
    const added = operation === 'delete' || (after !== undefined && count(after, 1));
    if (!removed || !added) {
      this.forget(this.#unreadable(change));
      return;
    }
    this.#move(operation === 'insert' ? undefined : before, operation === 'delete' ? undefined : after);
  }

  #applyKeyed(change: RowChange): void {
    const { identity } = keysOf(this.#table);
    const { operation } = change;
    let before = operation === 'insert' ? undefined : change.before;
    let after = operation === 'delete' ? undefined : change.after;
    const keyKnown = (row: Row | undefined): boolean =>
      row !== undefined && 'known' in valuesOf(row, identity.columns);
    if ((operation !== 'insert' && !keyKnown(before)) || (operation !== 'delete' && !keyKnown(after))) {
      this.forget(this.#unreadable(change));
      if (!keyKnown(after)) return;
      before = undefined;
    }
    if (before)
      before = filled(before, this.#keyed.get(identity.name)?.rows.get(this.#key(identity, before)));
    if (before && after) {
      const old = before;
      after = after.map((value, i) => (isUnknown(value) && value.unknown === 'unchanged' ? old[i] : value));
    }
    this.#move(before, after);
  }

  #key(set: KeySet, row: Row): string {
    const values = valuesOf(row, set.columns);
    return 'known' in values ? keyText(this.#table, set, values.known) : '';
  }

  /** A row left its keys and took others. */
  #move(before: Row | undefined, after: Row | undefined): void {
    for (const keyed of this.#keyed.values()) {
      // An old key that is not known belongs to a row nobody wrote since the fork: no entry goes stale.
      const left = before && valuesOf(before, keyed.set.columns);
      if (left && 'known' in left) keyed.rows.set(keyText(this.#table, keyed.set, left.known), undefined);
      const taken = after && valuesOf(after, keyed.set.columns);
      if (!taken) continue;
      if ('known' in taken) {
        if (!neverTaken(keyed.set, taken.known))
          keyed.rows.set(keyText(this.#table, keyed.set, taken.known), after);
      } else if (taken.why.unknown !== 'unchanged') {
        keyed.rows.clear();
        const column = this.#table.columns[taken.column].name;
        keyed.rest = {
          reason: `the new primary wrote a value of ${column} to ${tableLabel(this.#table)} that cannot be told: ${taken.why.reason ?? taken.why.unknown}`,
        };
      }
    }
  }

  /** The table was altered on the new primary: keeps what is still exact under the new definition. */
  #redefine(table: Table): void {
    const old = this.#table;
    this.#table = table;
    if (shapeOf(old) === shapeOf(table)) return;
    const projection = projectionOf(table, old);
    const kept = new Map<string, KeyedRows>();
    const altered = { reason: `${tableLabel(table)} was altered on the new primary` };
    for (const set of keyedSets(table)) {
      const keyed = this.#keyed.get(set.name);
      if (!keyed || set.columns.some((column) => typeof projection[column] !== 'number')) {
        kept.set(set.name, { set, rest: altered, rows: new Map() });
        continue;
      }
      for (const [key, row] of keyed.rows) if (row) keyed.rows.set(key, project(row, projection));
      kept.set(set.name, { set, rest: keyed.rest, rows: keyed.rows });
    }
    this.#keyed = kept;
    this.#counts.clear();
    this.#countsRest = altered;
  }

  /** Gives answers for keys of `set`, which is of `asked`'s columns. Nothing is applied any more. */
  answers(asked: Table, set: KeySet): AnswerKey {
    if (set.name === keysOf(this.#table).identity.name && set.wholeRow)
      return (values) => this.#counted(asked, set, values);
    const keyed = this.#keyed.get(set.name);
    if (!keyed) {
      const names = set.columns.map((column) => asked.columns[column].name).join(', ');
      const reason = `${tableLabel(asked)} has no unique key (${names}) on the new primary, where it was written since`;
      return () => ({ reason });
    }
    const projection = projectionOf(asked, this.#table);
    return (values, text = keyText(asked, set, values)) => {
      if (!keyed.rows.has(text)) return keyed.rest === 'gone' ? undefined : keyed.rest;
      const row = keyed.rows.get(text);
      return row && project(row, projection);
    };
  }

  /** May the answer for a key be anything else than that it was not written? `key` is its keyText(). */
  isWritten(setName: string, key: string): boolean {
    const keyed = this.#keyed.get(setName);
    return keyed === undefined || keyed.rest !== 'untouched' || keyed.rows.has(key);
  }

  /** See CurrentRows.writtenKeys(). */
  writtenKeys(setName: string): Iterable<string> | undefined {
    const keyed = this.#keyed.get(setName);
    return keyed?.rest === 'untouched' ? keyed.rows.keys() : undefined;
  }

  #counted(asked: Table, set: KeySet, values: KeyValues): CurrentRow {
    const count = this.#counts.get(keyText(asked, set, values));
    const rest = this.#countsRest;
    if (count === undefined) return rest === 'gone' ? undefined : rest;
    // At the fork there was at least one, or nobody would ask; so zero leaves at least one, unless the table was emptied.
    if (count > 0 || (count === 0 && rest === 'untouched')) {
      const row: ColumnValue[] = asked.columns.map(() => null);
      set.columns.forEach((column, i) => {
        row[column] = values[i];
      });
      return row;
    }
    if (rest === 'gone') return undefined;
    if (rest !== 'untouched') return rest;
    return {
      reason: `rows equal to it were removed from ${tableLabel(asked)}, which has no key, on the new primary, and how many there were cannot be told`,
    };
  }
}

function keyedSets(table: Table): KeySet[] {
  const { identity, others } = keysOf(table);
  return identity.wholeRow ? [...others] : [identity, ...others];
}

/** A row's unknown columns, from what was known of it before. */
function filled(row: Row, known: Row | undefined): Row {
  return known ? row.map((value, i) => (isUnknown(value) ? known[i] : value)) : row;
}

/** Equal for definitions under which the same rows and keys read the same. */
function shapeOf(table: Table): string {
  const columns = table.columns.map((column) => [column.name, column.typeName]);
  return JSON.stringify([columns, table.identity, table.uniqueKeys]);
}

/** For each column of one table, where another table has it; or why its value there says nothing. */
type Projection = readonly (number | ColumnValue)[];

function projectionOf(to: Table, from: Table): Projection {
  return to.columns.map((column) => {
    const at = from.columns.findIndex((other) => other.name === column.name);
    const reason = columnMismatch(to, column.name, from.columns);
    return reason === undefined ? at : { unknown: 'not-logged', reason };
  });
}

function project(row: Row, projection: Projection): Row {
  return projection.map((source) => (typeof source === 'number' ? row[source] : source));
}

/** Why a column's values on the new primary cannot be compared with ours; undefined when they can. */
export function columnMismatch(
  ours: Table,
  name: string,
  theirs: readonly Pick<TableColumn, 'name' | 'typeName'>[],
): string | undefined {
  const mine = ours.columns.find((column) => column.name === name);
  const other = theirs.find((column) => column.name === name);
  if (!other) return `${tableLabel(ours)} has no column ${name} on the new primary`;
  if (mine?.typeName === other.typeName) return undefined;
  return `column ${name} of ${tableLabel(ours)} is ${mine?.typeName} on the old primary and ${other.typeName} on the new one`;
}

/** What DDL is about, whichever statement it was: a table stands for its columns, indexes by their own names. */
export function definitionKey(database: string, { schema, name }: { schema: string; name: string }): string {
  return `${database}\0${schema}\0${name}`;
}

/** The new primary as its WAL since the fork tells it, no server running. */
export class WrittenSinceFork implements CurrentRows {
  readonly incomplete?: string;
  readonly #definitionNow: ((table: Table) => Table | undefined) | undefined;
  readonly #hasDefinition: ((database: string, subject: DdlSubject) => boolean | undefined) | undefined;
  readonly #tables = new Map<string, WrittenTable>();
  /** What DDL on the new primary was about, and whether there was any of which that is not known. */
  readonly #altered = new Set<string>();
  #alteredAnything = false;
  readonly #misfits = new WeakMap<Table, string | undefined>();
  readonly #lacking = new WeakMap<Table, boolean>();
  #answers = new WeakMap<Table, Map<string, AnswerKey>>();
  /** Set once a change was met whose table could not be told: it may have been any. */
  #anyTable: CannotTell | undefined;

  /**
   * `incomplete`: what of the new primary's WAL is missing, one sentence. `definitionNow`: the new primary's own definition of
   * the table of that name, undefined when there is none any more; without it, only altered tables that were written are noticed.
   */
  constructor(
    incomplete?: string,
    definitionNow?: (table: Table) => Table | undefined,
    hasDefinition?: (database: string, subject: DdlSubject) => boolean | undefined,
  ) {
    this.#hasDefinition = hasDefinition;
    this.incomplete = incomplete;
    this.#definitionNow = definitionNow;
  }

  /** Takes in every change of the new primary's WAL since the fork, in commit order. */
  add(change: Change): void {
    this.#answers = new WeakMap();
    if (change.kind === 'undecodable') {
      // Were its catalog unreadable, everything would come like this: then nothing may pass for untouched.
      this.#anyTable = { reason: `the new primary wrote ${change.relation}: ${change.problem}` };
      for (const table of this.#tables.values()) table.forget(this.#anyTable);
    } else if (change.kind === 'catalog') {
      const { subject, database = '' } = change;
      if (!subject) this.#alteredAnything = true;
      for (const each of subject ? [subject, subject.to] : [])
        if (each) this.#altered.add(definitionKey(database, each));
    } else if (change.kind === 'row') {
      const name = tableKey(change.table);
      let table = this.#tables.get(name);
      if (!table) {
        table = new WrittenTable(change.table, this.#anyTable ?? 'untouched');
        this.#tables.set(name, table);
      }
      table.apply(change);
    }
  }

  misfit(table: Table): string | undefined {
    if (!this.#definitionNow) return undefined;
    if (this.#misfits.has(table)) return this.#misfits.get(table);
    const now = this.#definitionNow(table);
    const reason = now
      ? table.columns.map((column) => columnMismatch(table, column.name, now.columns)).find(Boolean)
      : `there is no table ${tableLabel(table)} on the new primary`;
    this.#misfits.set(table, reason);
    return reason;
  }

  lacks(table: Table): boolean {
    let lacks = this.#lacking.get(table);
    if (lacks === undefined) {
      lacks = this.#definitionNow !== undefined && this.#definitionNow(table) === undefined;
      this.#lacking.set(table, lacks);
    }
    return lacks;
  }

  definition(database: string, subject: DdlSubject): CurrentDefinition | undefined {
    const exists = this.#hasDefinition?.(database, subject);
    if (exists === undefined || this.#alteredAnything) return undefined;
    return { exists, altered: this.#altered.has(definitionKey(database, subject)) };
  }

  touched(table: Table): boolean | undefined {
    if (this.#tables.has(tableKey(table))) return true;
    return this.#anyTable ? undefined : false;
  }

  async lookup(table: Table, columns: readonly number[], keys: readonly KeyValues[]): Promise<CurrentRow[]> {
    const set = keySet(table, columns, isWholeRow(table, columns));
    const order = set.columns.map((column) => columns.indexOf(column));
    const answer = this.answers(table, set);
    return keys.map((values) => answer(order.map((i) => values[i])));
  }

  answers(table: Table, set: KeySet): AnswerKey {
    let ofTable = this.#answers.get(table);
    if (!ofTable) {
      ofTable = new Map();
      this.#answers.set(table, ofTable);
    }
    let answer = ofTable.get(set.name);
    if (!answer) {
      answer = this.#answersOf(table, set);
      ofTable.set(set.name, answer);
    }
    return answer;
  }

  #answersOf(table: Table, set: KeySet): AnswerKey {
    const written = this.#tables.get(tableKey(table));
    const now = this.#definitionNow ? this.#definitionNow(table) : (written?.table ?? table);
    const mismatch = now
      ? set.columns
          .map((column) => columnMismatch(table, table.columns[column].name, now.columns))
          .find(Boolean)
      : `there is no table ${tableLabel(table)} on the new primary`;
    if (mismatch !== undefined) return () => ({ reason: mismatch });
    const rest = this.#anyTable ?? 'untouched';
    return written ? written.answers(table, set) : () => rest;
  }

  isWritten(tableName: string, setName: string, key: string): boolean {
    const written = this.#tables.get(tableName);
    return written ? written.isWritten(setName, key) : this.#anyTable !== undefined;
  }

  writtenKeys(tableName: string, setName: string): Iterable<string> | undefined {
    const written = this.#tables.get(tableName);
    if (!written) return this.#anyTable ? undefined : [];
    return written.writtenKeys(setName);
  }
}
