/** PostgreSQL's own pg_rewind, where the machine has one: what it says of two nodes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { OWNER } from '../servers/owner.js';
import type { Server } from '../servers/server.js';

/** The path of a major's pg_rewind; undefined when there is none. Distributions put it where these names say. */
export function findPgRewind(major: number): string | undefined {
  const places = [
    `/usr/lib/postgresql/${major}/bin`,
    `/usr/pgsql-${major}/bin`,
    '/usr/local/pgsql/bin',
    '/usr/bin',
  ];
  return places
    .map((place) => `${place}/pg_rewind`)
    .filter(existsSync)
    .find((path) => execFileSync(path, ['--version'], { encoding: 'utf8' }).includes(` ${major}.`));
}

/** What it would do with a cleanly stopped target. */
export type RewindAnswer =
  | { readonly kind: 'rewind' /** `1 0/3000060`. */; readonly fork: string; readonly checkpoint: string }
  | { readonly kind: 'not required' };

/** Runs it on two stopped nodes: for show, or (`really`) so that the target becomes what it makes of it. Throws what it complains of. */
export function pgRewind(path: string, target: Server, source: Server, really = false): RewindAnswer {
  const args = [
    '--target-pgdata',
    target.dataDirectory,
    '--source-pgdata',
    source.dataDirectory,
    '--progress',
  ];
  if (!really) args.push('--dry-run');
  const { stdout, stderr, status } = spawnSync(path, args, {
    encoding: 'utf8',
    cwd: target.socketDirectory,
    env: { LC_ALL: 'C' },
    ...OWNER,
  });
  const text = stdout + stderr;
  if (status !== 0) throw new Error(`pg_rewind failed:\n${text}`);
  if (/no rewind required/.test(text)) return { kind: 'not required' };
  const fork = /servers diverged at WAL location (\S+) on timeline (\d+)/.exec(text);
  const checkpoint = /rewinding from last common checkpoint at (\S+) on timeline (\d+)/.exec(text);
  if (!fork || !checkpoint) throw new Error(`pg_rewind said something else:\n${text}`);
  return { kind: 'rewind', fork: `${fork[2]} ${fork[1]}`, checkpoint: `${checkpoint[2]} ${checkpoint[1]}` };
}
