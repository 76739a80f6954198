/**
 * Verdicts: how each lost row change stands against what the new primary has written since the fork. Transactions are judged in
 * commit order, because later ones may build upon earlier ones; the rules themselves are in row-rules.ts.
 */
import type { Change, Table } from '../rows/row-change.js';
import type { RowVisitor, VisitableChanges } from '../rows/row-visitor.js';
import type { TableCounts } from '../transactions/transaction.js';
import { type Key, keysToAsk } from './change-keys.js';
import type { CurrentRow, CurrentRows } from './current-rows.js';
import type { KeyFile } from './key-run.js';
import { LostDefinitions } from './lost-definitions.js';
import { LostTouches } from './lost-touches.js';
import type { RowVerdict, Verdict } from './model.js';
import type { RemembersKey } from './own-writes.js';
import { type KeySet, tableKey } from './row-keys.js';
import { type Answers, TransactionJudge, type TransactionNames, worse } from './row-rules.js';
import { RowSieve } from './row-sieve.js';
import { NO_PLACES, type RowPlaces, TouchesAndPlaces } from './touches-and-places.js';

/** A lost transaction with its changes in order. */
export interface LostTransaction {
  /** Position in commit order. */
  readonly index: number;
  readonly changes: readonly Change[];
  /** More of its changes come first thing in the next batch: nobody can hold a transaction of any size. */
  readonly goesOn?: boolean;
}

/** A transaction's verdict (its worst row's, as far as it was judged), and that of each change of the batch; undefined where a verdict makes no sense. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly rows: (RowVerdict | undefined)[];
}

/** Keys of one set of one table, asked together. */
interface Question {
  readonly table: Table;
  readonly set: KeySet;
  readonly keys: Map<string, Key>;
}

