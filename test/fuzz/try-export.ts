/** Exports a damaged incident: whatever is left of it has to become a file, or be refused. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ForkpointError } from '../../source/bytes/errors.js';
import { LocalClient } from '../../source/incident/local-client.js';
import type { ExportRequest } from '../../source/incident/model.js';
import { scratchDirectory } from '../support/scratch.js';
import type { Chance } from './damages.js';
import type { Outcome } from './examine.js';

const FORMATS: readonly Pick<ExportRequest, 'format' | 'undo' | 'guard'>[] = [
  { format: 'sql', undo: false, guard: false },
  { format: 'sql', undo: false, guard: true },
  { format: 'sql', undo: true, guard: true },
  { format: 'wal2json', undo: false, guard: false },
  { format: 'csv', undo: false, guard: false },
  { format: 'report', undo: false, guard: false },
];

let directory: string | undefined;

/** Exports in one of the formats; what must not be, undefined when all is well. */
export async function tryExport(old: string, fresh: string, chance: Chance): Promise<Outcome | undefined> {
  directory ??= scratchDirectory('fuzz-export');
  const output = join(directory, 'exported');
  const client = new LocalClient();
  try {
    await client.open({ old, new: fresh });
    await new Promise<void>((resolve, reject) => {
      client.onProgress((progress) => {
        if (progress.phase === 'done') resolve();
        if (progress.phase === 'failed') reject(new Error(progress.error));
      });
    });
    await client.export({
      ...FORMATS[chance(FORMATS.length)],
      ddl: chance(2) === 0,
      overwrite: true,
      output,
    });
    return undefined;
  } catch (error) {
    if (error instanceof ForkpointError) return undefined;
    return {
      kind: 'CRASH',
      why: `export: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    };
  } finally {
    await client.close();
    rmSync(output, { force: true });
  }
}
