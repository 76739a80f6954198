/**
 * A quick look at one directory: is it a side of an incident, and which? Reads the control file, history files and the
 * names of WAL segments (opening only the last few); no record of WAL is decoded. Nothing is written or locked.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ForkpointError, whatAndWhere } from '../bytes/errors.js';
import { listSegmentFiles } from '../wal/place-listing.js';
import { versionOfMajor } from '../wal/versions.js';
import { probeCluster } from './probe-cluster.js';
import { probeWalDirectory } from './probe-wal-directory.js';
import type { DataDirectoryProbe, RefusedProbe } from './side-probe.js';

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** A sentence for what the file system said of `path`. */
function fileProblem(error: unknown, path: string): string {
  if (error instanceof ForkpointError) return whatAndWhere(error.complaint);
  switch (errorCode(error)) {
    case 'ENOENT':
      return `${path} does not exist`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to read ${path}: run forkpoint as the user who owns it (postgres) or as root`;
    case 'ENOTDIR':
      return `${path} is not in a directory`;
    default:
      return `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Data directories among a directory's children, for a hint: Debian's `15/main`, Red Hat's `data`. */
function dataDirectoriesInside(path: string, names: readonly string[]): string[] {
  return names.filter((name) => existsSync(join(path, name, 'PG_VERSION'))).slice(0, 3);
}

/** Looks at one directory. Never throws: whatever stands in the way is the reason of a refusal. */
export function probeDataDirectory(given: string): DataDirectoryProbe {
  const path = resolve(given);
  let names: string[];
  try {
    if (!statSync(path).isDirectory()) {
      return { ok: false, path, reason: `${path} is a file, not a directory`, browsable: false };
    }
    names = readdirSync(path);
  } catch (error) {
    return { ok: false, path, reason: fileProblem(error, path), browsable: false };
  }
  const refuse = (reason: string): RefusedProbe => ({ ok: false, path, reason, browsable: true });
  try {
    if (names.includes('PG_VERSION')) {
      for (const needed of ['global', 'pg_wal']) {
        if (
          !names.includes(needed) &&
          versionOfMajor(Number(readFileSync(join(path, 'PG_VERSION'), 'utf8')))
        ) {
          return refuse(`not a complete data directory: ${needed} is missing`);
        }
      }
      return probeCluster(path);
    }
    const files = listSegmentFiles(path);
    if (files.length > 0) return probeWalDirectory(path, files);
  } catch (error) {
    const where = error instanceof Error && 'path' in error ? String(error.path) : path;
    return refuse(fileProblem(error, where));
  }
  const inside = dataDirectoriesInside(path, names);
  const hint = inside.length > 0 ? `; look at ${inside.map((name) => join(path, name)).join(', ')}` : '';
  return refuse(`not a data directory: it has neither PG_VERSION nor WAL segments${hint}`);
}
