/** Temporary directories that are gone when the test process is. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

process.once('exit', () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

/** A new empty directory, removed at the process's end. Its path has no symbolic links. */
export function scratchDirectory(name: string): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), `forkpoint-${name}-`));
  made.push(directory);
  return directory;
}
