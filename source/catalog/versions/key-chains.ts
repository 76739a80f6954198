/** Looks versions up by an oid column: a chain of versions, newest first, for every key of every key column. */
import { enlarged, NO_VERSION } from './version-numbers.js';

/** The chains of all key columns, numbered as in the catalog's spec. */
export class KeyChains {
  readonly #heads: readonly Map<number, number>[];
  readonly #next: Int32Array[];

  constructor(keyCount: number) {
    this.#heads = Array.from({ length: keyCount }, () => new Map<number, number>());
    this.#next = Array.from({ length: keyCount }, () => new Int32Array(64));
  }

  /** Puts a version in front of the others of its key. */
  add(version: number, keyNumber: number, key: number): void {
    let next = this.#next[keyNumber];
    if (version >= next.length) {
      next = enlarged(next, new Int32Array(next.length * 2));
      this.#next[keyNumber] = next;
    }
    const heads = this.#heads[keyNumber];
    next[version] = heads.get(key) ?? NO_VERSION;
    heads.set(key, version);
  }

  /** Calls back with each version whose key column number `keyNumber` is `key`, newest first. */
  each(keyNumber: number, key: number, visit: (version: number) => void): void {
    let version = this.#heads[keyNumber].get(key) ?? NO_VERSION;
    while (version !== NO_VERSION) {
      visit(version);
      version = this.#next[keyNumber][version];
    }
  }
}
