/** What a directory of WAL holds by its files' names: a pg_wal, an archive with its subdirectories, a whole data directory. */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { type ArchivedName, isArchiveSubdirectory, parseArchivedName } from './archive-name.js';

/** A file whose name says that it holds a segment. */
export interface ListedFile extends ArchivedName {
  readonly path: string;
}

/** Archives are nested: stanza version (pgBackRest), then a directory for each log. */
const DEEPEST = 4;

/** Lists a directory of WAL. Throws ForkpointError when it does not exist or may not be read. */
export function listWalDirectory(place: string): string[] {
  try {
    return readdirSync(place);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const what =
      code === 'ENOENT'
        ? 'the directory of WAL does not exist (or is a link to one that does not)'
        : code === 'ENOTDIR'
          ? 'the place of WAL is a file, not a directory'
          : code === 'EACCES' || code === 'EPERM'
            ? 'no permission to list the directory of WAL'
            : `cannot list the directory of WAL: ${error instanceof Error ? error.message : String(error)}`;
    const next =
      code === 'EACCES' || code === 'EPERM'
        ? 'run forkpoint as a user who may read it (postgres or root)'
        : 'name the place where its segments are with --old-wal or --new-wal';
    throw new ForkpointError({ what, where: place, next }, { cause: error });
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** True for a data directory: its WAL is in its pg_wal. */
export function isDataDirectory(names: readonly string[]): boolean {
  return names.includes('PG_VERSION') && names.includes('pg_wal');
}

/**
 * The directories that hold a place's WAL: itself and what archives put below it; of a data directory its pg_wal.
 * Throws ForkpointError when the place cannot be listed.
 */
export function walDirectoriesOf(place: string): readonly { path: string; names: readonly string[] }[] {
  const found: { path: string; names: readonly string[] }[] = [];
  const visit = (path: string, names: readonly string[], depth: number): void => {
    found.push({ path, names });
    if (depth === DEEPEST) return;
    for (const name of [...names].sort()) {
      const below = join(path, name);
      if (isArchiveSubdirectory(name) && isDirectory(below)) visit(below, listWalDirectory(below), depth + 1);
    }
  };
  const names = listWalDirectory(place);
  if (isDataDirectory(names)) {
    const wal = join(place, 'pg_wal');
    visit(wal, listWalDirectory(wal), DEEPEST);
  } else visit(place, names, 0);
  return found;
}

/** Every file of a place that is named like a segment. Throws ForkpointError when the place cannot be listed. */
export function listSegmentFiles(place: string): ListedFile[] {
  const files: ListedFile[] = [];
  for (const { path, names } of walDirectoriesOf(place)) {
    for (const name of names) {
      const parsed = parseArchivedName(name);
      if (parsed) files.push({ ...parsed, path: join(path, name) });
    }
  }
  return files;
}

/** A file, and the place as the operator named it. */
export interface PlacedFile extends ListedFile {
  readonly place: string;
}

/** Files of several directories by the name of their segment, `.partial` included, in the order of the places. Throws as listSegmentFiles. */
export function filesBySegment(places: readonly string[]): ReadonlyMap<string, readonly PlacedFile[]> {
  const bySegment = new Map<string, PlacedFile[]>();
  const listed = new Set<string>();
  for (const place of places) {
    const files = listSegmentFiles(place);
    // One directory under two names holds no second copies.
    const real = realpathSync(place);
    if (listed.has(real)) continue;
    listed.add(real);
    for (const file of files) {
      const known = bySegment.get(file.segment);
      if (known) known.push({ ...file, place });
      else bySegment.set(file.segment, [{ ...file, place }]);
    }
  }
  return bySegment;
}
