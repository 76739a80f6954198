/** Exports as the command line does, and runs the file as psql would. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalClient } from '../../source/incident/local-client.js';
import type { ExportRequest, ExportSummary } from '../../source/incident/model.js';
import type { BuiltIncident } from '../servers/incident.js';
import type { Server } from '../servers/server.js';

/** What to export; everything lost as plain redo when nothing else is said. */
export type Wanted = Partial<
  Pick<ExportRequest, 'undo' | 'guard' | 'ddl' | 'partitionRoot' | 'filter' | 'transactions'>
>;

/** Exports one database's lost transactions and returns the file's text. */
export async function exportSql(
  built: BuiltIncident,
  wanted: Wanted = {},
): Promise<{ sql: string; summary: ExportSummary }> {
  const directory = mkdtempSync(join(tmpdir(), 'forkpoint-export-'));
  const client = new LocalClient();
  try {
    const done = new Promise<void>((resolve, reject) => {
      client.onProgress((progress) => {
        if (progress.phase === 'done') resolve();
        if (progress.phase === 'failed') reject(new Error(progress.error));
      });
    });
    await client.open({ old: built.oldDataDirectory, new: built.newDataDirectory });
    await done;
    const output = join(directory, 'lost.sql');
    const summary = await client.export({
      format: 'sql',
      undo: false,
      guard: false,
      ddl: false,
      ...wanted,
      output,
    });
    return { sql: readFileSync(output, 'utf8'), summary };
  } finally {
    await client.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs a file statement by statement, as psql does: some cannot stand in one message with others. Without guards, a statement is a line. */
export async function runStatements(server: Server, sql: string, database = 'postgres'): Promise<void> {
  const client = await server.connect(database);
  try {
    for (const line of sql.split('\n')) if (line !== '' && !line.startsWith('--')) await client.query(line);
  } finally {
    await client.end();
  }
}

/** Runs a whole file, stopping at the first error, as `psql -v ON_ERROR_STOP=1 -f` does. */
export async function runSql(server: Server, sql: string, database = 'postgres'): Promise<void> {
  const client = await server.connect(database);
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
