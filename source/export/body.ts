/** The body of an export: transactions turned into bytes, for the file that each belongs to. */
import type { TextSink } from '../bytes/text-sink.js';
import type { ListedTransaction } from '../incident/model.js';
import type { Change } from '../rows/row-change.js';
import { isVisitable, NO_PAUSE } from '../rows/row-visitor.js';
import type { Tally } from '../sql/tally.js';
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
  /** Takes bytes made elsewhere, behind all that was taken before. */
  writeUtf8(bytes: Uint8Array): void;
}

/** Transactions that follow each other, all of one database, as they are to be written. */
export interface WrittenTransactions {
  readonly run: {
    readonly database: string;
    readonly count: number;
    readonly statements: number;
  };
  readonly bytes: Uint8Array;
}

/** One file's share of a body. */
export interface BodyFile {
  /** The database whose transactions go there; undefined for all. */
  readonly database: string | undefined;
  readonly writer: TransactionWriter;
  readonly output: Drain;
  /** Are counted up. */
  readonly tally: Tally;
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

/** Writes one transaction into its file's sink; the result is to be gone through, and the sink drained meanwhile. */
function writeTransaction(
  { writer, output }: BodyFile,
  transaction: ListedTransaction,
  changes: Iterable<Change>,
): Iterable<void> {
  return writer.write && isVisitable(changes)
    ? writer.write(transaction, changes, output.sink)
    : writeText(writer.transaction(transaction, changes), output.sink);
}

function* writeText(texts: Iterable<string>, sink: TextSink): Generator<void> {
  for (const text of texts) {
    sink.utf8(text);
    yield;
  }
}

/** Transactions so small that they were written at once are passed in such numbers from one pause to the next. */
const SMALL_ONES = 32;

/**
 * Writes the transactions of `source` in their order. Yields after every piece, every transaction of some size and a few small ones, so
 * that its caller may look up, draw or stop. Throws ForkpointError where they cannot be read.
 */
export function* writeBody(
  source: Iterable<TransactionWithChanges | WrittenTransactions>,
  files: readonly BodyFile[],
  partitionRoot: boolean | undefined,
): Generator<void> {
  const byDatabase = new Map(files.map((file) => [file.database, file]));
  let small = 0;
  // What wrote in no database (shared catalogs only) is told in the first file.
  const fileOf = (database: string): BodyFile => byDatabase.get(database) ?? files[0];
  for (const each of source) {
    if ('run' in each) {
      const { run, bytes } = each;
      const file = fileOf(run.database);
      file.output.writeUtf8(bytes);
      file.tally.statements += run.statements;
      file.transactions += run.count;
      yield;
      continue;
    }
    const { transaction, changes } = each;
    const file = fileOf(transaction.database);
    const { output } = file;
    const rest = writeTransaction(file, transaction, addressed(changes, partitionRoot));
    const isSmall = rest === NO_PAUSE;
    if (!isSmall) for (const _ of rest) if (output.drain()) yield;
    file.transactions++;
    if (output.drain() || !isSmall || ++small === SMALL_ONES) {
      yield;
      small = 0;
    }
  }
}
