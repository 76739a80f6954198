/** Which options of an export go together. */
import { ForkpointError } from '../bytes/errors.js';
import type { ExportRequest } from '../incident/model.js';

/** Refuses options that do not go together. Throws ForkpointError. */
export function checkExportRequest(request: ExportRequest): void {
  if (request.format === 'report' && request.partitionRoot) {
    throw new ForkpointError({
      what: '--partition-root is about rows, and a report has none',
      next: 'leave it out, or choose another format',
    });
  }
  if (request.format === 'sql') return;
  const option = request.undo ? '--undo' : request.guard ? '--guard' : request.ddl ? '--ddl' : undefined;
  if (option === undefined) return;
  throw new ForkpointError({
    what: `${option} is a way of writing SQL and means nothing for ${request.format}`,
    next: 'leave it out, or choose --format sql',
  });
}
