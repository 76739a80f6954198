/**
 * Tuples that were met a while ago and whose bytes will be wanted again, by the record that wrote them. A ring of bytes: what is added last
 * takes the place of what was added first, and no tuple costs an object.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { HeaderlessTuple } from '../heap/deform.js';
import type { FoundTuple } from './found-tuple.js';

/** A power of two. */
const DEFAULT_BYTES = 8 * 1024 * 1024;
/** No tuple is longer than a page, of at most 32 kB. */
const LONGEST = 33 * 1024;
/**
 * What is next to be overwritten is not found any more, so that a tuple that was found stays as it is while some more are added: at least
 * as many as fit here.
 */
const GUARD = 256 * 1024;
/** Tuples begin at multiples of this. */
const ALIGNMENT = 8;
/** Before each tuple: t_infomask2, t_infomask, t_hoff and the line pointer's number, two bytes each; four bytes of length; four of nothing. */
const HEADER = 16;
/** Places in the table for each bucket, and bytes of the ring for each place: about what a small tuple takes. */
const WAYS = 4;
const BYTES_PER_PLACE = 64;
/** Places that are free again are remembered by their size, up to this many bytes, and so many of each. */
const LARGEST_FREE = 512;
const MOST_FREE = 1024;

export class RecentTuples {
  readonly #buffer: Buffer;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  readonly #size: number;
  /** Where the next tuple goes, and what the ring has taken in all before its current round. Rounds begin with 1, so that 0 is long ago. */
  #at = 0;
  #before: number;
  /** By hash of the writer: its LSN, and where its tuple is, counted through all rounds. */
  readonly #writers: Float64Array;
  readonly #places: Float64Array;
  readonly #mask: number;
  /** Free places, by size over eight: MOST_FREE of each, of which #freeCount are in use. */
  readonly #free = new Float64Array((LARGEST_FREE / ALIGNMENT + 1) * MOST_FREE);
  readonly #freeCount = new Uint16Array(LARGEST_FREE / ALIGNMENT + 1);
  /** Where in the table the tuple found last is, and which was taken last. */
  #found = 0;
  #taken = -1;
  #takenPlace = 0;

  /** `bytes`: how many it may hold, a power of two of at least a megabyte. */
  constructor(bytes = DEFAULT_BYTES) {
    const memory = new ArrayBuffer(bytes);
    this.#buffer = Buffer.from(memory);
    this.#halves = new Uint16Array(memory);
    this.#words = new Uint32Array(memory);
    this.#size = bytes;
    this.#before = bytes;
    const places = bytes / BYTES_PER_PLACE;
    this.#writers = new Float64Array(places);
    this.#places = new Float64Array(places);
    this.#mask = places / WAYS - 1;
  }

