/**
 * Where was the tuple at (relation, block, offset) last written? The answer for every heap page touched since reading began.
 *
 * A page's past begins with a full-page image (the first change after a checkpoint) or with a page made anew, and
 * goes on through the records that put tuples onto it. It is enough to remember *which record* wrote a line pointer last:
 * WAL is the store, and the tuple is read back from there when somebody wants it. Prune, vacuum and freeze need not be followed:
 * they free line pointers and touch headers, but move no tuple to another offset and change no column.
 *
 * Memory is bounded: pages are found by hashing into typed arrays, their writers lie in one arena that goes to the temporary file when it
 * is full, and what a checkpoint makes superfluous is dropped.
 */
import { largeMemory } from '../bytes/large-memory.js';
import type { Lsn } from '../bytes/lsn.js';
import type { TemporaryFile } from './temporary-file.js';
import { WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';

/** Memory that histories may take. */
export interface PageHistoryLimits {
  /** Pages known at once; beyond, all are forgotten. A power of two; 32 bytes each. */
  readonly pages: number;
  /** Writers in memory at once; beyond, they are spilled. Eight bytes each. */
  readonly writers: number;
}

const DEFAULT_LIMITS: PageHistoryLimits = { pages: 2 * 1024 * 1024, writers: 3 * 1024 * 1024 };

const NO_WRITERS = -1;
/** Numbers read from the file at once. */
const READ = 128;
/** Of numbers in the arena; as many make up the runs of a page. */
const SMALLEST_BLOCK = 8;
const SMALLEST_TABLE = 1024;
/** Of a slot: its size in 32-bit words and in 64-bit numbers; words first, numbers behind them. */
const WORDS = 8;
const NUMBERS = 4;
const RELATION = 0;
const BLOCK = 1;
const ROOM = 2;
const RUNS = 3;
/** What a run more adds to the word: more than any offset number, of which a record has sixteen bits. */
const RUN = 1 << 20;
const PLACE = 2;
const ORIGIN = 3;

export class PageHistories {
  readonly #file: TemporaryFile;
  readonly #limits: PageHistoryLimits;
  /**
   * Open addressing: a slot is all that is known of a page, side by side, since looking at it costs what fetching it from memory costs. In words:
   * relation (0: the slot is empty), block, how many numbers the page has in the arena, its runs; then in numbers: where the page's writers lie
   * (an index into the arena, or -2 - position in the file, or NO_WRITERS), and the record that holds the page's latest image (negative:
   * that made the page anew; 0: neither was seen).
   */
  #words = new Uint32Array(SMALLEST_TABLE * WORDS);
  #numbers = new Float64Array(this.#words.buffer);
  #slots = SMALLEST_TABLE;
  #count = 0;
  /**
   * What a page has there is one of two things. By offset number, the LSN of the record that last wrote there since the page's origin, 0 where the
   * image rules. Or, as long as tuples were only added behind one another and by few records, as a bulk load does: runs, a pair for each
   * (first offset number, LSN of the record), where the slot's third word is the number of pairs times RUN plus the offset number behind the last.
   * A page that only the record has written that made it anew has its one run, from offset number 1 on, in the slot alone: then it has no
   * numbers in the arena.
   */
  #arena = new Float64Array(16 * 1024);
  /** So many of them belong to pages; those behind are all 0. */
  #arenaUsed = 0;
  /** What was read of the file last, and where it lies there: who goes through a table asks for one tuple of a page after the other. */
  #read = new Float64Array(READ);
  #readFrom = 0;
  #readLength = 0;
  /** Some pages' past was dropped. */
  #forgetful = false;
  /** It was dropped for want of room, not because a checkpoint made it superfluous. */
  overflowed = false;

  constructor(file: TemporaryFile, limits: PageHistoryLimits = DEFAULT_LIMITS) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Nothing will be asked or told any more. */
  close(): void {
    this.#words = new Uint32Array(0);
    this.#numbers = new Float64Array(0);
    this.#arena = new Float64Array(0);
  }

  /** The record at `lsn` carries an image of the page. `relation` is a number of the caller's, from 1. */
  image(relation: number, block: number, lsn: Lsn): void {
    const slot = this.#slot(relation, block);
    this.#numbers[slot * NUMBERS + ORIGIN] = lsn;
    this.#numbers[slot * NUMBERS + PLACE] = NO_WRITERS;
    this.#words[slot * WORDS + ROOM] = 0;
    this.#words[slot * WORDS + RUNS] = 0;
  }

  /** The record at `lsn` made the page anew. */
  initialize(relation: number, block: number, lsn: Lsn): void {
    this.image(relation, block, -lsn);
  }

  /** The record `writer` (its LSN, or unreadableWriter of it) wrote a tuple at `offset`. */
  write(relation: number, block: number, offset: number, writer: number): void {
    let slot = this.#slot(relation, block);
    if (this.#words[slot * WORDS + ROOM] === 0) {
      const end = this.#words[slot * WORDS + RUNS] % RUN;
      const origin = this.#numbers[slot * NUMBERS + ORIGIN];
      if (-writer === origin && offset === (end || 1)) {
        this.#words[slot * WORDS + RUNS] = RUN + offset + 1;
        return;
      }
      this.#grow(slot, SMALLEST_BLOCK);
      slot = this.#slot(relation, block);
      if (end === 0) {
        this.#addRun(slot, 0, offset, writer);
        return;
      }
      this.#addRun(slot, 0, 1, -origin);
      this.#words[slot * WORDS + RUNS] = RUN + end;
    }
    if (this.#numbers[slot * NUMBERS + PLACE] < NO_WRITERS) {
      this.#load(slot);
      slot = this.#slot(relation, block);
    }
    const runs = this.#words[slot * WORDS + RUNS];
    if (runs !== 0) {
      if (this.#addToRuns(slot, runs, offset, writer)) return;
      this.#flatten(slot, runs, offset);
      slot = this.#slot(relation, block);
    } else if (offset >= this.#words[slot * WORDS + ROOM]) {
      this.#grow(slot, offset + 1);
      slot = this.#slot(relation, block);
    }
    this.#arena[this.#numbers[slot * NUMBERS + PLACE] + offset] = writer;
  }

  #addRun(slot: number, number: number, offset: number, writer: number): void {
    const at = this.#numbers[slot * NUMBERS + PLACE] + number * 2;
    this.#arena[at] = offset;
    this.#arena[at + 1] = writer;
    this.#words[slot * WORDS + RUNS] = (number + 1) * RUN + offset + 1;
  }

  /** Writes behind the last run; false when it is not there that is written, or runs are as many as there is room for. */
  #addToRuns(slot: number, runs: number, offset: number, writer: number): boolean {
    if (offset !== runs % RUN) return false;
    const count = Math.floor(runs / RUN);
    if (this.#arena[this.#numbers[slot * NUMBERS + PLACE] + count * 2 - 1] === writer) {
      this.#words[slot * WORDS + RUNS] = runs + 1;
      return true;
    }
    if (count * 2 >= this.#words[slot * WORDS + ROOM]) return false;
    this.#addRun(slot, count, offset, writer);
    return true;
  }

  /** Makes runs, which are in memory, a number for each offset number, with room for `offset`. */
  #flatten(slot: number, runs: number, offset: number): void {
    const [relation, block] = [this.#words[slot * WORDS + RELATION], this.#words[slot * WORDS + BLOCK]];
    const count = Math.floor(runs / RUN);
    const from = this.#numbers[slot * NUMBERS + PLACE];
    const pairs = this.#arena.slice(from, from + count * 2);
    const room = Math.max(offset + 1, runs % RUN, SMALLEST_BLOCK * 4);
    const place = this.#allocate(room);
    const now = this.#slot(relation, block);
    for (let run = 0; run < count; run++) {
      const end = run + 1 < count ? pairs[run * 2 + 2] : runs % RUN;
      this.#arena.fill(pairs[run * 2 + 1], place + pairs[run * 2], place + end);
    }
    this.#numbers[now * NUMBERS + PLACE] = place;
    this.#words[now * WORDS + ROOM] = room;
    this.#words[now * WORDS + RUNS] = 0;
  }

  /**
   * The LSN of the record that wrote the tuple (or unreadableWriter of it), negative when it lies in that record's full-page image,
   * WRITER_UNKNOWN when the page's past is not in the WAL that was read, WRITER_FORGOTTEN when it may have been.
   */
  writerOf(relation: number, block: number, offset: number): number {
    const slot = this.#find(relation, block);
    const unknown = this.#forgetful ? WRITER_FORGOTTEN : WRITER_UNKNOWN;
    if (this.#words[slot * WORDS + RELATION] === 0) return unknown;
    const runs = this.#words[slot * WORDS + RUNS];
    if (offset < (runs === 0 ? this.#words[slot * WORDS + ROOM] : runs % RUN)) {
      const writer = this.#writerAt(slot, offset);
      if (writer !== 0) return writer;
    }
    const origin = this.#numbers[slot * NUMBERS + ORIGIN];
    return origin > 0 ? -origin : unknown;
  }

  /** From the record at `redo` on every page's first change carries its image: what was known from before it serves nobody any more. */
  checkpoint(redo: Lsn): void {
    this.#rebuild(this.#slots, (slot) => Math.abs(this.#numbers[slot * NUMBERS + ORIGIN]) >= redo);
    this.#forgetful = true;
  }

  /** Pages remembered. */
  get size(): number {
    return this.#count;
  }

  #writerAt(slot: number, offset: number): number {
    const place = this.#numbers[slot * NUMBERS + PLACE];
    const runs = this.#words[slot * WORDS + RUNS];
    if (place === NO_WRITERS) return -this.#numbers[slot * NUMBERS + ORIGIN];
    if (place >= 0 && runs === 0) return this.#arena[place + offset];
    if (runs === 0) return this.#fromFile(place, offset, 1)[0];
    const count = Math.floor(runs / RUN);
    const pairs = place >= 0 ? this.#arena : this.#fromFile(place, 0, count * 2);
    const first = place >= 0 ? place : 0;
    for (let at = first + count * 2 - 2; at >= first; at -= 2) if (pairs[at] <= offset) return pairs[at + 1];
    return 0;
  }

  /** Numbers of a page whose writers are in the file, from the one at `index` on; to be used before others are asked for. */
  #fromFile(place: number, index: number, count: number): Float64Array {
    const position = -2 - place + index * 8;
    let at = (position - this.#readFrom) / 8;
    // Others may write to the file as they like: it is by their place that numbers are whole.
    if (at < 0 || at % 1 !== 0 || at + count > this.#readLength) {
      if (count > this.#read.length) this.#read = new Float64Array(count);
      const length = Math.min(this.#read.length, Math.floor((this.#file.size - position) / 8));
      this.#readLength = 0;
      this.#file.read(position, new Uint8Array(this.#read.buffer, 0, length * 8));
      this.#readFrom = position;
      this.#readLength = length;
      at = 0;
    }
    return this.#read.subarray(at, at + count);
  }

  /** The page's slot, or the empty one where it belongs. */
  #find(relation: number, block: number): number {
    const mask = this.#slots - 1;
    let slot = hash(relation, block) & mask;
    while (
      this.#words[slot * WORDS + RELATION] !== 0 &&
      (this.#words[slot * WORDS + BLOCK] !== block || this.#words[slot * WORDS + RELATION] !== relation)
    )
      slot = (slot + 1) & mask;
    return slot;
  }

  /** The page's slot, taken when it is new. */
  #slot(relation: number, block: number): number {
    let slot = this.#find(relation, block);
    if (this.#words[slot * WORDS + RELATION] !== 0) return slot;
    if (this.#count * 4 >= this.#slots * 3) {
      if (this.#slots >= this.#limits.pages) this.#forget();
      else this.#enlarge();
      slot = this.#find(relation, block);
    }
    this.#words[slot * WORDS + RELATION] = relation;
    this.#words[slot * WORDS + BLOCK] = block;
    this.#numbers[slot * NUMBERS + ORIGIN] = 0;
    this.#numbers[slot * NUMBERS + PLACE] = NO_WRITERS;
    this.#words[slot * WORDS + ROOM] = 0;
    this.#words[slot * WORDS + RUNS] = 0;
    this.#count++;
    return slot;
  }

  /** Room for `least` numbers and more. */
  #grow(slot: number, least: number): void {
    const [relation, block] = [this.#words[slot * WORDS + RELATION], this.#words[slot * WORDS + BLOCK]];
    const room = Math.max(least, this.#words[slot * WORDS + ROOM] * 2);
    const place = this.#allocate(room);
    const now = this.#slot(relation, block);
    this.#copyWriters(now, place);
    this.#numbers[now * NUMBERS + PLACE] = place;
    this.#words[now * WORDS + ROOM] = room;
  }

  /** Brings a page's writers back from the file. */
  #load(slot: number): void {
    const [relation, block] = [this.#words[slot * WORDS + RELATION], this.#words[slot * WORDS + BLOCK]];
    const place = this.#allocate(this.#words[slot * WORDS + ROOM]);
    const now = this.#slot(relation, block);
    this.#copyWriters(now, place);
    this.#numbers[now * NUMBERS + PLACE] = place;
  }

  #copyWriters(slot: number, to: number): void {
    const room = this.#words[slot * WORDS + ROOM];
    const from = this.#numbers[slot * NUMBERS + PLACE];
    if (room === 0) return;
    if (from >= 0) this.#arena.copyWithin(to, from, from + room);
    else this.#file.read(-2 - from, new Uint8Array(this.#arena.buffer, to * 8, room * 8));
  }

  /** Room for so many writers, all 0. May move everything: slots and places known before are void. */
  #allocate(room: number): number {
    const used = this.#arenaUsed + room;
    if (used > this.#arena.length && this.#arena.length < this.#limits.writers) {
      const wanted = Math.max(this.#arena.length * 2, used);
      const larger = allZero(Math.min(this.#limits.writers, wanted));
      larger.set(this.#arena.subarray(0, this.#arenaUsed));
      this.#arena = larger;
    }
    // It may not have become large enough.
    if (used > this.#arena.length) this.#spill();
    const place = this.#arenaUsed;
    this.#arenaUsed += room;
    return place;
  }

  /** Writes the arena as it is: what is garbage in it (blocks that were grown out of) is less than what is not. */
  #spill(): void {
    const position = this.#file.append(new Uint8Array(this.#arena.buffer, 0, this.#arenaUsed * 8));
    if (position === undefined) {
      this.#forget();
      return;
    }
    for (let slot = 0; slot < this.#slots; slot++) {
      if (this.#numbers[slot * NUMBERS + PLACE] >= 0)
        this.#numbers[slot * NUMBERS + PLACE] = -2 - (position + this.#numbers[slot * NUMBERS + PLACE] * 8);
    }
    this.#arena.fill(0, 0, this.#arenaUsed);
    this.#arenaUsed = 0;
  }

  #forget(): void {
    this.#rebuild(SMALLEST_TABLE, () => false);
    this.#forgetful = true;
    this.overflowed = true;
  }

  /** Twice as many slots. What pages have in the arena stays where it is. */
  #enlarge(): void {
    const [words, slots] = [this.#words, this.#slots];
    this.#slots = slots * 2;
    this.#numbers = allZero(this.#slots * NUMBERS);
    this.#words = new Uint32Array(this.#numbers.buffer, 0, this.#slots * WORDS);
    for (let slot = 0; slot < slots; slot++) {
      const relation = words[slot * WORDS + RELATION];
      if (relation === 0) continue;
      const now = this.#find(relation, words[slot * WORDS + BLOCK]);
      this.#words.set(words.subarray(slot * WORDS, (slot + 1) * WORDS), now * WORDS);
    }
  }

  /** Makes the table anew with room for `capacity` pages and those to be kept in it. */
  #rebuild(capacity: number, keep: (slot: number) => boolean): void {
    const [words, numbers, arena, slots] = [this.#words, this.#numbers, this.#arena, this.#slots];
    let kept = 0;
    let used = 0;
    for (let slot = 0; slot < slots; slot++) {
      if (words[slot * WORDS + RELATION] === 0) continue;
      if (!keep(slot)) words[slot * WORDS + RELATION] = 0;
      else {
        kept++;
        if (numbers[slot * NUMBERS + PLACE] >= 0) used += words[slot * WORDS + ROOM];
      }
    }
    let size = capacity;
    while (size > SMALLEST_TABLE && kept * 4 < size) size /= 2;
    this.#numbers = allZero(size * NUMBERS);
    this.#words = new Uint32Array(this.#numbers.buffer, 0, size * WORDS);
    this.#slots = size;
    this.#count = 0;
    this.#arena = allZero(Math.min(this.#limits.writers, Math.max(16 * 1024, used * 2)));
    this.#arenaUsed = 0;
    for (let slot = 0; slot < slots; slot++) {
      const relation = words[slot * WORDS + RELATION];
      if (relation === 0) continue;
      const now = this.#slot(relation, words[slot * WORDS + BLOCK]);
      const room = words[slot * WORDS + ROOM];
      const place = numbers[slot * NUMBERS + PLACE];
      this.#words[now * WORDS + ROOM] = room;
      this.#words[now * WORDS + RUNS] = words[slot * WORDS + RUNS];
      this.#numbers[now * NUMBERS + ORIGIN] = numbers[slot * NUMBERS + ORIGIN];
      this.#numbers[now * NUMBERS + PLACE] = place;
      if (place < 0) continue;
      this.#arena.set(arena.subarray(place, place + room), this.#arenaUsed);
      this.#numbers[now * NUMBERS + PLACE] = this.#arenaUsed;
      this.#arenaUsed += room;
    }
  }
}

/** So many numbers. */
function allZero(count: number): Float64Array<ArrayBuffer> {
  return new Float64Array(largeMemory(count * 8), 0, count);
}

function hash(relation: number, block: number): number {
  const mixed = Math.imul(block ^ Math.imul(relation, 0x9e3779b1), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
