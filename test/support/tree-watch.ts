/** A directory tree, looked at so closely that nothing can be done to it unnoticed. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What is held of each file, directory and link; the time of the last reading is the only thing left out. */
function look(path: string): string {
  const stat = lstatSync(path, { bigint: true });
  const content = stat.isSymbolicLink()
    ? readlinkSync(path)
    : stat.isDirectory()
      ? readdirSync(path).sort().join('/')
      : createHash('sha256').update(readFileSync(path)).digest('hex');
  const { mode, uid, gid, size, nlink, ino, mtimeNs, ctimeNs } = stat;
  return [mode, uid, gid, size, nlink, ino, mtimeNs, ctimeNs, content].join(' ');
}

function walk(path: string, into: Map<string, string>): void {
  into.set(path, look(path));
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) walk(join(path, name), into);
}

/** Some trees as they are now. */
export class TreeWatch {
  readonly #roots: readonly string[];
  readonly #before: ReadonlyMap<string, string>;

  constructor(roots: readonly string[]) {
    this.#roots = roots;
    this.#before = this.#now();
  }

  /** How many files and directories are watched. */
  get size(): number {
    return this.#before.size;
  }

  /** Fails, naming what changed, unless everything is as it was. `who` did it. */
  assertUntouched(who: string): void {
    const now = this.#now();
    const changed = [...new Set([...this.#before.keys(), ...now.keys()])].filter(
      (path) => this.#before.get(path) !== now.get(path),
    );
    assert.deepEqual(changed, [], `${who} changed what it may only read`);
  }

  #now(): Map<string, string> {
    const found = new Map<string, string>();
    for (const root of this.#roots) walk(root, found);
    return found;
  }
}
