/** The little the TUI itself does with files: look whether one is there, and write a picture under a new name. */
import { access, open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { refuseReadOnlyPlace } from '../bytes/read-only-place.js';

/** True when something stands at the path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

/** `~/x` as the shell would read it; any other path as it is. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

/** Writes a new file (mode 0600). Throws EEXIST rather than touch one that is there, ForkpointError in a place that is PostgreSQL's. */
export async function writeNewFile(path: string, text: string): Promise<void> {
  refuseReadOnlyPlace(path);
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
