/**
 * What the list shows: positions in commit order, filtered and sorted, growing while WAL is read.
 *
 * Without a filter, in commit order, it is every transaction there is and takes no memory at all.
 */
import { type Filter, parseFilter } from './filter.js';
import type { ListedTransaction, ListOrder } from './model.js';
import type { OpenedIncident } from './opened-incident.js';
import { passesFilter } from './select.js';
import { SORT_VALUES, sortedIndexes, xidAge } from './sort.js';

export class ListViewState {
  readonly #incident: OpenedIncident;
  readonly #filter: Filter;
  readonly #order: ListOrder;
  /** Positions that passed so far, in commit order; undefined when all do. */
  #passed: Uint32Array | undefined;
  #passedLength = 0;
  /** Looking into the rows of the transaction examined last goes on. */
  #looking: Generator<void, boolean> | undefined;
  #examined = 0;
  /** The sorted view, made anew when there is more to sort. */
  #sorted: Uint32Array | undefined;
  #sortedLength = -1;

  /** Throws ForkpointError when the filter does not parse. */
  constructor(incident: OpenedIncident, filter: string, order: ListOrder) {
    this.#incident = incident;
    this.#filter = parseFilter(filter);
    this.#order = order;
    if (!this.#filter.empty) this.#passed = new Uint32Array(1024);
  }

  get order(): ListOrder {
    return this.#order;
  }

  /** Does anything that verdicts change decide what is shown? */
  get dependsOnVerdicts(): boolean {
    return this.#filter.needs.verdict || this.#order.key === 'verdict';
  }

  /** Looks at transactions not looked at yet, for about `milliseconds`; true when there are more. */
  extend(milliseconds: number): boolean {
    const total = this.#incident.length;
    if (!this.#passed) {
      this.#examined = total;
      return false;
    }
    const deadline = performance.now() + milliseconds;
    while (this.#looking || this.#examined < total) {
      const answer = this.#looking
        ? this.#looking.next()
        : passesFilter(this.#incident, this.#filter, this.#incident.transaction(this.#examined++));
      if (typeof answer === 'boolean') {
        if (answer) this.#add(this.#examined - 1);
        if ((this.#examined & 63) !== 0) continue;
      } else if ('next' in answer) this.#looking = answer;
      else if (answer.done) {
        this.#looking = undefined;
        if (answer.value) this.#add(this.#examined - 1);
      }
      if (performance.now() >= deadline) return this.#looking !== undefined || this.#examined < total;
    }
    return false;
  }

  /** Everything is to be looked at again: verdicts have come. */
  restart(): void {
    this.#looking = undefined;
    this.#examined = 0;
    this.#passedLength = 0;
    this.#sortedLength = -1;
  }

  get length(): number {
    return this.#passed ? this.#passedLength : this.#examined;
  }

  /** Position in commit order of a line of the view. */
  at(line: number): number {
    const { key, descending } = this.#order;
    const { length } = this;
    if (key === 'commit') {
      const place = descending ? length - 1 - line : line;
      return this.#passed ? this.#passed[place] : place;
    }
    return this.#sort()[line];
  }

  /** The line that shows a position, or the nearest after it in commit order; undefined when the view is empty. */
  lineOf(index: number): number | undefined {
    const { length } = this;
    if (length === 0) return undefined;
    const { key, descending } = this.#order;
    if (key === 'commit') {
      let low = 0;
      let high = length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((this.#passed ? this.#passed[middle] : middle) < index) low = middle + 1;
        else high = middle;
      }
      const place = Math.min(low, length - 1);
      return descending ? length - 1 - place : place;
    }
    const sorted = this.#sort();
    let best: number | undefined;
    for (let line = 0; line < length; line++) {
      if (sorted[line] === index) return line;
      if (sorted[line] > index && (best === undefined || sorted[line] < sorted[best])) best = line;
    }
    return best ?? length - 1;
  }

  #add(index: number): void {
    const passed = this.#passed as Uint32Array;
    if (this.#passedLength === passed.length) {
      const grown = new Uint32Array(passed.length * 2);
      grown.set(passed);
      this.#passed = grown;
    }
    (this.#passed as Uint32Array)[this.#passedLength++] = index;
  }

  #xidAge(): (transaction: ListedTransaction) => number {
    const first = this.#incident.length > 0 ? this.#incident.transaction(0).xid : 0;
    return ({ xid }) => xidAge(xid, first);
  }

  #sort(): Uint32Array {
    if (this.#sorted && this.#sortedLength === this.length) return this.#sorted;
    const { length } = this;
    const indexes = this.#passed
      ? this.#passed.subarray(0, length)
      : Uint32Array.from({ length }, (_, i) => i);
    const value = this.#order.key === 'xid' ? this.#xidAge() : SORT_VALUES[this.#order.key];
    this.#sorted = sortedIndexes(
      indexes,
      (index) => value(this.#incident.transaction(index)),
      this.#order.descending,
    );
    this.#sortedLength = length;
    return this.#sorted;
  }
}