/** Judges the lost transactions of one incident. */
export class Judge {
  readonly #current: CurrentRows;
  readonly #nameOf: TransactionNames;
  readonly #touches: LostTouches;
  readonly #remembers: RemembersKey;
  readonly #file: KeyFile | undefined;
  readonly #earlier: TouchesAndPlaces;
  readonly #unnamed: TouchesAndPlaces;
  readonly #sieve: RowSieve;
  readonly #definitions = new LostDefinitions();
  /** Dependencies of one transaction after the other, each behind their number; and where each one's begin, for those that have some. */
  #dependencies = new Uint32Array(1024);
  #dependenciesLength = 1;
  #dependenciesFrom = new Uint32Array(1024);
  /** Of the batch being judged. */
  #answers: Answers = () => {
    throw new RangeError('a key was judged before anybody asked');
  };
  #answersAreAtOnce = false;
  /** The transaction that goes on in the next batch. */
  #unfinished: { readonly judge: TransactionJudge; readonly verdict: Verdict } | undefined;

  /**
   * `nameOf` gives a lost transaction's xid and commit LSN, for reasons that name it. `touches` remembers which lost transaction wrote
   * which key; of rows in `places` nobody need remember that. What a transaction of very many rows wrote goes to `file`.
   */
  constructor(
    current: CurrentRows,
    nameOf: TransactionNames,
    touches = new LostTouches(),
    places: RowPlaces = NO_PLACES,
    file?: KeyFile,
  ) {
    this.#file = file;
    this.#touches = touches;
    this.#earlier = new TouchesAndPlaces(touches, places, current, true);
    this.#unnamed = new TouchesAndPlaces(touches, places, current, false);
    this.#remembers = (...touch) => this.#earlier.remembers(...touch);
    this.#sieve = new RowSieve({ current, touches, places }, (index) => this.#judgeOf(index, false));
    this.#current = current;
    this.#nameOf = nameOf;
  }

  /**
   * Judges the next transactions: in commit order, each once, all whose verdict is not told without their rows. Throws what the look-up
   * throws (ForkpointError when a live server goes away); then nothing of the batch is remembered. Without `words` verdicts have no
   * reasons, and what the transactions build upon is not remembered.
   */
  async judge(batch: readonly LostTransaction[], words = true): Promise<Judgement[]> {
    this.#answers = await this.#ask(batch.map(({ changes }) => changes));
    return batch.map(({ index, changes, goesOn }) => {
      const begun = this.#unfinished;
      const judge = begun?.judge ?? this.#judgeOf(index, words);
      const judgement = this.#judged(judge, changes, begun?.verdict);
      this.#unfinished = goesOn ? { judge, verdict: judgement.verdict } : undefined;
      if (goesOn) return judgement;
      judge.record(this.#touches);
      if (words) this.#noteDependencies(index, judge.dependencies);
      return judgement;
    });
  }

  /**
   * Begins with the next transaction, for the verdict that judge() has for it without words, where nobody need be asked for the new
   * primary's rows (CurrentRows.answers is there): `inPlace`, by its rows as they lie in their tuples where that tells. To be gone through,
   * with a rest now and then; then endAlone() gives the verdict.
   */
  beginAlone(index: number, changes: VisitableChanges, inPlace: boolean): Iterable<void> {
    if (!this.#answersAreAtOnce) this.#answers = this.#answersAtOnce() ?? this.#answers;
    this.#answersAreAtOnce = true;
    this.#sieve.begin(index);
    return inPlace ? changes.visit(this.#sieve) : shown(changes, this.#sieve);
  }

  /** How much of the transaction begun has to be held until its end: a number of keys; infinity when there is no room for more. */
  get heldAlone(): number {
    return this.#sieve.held;
  }

  /** How many of its rows were looked at so far, about. */
  get seenAlone(): number {
    return this.#sieve.seen;
  }

  /** The verdict of the transaction that was gone through. */
  endAlone(): Verdict {
    this.#sieve.judge?.record(this.#touches);
    return this.#sieve.verdict;
  }

  /** A transaction, next in commit order, that is not looked at: what it wrote in these tables is not known to those after it. */
  passOver(index: number, database: string, tables: readonly Pick<TableCounts, 'schema' | 'table'>[]): void {
    for (const { schema, table } of tables)
      this.#touches.forget(tableKey({ database, schema, name: table }), index);
  }

  /** Row verdicts of a transaction judged before, as they were then. */
  async rowVerdicts(index: number, changes: readonly Change[]): Promise<(RowVerdict | undefined)[]> {
    this.#answers = await this.#ask([changes]);
    return this.#judged(this.#judgeOf(index), changes).rows;
  }

  /** What a transaction builds upon, found out anew from its changes where nobody need be asked: see dependencies(). */
  dependenciesOf(index: number, changes: Iterable<Change>): readonly number[] {
    this.#answers = this.#answersAtOnce() ?? this.#answers;
    const judge = this.#judgeOf(index);
    for (const change of changes) judge.judge(change);
    return [...judge.dependencies].sort((a, b) => a - b);
  }

  /** What a transaction that was judged did to the catalog, the first few things of it. */
  descriptions(index: number): readonly string[] | undefined {
    return this.#definitions.descriptions(index);
  }

  /** The first transaction that was too much to remember: verdicts of those after it may be unknown for it. */
  get firstForgotten(): number | undefined {
    return this.#touches.firstForgotten;
  }

  /** Earlier lost transactions that this one builds upon directly, ascending; none before it was judged. */
  dependencies(index: number): readonly number[] {
    const from = this.#dependenciesFrom[index] ?? 0;
    if (from === 0) return [];
    return [...this.#dependencies.subarray(from + 1, from + 1 + this.#dependencies[from])].sort(
      (a, b) => a - b,
    );
  }

  #noteDependencies(index: number, dependencies: ReadonlySet<number>): void {
    if (dependencies.size === 0) return;
    this.#dependenciesFrom = roomFor(this.#dependenciesFrom, index + 1);
    this.#dependencies = roomFor(this.#dependencies, this.#dependenciesLength + dependencies.size + 1);
    this.#dependenciesFrom[index] = this.#dependenciesLength;
    this.#dependencies[this.#dependenciesLength++] = dependencies.size;
    for (const earlier of dependencies) this.#dependencies[this.#dependenciesLength++] = earlier;
  }

  #judgeOf(index: number, words = true): TransactionJudge {
    return new TransactionJudge(index, {
      current: this.#current,
      answers: (table, set, key) => this.#answers(table, set, key),
      touches: words ? this.#earlier : this.#unnamed,
      remembers: this.#remembers,
      file: this.#file,
      definitions: this.#definitions,
      nameOf: this.#nameOf,
      words,
    });
  }

  /** Answers that need not be asked for beforehand; undefined where they have to. */
  #answersAtOnce(): Answers | undefined {
    const current = this.#current;
    return current.answers && ((table, set, key) => current.answers!(table, set)(key.values, key.text));
  }

  /** `verdict`: of the changes before these. */
  #judged(judge: TransactionJudge, changes: readonly Change[], verdict: Verdict = 'clean'): Judgement {
    const rows = changes.map((change) => judge.judge(change));
    return {
      verdict: rows.reduce<Verdict>((worst, row) => (row ? worse(worst, row.verdict) : worst), verdict),
      rows,
    };
  }

  /** Asks the new primary about every key of these changes, each once, table by table. */
  async #ask(transactions: readonly (readonly Change[])[]): Promise<Answers> {
    const atOnce = this.#answersAtOnce();
    if (atOnce) return atOnce;
    const questions = new Map<Table, Map<string, Question>>();
    for (const change of transactions.flat()) {
      if (change.kind !== 'row') continue;
      const { table } = change;
      for (const { set, key } of keysToAsk(change)) {
        const ofTable = questions.get(table) ?? new Map<string, Question>();
        questions.set(table, ofTable);
        const question = ofTable.get(set.name) ?? { table, set, keys: new Map() };
        ofTable.set(set.name, question);
        question.keys.set(key.text, key);
      }
    }
    const answered = new Map<Table, Map<string, Map<string, CurrentRow>>>();
    for (const [table, ofTable] of questions) {
      const ofSets = new Map<string, Map<string, CurrentRow>>();
      answered.set(table, ofSets);
      for (const { set, keys } of ofTable.values()) {
        const all = [...keys.values()];
        const current = await this.#current.lookup(
          table,
          set.columns,
          all.map(({ values }) => values),
        );
        ofSets.set(set.name, new Map(all.map(({ text }, i) => [text, current[i]])));
      }
    }
    return (table, set, key) => {
      const ofSet = answered.get(table)?.get(set.name);
      // Never take a key that was not asked for for one that is not there.
      if (!ofSet?.has(key.text))
        throw new RangeError(`${table.name}: a key was judged that was not asked for`);
      return ofSet.get(key.text);
    };
  }
}

/** Changes as a visitor has them who takes none as it lies. */
function* shown(changes: Iterable<Change>, visitor: RowVisitor): Generator<void> {
  for (const change of changes) {
    visitor.change(change);
    if (visitor.isFull) yield;
  }
}

/** The array, or a larger one with the same in it, that has so many places. */
function roomFor(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (length <= array.length) return array;
  const larger = new Uint32Array(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}
