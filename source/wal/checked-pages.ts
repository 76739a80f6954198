/**
 * The pages of WAL as a reader goes over them: each is checked as XLogReaderValidatePageHeader() does before a byte of it is used.
 */
import type { Lsn } from '../bytes/lsn.js';
import { checkPageHeader } from './page-check.js';
import { pageAddress, pageTimeline } from './page-header.js';
import { PageWindows, type PageWindowsOptions } from './page-windows.js';
import type { SegmentFile, WalSegments } from './segments.js';
import type { WalEnd } from './wal-end.js';
import type { WindowMemory } from './window-memory.js';

/** No page at all: further from any LSN than a page is long. */
const NO_PAGE = -(2 ** 53);

/** Why what is wanted cannot be had; of a page, or of a record for whose sake it was wanted. */
export type Trouble = Pick<WalEnd, 'kind' | 'reason'>;

export class CheckedPages {
  readonly windows: PageWindows;
  readonly memory: WindowMemory;
  /** What to take from an LSN in the current window to have its place in the memory. */
  origin: Lsn = 0;
  /** Start of the page last found to be right. */
  checked: Lsn = NO_PAGE;
  /** Start of the page last wanted: as far as the record being read was followed. */
  furthest: Lsn = 0;
  /** Timeline of the page last checked, before which none may be that follows; 0: none. */
  timeline = 0;

  readonly #segments: WalSegments;
  /** The window last asked about, and whether all of its pages are of one timeline. */
  #windowStart: Lsn = -1;
  #windowEnd: Lsn = -1;
  #isOfOne = false;

  constructor(segments: WalSegments, options: PageWindowsOptions) {
    this.#segments = segments;
    this.windows = new PageWindows(segments, options);
    this.memory = this.windows.memory;
  }

  /** Makes sure that the page at `page` is in the window and right; returns why not. */
  load(page: Lsn): Trouble | undefined {
    const { windows } = this;
    this.furthest = page;
    if (page < windows.start || page + this.#segments.pageSize > windows.end) {
      this.checked = NO_PAGE;
      const missing = windows.load(page);
      if (missing !== undefined) return missing;
      this.origin = windows.start - windows.base;
    }
    return page === this.checked ? undefined : this.#check(page);
  }

  #check(page: Lsn): Trouble | undefined {
    const { view } = this.memory;
    const at = page - this.origin;
    const segment = this.windows.segment as SegmentFile;
    const reason = checkPageHeader(view, at, page, this.#segments, segment, this.timeline);
    if (reason !== undefined) {
      this.checked = NO_PAGE;
      return { kind: this.#isStale(page) ? 'end' : 'damaged', reason };
    }
    this.timeline = pageTimeline(view, at);
    this.checked = page;
    return undefined;
  }

  /**
   * Can the unusable page at `page`, in the window, be what was there before WAL came so far: zeros, or a recycled segment's page,
   * which carries the address of the same place in another segment?
   */
  #isStale(page: Lsn): boolean {
    const { view } = this.memory;
    const at = page - this.origin;
    const address = pageAddress(view, at);
    if (address === 0) return true;
    if (address === page) return pageTimeline(view, at) !== this.timeline;
    return (page - address) % this.#segments.segmentSize === 0;
  }

  /** Pages up to the one that starts at `page`, in the window, were found to be right by somebody else. */
  passedUpTo(page: Lsn): void {
    this.checked = page;
    this.furthest = page;
  }

  /** Are all pages of the current window of one timeline? */
  areOfOneTimeline(): boolean {
    const { start, end } = this.windows;
    if (start !== this.#windowStart || end !== this.#windowEnd) {
      this.#windowStart = start;
      this.#windowEnd = end;
      this.#isOfOne = this.#segments.timelineAt(start) === this.#segments.timelineAt(end - 1);
    }
    return this.#isOfOne;
  }

  /** Lets go of files and of what was read. */
  close(): void {
    this.windows.close();
    this.checked = NO_PAGE;
  }
}
