/**
 * Loaded into forkpoint's own process before everything else (`node --import`): notes every call that could write below the watched
 * directories, whether or not it changed anything. What is watched, and where notes go, stands in the environment.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const watched = (process.env['FORKPOINT_WATCHED'] ?? '').split(':').filter(Boolean);
const notes = process.env['FORKPOINT_WRITES'];
const { appendFileSync, realpathSync } = fs;

type Call = (...args: unknown[]) => unknown;

function below(path: unknown): string | undefined {
  if (typeof path !== 'string' && !(path instanceof URL) && !Buffer.isBuffer(path)) return undefined;
  let full = resolve(path instanceof URL ? fileURLToPath(path) : String(path));
  try {
    full = realpathSync(full);
  } catch {
    // Not there yet: the name counts.
  }
  return watched.some((root) => full === root || full.startsWith(root + sep)) ? full : undefined;
}

function note(call: string, path: unknown): void {
  const full = below(path);
  if (full !== undefined && notes) appendFileSync(notes, `${call} ${full}\n`);
}

/** Flags with which a file can only be read. */
function readsOnly(flags: unknown): boolean {
  if (flags === undefined || typeof flags === 'function') return true;
  return typeof flags === 'number'
    ? (flags &
        (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_TRUNC)) ===
        0
    : ['r', 'rs', 'sr'].includes(String(flags));
}

/** Replaces a function of `holder`; `paths` picks what of its arguments may be written to. */
function hook(holder: object, name: string, paths: (args: unknown[]) => unknown[]): void {
  const calls = holder as Record<string, Call>;
  const original = calls[name];
  if (typeof original !== 'function') return;
  calls[name] = function hooked(this: unknown, ...args: unknown[]) {
    for (const path of paths(args)) note(name, path);
    return original.apply(this, args);
  };
}

const opened = ([path, flags]: unknown[]) => (readsOnly(flags) ? [] : [path]);
const first = ([path]: unknown[]) => [path];
const both = ([from, to]: unknown[]) => [from, to];
const second = ([, to]: unknown[]) => [to];

const FIRST =
  'writeFile appendFile mkdir mkdtemp rmdir rm unlink chmod lchmod chown lchown utimes lutimes truncate';
for (const suffix of ['Sync', '']) {
  const holders = suffix === '' ? [fs, fs.promises] : [fs];
  for (const holder of holders) {
    hook(holder, `open${suffix}`, opened);
    for (const name of FIRST.split(' ')) hook(holder, name + suffix, first);
    for (const name of ['rename', 'link']) hook(holder, name + suffix, both);
    for (const name of ['symlink', 'copyFile', 'cp']) hook(holder, name + suffix, second);
  }
}
hook(fs, 'createWriteStream', first);
syncBuiltinESMExports();
