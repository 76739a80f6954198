/** Orders of the list. */
import { tableLabel } from '../rows/row-change.js';
import { rowCount } from '../transactions/transaction.js';
import { type ListedTransaction, type SortKey, VERDICTS, type Verdict } from './model.js';

/** From the best news to the worst; not yet known comes first. */
const VERDICT_RANK: ReadonlyMap<Verdict, number> = new Map([
  ['pending', 0],
  ...VERDICTS.map((verdict, index): [Verdict, number] => [verdict, index + 1]),
]);

/**
 * Transaction ids by their age: they go round, and those of one loss lie close together on the circle. `first` is any one of them.
 */
export function xidAge(xid: number, first: number): number {
  return (xid - first) | 0;
}

/** What each order compares: one number or string of a transaction. */
export const SORT_VALUES: Readonly<Record<SortKey, (transaction: ListedTransaction) => number | string>> = {
  commit: (t) => t.index,
  time: (t) => t.commitTime,
  xid: (t) => t.xid,
  rows: rowCount,
  size: (t) => t.walBytes,
  database: (t) => t.database,
  table: (t) =>
    t.tables.length === 0 ? '' : tableLabel({ schema: t.tables[0].schema, name: t.tables[0].table }),
  verdict: (t) => VERDICT_RANK.get(t.verdict)!,
};

/**
 * Indexes in the order of their values; equal ones keep commit order either way. `indexes` ascends. Values are asked for once each and
 * compared as numbers (strings by their rank), in typed arrays: sixteen bytes a line, and four when it is done.
 */
export function sortedIndexes(
  indexes: Iterable<number>,
  valueAt: (index: number) => number | string,
  descending: boolean,
): Uint32Array {
  const sorted = Uint32Array.from(indexes);
  const values = new Float64Array(sorted.length);
  /** Strings as numbers in the order of their first sight, then by their rank. */
  const numbers = new Map<string, number>();
  for (let place = 0; place < sorted.length; place++) {
    const value = valueAt(sorted[place]);
    if (typeof value === 'number') values[place] = value;
    else {
      let number = numbers.get(value);
      if (number === undefined) {
        number = numbers.size;
        numbers.set(value, number);
      }
      values[place] = number;
    }
  }
  if (numbers.size > 0) {
    const ranks = new Float64Array(numbers.size);
    [...numbers.keys()].sort().forEach((text, rank) => {
      ranks[numbers.get(text)!] = rank;
    });
    for (let place = 0; place < values.length; place++) values[place] = ranks[values[place]];
  }
  if (descending) for (let place = 0; place < values.length; place++) values[place] = -values[place];
  const order = sortedPlaces(values);
  for (let line = 0; line < order.length; line++) order[line] = sorted[order[line]];
  return order;
}

/** Lines sorted by insertion before they are merged. */
const RUN = 16;

/** Places of the values in ascending order, equal ones as they stand: a merge sort, since the engine's own makes an array of objects of it. */
function sortedPlaces(values: Float64Array): Uint32Array {
  const { length } = values;
  let from = new Uint32Array(length);
  for (let place = 0; place < length; place++) {
    const value = values[place];
    const start = place - (place % RUN);
    let at = place;
    for (; at > start && values[from[at - 1]] > value; at--) from[at] = from[at - 1];
    from[at] = place;
  }
  let to = new Uint32Array(length);
  for (let width = RUN; width < length; width *= 2) {
    for (let start = 0; start < length; start += width * 2) {
      const middle = Math.min(start + width, length);
      const end = Math.min(start + width * 2, length);
      merge(values, from, to, start, middle, end);
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Merges from[start, middle) and from[middle, end) into `to`. */
function merge(
  values: Float64Array,
  from: Uint32Array,
  to: Uint32Array,
  start: number,
  middle: number,
  end: number,
): void {
  let left = start;
  let right = middle;
  for (let at = start; at < end; at++) {
    const takesLeft = left < middle && (right >= end || values[from[left]] <= values[from[right]]);
    to[at] = takesLeft ? from[left++] : from[right++];
  }
}
