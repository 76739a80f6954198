/** An export cut into parts: runs of its transactions that are about as much work each. */
import type { Lsn } from '../bytes/lsn.js';

/** Bytes of WAL that a part's transactions wrote, about. */
const PART_BYTES = 1024 * 1024;
/** Transactions of a part at most. */
const PART_TRANSACTIONS = 16_384;
/** A transaction that lies over more WAL than this is long. */
const LONG = 16 * 1024 * 1024;

/** Where transactions lie in WAL, by their index in commit order. */
export interface TransactionPlaces {
  firstLsn(index: number): Lsn;
  commitLsn(index: number): Lsn;
  walBytes(index: number): number;
}

/** One part: transactions [from, to) of the list. */
export interface Part {
  readonly from: number;
  readonly to: number;
  /** No transaction of this part or a later one, but for long ones that are read apart, began before here. */
  readonly keepFrom: Lsn;
}

/** What is to be written, in parts. */
export interface Plan {
  /** Transactions by index, in the order in which they are written: ascending, or descending to be taken back. */
  readonly indexes: Uint32Array;
  readonly parts: readonly Part[];
  /** Transactions that lie over more bytes of WAL than this are read each by itself. */
  readonly longest: number;
}

/**
 * Cuts `indexes` into parts.
 *
 * Whoever writes parts walks over WAL and holds records of transactions that go on; he may pass over what nobody needs any more. One
 * transaction from the beginning to the end would forbid that, so long ones are read by themselves, as long as that is not more reading
 * than going over everything twice.
 */
export function planParts(places: TransactionPlaces, indexes: Uint32Array, partBytes = PART_BYTES): Plan {
  const span = (index: number) => places.commitLsn(index) - places.firstLsn(index);
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  let longBytes = 0;
  const cuts: number[] = [];
  let bytes = 0;
  let count = 0;
  for (let at = 0; at < indexes.length; at++) {
    const index = indexes[at];
    first = Math.min(first, places.firstLsn(index));
    last = Math.max(last, places.commitLsn(index));
    if (span(index) > LONG) longBytes += span(index);
    const size = places.walBytes(index);
    if (count > 0 && (bytes + size > partBytes || count === PART_TRANSACTIONS)) {
      cuts.push(at);
      bytes = 0;
      count = 0;
    }
    bytes += size;
    count++;
  }
  const longest = longBytes <= 2 * (last - first) ? LONG : Number.POSITIVE_INFINITY;
  const parts: Part[] = [];
  let to = indexes.length;
  let keepFrom = Number.POSITIVE_INFINITY;
  for (let number = cuts.length; number >= 0 && to > 0; number--) {
    const from = number === 0 ? 0 : cuts[number - 1];
    for (let at = from; at < to; at++) {
      const index = indexes[at];
      if (span(index) <= longest) keepFrom = Math.min(keepFrom, places.firstLsn(index));
    }
    parts.push({ from, to, keepFrom });
    to = from;
  }
  return { indexes, parts: parts.reverse(), longest };
}
