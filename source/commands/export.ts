/** `forkpoint export`: the lost transactions that a filter lets through, written out. */
import { printable } from '../bytes/printable.js';
import { exportTransactions } from '../export/export.js';
import { SelectionSums } from '../export/selection.js';
import { formatBytes, plural } from '../incident/figures.js';
import { type Filter, parseFilter } from '../incident/filter.js';
import type { ExportRequest, ExportSummary } from '../incident/model.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-code.js';
import {
  breathe,
  eachChosen,
  ProgressLine,
  type ReadIncident,
  sayWhatIsMissing,
  withIncident,
} from './reading.js';

/** Milliseconds between two looks at signals. */
const SLICE_MS = 50;

/** What was written, on standard error: standard output may be the export itself. */
function report(summary: ExportSummary): void {
  const say = (text: string) => process.stderr.write(`${printable(text)}\n`);
  for (const file of summary.files) {
    const name = file.path === '-' ? 'standard output' : file.path;
    say(
      `${name}: ${plural(file.transactions, 'transaction')}, ${plural(file.statements, 'statement')}, ${formatBytes(file.bytes)}, sha256 ${file.sha256}`,
    );
  }
  if (summary.leftOut === 0) return;
  say(`LEFT OUT: ${plural(summary.leftOut, 'change')}`);
  for (const reason of summary.leftOutReasons) say(`  ${reason}`);
}

/** Runs the command. Throws ForkpointError, and OutputClosedError when nobody reads standard output any more. */
export async function exportLost(options: Arguments): Promise<ExitCode> {
  const request: ExportRequest = options;
  const filter = parseFilter(options.filter ?? '');
  const judge = filter.needs.verdict || request.format === 'report';
  return withIncident(options, judge, (read) => write(options, request, filter, read));
}

async function write(
  options: Arguments,
  request: ExportRequest,
  filter: Filter,
  read: ReadIncident,
): Promise<ExitCode> {
  const { incident, incomplete } = read;
  const indexes: number[] = [];
  const selections = new SelectionSums();
  await eachChosen(incident, filter, (transaction) => {
    indexes.push(transaction.index);
    selections.add(transaction);
  });
  const context = {
    version: options.version,
    overview: incident.overview(),
    loss: incident.progress().loss,
    besides: incident.besides(),
    selections,
  };
  const source = indexes.length === 0 ? [] : incident.transactionsWithChanges(indexes, request.undo);
  const writing = exportTransactions(request, source, context);
  const line = new ProgressLine();
  let lookedUp = Date.now();
  for (;;) {
    const { done, value } = writing.next();
    if (done) {
      line.clear();
      report(value);
      sayWhatIsMissing(read);
      return incomplete || value.leftOut > 0 ? EXIT.incomplete : EXIT.done;
    }
    if (Date.now() - lookedUp > SLICE_MS) {
      line.show(
        () => `writing: ${value.transactionsDone} of ${indexes.length}, ${formatBytes(value.bytesWritten)}`,
      );
      await breathe();
      lookedUp = Date.now();
    }
  }
}
