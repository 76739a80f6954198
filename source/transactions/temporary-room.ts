/**
 * What the temporary files of an incident may take on disk, all of them together: of both sides, and of threads that help with an export.
 * What can be done without gives way to what cannot.
 */

/** Bytes are counted in these. */
const UNIT = 1024;
/** Places of the counters: what the files of the first thread take, whether helpers are to give way, and then what those of each take. */
const OWN = 0;
const ASKED = 1;
const HELPERS = 2;
const MOST_HELPERS = 64;
/** Most milliseconds that helpers are waited for. */
const PATIENCE = 500;

/** A part of a room, for another thread. */
export interface LentRoom {
  readonly counters: SharedArrayBuffer;
  /** Which helper it is, from 0. */
  readonly helper: number;
}

export class TemporaryRoom {
  /** Bytes; infinite when there is no limit. */
  readonly limit: number;
  readonly #counters: Int32Array;
  /** The place of this thread's counter. */
  readonly #place: number;
  /** Files that can be done without: the way to give each up. */
  readonly #lesser = new Set<() => void>();

  /** `limit` in bytes. `lent`: this thread is a helper. */
  constructor(limit = Number.POSITIVE_INFINITY, lent?: LentRoom) {
    this.limit = limit;
    this.#counters = new Int32Array(lent?.counters ?? new SharedArrayBuffer((HELPERS + MOST_HELPERS) * 4));
    this.#place = lent ? HELPERS + lent.helper : OWN;
  }

  /** For the helper of that number. */
  lend(helper: number): LentRoom {
    return { counters: this.#counters.buffer as SharedArrayBuffer, helper };
  }

  /** That helper has ended, and its files with it. */
  takeBack(helper: number): void {
    Atomics.store(this.#counters, HELPERS + helper, 0);
    Atomics.notify(this.#counters, HELPERS + helper);
  }

  /** Bytes taken by everybody. */
  get taken(): number {
    let units = Atomics.load(this.#counters, OWN);
    for (let at = HELPERS; at < this.#counters.length; at++) units += Atomics.load(this.#counters, at);
    return units * UNIT;
  }

  /** Bytes that may still be taken here: helpers leave half of the room to the first thread. */
  get left(): number {
    return (this.#place === OWN ? this.limit : this.limit / 2) - this.taken;
  }

  /** Takes room for so many bytes, and a few more: how many, to be given back; undefined when there is no room. */
  take(bytes: number): number | undefined {
    const units = Math.ceil(bytes / UNIT);
    Atomics.add(this.#counters, this.#place, units);
    if (this.left >= 0) return units * UNIT;
    Atomics.sub(this.#counters, this.#place, units);
    return undefined;
  }

  /** Gives back what take() gave. */
  giveBack(bytes: number): void {
    Atomics.sub(this.#counters, this.#place, bytes / UNIT);
    Atomics.notify(this.#counters, this.#place);
  }

  /** Has `giveUp` called when somebody else needs the room. Returns the way to take that back. */
  canDoWithout(giveUp: () => void): () => void {
    this.#lesser.add(giveUp);
    return () => this.#lesser.delete(giveUp);
  }

  /** Is this a helper that is to end, because the first thread needs the room? */
  get isToGiveWay(): boolean {
    return this.#place !== OWN && Atomics.load(this.#counters, ASKED) === 1;
  }

  /** The disk or the limit is reached: has whatever can be done without given up. False when there was nothing. */
  makeWay(): boolean {
    if (this.#place !== OWN) return false;
    const lesser = [...this.#lesser];
    this.#lesser.clear();
    for (const giveUp of lesser) giveUp();
    return this.#helpersGiveWay() || lesser.length > 0;
  }

  #helpersGiveWay(): boolean {
    Atomics.store(this.#counters, ASKED, 1);
    const until = performance.now() + PATIENCE;
    let some = false;
    for (let at = HELPERS; at < this.#counters.length; at++) {
      if (Atomics.load(this.#counters, at) === 0) continue;
      for (;;) {
        const units = Atomics.load(this.#counters, at);
        const patience = until - performance.now();
        some ||= units === 0;
        if (units === 0 || patience <= 0) break;
        Atomics.wait(this.#counters, at, units, patience);
      }
    }
    return some;
  }
}
