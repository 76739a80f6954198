/** An incident's two directories that are damaged again and again, each time anew. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Files below a directory, relative to it, in one order. */
function filesBelow(directory: string, prefix = ''): string[] {
  return readdirSync(join(directory, prefix), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      return entry.isDirectory() ? filesBelow(directory, path) : [path];
    });
}

/** One data directory that can be put back as it was. */
export class Victim {
  readonly directory: string;
  /** Every file it had at first, relative paths. */
  readonly files: readonly string[];
  readonly #kept = new Map<string, Buffer | undefined>();

  constructor(directory: string) {
    this.directory = directory;
    this.files = filesBelow(directory);
  }

  /** Those of them that are still there. */
  get present(): string[] {
    return this.files.filter((path) => existsSync(join(this.directory, path)));
  }

  read(path: string): Buffer {
    return readFileSync(join(this.directory, path));
  }

  size(path: string): number {
    return statSync(join(this.directory, path)).size;
  }

  write(path: string, bytes: Uint8Array): void {
    this.#keep(path);
    mkdirSync(dirname(join(this.directory, path)), { recursive: true });
    writeFileSync(join(this.directory, path), bytes);
  }

  remove(path: string): void {
    this.#keep(path);
    rmSync(join(this.directory, path));
  }

  rename(from: string, to: string): void {
    this.#keep(from);
    this.#keep(to);
    renameSync(join(this.directory, from), join(this.directory, to));
  }

  /** Puts everything back. */
  restore(): void {
    for (const [path, bytes] of this.#kept) {
      if (bytes) writeFileSync(join(this.directory, path), bytes);
      else rmSync(join(this.directory, path), { force: true });
    }
    this.#kept.clear();
  }

  #keep(path: string): void {
    if (this.#kept.has(path)) return;
    this.#kept.set(path, existsSync(join(this.directory, path)) ? this.read(path) : undefined);
  }
}
