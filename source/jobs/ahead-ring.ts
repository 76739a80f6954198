/**
 * What goes by, on its way to the thread that writes it ahead: messages one behind the other in shared memory, written by one thread and
 * read by another. Each begins at a multiple of eight bytes and lies in one piece: where the end of the memory is too near, a message that
 * says nothing fills it. How far the two have come is counted in units of eight bytes, in 32 bits that run over.
 *
 * In 32-bit words, every message: what it is, its size in units, then
 *
 * - a row: number of its table, age of the catalog, LSN (a double), writer (a double), the record's bytes
 * - written: xid, age of the catalog, how many statements, their length; what rows have made
 * - left, ended: xid
 * - lost: xid, number in commit order, commit LSN (a double), commit time (a double), bytes of WAL (a double), database, statements
 * - told: nothing; what is told is in the port
 */
import type { RecordCursor } from '../wal/record-cursor.js';

/** What a message is; bits of a row's on top of it. */
export const Message = {
  nothing: 0,
  row: 1,
  left: 2,
  lost: 3,
  ended: 4,
  told: 5,
  finish: 6,
  written: 7,
} as const;
export const MESSAGE_MASK = 0xff;
export const RowFlag = { written: 0x100, kept: 0x200 } as const;

/** Bytes of the memory; a power of two. */
const SIZE = 4 * 1024 * 1024;
const UNIT = 8;
const UNITS = SIZE / UNIT;
/** Bytes of a row's message before its record, and of that with statements before them. */
export const ROW_HEADER = 32;
export const WRITTEN_HEADER = 24;
/** Longer records than this are not told. */
export const LONGEST_RECORD = 128 * 1024;
/** Bytes that are written before the other side hears of them, and that are read before this side does. */
const BATCH_UNITS = (32 * 1024) / UNIT;
/** Units that are copied at once: more than the longest message has. */
const COPY_UNITS = (512 * 1024) / UNIT;
/** Units that one message may need: it may not fit where it would begin, and goes to the beginning. */
const MOST_NEEDED = (2 * (LONGEST_RECORD + ROW_HEADER)) / UNIT;
/** When less than this is free, nothing should be told for a while, until so much is. */
const LEAST_FREE = (3 * LONGEST_RECORD) / UNIT;
const ENOUGH_FREE = UNITS / 2;

/** Places of the counters: how far each has come, in units. */
const WRITTEN = 0;
const READ = 1;
/** How many things were put into the port to the writer's thread. */
const NEWS = 2;
/** How often the reader has said anything, be it that it has read something, be it news. */
const EVENTS = 3;
const COUNTERS = 4;
/** Behind them: by the last bits of its xid, a transaction that need not be told any more. */
const LEFT = 1024;

/** Both sides' memory. */
export interface RingMemory {
  readonly counters: SharedArrayBuffer;
  readonly messages: SharedArrayBuffer;
}

export function ringMemory(): RingMemory {
  return {
    counters: new SharedArrayBuffer((COUNTERS + LEFT) * 4),
    messages: new SharedArrayBuffer(SIZE),
  };
}

/** The side that writes. */
export class RingWriter {
  readonly #counters: Int32Array;
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Uint8Array;
  /** Units written, told to the other side, and known to have been read. */
  #written = 0;
  #told = 0;
  #read = 0;
  /** The bytes that #source shows as words. */
  #sourceBytes: ArrayBufferLike | undefined;
  #source: Int32Array = new Int32Array(0);

  /** Units not read beyond which the other side has more to do than it comes to. */
  readonly #much: number;

  /** `much`: bytes not read beyond which the other side has more to do than it comes to. */
  constructor({ counters, messages }: RingMemory, much: number) {
    this.#counters = new Int32Array(counters);
    this.#words = new Int32Array(messages);
    this.#doubles = new Float64Array(messages);
    this.#bytes = new Uint8Array(messages);
    this.#much = much / UNIT;
  }

