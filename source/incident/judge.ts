/**
 * Verdicts: how each lost row change stands against what the new primary has written since the fork. Transactions are judged in
 * commit order, because later ones may build upon earlier ones; the rules themselves are in row-rules.ts.
 */
import type { Change, Table } from '../rows/row-change.js';
import { type Key, keysToAsk } from './change-keys.js';
import type { CurrentRow, CurrentRows } from './current-rows.js';
import { LostTouches } from './lost-touches.js';
import type { RowVerdict, Verdict } from './model.js';
import type { KeySet } from './row-keys.js';
import { type Answers, TransactionJudge, type TransactionNames, worse } from './row-rules.js';

/** A lost transaction with its changes in order. */
export interface LostTransaction {
  /** Position in commit order. */
  readonly index: number;
  readonly changes: readonly Change[];
}

/** A transaction's verdict (its worst row's), and each change's; undefined where a verdict makes no sense. */
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
  readonly #touches = new LostTouches();
  /** Dependencies of all transactions one after the other, and where each one's begin. */
  readonly #dependencies: number[] = [];
  readonly #dependenciesFrom: number[] = [];

  /** `nameOf` gives a lost transaction's xid and commit LSN, for reasons that name it. */
  constructor(current: CurrentRows, nameOf: TransactionNames) {
    this.#current = current;
    this.#nameOf = nameOf;
  }

  /**
   * Judges the next transactions: consecutive ones, in commit order, from index 0 on, each once. Throws what the look-up throws
   * (ForkpointError when a live server goes away); then nothing of the batch is remembered.
   */
  async judge(batch: readonly LostTransaction[]): Promise<Judgement[]> {
    const answers = await this.#ask(batch.map(({ changes }) => changes));
    return batch.map(({ index, changes }) => {
      const { judge, judgement } = this.#judged(index, changes, answers);
      judge.record();
      this.#dependenciesFrom[index] = this.#dependencies.length;
      for (const earlier of judge.dependencies) this.#dependencies.push(earlier);
      return judgement;
    });
  }

  /** Row verdicts of a transaction judged before, as they were then. */
  async rowVerdicts(index: number, changes: readonly Change[]): Promise<(RowVerdict | undefined)[]> {
    const answers = await this.#ask([changes]);
    return this.#judged(index, changes, answers).judgement.rows;
  }

  /** Earlier lost transactions that this one builds upon directly, ascending; none before it was judged. */
  dependencies(index: number): readonly number[] {
    const from = this.#dependenciesFrom[index];
    if (from === undefined) return [];
    return this.#dependencies.slice(from, this.#dependenciesFrom[index + 1]).sort((a, b) => a - b);
  }

  #judged(
    index: number,
    changes: readonly Change[],
    answers: Answers,
  ): { judge: TransactionJudge; judgement: Judgement } {
    const judge = new TransactionJudge(index, {
      current: this.#current,
      answers,
      touches: this.#touches,
      nameOf: this.#nameOf,
    });
    const rows = changes.map((change) => judge.judge(change));
    const verdict = rows.reduce<Verdict>((worst, row) => (row ? worse(worst, row.verdict) : worst), 'clean');
    return { judge, judgement: { verdict, rows } };
  }

  /** Asks the new primary about every key of these changes, each once, table by table. */
  async #ask(transactions: readonly (readonly Change[])[]): Promise<Answers> {
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
