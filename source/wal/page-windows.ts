/**
 * Pieces of segments held in memory, so that a reader finds the page it needs: one piece for whoever goes forward, several for
 * whoever jumps about.
 *
 * All of them lie in one memory, whose bytes can be checksummed in place; behind them is room for records that cross pages.
 */
import { readSync } from 'node:fs';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { OpenFiles } from './open-files.js';
import { readablePath, type SegmentFile, type WalSegments } from './segments.js';
import { WindowMemory } from './window-memory.js';

export interface PageWindowsOptions {
  /** Bytes read at once from a segment; a power of two, as pages and segments are, so that windows divide a segment evenly. */
  readonly windowBytes?: number;
  /** How many such pieces are held: one when not said. */
  readonly windows?: number;
}

/** Why a page cannot be had. */
export interface PageMissing {
  /** `missing`: there is no usable file for it. `end`: its file ends before it. */
  readonly kind: 'missing' | 'end';
  readonly reason: string;
}

const DEFAULT_WINDOW = 1 << 20;
/** Room behind the windows, in bytes. */
const SCRATCH_BYTES = 128 * 1024;
/** MAXALIGN: records begin at multiples of it. */
const ALIGNMENT = 8;

export class PageWindows {
  readonly memory: WindowMemory;
  /** LSNs [start, end) lie in the memory from `base` on. */
  start: Lsn = 0;
  end: Lsn = 0;
  base = 0;
  /** The segment that the current window is of. */
  segment: SegmentFile | undefined;
  /** Bytes read from files. */
  bytesRead = 0;
  /** Where the room for records that cross pages begins, and how long it is. */
  readonly scratchBase: number;
  readonly scratchLength = SCRATCH_BYTES;

  readonly #segments: WalSegments;
  readonly #windowBytes: number;
  readonly #windowCount: number;
  /** Slots of the memory by the number of the window they hold (its first LSN over the windows' size). */
  readonly #slotOf = new Map<number, number>();
  /** Slot by slot: the window it holds (-1: none), its end, its segment, and whether it was used since it was last passed over. */
  readonly #windowIn: Float64Array;
  readonly #endIn: Float64Array;
  readonly #segmentIn: (SegmentFile | undefined)[] = [];
  readonly #used: Uint8Array;
  /** The slot that is looked at next for something to replace. */
  #hand = 0;
  /** A bit for every place where a record can begin: it was found whole since its window was read. */
  readonly #checked: Uint32Array;
  readonly #files = new OpenFiles();
  /** Segments found, by their first LSN. */
  readonly #found = new Map<Lsn, SegmentFile>();

  constructor(segments: WalSegments, options: PageWindowsOptions = {}) {
    this.#segments = segments;
    this.#windowBytes = Math.max(options.windowBytes ?? DEFAULT_WINDOW, segments.pageSize);
    this.#windowCount = options.windows ?? 1;
    this.scratchBase = this.#windowBytes * this.#windowCount;
    this.memory = new WindowMemory(this.scratchBase + SCRATCH_BYTES);
    this.#windowIn = new Float64Array(this.#windowCount).fill(-1);
    this.#endIn = new Float64Array(this.#windowCount);
    this.#used = new Uint8Array(this.#windowCount);
    this.#checked = new Uint32Array(this.scratchBase / ALIGNMENT / 32);
  }

  /** Makes a window that has the page at `page` the current one. Returns why not, undefined when it is. */
  load(page: Lsn): PageMissing | undefined {
    const { pageSize } = this.#segments;
    const window = Math.floor(page / this.#windowBytes);
    const held = this.#slotOf.get(window);
    if (held !== undefined && page + pageSize <= this.#endIn[held]) {
      this.#used[held] = 1;
      this.#makeCurrent(held);
      return undefined;
    }
    const segmentStart = page - (page % this.#segments.segmentSize);
    const offset = page - segmentStart;
    const segment = this.#segmentAt(page, segmentStart, offset);
    if ('missing' in segment)
      return { kind: 'missing', reason: `WAL segment ${segment.fileName}: ${segment.reason}` };
    this.segment = segment;
    // Windows begin at multiples of their size: going back a little, as decoding does, then needs no reading.
    const from = window * this.#windowBytes - segmentStart;
    const slot = held ?? this.#freeSlot();
    this.#forget(slot);
    const have = this.#read(segment, from, slot * this.#windowBytes);
    if (from + have < offset + pageSize) {
      this.start = 0;
      this.end = 0;
      return {
        kind: 'end',
        reason: `could not read page at ${formatLsn(page)}: the file ends at byte ${from + have}`,
      };
    }
    this.#windowIn[slot] = window;
    this.#endIn[slot] = segmentStart + from + have - (have % pageSize);
    this.#segmentIn[slot] = segment;
    this.#used[slot] = 1;
    this.#slotOf.set(window, slot);
    this.#makeCurrent(slot);
    return undefined;
  }

  /** Was the record at this offset of the memory found whole before? */
  isChecked(offset: number): boolean {
    return (this.#checked[offset >>> 8] & (1 << ((offset >>> 3) & 31))) !== 0;
  }

  /** The record at this offset of the memory is whole. */
  setChecked(offset: number): void {
    this.#checked[offset >>> 8] |= 1 << ((offset >>> 3) & 31);
  }

  /** Lets go of files and of what was read. */
  close(): void {
    this.#files.close();
    this.#found.clear();
    for (let slot = 0; slot < this.#windowCount; slot++) this.#forget(slot);
    this.segment = undefined;
    this.start = 0;
    this.end = 0;
  }

  #makeCurrent(slot: number): void {
    this.start = this.#windowIn[slot] * this.#windowBytes;
    this.end = this.#endIn[slot];
    this.base = slot * this.#windowBytes;
    this.segment = this.#segmentIn[slot];
  }

  /** The segment's file that holds the byte at `offset` of it. One may serve only part of its segment: behind that, another one may be the node's own. */
  #segmentAt(page: Lsn, segmentStart: Lsn, offset: number): ReturnType<WalSegments['at']> {
    const known = this.#found.get(segmentStart);
    if (known !== undefined && offset < known.length) return known;
    const found = this.#segments.at(page);
    if (!('missing' in found)) this.#found.set(segmentStart, found);
    return found;
  }

  /** Fills the memory at `base` from byte `from` of a segment's file; how many bytes there were. */
  #read(segment: SegmentFile, from: number, base: number): number {
    const file = this.#files.open(segment.path, () => readablePath(segment));
    const wanted = Math.min(this.#windowBytes, segment.length - from);
    let have = 0;
    while (have < wanted) {
      const got = readSync(file, this.memory.buffer, base + have, wanted - have, from + have);
      if (got === 0) break;
      have += got;
    }
    this.bytesRead += have;
    return have;
  }

  /** A slot to read into: an empty one, else one that was not used since the hand went by. */
  #freeSlot(): number {
    for (;;) {
      const slot = this.#hand;
      this.#hand = slot + 1 === this.#windowCount ? 0 : slot + 1;
      if (this.#windowIn[slot] < 0 || this.#used[slot] === 0) return slot;
      this.#used[slot] = 0;
    }
  }

  #forget(slot: number): void {
    if (this.#windowIn[slot] >= 0) this.#slotOf.delete(this.#windowIn[slot]);
    this.#windowIn[slot] = -1;
    const words = this.#windowBytes / ALIGNMENT / 32;
    this.#checked.fill(0, slot * words, (slot + 1) * words);
  }
}
