/** Temporary directories that are gone when the test process is. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new empty directory, removed at the process's end. Its path has no symbolic links. */
export function scratchDirectory(name: string): string {
  const directory = mkdtempSync(join(realpathSync(tmpdir()), `forkpoint-${name}-`));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
