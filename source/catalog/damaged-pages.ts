/**
 * Pages on disk that do not carry their checksum: damaged, or half-written when the machine went down. Nothing on them is believed. Of a
 * half-written one WAL holds an image, which takes its place; what remains here, the operator is told.
 */
import { verifyPageChecksum } from '../heap/page-checksum.js';

function placeOf(path: string, block: number): string {
  return `${path}, block ${block}`;
}

/** Remembers which pages had a wrong checksum, until an image takes their place. */
export class DamagedPages {
  readonly #seen = new Set<string>();

  /** Files and block numbers, in the order in which they were met: `base/5/1249, block 3`. */
  get list(): readonly string[] {
    return [...this.#seen];
  }

  /** Checks a page of a relation file, once it is known not to be new; false, and remembered, when its checksum is wrong. */
  isIntact(page: Uint8Array, path: string, block: number): boolean {
    if (verifyPageChecksum(page, block)) return true;
    this.#seen.add(placeOf(path, block));
    return false;
  }

  /** Somebody else met these, named as in `list`. */
  note(places: Iterable<string>): void {
    for (const place of places) this.#seen.add(place);
  }

  /** An image of the page was found in WAL. */
  replaced(path: string, block: number): void {
    this.#seen.delete(placeOf(path, block));
  }
}
