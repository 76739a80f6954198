/** Exporting what was chosen of an open incident, and the first lines of what would be written, in slices between which others have their turn. */
import { exportTransactions, previewExport } from '../export/export.js';
import type { ExportContext } from '../export/format.js';
import { SelectionSums } from '../export/selection.js';
import { Chosen, exportBody, startCrew } from '../jobs/export-body.js';
import { forkpointVersion } from '../version.js';
import { breathe, eachOf } from './breathe.js';
import { parseFilter } from './filter.js';
import type { ExportRequest, ExportSummary, IncidentRequest } from './model.js';
import type { OpenedIncident } from './opened-incident.js';
import { eachSelected } from './select.js';

/** Milliseconds of work between two pauses. */
const SLICE = 8;

/** Which transactions an export takes, in the order it wants them, and what it says about itself. `goOn` throws when it is to end. */
async function choose(incident: OpenedIncident, request: ExportRequest, goOn: () => void) {
  const chosen = new Chosen();
  const selections = new SelectionSums();
  const take = (index: number): void => {
    const transaction = incident.transaction(index);
    chosen.add(transaction.index, transaction.walBytes);
    selections.add(transaction);
  };
  const pause = async (): Promise<void> => {
    await breathe();
    goOn();
  };
  goOn();
  if (request.transactions) {
    const indexes = Uint32Array.from(request.transactions).sort();
    await eachOf(indexes, take, SLICE, pause);
  } else await eachSelected(incident, parseFilter(request.filter ?? ''), take, SLICE, pause);
  const context: ExportContext = {
    version: forkpointVersion(),
    overview: incident.overview(),
    loss: incident.progress().loss,
    besides: incident.besides(),
    selections,
  };
  return { chosen, context };
}

/** The first lines of what an export would write. Rejects with what `goOn` throws, which is called between two slices. */
export async function previewChosen(
  incident: OpenedIncident,
  request: ExportRequest,
  lines: number,
  goOn: () => void,
): Promise<{ lines: string[]; more: boolean }> {
  const { chosen, context } = await choose(incident, request, goOn);
  const source = incident.transactionsWithChanges(chosen.indexes, request.undo);
  return previewExport(request, source, context, lines);
}

/**
 * Writes what was chosen. Rejects with ForkpointError, and with what `goOn` throws, which is called between two slices; nothing
 * half-written stays then.
 */
export async function exportChosen(
  incident: OpenedIncident,
  sides: IncidentRequest,
  request: ExportRequest,
  goOn: () => void,
  onProgress?: (bytesWritten: number, transactionsDone: number) => void,
): Promise<ExportSummary> {
  const { chosen, context } = await choose(incident, request, goOn);
  const crew = startCrew(incident, sides, request.format, chosen, true);
  const run = exportTransactions(request, exportBody(incident, chosen, request.undo, crew), context);
  let breathed = performance.now();
  try {
    for (;;) {
      const { done, value } = run.next();
      if (done) return value;
      if (!value.waiting && performance.now() - breathed < SLICE) continue;
      onProgress?.(value.bytesWritten, value.transactionsDone);
      await (value.waiting ?? breathe());
      breathed = performance.now();
      goOn();
    }
  } finally {
    // Whatever ended it early: what was half-written goes.
    run.return(undefined as never);
    await crew?.close();
  }
}
