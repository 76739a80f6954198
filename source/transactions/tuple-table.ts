/** Where kept tuples are, by the LSN of the record that wrote each: open addressing in typed arrays, twelve bytes a slot. */
import type { Lsn } from '../bytes/lsn.js';

const SMALLEST = 4096;

export class TupleTable {
  /** Slots at most, a power of two. */
  readonly #most: number;
  #writers = new Float64Array(SMALLEST);
  #places = new Int32Array(SMALLEST);
  #mask = SMALLEST - 1;
  #count = 0;

  constructor(most = 1 << 20) {
    this.#most = most;
  }

  /** The slot that has the writer's tuple; -1 when none has. Good until the table is changed. 0 is no writer. */
  find(writer: Lsn): number {
    const mask = this.#mask;
    const writers = this.#writers;
    for (let slot = hashOf(writer) & mask; ; slot = (slot + 1) & mask) {
      const there = writers[slot];
      if (there === 0) return -1;
      if (there === writer) return slot;
    }
  }

  /** Where the tuple of a slot is, as set() was told. */
  placeIn(slot: number): number {
    return this.#places[slot];
  }

  /** The tuple of a slot is somewhere else now. */
  move(slot: number, place: number): void {
    this.#places[slot] = place;
  }

  /** Adds a writer that find() does not find; false when there is no room. */
  add(writer: Lsn, place: number): boolean {
    if (this.#count * 4 >= this.#writers.length * 3) {
      if (this.#writers.length >= this.#most) return false;
      this.#grow();
    }
    this.#insert(writer, place);
    this.#count++;
    return true;
  }

  /** Drops what a slot has; others may move closer to where they belong. */
  remove(slot: number): void {
    const mask = this.#mask;
    let hole = slot;
    for (let next = (slot + 1) & mask; this.#writers[next] !== 0; next = (next + 1) & mask) {
      const home = hashOf(this.#writers[next]) & mask;
      // It may go into the hole when that lies between where it belongs and where it is.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      this.#writers[hole] = this.#writers[next];
      this.#places[hole] = this.#places[next];
      hole = next;
    }
    this.#writers[hole] = 0;
    this.#count--;
  }

  #insert(writer: Lsn, place: number): void {
    let slot = hashOf(writer) & this.#mask;
    while (this.#writers[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#writers[slot] = writer;
    this.#places[slot] = place;
  }

  #grow(): void {
    const [writers, places] = [this.#writers, this.#places];
    this.#writers = new Float64Array(writers.length * 2);
    this.#places = new Int32Array(writers.length * 2);
    this.#mask = writers.length * 2 - 1;
    for (let slot = 0; slot < writers.length; slot++)
      if (writers[slot] !== 0) this.#insert(writers[slot], places[slot]);
  }
}

/** Spreads the LSNs of records over 32 bits, each of which is as good as the others (MurmurHash3's finalizer). */
export function hashOf(lsn: Lsn): number {
  let hash = ((lsn / 8) | 0) ^ Math.imul((lsn / 2 ** 35) | 0, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
