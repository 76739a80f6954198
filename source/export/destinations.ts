/** Which file each database's part of an export goes to. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import type { ExportRequest } from '../incident/model.js';
import { FORMATS } from './formats.js';
import { writeFailure } from './output.js';

/** One file to be written. */
export interface Destination {
  /** Path, or `-` for standard output. */
  readonly path: string;
  /** The database whose transactions go there; undefined for all. */
  readonly database: string | undefined;
}

function isDirectory(path: string): boolean {
  if (path.endsWith('/')) return true;
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw writeFailure(error, path);
  }
}

/** A database's name as a file name: what could leave the directory, hide or confuse is written as %XX. */
function fileNameOf(database: string): string {
  const safe = database.replace(/[^\p{L}\p{N}._ +@=-]|^\./gu, (character) =>
    encodeURIComponent(character).replace('.', '%2E'),
  );
  return safe === '' ? 'export' : safe;
}

/**
 * Plans the files. A format whose content belongs to one database needs a directory when there are several. Throws
 * ForkpointError when the output is none.
 */
export function planDestinations(request: ExportRequest, databases: readonly string[]): Destination[] {
  const { extension, perDatabase } = FORMATS[request.format];
  const output = request.output ?? '-';
  const directory = output !== '-' && isDirectory(output);
  if (!perDatabase) {
    return [{ path: directory ? join(output, `forkpoint${extension}`) : output, database: undefined }];
  }
  if (databases.length <= 1 && !directory) return [{ path: output, database: databases[0] }];
  if (!directory) {
    throw new ForkpointError({
      what: `the selection spans ${databases.length} databases (${databases.join(', ')}), and a file of ${request.format} belongs to one`,
      where: output === '-' ? 'standard output' : output,
      next: `name an existing directory with -o to get a file for each, or choose one with --filter db:${databases[0]}`,
    });
  }
  const names = databases.length === 0 ? [''] : databases;
  return names.map((database) => ({
    path: join(output, `${fileNameOf(database)}${extension}`),
    database: database === '' ? undefined : database,
  }));
}
