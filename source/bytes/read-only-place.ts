/** Places that belong to PostgreSQL: data directories, tablespaces, directories of WAL. Nothing is ever written there. */
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ForkpointError } from './errors.js';

/** The real path of what exists of a path: symbolic links may lead into a data directory. */
function existing(path: string): string {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      return realpathSync(at);
    } catch (error) {
      // Not there yet, or not to be looked at: the directory above decides.
      if (at === dirname(at)) throw error;
    }
  }
}

/** Does a directory hold WAL segments, plain or compressed (access/xlog_internal.h: XLogFileName)? */
function holdsSegments(directory: string): boolean {
  try {
    return readdirSync(directory).some((name) => /^[0-9A-F]{24}(\.|$)/.test(name));
  } catch {
    return false;
  }
}

/** What of PostgreSQL's a path lies in, in words; undefined when in nothing of the kind. */
function placeAround(path: string): string | undefined {
  const start = existing(path);
  const nearest = existsSync(join(start, '.')) ? start : dirname(start);
  if (holdsSegments(nearest)) return `${nearest} holds WAL`;
  for (let at = nearest; ; at = dirname(at)) {
    if (existsSync(join(at, 'PG_VERSION')) && existsSync(join(at, 'global')))
      return `${at} is a data directory`;
    // Tablespaces: PG_, the major version, the catalog version (common/relpath.h: TABLESPACE_VERSION_DIRECTORY).
    if (/^PG_\d+_\d{9}$/.test(basename(at))) return `${at} is a tablespace`;
    if (at === dirname(at)) return undefined;
  }
}

/** Throws ForkpointError when a file at `path`, or in the directory `path`, would lie in a place that belongs to PostgreSQL. */
export function refuseReadOnlyPlace(path: string): void {
  const place = placeAround(path);
  if (place === undefined) return;
  throw new ForkpointError({
    what: `${place}: nothing is ever written there`,
    where: path,
    next: 'choose a place outside of data directories and archives',
  });
}
