/** Where the server binaries of a major are, and the environment they run in. */
import { cpSync, existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryRoot } from './temporary.js';

/** Where npm put the binaries, a package for each major. Compiled, this file lies in dist/test/servers. */
export const SERVER_MODULES = fileURLToPath(new URL('../../../test/servers/node_modules', import.meta.url));

/** May everyone enter this directory and all above it? */
function reachable(path: string): boolean {
  for (let directory = path; ; directory = dirname(directory)) {
    if ((statSync(directory).mode & 0o005) !== 0o005) return false;
    if (directory === dirname(directory)) return true;
  }
}

const found = new Map<number, string>();
const foreign = new Set<number>();

/**
 * The `native` directory (bin, lib, share) of a major's binaries. When the checkout lies where the servers' owner may not
 * go (root's home), a copy in the temporary root serves. Throws when `node test/servers/install.mjs` was not run.
 */
export function nativeDirectory(major: number): string {
  const known = found.get(major);
  if (known) return known;
  let native = join(SERVER_MODULES, `postgres-${major}`, 'native');
  if (!existsSync(join(SERVER_MODULES, '.forkpoint-complete')) || !existsSync(native)) {
    throw new Error(`no binaries of PostgreSQL ${major}: run node test/servers/install.mjs (npm test does)`);
  }
  if (process.getuid!() === 0 && !reachable(native)) {
    const copy = join(temporaryRoot(), `postgres-${major}`);
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    native = copy;
  }
  found.set(major, native);
  return native;
}

/** Runs another build of a major from here on: `directory` holds bin, lib and share, where everyone may read. */
export function runBinariesIn(major: number, directory: string): void {
  found.set(major, directory);
  foreign.add(major);
}

/** Whether a major's binaries are those that npm installed, and not another build's. */
export function isInstalled(major: number): boolean {
  return !foreign.has(major);
}

/** A clean environment: nothing of the tester's PG* variables, locale or time zone reaches a server. */
export function serverEnvironment(major: number): Record<string, string> {
  return {
    PATH: '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    LD_LIBRARY_PATH: join(nativeDirectory(major), 'lib'),
  };
}
