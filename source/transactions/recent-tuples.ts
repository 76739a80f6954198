/**
 * Tuples that were met and whose bytes will be wanted again, by the record that wrote them. They lie behind one another in a ring, and no
 * tuple costs an object. Where the ring comes round to a tuple that was not taken yet, that moves on with the ring while there is much room
 * between such ones, and into the temporary file when there is little: either way it is copied, not looked for in WAL again.
 */
import { largeMemory } from '../bytes/large-memory.js';
import type { Lsn } from '../bytes/lsn.js';
import type { HeaderlessTuple } from '../heap/deform.js';
import type { FoundTuple } from './found-tuple.js';
import { SpilledTuples } from './spilled-tuples.js';
import type { TemporaryFile } from './temporary-file.js';
import { copyBytes } from './tuple-difference.js';
import { TupleTable } from './tuple-table.js';

/** A power of two. */
const DEFAULT_BYTES = 8 * 1024 * 1024;
/** No tuple is longer than a page, of at most 32 kB. */
const LONGEST = 33 * 1024;
/** A tuple that was found stays as it is until so many bytes went into the ring, somewhat more than half of which may be others moving on. */
const GUARD = 512 * 1024;
/** Bytes that may move on at once. */
const MOST_CREDIT = 64 * 1024;
/** Tuples begin at multiples of this. */
const ALIGNMENT = 8;
/**
 * Before each tuple: t_infomask2, t_infomask, t_hoff and the line pointer's number, two bytes each; four bytes of length; four of state; the LSN of the
 * record that wrote it.
 */
const HEADER = 24;
/** Nobody asks for it any more, or it can be found. */
const GONE = 0;
const KEPT = 1;
/** In place of a length: the ring goes on at its beginning. */
const WRAP = 0xffff_ffff;

export class RecentTuples {
  /** What add() gives places in. */
  readonly buffer: Buffer;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  readonly #size: number;
  /** Where the next tuple goes; the first one that may still be kept; the bytes between them. */
  #head = 0;
  #tail = 0;
  #used = 0;
  /** Bytes of what is kept in the ring. */
  #kept = 0;
  /** Bytes that may move on: no more than were added. */
  #credit = 0;
  /** Where each tuple is that is kept: in the ring, or negative: -1 - its place among those spilled. Both in units of eight bytes. */
  readonly #table = new TupleTable();
  readonly #spilled: SpilledTuples;
  /** The writer whose tuple was taken last. */
  #taken: Lsn = 0;

  /** `file` takes what does not fit. `bytes`: how many the ring has, a power of two of at least a megabyte. */
  constructor(file: TemporaryFile, bytes = DEFAULT_BYTES) {
    const memory = largeMemory(bytes);
    this.buffer = Buffer.from(memory);
    this.#halves = new Uint16Array(memory);
    this.#words = new Uint32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#size = bytes;
    this.#spilled = new SpilledTuples(file);
  }

