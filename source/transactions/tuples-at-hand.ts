/**
 * Tuples that may be wanted again, by the record that wrote them: as many as there is room for. They lie in slots of some sizes, each size
 * in chunks of its own, so that room which is given back is taken at once, and nothing has to move. When all of it is taken the oldest
 * chunk is emptied: what was in there is looked for in WAL. RecentTuples keeps what is known to be wanted; this, what only may be.
 */
import { largeMemory } from '../bytes/large-memory.js';
import type { Lsn } from '../bytes/lsn.js';
import type { HeaderlessTuple } from '../heap/deform.js';
import type { FoundTuple } from './found-tuple.js';
import { TupleTable } from './tuple-table.js';

/** Bytes of a chunk; a longer tuple than fits half of one is not kept. */
const CHUNK_SHIFT = 16;
const CHUNK = 1 << CHUNK_SHIFT;
/** Bytes that a slot begins at a multiple of. */
const ALIGNMENT = 8;
/**
 * Before each tuple: t_infomask2, t_infomask, t_hoff and the line pointer's number, two bytes each; four bytes of length; four that say
 * which slot of the chunk is free after this one, or that this one is taken; the LSN of the record that wrote it.
 */
const HEADER = 24;
/** Sizes grow by 16 bytes up to here, then by an eighth. */
const FINE = 1024;
const FINE_STEP = 16;
/** In place of the next free slot: the end of the list, and a slot that is taken. */
const NONE = 0xffff_ffff;
const TAKEN = 0xffff_fffe;
/** Chunks in which something was found or put last: they are not emptied, as somebody looks at it. */
const HELD = 4;

/** Sizes of slots in bytes, ascending, and which of them tuples of so many units of eight bytes are put into. */
const SIZES: number[] = [];
const CLASSES = new Uint8Array(CHUNK / 2 / ALIGNMENT + 1);
for (let size = HEADER + FINE_STEP; ; ) {
  const next = size + (size < FINE ? FINE_STEP : (size >> 3) & -ALIGNMENT);
  if (next > CHUNK / 2) {
    SIZES.push(CHUNK / 2);
    break;
  }
  SIZES.push(size);
  size = next;
}
for (let unit = 0, kind = 0; unit < CLASSES.length; unit++) {
  if (unit * ALIGNMENT > SIZES[kind]) kind++;
  CLASSES[unit] = kind;
}

/** No chunk, and no place. */
const NO_CHUNK = -1;
const NOWHERE = -1;

export class TuplesAtHand {
  /** What add() gives places in. */
  readonly buffer: Buffer;
  readonly #halves: Uint16Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  readonly #view: DataView;
  /** What a tuple was copied from last, mostly all of them. */
  #source: Buffer | undefined;
  #sourceView: DataView;
  readonly #chunks: number;
  /** Chunk by chunk: which of SIZES its slots have, the first that is free, and the neighbours among chunks of that size with free slots. */
  readonly #kinds: Uint8Array;
  readonly #free: Uint32Array;
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  /** By size: the first chunk with free slots. */
  readonly #open = new Int32Array(SIZES.length).fill(NO_CHUNK);
  /** Chunks in use, and the next one to be emptied. */
  #used = 0;
  #hand = 0;
  readonly #held = new Int32Array(HELD).fill(NO_CHUNK);
  #heldAt = 0;
  /** Where each tuple is, in units of ALIGNMENT. */
  readonly #table = new TupleTable();
  /** Where the tuple is that was taken last. */
  #taken = NOWHERE;
  /** The last of all writers that were added. */
  #latest: Lsn = 0;

  /** `bytes`: how many all take together, a multiple of a megabyte. Only what is used of them becomes memory. */
  constructor(bytes: number) {
    const memory = largeMemory(bytes);
    this.buffer = Buffer.from(memory);
    this.#halves = new Uint16Array(memory);
    this.#words = new Uint32Array(memory);
    this.#doubles = new Float64Array(memory);
    this.#view = new DataView(memory);
    this.#sourceView = this.#view;
    this.#chunks = bytes >> CHUNK_SHIFT;
    this.#kinds = new Uint8Array(this.#chunks);
    this.#free = new Uint32Array(this.#chunks);
    this.#before = new Int32Array(this.#chunks);
    this.#after = new Int32Array(this.#chunks);
  }

  /**
   * Finds the tuple that the record at `writer` put at line pointer `offset`. Its bytes stay where they are until another one was found and
   * another one added. Whatever is no LSN of a record that wrote a tuple is not found.
   */
  find(writer: Lsn, offset: number, into: FoundTuple): boolean {
    return this.#find(writer, offset, into) >= 0;
  }

