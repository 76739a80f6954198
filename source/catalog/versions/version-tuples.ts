/** What versions hold: tuples from WAL are kept in memory, those read from disk stay there until someone asks. */
import { tupleAt } from '../../heap/page.js';
import type { TupleReader } from '../tuple-reader.js';
import type { VersionNumbers } from './version-numbers.js';
import type { VersionPlaces } from './version-places.js';

/** The tuples of all versions of one catalog. */
export class VersionTuples {
  readonly #numbers: VersionNumbers;
  readonly #places: VersionPlaces;
  readonly #reader: TupleReader;
  readonly #kept = new Map<number, Uint8Array>();

  constructor(numbers: VersionNumbers, places: VersionPlaces, reader: TupleReader) {
    this.#numbers = numbers;
    this.#places = places;
    this.#reader = reader;
  }

  /** Keeps a version's tuple in memory, in place of what is on disk. */
  keep(version: number, tuple: Uint8Array): void {
    this.#kept.set(version, tuple);
  }

  /** The tuple when it is kept in memory: not to be changed. */
  kept(version: number): Uint8Array | undefined {
    return this.#kept.get(version);
  }

  /** Lets the reader look at a version. False when its page can no longer be read. */
  look(version: number): boolean {
    const kept = this.#kept.get(version);
    if (kept) return this.#reader.look(kept, 0, kept.length);
    const page = this.#pageOf(version);
    const place = page && tupleAt(page, this.#numbers.offset[version]);
    return place !== undefined && this.#reader.look(page!, place.start, place.length);
  }

  /** A version's tuple, the caller's own. Undefined when its page can no longer be read. */
  copy(version: number): Uint8Array | undefined {
    const kept = this.#kept.get(version);
    if (kept) return Uint8Array.from(kept);
    const page = this.#pageOf(version);
    const place = page && tupleAt(page, this.#numbers.offset[version]);
    return place && Uint8Array.from(page!.subarray(place.start, place.start + place.length));
  }

  #pageOf(version: number): Uint8Array | undefined {
    return this.#places.files[this.#numbers.file[version]].disk?.page(this.#numbers.block[version]);
  }
}