  /**
   * Finds the tuple that the record at `writer` put at line pointer `offset`. Its bytes stay where they are until some hundred kB more were added.
   * Whatever is no LSN of a record that wrote a tuple is not found.
   */
  find(writer: Lsn, offset: number, into: FoundTuple): boolean {
    const slot = this.#table.find(writer);
    if (slot < 0) return false;
    const place = this.#table.placeIn(slot);
    const at = place < 0 ? this.#fetch(writer, -1 - place) : place * ALIGNMENT;
    if (at < 0) return false;
    const half = at >> 1;
    if (this.#halves[half + 3] !== offset) return false;
    into.buffer = this.buffer;
    into.infomask2 = this.#halves[half];
    into.infomask = this.#halves[half + 1];
    into.hoff = this.#halves[half + 2];
    into.data = at + HEADER;
    into.end = at + HEADER + this.#words[(at >> 2) + 2];
    return true;
  }

  /** The same for whoever asks for it once and no more: when the next one is taken, it is let go. */
  take(writer: Lsn, offset: number, into: FoundTuple): boolean {
    if (!this.find(writer, offset, into)) return false;
    if (writer === this.#taken) return true;
    if (this.#taken !== 0) this.#drop(this.#taken);
    this.#taken = writer;
    return true;
  }

  /** Adds the tuple that the record at `writer` put at line pointer `offset`; a longer one than there can be is not kept. */
  keep(writer: Lsn, offset: number, source: Buffer, tuple: HeaderlessTuple): void {
    const { data, end } = tuple;
    const at = this.add(writer, offset, tuple.infomask2, tuple.infomask, tuple.hoff, end - data);
    if (at >= 0) copyBytes(this.buffer, at, source, data, end);
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
    this.#drop(writer);
    const needed = sizeOf(length);
    this.#makeRoom(needed);
    const at = this.#advance(needed);
    const half = at >> 1;
    this.#halves[half] = infomask2;
    this.#halves[half + 1] = infomask;
    this.#halves[half + 2] = hoff;
    this.#halves[half + 3] = offset;
    this.#words[(at >> 2) + 2] = length;
    this.#doubles[(at >> 3) + 2] = writer;
    const isNoted = this.#table.add(writer, at / ALIGNMENT);
    this.#words[(at >> 2) + 3] = isNoted ? KEPT : GONE;
    if (isNoted) this.#kept += needed;
    return at + HEADER;
  }

  /** The writer's tuple is not wanted any more, wherever it is. */
  #drop(writer: Lsn): void {
    const slot = this.#table.find(writer);
    if (slot < 0) return;
    const place = this.#table.placeIn(slot);
    this.#table.remove(slot);
    if (place < 0) return;
    const word = (place * ALIGNMENT) >> 2;
    this.#words[word + 3] = GONE;
    this.#kept -= sizeOf(this.#words[word + 2]);
  }

  /** Takes `needed` bytes that are free; where they are. */
  #advance(needed: number): number {
    if (this.#head + needed > this.#size) {
      if (this.#head < this.#size) this.#words[(this.#head >> 2) + 2] = WRAP;
      this.#used += this.#size - this.#head;
      this.#head = 0;
    }
    const at = this.#head;
    this.#head = at + needed;
    this.#used += needed;
    return at;
  }

  /** Goes over the oldest tuples until `needed` bytes more fit. */
  #makeRoom(needed: number): void {
    // Room for a round's end that is too short for anything.
    const most = this.#size - GUARD - HEADER - LONGEST;
    this.#credit = Math.min(this.#credit + needed, MOST_CREDIT);
    while (this.#used + needed > most) {
      const at = this.#tail;
      const length = at + HEADER > this.#size ? WRAP : this.#words[(at >> 2) + 2];
      if (length === WRAP) {
        this.#used -= this.#size - at;
        this.#tail = 0;
        continue;
      }
      const size = sizeOf(length);
      this.#tail = at + size;
      this.#used -= size;
      if (this.#words[(at >> 2) + 3] === GONE) continue;
      const slot = this.#table.find(this.#doubles[(at >> 3) + 2]);
      if (size <= this.#credit && this.#kept * 2 < this.#size) {
        this.#credit -= size;
        const to = this.#advance(size);
        this.buffer.copyWithin(to, at, at + size);
        this.#table.move(slot, to / ALIGNMENT);
        continue;
      }
      this.#kept -= size;
      const place = this.#spilled.add(this.buffer, at, size);
      if (place < 0) this.#table.remove(slot);
      else this.#table.move(slot, -1 - place);
    }
  }

  /** Brings a tuple that was spilled back into the ring; where it is there, -1 when it is lost. */
  #fetch(writer: Lsn, place: number): number {
    const size = this.#spilled.read(place);
    if (size < 0) {
      this.#drop(writer);
      return -1;
    }
    this.#makeRoom(size);
    const at = this.#advance(size);
    this.#spilled.found.copy(this.buffer, at, 0, size);
    this.#kept += size;
    this.#table.move(this.#table.find(writer), at / ALIGNMENT);
    return at;
  }
}

/** Bytes that a tuple takes in the ring which has `length` behind its fixed header. */
function sizeOf(length: number): number {
  return HEADER + ((length + ALIGNMENT - 1) & -ALIGNMENT);
}
