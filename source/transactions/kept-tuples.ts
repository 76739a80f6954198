/**
 * Tuples of updates that were stored as differences, kept by the record that wrote them.
 *
 * A row that is updated a thousand times is a chain of a thousand differences; with a link of it kept, the next one is a step away
 * instead of all the way back to the row's beginning.
 */
import type { Lsn } from '../bytes/lsn.js';

/** Bytes in each of the two generations that are kept. */
const GENERATION_BYTES = 4 * 1024 * 1024;
/** What an object of a few bytes costs besides them. */
const OVERHEAD = 150;

export class KeptTuples {
  #young = new Map<Lsn, Buffer>();
  #old = new Map<Lsn, Buffer>();
  #bytes = 0;

  /** The record at `lsn` wrote this tuple, and no other. It must not be changed any more. */
  keep(lsn: Lsn, tuple: Buffer): void {
    if (tuple.length > GENERATION_BYTES / 64) return;
    if (this.#bytes >= GENERATION_BYTES) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#bytes += tuple.length + OVERHEAD;
    this.#young.set(lsn, tuple);
  }

  /** The tuple that the record at `lsn` wrote, when it is still at hand. */
  of(lsn: Lsn): Buffer | undefined {
    return this.#young.get(lsn) ?? this.#old.get(lsn);
  }
}
