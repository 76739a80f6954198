/** Finding data directories: where distributions put them, and completing a path that is being typed. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

function children(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => join(directory, entry.name));
  } catch {
    return [];
  }
}

/** It has a PG_VERSION, or it may not be looked into where distributions keep data directories (`guarded`). */
function looksLikeDataDirectory(path: string, guarded: boolean): boolean {
  try {
    return statSync(join(path, 'PG_VERSION')).isFile();
  } catch (error) {
    return guarded && error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

/**
 * Data directories worth proposing on this machine: PGDATA, the places of Debian, Red Hat and source installations, `cwd`
 * and its direct children. One that only its owner may enter is proposed too: probing it says what to do.
 */
export function proposeDataDirectories(env: NodeJS.ProcessEnv, cwd: string): string[] {
  const guarded = [
    ...(env.PGDATA ? [resolve(cwd, env.PGDATA)] : []),
    ...children('/var/lib/postgresql').flatMap(children),
    ...children('/var/lib/pgsql').map((directory) => join(directory, 'data')),
    '/var/lib/pgsql/data',
    '/usr/local/pgsql/data',
  ];
  const open = [cwd, ...children(cwd)];
  const found = [
    ...guarded.filter((path) => looksLikeDataDirectory(path, true)),
    ...open.filter((path) => looksLikeDataDirectory(path, false)),
  ];
  return [...new Set(found)];
}

/**
 * Directories whose path begins with `text`, sorted, as typed (relative stays relative, `~` stays `~`), without a slash at
 * the end; what is inside when `text` ends in a slash. Hidden ones only when their dot was typed. Never throws.
 */
export function completePath(text: string, home: string, cwd: string): string[] {
  if (text === '~') return ['~'];
  const inside = text === '' || text.endsWith('/');
  const typedDirectory = inside ? text : text.includes('/') ? `${text.slice(0, text.lastIndexOf('/'))}/` : '';
  const beginning = inside ? '' : basename(text);
  const directory = resolve(
    cwd,
    typedDirectory.startsWith('~/') ? join(home, typedDirectory.slice(2)) : typedDirectory,
  );
  return children(directory)
    .filter((path) => {
      const name = basename(path);
      if (!name.startsWith(beginning) || (name.startsWith('.') && !beginning.startsWith('.'))) return false;
      try {
        return statSync(path).isDirectory();
      } catch {
        return false;
      }
    })
    .map((path) => `${typedDirectory}${basename(path)}`)
    .sort();
}

/** The directory that a typed path stands for: `~` and relative paths resolved. */
export function resolveTypedPath(text: string, home: string, cwd: string): string {
  if (text === '~') return home;
  return resolve(cwd, text.startsWith('~/') ? join(home, text.slice(2)) : text);
}
