/**
 * Writing an export: transactions stream through one of the formats into one file, or a file for each database.
 * Memory does not grow with the export, and nothing bears its final name before everything is on disk.
 */
import type { ExportedFile, ExportRequest, ExportSummary } from '../incident/model.js';
import { Tally } from '../sql/tally.js';
import {
  addressed,
  type BodyFile,
  type TransactionWithChanges,
  type WrittenTransactions,
  writeBody,
} from './body.js';
import { type Destination, planDestinations } from './destinations.js';
import type { BodyContext, ExportContext, FormatWriter } from './format.js';
import { FORMATS } from './formats.js';
import { type Output, openOutput } from './output.js';
import { checkExportRequest } from './request.js';

/** Where an export stands. */
export interface ExportProgress {
  readonly bytesWritten: number;
  readonly transactionsDone: number;
  /** Others have to do something first: to be waited for before the export is gone on with. */
  readonly waiting: Promise<void> | undefined;
}

/** Writes all transactions into the files they belong to. What it yields is to be waited for. */
export type WriteBody = (
  files: readonly OpenFile[],
  context: BodyContext,
) => Generator<Promise<void> | undefined | void>;

/** One file being written. */
export interface OpenFile extends BodyFile {
  readonly destination: Destination;
  readonly output: Output;
  readonly writer: FormatWriter;
  readonly tally: Tally;
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
    { ...rest, ...bodyContext(request, context), database, selection: own ?? selections.all },
    tally,
  );
  return { writer, tally };
}

/** What transactions are written from. */
function bodyContext(request: ExportRequest, { overview, selections }: ExportContext): BodyContext {
  return {
    request,
    inDoubtChosen: request.transactions !== undefined && selections.all.onlyInDoubt,
    blockSize: overview.old.blockSize,
  };
}

function databasesOf(context: ExportContext): string[] {
  return [...context.selections.byDatabase.keys()].sort();
}

/**
 * Writes an export. `source` yields the transactions in the order in which they are to be written (the last one first,
 * its changes backwards, for undo), or writes them itself. The generator yields after every chunk and every transaction, so that its caller
 * may look up, draw or stop: `return()` or `throw()` on it removes everything written. Throws ForkpointError, and
 * OutputClosedError when standard output has lost its reader.
 */
export function* exportTransactions(
  request: ExportRequest,
  source: Iterable<TransactionWithChanges | WrittenTransactions> | WriteBody,
  context: ExportContext,
): Generator<ExportProgress, ExportSummary> {
  checkExportRequest(request);
  const files: OpenFile[] = [];
  let complete = false;
  try {
    for (const destination of planDestinations(request, databasesOf(context))) {
      const { path, database } = destination;
      const output = openOutput(path, request.overwrite ?? false);
      files.push({
        destination,
        database,
        output,
        ...openWriter(request, context, database),
        transactions: 0,
      });
    }
    const progress = new Progress(files);
    for (const { output, writer } of files) for (const text of writer.header()) output.write(text);
    const body =
      typeof source === 'function'
        ? source(files, bodyContext(request, context))
        : writeBody(source, files, request.partitionRoot);
    for (const waiting of body) {
      progress.waiting = waiting ?? undefined;
      yield progress;
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

/** Added up when somebody asks. */
class Progress implements ExportProgress {
  waiting: Promise<void> | undefined;
  readonly #files: readonly OpenFile[];

  constructor(files: readonly OpenFile[]) {
    this.#files = files;
  }

  get bytesWritten(): number {
    return this.#files.reduce((sum, { output }) => sum + output.bytes, 0);
  }

  get transactionsDone(): number {
    return this.#files.reduce((sum, { transactions }) => sum + transactions, 0);
  }
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
      if (!take(writer.transaction(transaction, addressed(changes, request.partitionRoot)))) return false;
    }
    return take(writer.footer());
  })();
  return { lines: shown.slice(0, lines), more: !complete || shown.length > lines };
}
