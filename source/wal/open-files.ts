/** Files held open for reading, the ones used last: whoever jumps about in WAL comes back to the same few segments. */
import { closeSync, openSync } from 'node:fs';

/** Far below any limit on open files, with several readers at work. */
const KEPT_OPEN = 64;

export class OpenFiles {
  readonly #files = new Map<string, number>();

  /**
   * A descriptor for the file known as `path`, opened now (where `readable` says) or before. It belongs to this object: do not
   * close it.
   */
  open(path: string, readable: () => string): number {
    const known = this.#files.get(path);
    if (known !== undefined) {
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    const file = openSync(readable(), 'r');
    this.#files.set(path, file);
    if (this.#files.size > KEPT_OPEN) {
      const [oldest] = this.#files.keys();
      closeSync(this.#files.get(oldest) as number);
      this.#files.delete(oldest);
    }
    return file;
  }

  /** Closes them all. */
  close(): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }
}
