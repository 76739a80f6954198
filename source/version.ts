/** forkpoint's own package: where it is installed, and which version it is. */
import { readFileSync } from 'node:fs';

/** The package's folder: two above this file, which is dist/source/version.js, or part of a file in dist/bundle. */
export const PACKAGE = new URL('../../', import.meta.url);

/** `0.1.0`, from its package.json. */
export function forkpointVersion(): string {
  const text = readFileSync(new URL('package.json', PACKAGE), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
