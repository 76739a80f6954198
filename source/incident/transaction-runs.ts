/** Many lost transactions with their changes: all in one pass, or asked for run by run. */
import type { Lsn } from '../bytes/lsn.js';
import type { Change } from '../rows/row-change.js';
import type { ClusterReader } from '../transactions/cluster-reader.js';
import type { ForwardOptions } from '../transactions/forward-changes.js';
import type { WrittenRun } from '../transactions/written-ahead.js';
import type { ListedTransaction } from './model.js';

/** A lost transaction, and its changes in order (or backwards). */
export interface TransactionWithChanges {
  readonly transaction: ListedTransaction;
  readonly changes: Iterable<Change>;
}

/** Transactions that follow each other and were written down while they were read. */
export interface WrittenTransactions {
  readonly run: WrittenRun;
  /** Valid until the next ones are asked for. */
  readonly bytes: Buffer;
}

/** Many transactions with their changes, asked for run by run. */
export interface TransactionRuns {
  /**
   * One run, in the order in which the transactions are named: all ascending, also from run to run, or all descending. No transaction of
   * this run or a later one began before `keepFrom`, but for those that are too long.
   */
  of(indexes: Uint32Array, keepFrom: Lsn): Iterable<TransactionWithChanges>;
  /** Lets go of files. */
  close(): void;
}

/** Gives a transaction by its position in commit order. */
type Listed = (index: number) => ListedTransaction;

/** Many transactions with their changes in the order in which they are named: ascending in one forward walk over WAL, or all of them backwards one by one. */
export function* withChanges(
  reader: ClusterReader,
  listed: Listed,
  indexes: Uint32Array,
  backwards: boolean,
  how?: ForwardOptions,
): Generator<TransactionWithChanges> {
  if (backwards) {
    for (const index of indexes) yield { transaction: listed(index), changes: reader.visitable(index, true) };
    return;
  }
  for (const { index, changes } of reader.forward(indexes, how)) {
    yield { transaction: listed(index), changes };
  }
}

/** Runs of transactions; those that lie over more than `longest` bytes of WAL are read one by one. To be closed. */
export function transactionRuns(
  reader: ClusterReader,
  listed: Listed,
  backwards: boolean,
  longest: number,
): TransactionRuns {
  const walk = reader.walk();
  return {
    of: (indexes, keepFrom) => withChanges(reader, listed, indexes, backwards, { walk, keepFrom, longest }),
    close: () => walk.close(),
  };
}

/**
 * The transactions at `indexes`, which ascend, those that were written ahead in that form: as long runs as they were, where all of them are
 * wanted.
 */
export function* withWritten(
  reader: ClusterReader,
  listed: Listed,
  indexes: Uint32Array,
): Generator<TransactionWithChanges | WrittenTransactions> {
  const ahead = reader.writtenAhead;
  if (!ahead) {
    yield* withChanges(reader, listed, indexes, false);
    return;
  }
  const runs: WrittenRun[] = [];
  const rest = new Uint32Array(indexes.length);
  let left = 0;
  let at = 0;
  for (const run of ahead.runs()) {
    while (at < indexes.length && indexes[at] < run.first) rest[left++] = indexes[at++];
    if (indexes[at] !== run.first || indexes[at + run.count - 1] !== run.first + run.count - 1) continue;
    runs.push(run);
    at += run.count;
  }
  while (at < indexes.length) rest[left++] = indexes[at++];
  const others = withChanges(reader, listed, rest.subarray(0, left), false);
  let next = others.next();
  for (const run of runs) {
    for (; !next.done && next.value.transaction.index < run.first; next = others.next()) yield next.value;
    const bytes = ahead.bytesOf(run);
    if (bytes) yield { run, bytes };
    else
      yield* withChanges(
        reader,
        listed,
        Uint32Array.from({ length: run.count }, (_, i) => run.first + i),
        false,
      );
  }
  for (; !next.done; next = others.next()) yield next.value;
}
