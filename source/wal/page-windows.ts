/**
 * Pieces of segments held in memory, so that a reader finds the page it needs: one piece for whoever goes forward, several for
 * whoever jumps about.
 */
import { readSync } from 'node:fs';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { OpenFiles } from './open-files.js';
import type { SegmentFile, WalSegments } from './segments.js';

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

interface HeldWindow {
  readonly buffer: Buffer;
  readonly view: DataView;
  readonly end: Lsn;
}

const DEFAULT_WINDOW = 1 << 20;

export class PageWindows {
  /** The current window: LSNs [start, end) lie in `buffer` from its beginning on. */
  buffer: Buffer;
  view: DataView;
  start: Lsn = 0;
  end: Lsn = 0;
  /** The segment that the current window is of. */
  segment: SegmentFile | undefined;
  /** Bytes read from files. */
  bytesRead = 0;

  readonly #segments: WalSegments;
  readonly #windowBytes: number;
  readonly #windowCount: number;
  /** The one used last at the end, by the LSN they begin at. */
  readonly #held = new Map<Lsn, HeldWindow>();
  readonly #files = new OpenFiles();

  constructor(segments: WalSegments, options: PageWindowsOptions = {}) {
    this.#segments = segments;
    this.#windowBytes = Math.max(options.windowBytes ?? DEFAULT_WINDOW, segments.pageSize);
    this.#windowCount = options.windows ?? 1;
    this.buffer = Buffer.allocUnsafeSlow(this.#windowBytes);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
  }

  /** Makes a window that has the page at `page` the current one. Returns why not, undefined when it is. */
  load(page: Lsn): PageMissing | undefined {
    const segmentStart = page - (page % this.#segments.segmentSize);
    const offset = page - segmentStart;
    // A file may serve only part of its segment: behind that, another one may be the node's own.
    if (!this.segment || this.segment.startLsn !== segmentStart || offset >= this.segment.length) {
      const segment = this.#segments.at(page);
      if ('missing' in segment) {
        return { kind: 'missing', reason: `WAL segment ${segment.fileName}: ${segment.reason}` };
      }
      this.segment = segment;
    }
    // Windows begin at multiples of their size: going back a little, as decoding does, then needs no reading.
    const from = offset - (offset % this.#windowBytes);
    const { pageSize } = this.#segments;
    if (this.#reuse(segmentStart + from, page + pageSize)) return undefined;
    this.#takeBuffer();
    const have = this.#read(this.segment, from);
    if (from + have < offset + pageSize) {
      this.start = 0;
      this.end = 0;
      return {
        kind: 'end',
        reason: `could not read page at ${formatLsn(page)}: the file ends at byte ${from + have}`,
      };
    }
    this.start = segmentStart + from;
    this.end = this.start + have - (have % pageSize);
    this.#held.set(this.start, { buffer: this.buffer, view: this.view, end: this.end });
    return undefined;
  }

  /** Lets go of files and of what was read. */
  close(): void {
    this.#files.close();
    this.#held.clear();
    this.segment = undefined;
    this.start = 0;
    this.end = 0;
  }

  /** Fills the buffer from byte `from` of a segment's file; how many bytes there were. */
  #read(segment: SegmentFile, from: number): number {
    const file = this.#files.open(segment.path);
    const wanted = Math.min(this.#windowBytes, segment.length - from);
    let have = 0;
    while (have < wanted) {
      const got = readSync(file, this.buffer, have, wanted - have, from + have);
      if (got === 0) break;
      have += got;
    }
    this.bytesRead += have;
    return have;
  }

  /** Makes the window that begins at `start` the current one, when it is held and reaches to `needed`. */
  #reuse(start: Lsn, needed: Lsn): boolean {
    const held = this.#held.get(start);
    if (held === undefined || needed > held.end) return false;
    this.#held.delete(start);
    this.#held.set(start, held);
    this.buffer = held.buffer;
    this.view = held.view;
    this.start = start;
    this.end = held.end;
    return true;
  }

  /** A buffer to read into: the one not used for longest, or a new one while there may be more. */
  #takeBuffer(): void {
    if (this.#held.size === 0) return;
    if (this.#held.size < this.#windowCount) {
      this.buffer = Buffer.allocUnsafeSlow(this.#windowBytes);
      this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
      return;
    }
    const [[oldest, { buffer, view }]] = this.#held;
    this.#held.delete(oldest);
    this.buffer = buffer;
    this.view = view;
  }
}
