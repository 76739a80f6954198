/** `forkpoint export`: the lost transactions that a filter lets through, written out. */
import { printable } from '../bytes/printable.js';
import { exportTransactions } from '../export/export.js';
import { SelectionSums } from '../export/selection.js';
import { breathe } from '../incident/breathe.js';
import { formatBytes, plural } from '../incident/figures.js';
import { parseFilter } from '../incident/filter.js';
import type { ExportRequest, ExportSummary, IncidentRequest } from '../incident/model.js';
import type { Crew } from '../jobs/crew.js';
import { beginExport, Chosen, exportBody, startCrew } from '../jobs/export-body.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { eachChosen, ProgressLine, type ReadIncident, sayWhatIsMissing, withIncident } from './reading.js';

/** Milliseconds between two looks at signals, and at what other threads have made. */
const SLICE_MS = 10;

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
  const where = options.request as IncidentRequest;
  const filter = parseFilter(options.filter ?? '');
  const judge = filter.needs.verdict || request.format === 'report';
  let crew: Crew | undefined;
  try {
    return await withIncident(
      options,
      judge,
      async (read) => {
        const chosen = new Chosen();
        const selections = new SelectionSums();
        const { incident } = read;
        const places = incident.places();
        const transactionOf = (index: number) => incident.transaction(index);
        await eachChosen(incident, filter, (index) => {
          chosen.add(index, places.walBytes(index));
          selections.addAt(index, incident.verdict(index), places, transactionOf);
        });
        selections.settle();
        if (!incident.wroteMostAhead) crew ??= startCrew(incident, where, request.format, chosen);
        return write(options, chosen, selections, crew, read);
      },
      (incident) => {
        // How much a filter lets through is not known so early.
        if (request.filter) return undefined;
        return beginExport(incident, where, request, (started) => {
          crew = started;
        });
      },
    );
  } finally {
    await crew?.close();
  }
}

async function write(
  options: Arguments,
  chosen: Chosen,
  selections: SelectionSums,
  crew: Crew | undefined,
  read: ReadIncident,
): Promise<ExitCode> {
  const request: ExportRequest = options;
  const { incident, incomplete } = read;
  const context = {
    version: options.version,
    overview: incident.overview(),
    loss: incident.progress().loss,
    besides: incident.besides(),
    selections,
  };
  const writing = exportTransactions(request, exportBody(incident, chosen, request.undo, crew), context);
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
    if (value.waiting || Date.now() - lookedUp > SLICE_MS) {
      line.show(
        () => `writing: ${value.transactionsDone} of ${chosen.length}, ${formatBytes(value.bytesWritten)}`,
      );
      await (value.waiting ?? breathe());
      lookedUp = Date.now();
    }
  }
}
