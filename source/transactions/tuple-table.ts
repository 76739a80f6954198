/** Where kept tuples are, by the LSN of the record that wrote each: open addressing in one typed array, sixteen bytes a slot. */
import type { Lsn } from '../bytes/lsn.js';

const SMALLEST = 4096;

export class TupleTable {
  /** Slots at most, a power of two. */
  readonly #most: number;
  /** Slot by slot: the writer, 0 where there is none, and the place. Side by side, as they are looked at together. */
  #slots = new Float64Array(SMALLEST * 2);
  #mask = SMALLEST - 1;
  #count = 0;

  constructor(most = 1 << 20) {
    this.#most = most;
  }

  /** The slot that has the writer's tuple; -1 when none has. Good until the table is changed. 0 is no writer. */
  find(writer: Lsn): number {
    const mask = this.#mask;
    const slots = this.#slots;
    for (let slot = hashOf(writer) & mask; ; slot = (slot + 1) & mask) {
      const there = slots[slot * 2];
      if (there === 0) return -1;
      if (there === writer) return slot;
    }
  }

  /** Where the tuple of a slot is, as set() was told. */
  placeIn(slot: number): number {
    return this.#slots[slot * 2 + 1];
  }

  /** The tuple of a slot is somewhere else now. */
  move(slot: number, place: number): void {
    this.#slots[slot * 2 + 1] = place;
  }

  /** Adds a writer that find() does not find; false when there is no room. */
  add(writer: Lsn, place: number): boolean {
    const size = this.#mask + 1;
    if (this.#count * 4 >= size * 3) {
      if (size >= this.#most) return false;
      this.#grow();
    }
    this.#insert(writer, place);
    this.#count++;
    return true;
  }

  /** Drops what a slot has; others may move closer to where they belong. */
  remove(slot: number): void {
    const mask = this.#mask;
    const slots = this.#slots;
    let hole = slot;
    for (let next = (slot + 1) & mask; slots[next * 2] !== 0; next = (next + 1) & mask) {
      const home = hashOf(slots[next * 2]) & mask;
      // It may go into the hole when that lies between where it belongs and where it is.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      slots[hole * 2] = slots[next * 2];
      slots[hole * 2 + 1] = slots[next * 2 + 1];
      hole = next;
    }
    slots[hole * 2] = 0;
    this.#count--;
  }

  #insert(writer: Lsn, place: number): void {
    const slots = this.#slots;
    let slot = hashOf(writer) & this.#mask;
    while (slots[slot * 2] !== 0) slot = (slot + 1) & this.#mask;
    slots[slot * 2] = writer;
    slots[slot * 2 + 1] = place;
  }

  #grow(): void {
    const slots = this.#slots;
    this.#slots = new Float64Array(slots.length * 2);
    this.#mask = slots.length - 1;
    for (let at = 0; at < slots.length; at += 2) if (slots[at] !== 0) this.#insert(slots[at], slots[at + 1]);
  }
}

/** Spreads the LSNs of records over 32 bits, each of which is as good as the others (MurmurHash3's finalizer). */
export function hashOf(lsn: Lsn): number {
  let hash = ((lsn / 8) | 0) ^ Math.imul((lsn / 2 ** 35) | 0, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
