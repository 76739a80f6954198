/**
 * Writing an export: transactions stream through one of the formats into one file, or a file for each database.
 * Memory does not grow with the export, and nothing bears its final name before everything is on disk.
 */
import type { ExportedFile, ExportRequest, ExportSummary, ListedTransaction } from '../incident/model.js';
import type { Change } from '../rows/row-change.js';
import { isVisitable } from '../rows/row-visitor.js';
import { Tally } from '../sql/tally.js';
import { type Destination, planDestinations } from './destinations.js';
import { type ExportContext, FORMATS, type FormatWriter } from './format.js';
import { type Output, openOutput } from './output.js';
import { checkExportRequest } from './request.js';

/** A transaction with its changes, in the order in which they are to be written. */
export interface TransactionWithChanges {
  readonly transaction: ListedTransaction;
  readonly changes: Iterable<Change>;
}

/** Where an export stands. */
export interface ExportProgress {
  readonly bytesWritten: number;
  readonly transactionsDone: number;
}

/** One file being written. */
interface OpenFile {
  readonly destination: Destination;
  readonly output: Output;
  readonly writer: FormatWriter;
  readonly tally: Tally;
  transactions: number;
}

function openWriter(
  request: ExportRequest,
  context: ExportContext,
  database: string | undefined,
): Pick<OpenFile, 'writer' | 'tally'> {
  const { selections, ...rest } = context;
  // A file for one database among several counts only its own; a file for the only one also what wrote in none.
  const own =
    database !== undefined && selections.byDatabase.size > 1
      ? selections.byDatabase.get(database)
      : undefined;
  const tally = new Tally();
  const writer = FORMATS[request.format].open(
    {
      ...rest,
      request,
      database,
      selection: own ?? selections.all,
      inDoubtChosen: request.transactions !== undefined && selections.all.onlyInDoubt,
    },
    tally,
  );
  return { writer, tally };
}

/** The changes as they are to be written: those of partitions under the name of their root, where that was asked for. */
function addressed(request: ExportRequest, changes: Iterable<Change>): Iterable<Change> {
  return request.partitionRoot ? atRoot(changes) : changes;
}

function* atRoot(changes: Iterable<Change>): Generator<Change> {
  for (const change of changes) {
    // A truncation was of this one partition.
    const root = change.kind === 'row' && change.operation !== 'truncate' ? change.table.root : undefined;
    yield root ? ({ ...change, table: root } as Change) : change;
  }
}

/** Writes one transaction; yields after every chunk. */
function* writeTransaction(
  { writer, output }: OpenFile,
  transaction: ListedTransaction,
  changes: Iterable<Change>,
): Generator<void> {
  if (writer.write && isVisitable(changes)) {
    for (const _ of writer.write(transaction, changes, output.sink)) if (output.drain()) yield;
    if (output.drain()) yield;
    return;
  }
  for (const text of writer.transaction(transaction, changes)) if (output.write(text)) yield;
}

function databasesOf(context: ExportContext): string[] {
  return [...context.selections.byDatabase.keys()].sort();
}

/**
 * Writes an export. `source` yields the transactions in the order in which they are to be written (the last one first,
 * its changes backwards, for undo). The generator yields after every chunk and every transaction, so that its caller
 * may look up, draw or stop: `return()` or `throw()` on it removes everything written. Throws ForkpointError, and
 * OutputClosedError when standard output has lost its reader.
 */
export function* exportTransactions(
  request: ExportRequest,
  source: Iterable<TransactionWithChanges>,
  context: ExportContext,
): Generator<ExportProgress, ExportSummary> {
  checkExportRequest(request);
  const files: OpenFile[] = [];
  let complete = false;
  try {
    for (const destination of planDestinations(request, databasesOf(context))) {
      const output = openOutput(destination.path, request.overwrite ?? false);
      files.push({
        destination,
        output,
        ...openWriter(request, context, destination.database),
        transactions: 0,
      });
    }
    const done = { transactions: 0 };
    const progress = (): ExportProgress => ({
      bytesWritten: files.reduce((sum, { output }) => sum + output.bytes, 0),
      transactionsDone: done.transactions,
    });
    for (const { output, writer } of files) for (const text of writer.header()) output.write(text);
    const byDatabase = new Map(files.map((file) => [file.destination.database, file]));
    for (const { transaction, changes } of source) {
      // What wrote in no database (shared catalogs only) is told in the first file.
      const file = byDatabase.get(transaction.database) ?? files[0];
      for (const _ of writeTransaction(file, transaction, addressed(request, changes))) yield progress();
      file.transactions++;
      done.transactions++;
      yield progress();
    }
    for (const { output, writer } of files) {
      for (const text of writer.footer()) output.write(text);
      output.finish();
    }
    for (const { output } of files) output.publish();
    complete = true;
  } finally {
    for (const { output } of files) {
      if (complete) output.keep();
      else output.discard();
    }
  }
  return summarize(files);
}

function summarize(files: readonly OpenFile[]): ExportSummary {
  const written = files.map(({ destination, output, tally, transactions }): ExportedFile => {
    const { path, database } = destination;
    return {
      path,
      database,
      transactions,
      statements: tally.statements,
      bytes: output.bytes,
      sha256: output.sha256,
    };
  });
  const sum = (value: (file: ExportedFile) => number) =>
    written.reduce((total, file) => total + value(file), 0);
  return {
    files: written,
    transactions: sum((file) => file.transactions),
    statements: sum((file) => file.statements),
    bytes: sum((file) => file.bytes),
    leftOut: files.reduce((total, { tally }) => total + tally.leftOut, 0),
    leftOutReasons: files.flatMap(({ tally }) => tally.reasons()),
  };
}

/** The first `lines` lines of what an export would write (of its first file), and whether there is more. */
export function previewExport(
  request: ExportRequest,
  source: Iterable<TransactionWithChanges>,
  context: ExportContext,
  lines: number,
): { lines: string[]; more: boolean } {
  checkExportRequest(request);
  const database = FORMATS[request.format].perDatabase ? databasesOf(context)[0] : undefined;
  const { writer } = openWriter(request, context, database);
  const shown: string[] = [];
  const take = (texts: Iterable<string>): boolean => {
    for (const text of texts) {
      if (shown.length >= lines) return false;
      shown.push(...text.replace(/\r?\n$/, '').split(/\r?\n/));
    }
    return true;
  };
  const complete = (function run(): boolean {
    if (!take(writer.header())) return false;
    for (const { transaction, changes } of source) {
      if (database !== undefined && transaction.database !== '' && transaction.database !== database)
        continue;
      if (!take(writer.transaction(transaction, addressed(request, changes)))) return false;
    }
    return take(writer.footer());
  })();
  return { lines: shown.slice(0, lines), more: !complete || shown.length > lines };
}
