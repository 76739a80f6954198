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
 * Indexes in the order of their values; equal ones keep commit order either way. Values are asked for once each and
 * compared as numbers (strings by their rank), so that a million lines sort in well under a second.
 */
export function sortedIndexes(
  indexes: Iterable<number>,
  valueAt: (index: number) => number | string,
  descending: boolean,
): Uint32Array {
  const sorted = Uint32Array.from(indexes);
  const strings: (string | undefined)[] = [];
  const values = new Float64Array(sorted.length);
  for (let place = 0; place < sorted.length; place++) {
    const value = valueAt(sorted[place]);
    if (typeof value === 'number') values[place] = value;
    else strings[place] = value;
  }
  if (strings.length > 0) {
    const ranks = new Map([...new Set(strings)].sort().map((text, rank) => [text, rank]));
    for (let place = 0; place < sorted.length; place++) values[place] = ranks.get(strings[place]) ?? 0;
  }
  const sign = descending ? -1 : 1;
  const places = Uint32Array.from(sorted.keys());
  places.sort((a, b) => sign * (values[a] - values[b]) || sorted[a] - sorted[b]);
  return places.map((place) => sorted[place]);
}
