/**
 * Pages on disk that do not carry their checksum: damaged, or half-written when the machine went down. WAL may hold an image that
 * repairs the latter, so what is on such a page is not thrown away here: whoever reads it decides, and the operator is told.
 */
import { verifyPageChecksum } from '../heap/page-checksum.js';

export class DamagedPages {
  readonly #seen = new Set<string>();

  /** Files and block numbers, in the order in which they were met: `base/5/1249, block 3`. */
  get list(): readonly string[] {
    return [...this.#seen];
  }

  /** Checks a page of a relation file, once it is known not to be new; false, and remembered, when its checksum is wrong. */
  isIntact(page: Uint8Array, path: string, block: number): boolean {
    if (verifyPageChecksum(page, block)) return true;
    this.#seen.add(`${path}, block ${block}`);
    return false;
  }
}
