/** Changes of single transactions: counted, and gone through from any place, in either direction. */
import type { Change } from '../rows/row-change.js';
import type { RowVisitor, VisitableChanges } from '../rows/row-visitor.js';
import type { OpenedTransactions } from './opened-transactions.js';
import type { RecordChanges } from './record-changes.js';

const NOTHING: readonly Change[] = [];

/** What each transaction did. `index` is its place in commit order. */
export class TransactionChanges {
  readonly #transactions: OpenedTransactions;
  readonly #records: RecordChanges;

  constructor(transactions: OpenedTransactions, records: RecordChanges) {
    this.#transactions = transactions;
    this.#records = records;
  }

  /**
   * How many changes it has at most (some records turn out to hold no row of anybody's). Counts on from where it was left, for about
   * `milliseconds` or until there are more than `enough`; `more` when that was not to the end.
   */
  count(index: number, enough: number, milliseconds: number): { total: number; more: boolean } {
    const opened = this.#transactions.open(index);
    const summary = this.#transactions.summary(index);
    const { before, after } = this.#transactions.between(opened, summary);
    let told = after.length + this.#transactions.ahead(summary).length;
    for (const changes of before.values()) told += changes.length;
    const more = !opened.records.countOn(enough - told, milliseconds);
    return { total: opened.records.changeCount + told, more };
  }

  /** Its changes in order, or backwards, from the `from`th of that order on, each decoded when it is asked for. */
  *changes(index: number, backwards = false, from = 0): Generator<Change> {
    const opened = this.#transactions.open(index);
    const { records, ownXids } = opened;
    const summary = this.#transactions.summary(index);
    const ahead = this.#transactions.ahead(summary);
    const between = this.#transactions.between(opened, summary);
    if (backwards) {
      yield* between.after.toReversed().slice(from);
      let skip = Math.max(0, from - between.after.length);
      for (let number = records.sheetCount - 1; number >= 0; number--) {
        const known = records.exactChanges(number);
        if (known !== undefined && known <= skip) {
          skip -= known;
          continue;
        }
        let decoded = 0;
        for (const change of this.#records.decode(records.sheet(number)!.lsns, ownXids, true, between)) {
          if (decoded++ >= skip) yield change;
        }
        records.counted(number, decoded);
        skip = Math.max(0, skip - decoded);
      }
      yield* ahead.reverse().slice(skip);
      return;
    }
    yield* ahead.slice(from);
    let skip = Math.max(0, from - ahead.length);
    for (let number = 0; ; number++) {
      const known = records.exactChanges(number);
      if (known !== undefined && known <= skip) {
        skip -= known;
        continue;
      }
      const sheet = records.sheet(number);
      if (!sheet) {
        yield* between.after.slice(skip);
        return;
      }
      if (sheet.exact && sheet.changes <= skip) {
        skip -= sheet.changes;
        continue;
      }
      let decoded = 0;
      for (const change of this.#records.decode(sheet.lsns, ownXids, false, between)) {
        if (decoded++ >= skip) yield change;
      }
      records.counted(number, decoded);
      skip = Math.max(0, skip - decoded);
    }
  }

  /** Its changes, to be had either way. */
  visitable(index: number, backwards = false): VisitableChanges {
    return {
      [Symbol.iterator]: () => this.changes(index, backwards),
      visit: (visitor) => this.#visitAll(index, backwards, visitor),
    };
  }

  *#visitAll(index: number, backwards: boolean, visitor: RowVisitor): Generator<void> {
    const { records, ownXids } = this.#transactions.open(index);
    if (ownXids !== undefined) {
      // What it said to the catalog stands between its rows.
      for (const change of this.changes(index, backwards)) {
        visitor.change(change);
        if (visitor.isFull) yield;
      }
      return;
    }
    const ahead = this.#transactions.ahead(this.#transactions.summary(index));
    if (backwards) {
      for (let number = records.sheetCount - 1; number >= 0; number--)
        yield* this.#records.visit(records.sheet(number)!.lsns, NOTHING, visitor, true);
      for (const change of ahead) visitor.change(change);
      return;
    }
    for (const change of ahead) visitor.change(change);
    for (let number = 0; ; number++) {
      const sheet = records.sheet(number);
      if (!sheet) return;
      yield* this.#records.visit(sheet.lsns, NOTHING, visitor, false);
    }
  }
}
