/** The body of an export: transactions turned into bytes, for the file that each belongs to. */
import type { TextSink } from '../bytes/text-sink.js';
import type { ListedTransaction } from '../incident/model.js';
import type { Change } from '../rows/row-change.js';
import { isVisitable } from '../rows/row-visitor.js';
import type { TransactionWriter } from './format.js';

/** A transaction with its changes, in the order in which they are to be written. */
export interface TransactionWithChanges {
  readonly transaction: ListedTransaction;
  readonly changes: Iterable<Change>;
}

/** Where bytes go. */
export interface Drain {
  /** Takes them. */
  readonly sink: TextSink;
  /** Passes on what is in the sink when that is a good piece; true when it did. */
  drain(): boolean;
}

/** One file's share of a body. */
export interface BodyFile {
  /** The database whose transactions go there; undefined for all. */
  readonly database: string | undefined;
  readonly writer: TransactionWriter;
  readonly output: Drain;
  /** Is counted up. */
  transactions: number;
}

/** The changes as they are to be written: those of partitions under the name of their root, where that was asked for. */
export function addressed(changes: Iterable<Change>, partitionRoot: boolean | undefined): Iterable<Change> {
  return partitionRoot ? atRoot(changes) : changes;
}

function* atRoot(changes: Iterable<Change>): Generator<Change> {
  for (const change of changes) {
    // A truncation was of this one partition.
    const root = change.kind === 'row' && change.operation !== 'truncate' ? change.table.root : undefined;
    yield root ? ({ ...change, table: root } as Change) : change;
  }
}

/** Writes one transaction; yields after every piece. */
function* writeTransaction(
  { writer, output }: BodyFile,
  transaction: ListedTransaction,
  changes: Iterable<Change>,
): Generator<void> {
  if (writer.write && isVisitable(changes)) {
    for (const _ of writer.write(transaction, changes, output.sink)) if (output.drain()) yield;
    if (output.drain()) yield;
    return;
  }
  for (const text of writer.transaction(transaction, changes)) {
    output.sink.utf8(text);
    if (output.drain()) yield;
  }
}

/**
 * Writes the transactions of `source` in their order. Yields after every piece and every transaction, so that its caller may look up,
 * draw or stop. Throws ForkpointError where they cannot be read.
 */
export function* writeBody(
  source: Iterable<TransactionWithChanges>,
  files: readonly BodyFile[],
  partitionRoot: boolean | undefined,
): Generator<void> {
  const byDatabase = new Map(files.map((file) => [file.database, file]));
  for (const { transaction, changes } of source) {
    // What wrote in no database (shared catalogs only) is told in the first file.
    const file = byDatabase.get(transaction.database) ?? files[0];
    yield* writeTransaction(file, transaction, addressed(changes, partitionRoot));
    file.transactions++;
    yield;
  }
}