  /**
   * Finds the tuple that the record at `writer` put at line pointer `offset`. It stays where it is until GUARD bytes more were added.
   * Whatever is no LSN of a record that wrote a tuple is not found.
   */
  find(writer: Lsn, offset: number, into: FoundTuple): boolean {
    const bucket = this.#bucketOf(writer);
    const oldest = this.#oldest();
    for (let way = bucket; way < bucket + WAYS; way++) {
      if (this.#writers[way] !== writer) continue;
      const place = this.#places[way];
      if (place < oldest) return false;
      const at = this.#atOf(place);
      const half = at >> 1;
      if (this.#halves[half + 3] !== offset) return false;
      this.#found = way;
      into.buffer = this.#buffer;
      into.infomask2 = this.#halves[half];
      into.infomask = this.#halves[half + 1];
      into.hoff = this.#halves[half + 2];
      into.data = at + HEADER;
      into.end = at + HEADER + this.#words[(at >> 2) + 2];
      return true;
    }
    return false;
  }

  /**
   * The same for whoever asks for it once and no more: when the next one is taken, it makes room for another.
   */
  take(writer: Lsn, offset: number, into: FoundTuple): boolean {
    if (!this.find(writer, offset, into)) return false;
    const way = this.#found;
    const place = this.#places[way];
    if (place === this.#takenPlace) return true;
    if (this.#taken >= 0) this.#release(this.#taken, this.#takenPlace);
    this.#taken = way;
    this.#takenPlace = place;
    return true;
  }

  /** The tuple at `place`, which entry `way` of the table had, is not wanted any more. */
  #release(way: number, place: number): void {
    if (this.#places[way] !== place || place < this.#oldest()) return;
    const needed = HEADER + ((this.#words[(this.#atOf(place) >> 2) + 2] + 7) & ~7);
    if (needed > LARGEST_FREE) return;
    const size = needed / ALIGNMENT;
    const count = this.#freeCount[size];
    if (count === MOST_FREE) return;
    this.#writers[way] = 0;
    this.#places[way] = 0;
    this.#free[size * MOST_FREE + count] = place;
    this.#freeCount[size] = count + 1;
  }

  /** Tuples before this place are about to be overwritten, or were. */
  #oldest(): number {
    return this.#before + this.#at - this.#size + GUARD;
  }

  /** Where in the ring a place is. */
  #atOf(place: number): number {
    return place >= this.#before ? place - this.#before : place - this.#before + this.#size;
  }

  /** Adds the tuple that the record at `writer` put at line pointer `offset`; a longer one than there can be is not kept. */
  keep(writer: Lsn, offset: number, source: Buffer, tuple: HeaderlessTuple): void {
    const { data, end } = tuple;
    const at = this.add(writer, offset, tuple.infomask2, tuple.infomask, tuple.hoff, end - data);
    if (at < 0) return;
    const target = this.#buffer;
    const shift = at - data;
    if (end - data <= SHORT_COPY)
      for (let from = data; from < end; from++) target[from + shift] = source[from];
    else source.copy(target, at, data, end);
  }

  /** Makes room for a tuple's `length` bytes behind its fixed header. Returns where in `buffer` they are to be put; -1 when it is too long. */
  add(
    writer: Lsn,
    offset: number,
    infomask2: number,
    infomask: number,
    hoff: number,
    length: number,
  ): number {
    if (length > LONGEST) return -1;
    const place = this.#placeFor(HEADER + ((length + 7) & ~7));
    const at = this.#atOf(place);
    const half = at >> 1;
    this.#halves[half] = infomask2;
    this.#halves[half + 1] = infomask;
    this.#halves[half + 2] = hoff;
    this.#halves[half + 3] = offset;
    this.#words[(at >> 2) + 2] = length;
    this.#note(writer, place);
    return at + HEADER;
  }

  /** A place of `needed` bytes: one that is free again, else the next of the ring. */
  #placeFor(needed: number): number {
    if (needed <= LARGEST_FREE) {
      const size = needed / ALIGNMENT;
      const count = this.#freeCount[size];
      if (count > 0) {
        const place = this.#free[size * MOST_FREE + count - 1];
        if (place >= this.#oldest()) {
          this.#freeCount[size] = count - 1;
          return place;
        }
        // Those below it were freed before it, but may lie further on: that is not worth a search.
        this.#freeCount[size] = 0;
      }
    }
    if (this.#at + needed > this.#size) {
      this.#before += this.#size;
      this.#at = 0;
    }
    const place = this.#before + this.#at;
    this.#at += needed;
    return place;
  }

  /** What add() gives places in. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  #note(writer: Lsn, place: number): void {
    const bucket = this.#bucketOf(writer);
    let chosen = bucket;
    for (let way = bucket; way < bucket + WAYS; way++) {
      if (this.#writers[way] === writer) {
        chosen = way;
        break;
      }
      if (this.#places[way] < this.#places[chosen]) chosen = way;
    }
    this.#writers[chosen] = writer;
    this.#places[chosen] = place;
  }

  /** Records begin at multiples of eight. */
  #bucketOf(writer: Lsn): number {
    return (hashOf(writer) & this.#mask) * WAYS;
  }
}

/** Copies up to this size are done byte by byte: calling into the engine costs more. */
const SHORT_COPY = 64;

/** Spreads the LSNs of records over 32 bits, each of which is as good as the others (MurmurHash3's finalizer). */
export function hashOf(lsn: Lsn): number {
  let hash = ((lsn / 8) | 0) ^ Math.imul((lsn / 2 ** 35) | 0, 0x9e37_79b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}