  /** The same for whoever asks for it once and no more: it is not found again, and let go when the next one is taken. */
  take(writer: Lsn, offset: number, into: FoundTuple): boolean {
    const slot = this.#find(writer, offset, into);
    if (slot < 0) return false;
    this.#table.remove(slot);
    if (this.#taken >= 0) this.#giveBack(this.#taken);
    this.#taken = into.data - HEADER;
    return true;
  }

  /** The slot of the table that has it; -1 when none has. */
  #find(writer: Lsn, offset: number, into: FoundTuple): number {
    const slot = this.#table.find(writer);
    if (slot < 0) return slot;
    const at = this.#table.placeIn(slot) * ALIGNMENT;
    const half = at >> 1;
    if (this.#halves[half + 3] !== offset) return -1;
    into.buffer = this.buffer;
    into.infomask2 = this.#halves[half];
    into.infomask = this.#halves[half + 1];
    into.hoff = this.#halves[half + 2];
    into.data = at + HEADER;
    into.end = at + HEADER + this.#words[(at >> 2) + 2];
    this.#hold(at >>> CHUNK_SHIFT);
    return slot;
  }

  /** Adds the tuple that the record at `writer` put at line pointer `offset`; a longer one than there can be is not kept. */
  keep(writer: Lsn, offset: number, source: Buffer, tuple: HeaderlessTuple): void {
    const { data, end } = tuple;
    const at = this.add(writer, offset, tuple.infomask2, tuple.infomask, tuple.hoff, end - data);
    if (at < 0) return;
    if (source !== this.#source) {
      this.#source = source;
      this.#sourceView = new DataView(source.buffer, source.byteOffset, source.length);
    }
    const from = this.#sourceView;
    const to = this.#view;
    const whole = end - 3;
    let read = data;
    let write = at;
    for (; read < whole; read += 4, write += 4) to.setInt32(write, from.getInt32(read, true), true);
    for (; read < end; read++, write++) to.setUint8(write, from.getUint8(read));
  }

  /** Makes room for a tuple's `length` bytes behind its fixed header. Returns where in `buffer` they are to be put; -1 when it is not kept. */
  add(
    writer: Lsn,
    offset: number,
    infomask2: number,
    infomask: number,
    hoff: number,
    length: number,
  ): number {
    // Mostly it is the record that goes by, which nobody has added before.
    if (writer > this.#latest) this.#latest = writer;
    else this.#drop(writer);
    if (HEADER + length > CHUNK / 2) return -1;
    const at = this.#allocate(CLASSES[(HEADER + length + ALIGNMENT - 1) >> 3]);
    if (!this.#table.add(writer, at / ALIGNMENT)) {
      this.#giveBack(at);
      return -1;
    }
    const half = at >> 1;
    this.#halves[half] = infomask2;
    this.#halves[half + 1] = infomask;
    this.#halves[half + 2] = hoff;
    this.#halves[half + 3] = offset;
    this.#words[(at >> 2) + 2] = length;
    this.#doubles[(at >> 3) + 2] = writer;
    this.#hold(at >>> CHUNK_SHIFT);
    return at + HEADER;
  }

  #hold(chunk: number): void {
    if (this.#held[this.#heldAt] === chunk) return;
    this.#heldAt = (this.#heldAt + 1) % HELD;
    this.#held[this.#heldAt] = chunk;
  }

  /** The writer's tuple is not wanted any more. */
  #drop(writer: Lsn): void {
    const slot = this.#table.find(writer);
    if (slot < 0) return;
    const at = this.#table.placeIn(slot) * ALIGNMENT;
    this.#table.remove(slot);
    this.#giveBack(at);
  }

  #giveBack(at: number): void {
    const chunk = at >>> CHUNK_SHIFT;
    const next = this.#free[chunk];
    this.#words[(at >> 2) + 3] = next;
    this.#free[chunk] = at;
    if (next === NONE) this.#link(chunk);
  }

  /** A slot of that size, taken. */
  #allocate(kind: number): number {
    let chunk = this.#open[kind];
    if (chunk === NO_CHUNK) {
      chunk = this.#used < this.#chunks ? this.#used++ : this.#empty();
      this.#divide(chunk, kind);
    }
    const at = this.#free[chunk];
    const word = (at >> 2) + 3;
    const next = this.#words[word];
    this.#free[chunk] = next;
    this.#words[word] = TAKEN;
    if (next === NONE) this.#unlink(chunk);
    return at;
  }

  /** Makes slots of that size of a chunk. */
  #divide(chunk: number, kind: number): void {
    const size = SIZES[kind];
    const start = chunk << CHUNK_SHIFT;
    let next = NONE;
    for (let number = Math.floor(CHUNK / size) - 1; number >= 0; number--) {
      const at = start + number * size;
      this.#words[(at >> 2) + 3] = next;
      next = at;
    }
    this.#kinds[chunk] = kind;
    this.#free[chunk] = next;
    this.#link(chunk);
  }

  /** Lets go of what is in a chunk that nobody looks at; its number. */
  #empty(): number {
    let chunk = this.#hand;
    while (this.#held.includes(chunk)) chunk = (chunk + 1) % this.#chunks;
    this.#hand = (chunk + 1) % this.#chunks;
    if (this.#free[chunk] !== NONE) this.#unlink(chunk);
    const size = SIZES[this.#kinds[chunk]];
    const start = chunk << CHUNK_SHIFT;
    for (let at = start; at + size <= start + CHUNK; at += size) {
      if (this.#words[(at >> 2) + 3] !== TAKEN) continue;
      if (at === this.#taken) {
        this.#taken = NOWHERE;
        continue;
      }
      const slot = this.#table.find(this.#doubles[(at >> 3) + 2]);
      if (slot >= 0) this.#table.remove(slot);
    }
    return chunk;
  }

  /** A chunk has free slots from now on. */
  #link(chunk: number): void {
    const kind = this.#kinds[chunk];
    const first = this.#open[kind];
    this.#before[chunk] = NO_CHUNK;
    this.#after[chunk] = first;
    if (first !== NO_CHUNK) this.#before[first] = chunk;
    this.#open[kind] = chunk;
  }

  /** A chunk has none any more, or is to have others. */
  #unlink(chunk: number): void {
    const before = this.#before[chunk];
    const after = this.#after[chunk];
    if (before === NO_CHUNK) this.#open[this.#kinds[chunk]] = after;
    else this.#after[before] = after;
    if (after !== NO_CHUNK) this.#before[after] = before;
  }
}