  /** Should nothing more be written for a while? */
  get isFull(): boolean {
    if (UNITS - ((this.#written - this.#read) | 0) >= LEAST_FREE) return false;
    return this.free < LEAST_FREE;
  }

  /** Units free now. */
  get free(): number {
    this.#read = Atomics.load(this.#counters, READ);
    return UNITS - ((this.#written - this.#read) | 0);
  }

  /** Is there no room for the longest message? */
  get isCrammed(): boolean {
    return UNITS - ((this.#written - this.#read) | 0) < MOST_NEEDED && this.free < MOST_NEEDED;
  }

  /** Does the other side have more to do than it comes to? */
  get isAhead(): boolean {
    return UNITS - this.free > this.#much;
  }

  /** Is there room for a good deal? */
  get hasEnough(): boolean {
    return this.free >= ENOUGH_FREE;
  }

  /** Counts whatever the other side does, for wait(). */
  get events(): number {
    return Atomics.load(this.#counters, EVENTS);
  }

  /** Waits until the other side has done something since it had done `events`, no longer than so many milliseconds. */
  wait(events: number, milliseconds: number): void {
    this.tell();
    Atomics.wait(this.#counters, EVENTS, events, milliseconds);
  }

  /** Has the other side hear of all that was written. */
  tell(): void {
    if (this.#told === this.#written) return;
    this.#told = this.#written;
    Atomics.store(this.#counters, WRITTEN, this.#written);
    Atomics.notify(this.#counters, WRITTEN);
  }

  /** How many things the other side has put into the port. */
  get news(): number {
    return Atomics.load(this.#counters, NEWS);
  }

  /** Does the other side say that it leaves this transaction to others? It may forget to say so. */
  isLeft(xid: number): boolean {
    return this.#counters[COUNTERS + (xid & (LEFT - 1))] === (xid | 0);
  }

  /** Begins a message of so many bytes, for which there is room; where it lies, in words. */
  #begin(kind: number, bytes: number): number {
    const units = (bytes + UNIT - 1) >>> 3;
    const behind = UNITS - (this.#written & (UNITS - 1));
    if (units > behind) this.#put(Message.nothing, behind);
    return this.#put(kind, units);
  }

  #put(kind: number, units: number): number {
    const at = (this.#written & (UNITS - 1)) * 2;
    this.#words[at] = kind;
    this.#words[at + 1] = units;
    this.#written = (this.#written + units) | 0;
    return at;
  }

  #tellSome(): void {
    if (((this.#written - this.#told) | 0) >= BATCH_UNITS) this.tell();
  }

  row(flags: number, record: RecordCursor, table: number, catalogAge: number, writer: number): void {
    const { totalLength } = record;
    const at = this.#begin(Message.row | flags, ROW_HEADER + totalLength);
    this.#words[at + 2] = table;
    this.#words[at + 3] = catalogAge;
    this.#doubles[(at >> 1) + 2] = record.lsn;
    this.#doubles[(at >> 1) + 3] = writer;
    this.#copy(record.buffer, record.start, totalLength, at + ROW_HEADER / 4);
    this.#tellSome();
  }

  /** What rows of a transaction have made: so many statements, `length` bytes of them. */
  written(xid: number, catalogAge: number, statements: number, bytes: Buffer, length: number): void {
    const at = this.#begin(Message.written, WRITTEN_HEADER + length);
    this.#words[at + 2] = xid;
    this.#words[at + 3] = catalogAge;
    this.#words[at + 4] = statements;
    this.#words[at + 5] = length;
    this.#copy(bytes, 0, length, at + WRITTEN_HEADER / 4);
    this.#tellSome();
  }

  /** Copies bytes to a word. Records mostly begin at a multiple of eight bytes of whatever they were read into. */
  #copy(buffer: Buffer, start: number, length: number, word: number): void {
    const from = buffer.byteOffset + start;
    if ((from & 3) !== 0 || length > 512) {
      this.#bytes.set(buffer.subarray(start, start + length), word * 4);
      return;
    }
    if (buffer.buffer !== this.#sourceBytes) {
      this.#sourceBytes = buffer.buffer;
      this.#source = new Int32Array(buffer.buffer, 0, buffer.buffer.byteLength >> 2);
    }
    const source = this.#source;
    const words = this.#words;
    const first = from >> 2;
    const whole = length >> 2;
    for (let i = 0; i < whole; i++) words[word + i] = source[first + i];
    for (let i = whole * 4; i < length; i++) this.#bytes[word * 4 + i] = buffer[start + i];
  }

  /** Message.left, ended, told or finish. */
  say(kind: number, xid = 0): void {
    this.#words[this.#begin(kind, 16) + 2] = xid;
    this.#tellSome();
  }

  lost(
    xid: number,
    number: number,
    commitLsn: number,
    commitTime: number,
    walBytes: number,
    database: number,
    statements: number,
  ): void {
    const at = this.#begin(Message.lost, 48);
    const words = this.#words;
    const doubles = this.#doubles;
    words[at + 2] = xid;
    words[at + 3] = number;
    doubles[(at >> 1) + 2] = commitLsn;
    doubles[(at >> 1) + 3] = commitTime;
    doubles[(at >> 1) + 4] = walBytes;
    words[at + 10] = database;
    words[at + 11] = statements;
    this.#tellSome();
  }
}

/** The side that reads. It has messages in a memory of its own, since copying from one that is shared is slow but for aligned words. */
export class RingReader {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly buffer: Buffer;
  readonly view: DataView;
  readonly #counters: Int32Array;
  readonly #shared: Float64Array;
  /** How far messages were looked at, and how far the shared memory was copied; where in this one the first of that lies. */
  #read = 0;
  #copied = 0;
  #origin = 0;

  constructor({ counters, messages }: RingMemory) {
    this.#counters = new Int32Array(counters);
    this.#shared = new Float64Array(messages);
    const memory = new ArrayBuffer(COPY_UNITS * UNIT);
    this.words = new Int32Array(memory);
    this.doubles = new Float64Array(memory);
    this.buffer = Buffer.from(memory);
    this.view = new DataView(memory);
  }

  /** Where the next message lies, in words; -1: there is none before more() was called. The one before is not looked at any more. */
  next(): number {
    const left = (this.#copied - this.#read) | 0;
    if (left === 0) return -1;
    const at = ((this.#read - this.#origin) | 0) * 2;
    const units = this.words[at + 1];
    if (units > left) return -1;
    this.#read = (this.#read + units) | 0;
    return at;
  }

  /** Copies what was told from the next message on, as much as there is room for. False when there was nothing for so many milliseconds. */
  more(milliseconds: number): boolean {
    const read = this.#read;
    let written = Atomics.load(this.#counters, WRITTEN);
    if (written === read) {
      Atomics.wait(this.#counters, WRITTEN, read, milliseconds);
      written = Atomics.load(this.#counters, WRITTEN);
      if (written === read) return false;
    }
    // Messages do not go around the end of the memory.
    const from = read & (UNITS - 1);
    const count = Math.min((written - read) | 0, UNITS - from, COPY_UNITS);
    this.doubles.set(this.#shared.subarray(from, from + count));
    this.#origin = read;
    this.#copied = (read + count) | 0;
    Atomics.store(this.#counters, READ, read);
    this.#event();
    return true;
  }

  #event(): void {
    Atomics.add(this.#counters, EVENTS, 1);
    Atomics.notify(this.#counters, EVENTS);
  }

  /** Something was put into the port. */
  tellNews(): void {
    Atomics.add(this.#counters, NEWS, 1);
    this.#event();
  }

  /** The transaction need not be told any more. */
  leave(xid: number): void {
    this.#counters[COUNTERS + (xid & (LEFT - 1))] = xid;
  }
}
