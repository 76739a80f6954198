/**
 * Reads WAL record by record, forward from any place, checking all that xlogreader.c checks before a byte is used:
 * page headers, lengths, the back link, and CRC-32C over every record.
 *
 * The reader is its own cursor (`RecordCursor`): fields are overwritten by each record, nothing is allocated on the way.
 * A record that lies within one page is read where it lies; one that crosses pages is put together in a scratch buffer.
 */
import { updateCrc32c } from '../bytes/crc32c.js';
import { formatLsn, type Lsn, maxAlign } from '../bytes/lsn.js';
import { RECORD_HEADER_SIZE } from './block-references.js';
import { LazyRecord } from './lazy-record.js';
import { checkPageHeader } from './page-check.js';
import {
  FIRST_IS_CONTINUATION,
  FIRST_IS_OVERWRITTEN_CONTINUATION,
  pageFlags,
  pageHeaderSize,
  pageRemainingLength,
  pageTimeline,
} from './page-header.js';
import { PageWindows, type PageWindowsOptions } from './page-windows.js';
import { findPageBehind, findRecordBehind } from './record-search.js';
import { recordVersion } from './record-versions.js';
import { ResourceManager, XlogOperation } from './resource-managers.js';
import type { SegmentFile, WalSegments } from './segments.js';
import { versionOfMajor } from './versions.js';
import type { WindowMemory } from './window-memory.js';

/** No page at all: further from any LSN than a page is long. */
const NO_PAGE = -(2 ** 53);

/** Why reading stopped. */
export interface WalEnd {
  /**
   * `end`: nothing valid follows, as after any crash. `damaged`: this record is broken although WAL goes on behind it.
   * `missing`: the next segment is not there although later ones are, or there is no telling.
   */
  readonly kind: 'end' | 'damaged' | 'missing';
  /** Where the record that could not be read begins. */
  readonly lsn: Lsn;
  /** xlogreader's own words. */
  readonly reason: string;
  /** The file concerned, when there is one. */
  readonly path?: string;
}

export interface WalReaderOptions extends PageWindowsOptions {
  /** BLCKSZ: the size in bytes of a page of data, which tells how long an image's hole is. */
  readonly blockSize?: number;
  /** WAL from here on is not looked at. */
  readonly stopAt?: Lsn;
}

const XLOG_OVERWRITE_CONTRECORD = 0xd0;
/** MaxAllocSize guards XLogRecord lengths in xlogreader.c; no record is longer (XLogRecordMaxSize). */
const MAX_RECORD_LENGTH = 1020 * 1024 * 1024;

export class WalReader extends LazyRecord {
  /** xl_prev of the current record. */
  previousLsn: Lsn = 0;
  /** Set once next() has returned false. */
  end: WalEnd | undefined;

  readonly segments: WalSegments;
  readonly #pageSize: number;
  /** What records of this WAL are taken apart with: the bits of bimg_info that mean "compressed", and BLCKSZ. */
  readonly imageCompressedBits: number;
  readonly blockSize: number;
  readonly #stopAt: Lsn;
  readonly #pages: PageWindows;
  readonly #memory: WindowMemory;
  /** Of the memory. */
  readonly #view: DataView;
  /** What to take from an LSN in the current window to have its place in the memory. */
  #origin: Lsn = 0;
  /** Windows are come back to: what was checked in one need not be checked again. */
  readonly #remembers: boolean;
  /** For a record too long for the memory's own room: more than a hundred thousand bytes. */
  #longScratch: Buffer = Buffer.alloc(0);
  #longView = new DataView(this.#longScratch.buffer);
  /** Start of the page last checked. */
  #checkedPage: Lsn = NO_PAGE;
  #latestPageTimeline = 0;
  #position: Lsn = 0;
  /** LSN of the record before #position, when it was read in sequence. */
  #expectedPrevious: Lsn = -1;
  /** An unfinished record that the next one must say to stand for; -1: none. */
  #overwritten: Lsn = -1;
  /** How many records of the current page were walked over at once, and how many of them the reader has stood on. */
  #walked = 0;
  #taken = 0;
  /** What to add to a note of the walk to have its LSN. */
  #walkedOrigin = 0;
  /** xlp_magic of this major. */
  readonly #magic: number;
  /** The window last asked about, and whether all of its pages are of one timeline. */
  #windowStart: Lsn = -1;
  #windowEnd: Lsn = -1;
  #oneTimeline = false;

  constructor(segments: WalSegments, options: WalReaderOptions = {}) {
    const pages = new PageWindows(segments, options);
    const { buffer, view } = pages.memory;
    const blockSize = options.blockSize ?? 8192;
    const { imageCompressedBits } = recordVersion(segments.majorVersion);
    super(buffer, view, blockSize, imageCompressedBits);
    this.segments = segments;
    this.#pageSize = segments.pageSize;
    this.imageCompressedBits = imageCompressedBits;
    this.blockSize = blockSize;
    this.#stopAt = options.stopAt ?? Number.MAX_SAFE_INTEGER;
    this.#magic = versionOfMajor(segments.majorVersion)?.walPageMagic ?? 0;
    this.#pages = pages;
    this.#memory = pages.memory;
    this.#view = view;
    this.#remembers = (options.windows ?? 1) > 1;
  }

  /** Bytes read from files, for progress and rate. */
  get bytesRead(): number {
    return this.#pages.bytesRead;
  }

  /** Where the next record is looked for. */
  get position(): Lsn {
    return this.#position;
  }

  /** Goes to a record's first byte (known from a checkpoint, an index, another record). */
  seek(lsn: Lsn): void {
    this.#position = lsn;
    this.#expectedPrevious = -1;
    this.#latestPageTimeline = 0;
    this.#overwritten = -1;
    this.#walked = 0;
    this.#taken = 0;
    this.end = undefined;
  }

  /**
   * Goes to the first record that begins at or after `lsn`, as XLogFindNextRecord() does; false (with `end` set) when the
   * page there cannot be read.
   */
  seekFirstRecord(lsn: Lsn): boolean {
    this.seek(lsn);
    let page = lsn - (lsn % this.#pageSize);
    for (;;) {
      if (!this.#loadPage(page, page)) return false;
      const { view } = this.#pages.memory;
      const at = this.#offsetOf(page);
      const header = pageHeaderSize(view, at);
      const flags = pageFlags(view, at);
      if ((flags & FIRST_IS_CONTINUATION) === 0) {
        this.#position = page + header;
        break;
      }
      const remaining = maxAlign(pageRemainingLength(view, at));
      if (remaining < this.#pageSize - header) {
        this.#position = page + header + remaining;
        break;
      }
      page += this.#pageSize;
    }
    while (this.#position < lsn) if (!this.next()) return false;
    return true;
  }

  /** Reads the record that begins at `lsn`; false (with `end` set) when there is none. */
  readAt(lsn: Lsn): boolean {
    this.seek(lsn);
    return this.next();
  }

  /** Moves to the next record; false when there is none, with the reason in `end`. */
  next(): boolean {
    if (this.#taken < this.#walked) {
      this.#take();
      return true;
    }
    for (;;) {
      const outcome = this.#read();
      if (outcome === OK) return true;
      if (outcome !== RESTART && !this.#mended()) return false;
    }
  }

  /** After a stop: is there a better copy of what could not be read? Then it is read from here on. */
  #mended(): boolean {
    const { end } = this;
    if (end?.path === undefined || !this.segments.mend?.(end.lsn, end.path)) return false;
    this.closeFile();
    this.end = undefined;
    return true;
  }

  #read(): number {
    const view = this.#view;
    let position = this.#position;
    if (position >= this.#stopAt) return this.#stop('end', position, `reached ${formatLsn(this.#stopAt)}`);
    const behind = position - this.#checkedPage;
    if (behind < 0 || behind >= this.#pageSize) {
      if (!this.#loadPage(position - (position % this.#pageSize), position)) return STOPPED;
    }
    // The page is in the window: from here on places are small numbers.
    let at = this.#offsetOf(position);
    let offsetInPage = at & (this.#pageSize - 1);
    if (offsetInPage === 0) {
      const header = pageHeaderSize(view, at);
      if ((pageFlags(view, at) & FIRST_IS_CONTINUATION) !== 0 && this.#expectedPrevious >= 0) {
        return this.#stop('damaged', position, `contrecord is requested by ${formatLsn(position)}`);
      }
      offsetInPage = header;
      position += header;
      at += header;
    }
    this.lsn = position;
    const totalLength = view.getUint32(at, true);
    if (totalLength < RECORD_HEADER_SIZE || totalLength > MAX_RECORD_LENGTH) {
      return this.#stop(
        'end',
        position,
        `invalid record length at ${formatLsn(position)}: expected at least ${RECORD_HEADER_SIZE}, got ${totalLength}`,
      );
    }
    this.totalLength = totalLength;
    this.buffer = this.#memory.buffer;
    this.view = view;
    const inPage = this.#pageSize - offsetInPage;
    if (totalLength <= inPage) {
      if (this.#walk(position, at, inPage)) return OK;
      this.start = at;
      // Where the record begins aligned, as all do that were not sought by hand, it is enough to align its length.
      const aligned = (at & 7) === 0;
      this.endLsn = aligned ? position + ((totalLength + 7) & ~7) : maxAlign(position + totalLength);
      return this.#check(position, aligned && this.#remembers);
    }
    if (this.#join(position, at, totalLength, inPage)) return OK;
    const outcome = this.#assemble(position, totalLength, inPage);
    return outcome === OK ? this.#check(position, false) : outcome;
  }

  /**
   * Walks over all records at once that lie in the rest of the current page, from the one at `position` on, whose first byte is at `at`;
   * the reader stands on the first of them then. False when it has to be looked at alone.
   */
  #walk(position: Lsn, at: number, inPage: number): boolean {
    // Whoever comes back to windows reads one record here, another there.
    if (this.#expectedPrevious < 0 || this.#overwritten >= 0 || this.#remembers || (at & 7) !== 0)
      return false;
    this.#walked = this.#walkOver(at, at + Math.min(inPage, this.#stopAt - position), position);
    this.#taken = 0;
    if (this.#walked === 0) return false;
    this.#walkedOrigin = this.#origin - this.#memory.base;
    this.#take();
    return true;
  }

  /**
   * Puts the record at `position`, which crosses pages, together and checks it, when nothing about it is unusual; the reader stands on it then.
   * False when it has to be looked at more closely.
   */
  #join(position: Lsn, at: number, totalLength: number, inPage: number): boolean {
    if (this.#expectedPrevious < 0 || this.#overwritten >= 0 || this.#remembers || (at & 7) !== 0)
      return false;
    const pages = this.#pages;
    const timeline = this.#latestPageTimeline;
    if (totalLength > pages.scratchLength || timeline === 0 || !this.#isOfOneTimeline()) return false;
    const memory = this.#memory;
    const to = pages.scratchBase;
    const end = pages.base + (pages.end - pages.start);
    const next = position + inPage;
    const behind = memory.join(at, inPage, totalLength, next, this.#pageSize, end, this.#magic, timeline, to);
    if (behind === 0 || this.#walkOver(to, to + totalLength, position) !== 1) return false;
    this.#taken = 0;
    this.#walked = 0;
    this.#standOn(position, to, position - at + ((behind + 7) & ~7));
    const last = behind - 1;
    this.#checkedPage = this.#origin + last - (last & (this.#pageSize - 1));
    this.#furthestPage = this.#checkedPage;
    return true;
  }

  /** Are all pages of the current window of one timeline? */
  #isOfOneTimeline(): boolean {
    const { start, end } = this.#pages;
    if (start !== this.#windowStart || end !== this.#windowEnd) {
      this.#windowStart = start;
      this.#windowEnd = end;
      this.#oneTimeline = this.segments.timelineAt(start) === this.segments.timelineAt(end - 1);
    }
    return this.#oneTimeline;
  }

  /** How many records between `at` and `end` may be stood on without a closer look; the first is that at `position`. */
  #walkOver(at: number, end: number, position: Lsn): number {
    const previous = this.#expectedPrevious;
    return this.#memory.walk(at, end, position, previous, this.blockSize, this.imageCompressedBits);
  }

  /** Moves to the next of the records that were walked over. */
  #take(): void {
    const noted = this.#memory.walked[this.#taken++];
    const start = noted - this.#memory.base;
    const position = noted + this.#walkedOrigin;
    this.#standOn(position, start, position + ((this.#view.getUint32(start, true) + 7) & ~7));
  }

  /** The reader comes to stand on a record that was found to be right, at `start` of the memory. */
  #standOn(position: Lsn, start: number, endLsn: Lsn): void {
    const view = this.#view;
    const kinds = view.getUint16(start + 16, true);
    this.lsn = position;
    this.endLsn = endLsn;
    this.start = start;
    this.totalLength = view.getUint32(start, true);
    this.xid = view.getUint32(start + 4, true);
    this.info = kinds & 0xff;
    this.rmid = kinds >>> 8;
    this.previousLsn = this.#expectedPrevious;
    this.#expectedPrevious = position;
    this.#position = endLsn;
    this.leaveBody();
  }

  /** Where the record at `lsn`, which the reader has stood on, lies whole in the memory it had then; -1 when it does not, or not any more. */
  placeOf(lsn: Lsn): number {
    const pages = this.#pages;
    if (lsn < pages.start || lsn >= pages.end) return -1;
    const at = lsn - pages.start + pages.base;
    const inPage = this.#pageSize - (at & (this.#pageSize - 1));
    return (at & 7) === 0 && this.#view.getUint32(at, true) <= inPage ? at : -1;
  }

  /** Where the byte at `lsn`, which is in the current window, lies in the memory. */
  #offsetOf(lsn: Lsn): number {
    return lsn - this.#origin;
  }

  /** CRC-32C of the record at `start` as its header should have it. */
  #checksum(): number {
    const { start, totalLength, buffer } = this;
    const memory = this.#memory;
    let crc: number;
    if (buffer === memory.buffer) {
      crc = memory.update(0xffffffff, start + RECORD_HEADER_SIZE, start + totalLength);
      crc = memory.update(crc, start, start + 20);
    } else {
      crc = updateCrc32c(0xffffffff, buffer, start + RECORD_HEADER_SIZE, start + totalLength);
      crc = updateCrc32c(crc, buffer, start, start + 20);
    }
    return ~crc >>> 0;
  }

  /**
   * Header fields, back link and checksum of the record at `start`, then its block references. `inWindow`: it lies in a window, which
   * remembers that it was found whole.
   */
  #check(position: Lsn, inWindow: boolean): number {
    const { view, start } = this;
    const previous = view.getUint32(start + 12, true) * 0x1_0000_0000 + view.getUint32(start + 8, true);
    if (this.#expectedPrevious >= 0 ? previous !== this.#expectedPrevious : previous >= position) {
      return this.#stop(
        'end',
        position,
        `record with incorrect prev-link ${formatLsn(Number.isSafeInteger(previous) ? previous : 0)} at ${formatLsn(position)}`,
      );
    }
    if (!inWindow || !this.#pages.isChecked(start)) {
      if (this.#checksum() !== view.getUint32(start + 20, true)) {
        // In its place and written to its end: no crash leaves that.
        return this.#stop(
          this.#expectedPrevious >= 0 && this.#hasTail() ? 'damaged' : 'end',
          position,
          `incorrect resource manager data checksum in record at ${formatLsn(position)}`,
        );
      }
      if (inWindow) this.#pages.setChecked(start);
    }
    this.previousLsn = previous;
    this.xid = view.getUint32(start + 4, true);
    this.info = view.getUint8(start + 16);
    this.rmid = view.getUint8(start + 17);
    const complaint = this.parseBody();
    if (complaint !== undefined) {
      return this.#stop('damaged', position, `${complaint} at ${formatLsn(position)}`);
    }
    if (this.#overwritten >= 0) {
      const overwritten = this.#overwritten;
      this.#overwritten = -1;
      if (!this.#standsFor(overwritten)) {
        return this.#stop(
          'damaged',
          overwritten,
          `the record at ${formatLsn(position)} does not stand for the unfinished one at ${formatLsn(overwritten)}`,
        );
      }
    }
    if (this.rmid === ResourceManager.xlog && (this.info & 0xf0) === XlogOperation.switch) {
      const rest = this.endLsn % this.segments.segmentSize;
      if (rest !== 0) this.endLsn += this.segments.segmentSize - rest;
    }
    this.#expectedPrevious = position;
    this.#position = this.endLsn;
    return OK;
  }

  /** Does the current record say that the one at `overwritten` was never finished (xl_overwrite_contrecord)? */
  #standsFor(overwritten: Lsn): boolean {
    if (
      this.rmid !== ResourceManager.xlog ||
      (this.info & 0xf0) !== XLOG_OVERWRITE_CONTRECORD ||
      this.mainLength < 8
    )
      return false;
    const { view, mainOffset } = this;
    return (
      view.getUint32(mainOffset + 4, true) * 0x1_0000_0000 + view.getUint32(mainOffset, true) === overwritten
    );
  }

  /** Is the end of the current record's bytes written? One that a crash interrupted was copied from its beginning, into zeros. */
  #hasTail(): boolean {
    const end = this.start + this.totalLength;
    for (let at = Math.max(this.start + RECORD_HEADER_SIZE, end - 8); at < end; at++) {
      if (this.buffer[at] !== 0) return true;
    }
    return false;
  }

  /** Puts a record that crosses pages together in the scratch buffer. */
  #assemble(position: Lsn, totalLength: number, inPage: number): number {
    const pages = this.#pages;
    const { buffer: memory, view } = pages.memory;
    const pageSize = this.#pageSize;
    let scratch = memory;
    let base = pages.scratchBase;
    let at = this.#offsetOf(position);
    let have = memory.copy(scratch, base, at, at + inPage);
    let page = position + inPage - pageSize;
    while (have < totalLength) {
      page += pageSize;
      if (!this.#loadPage(page, position)) return STOPPED;
      at = this.#offsetOf(page);
      const header = pageHeaderSize(view, at);
      const flags = pageFlags(view, at);
      if ((flags & FIRST_IS_OVERWRITTEN_CONTINUATION) !== 0) {
        if ((flags & FIRST_IS_CONTINUATION) !== 0)
          return this.#stop('damaged', position, `contradictory info bits at ${formatLsn(page)}`);
        // The server crashed in the middle of the record and went on at this page without it: it never was.
        this.#overwritten = position;
        this.#position = page;
        this.#expectedPrevious = -1;
        return RESTART;
      }
      if ((flags & FIRST_IS_CONTINUATION) === 0) {
        return this.#stop('damaged', position, `there is no contrecord flag at ${formatLsn(page)}`);
      }
      const remaining = pageRemainingLength(view, at);
      if (remaining !== totalLength - have) {
        return this.#stop(
          'damaged',
          position,
          `invalid contrecord length ${remaining} (expected ${totalLength - have}) at ${formatLsn(page)}`,
        );
      }
      if (scratch === memory && totalLength > pages.scratchLength) {
        // Only now is the length known to be no accident.
        scratch = this.#longScratchOf(totalLength);
        memory.copy(scratch, 0, base, base + have);
        base = 0;
      }
      const take = Math.min(remaining, pageSize - header);
      memory.copy(scratch, base + have, at + header, at + header + take);
      have += take;
      if (have === totalLength) this.endLsn = maxAlign(page + header + take);
    }
    this.buffer = scratch;
    this.view = scratch === memory ? view : this.#longView;
    this.start = base;
    return OK;
  }

  /** A buffer for a record that is too long for the memory's own room. */
  #longScratchOf(length: number): Buffer {
    if (this.#longScratch.length < length) {
      this.#longScratch = Buffer.allocUnsafeSlow(Math.max(length, this.#longScratch.length * 2));
      this.#longView = new DataView(this.#longScratch.buffer, 0, this.#longScratch.length);
    }
    return this.#longScratch;
  }

  /** Remembers how far the record being read was followed: what comes after is no part of it. */
  #furthestPage: Lsn = 0;

  /** Makes sure that the page at `page` is in the window and checked. `wanted` is the record it is needed for. */
  #loadPage(page: Lsn, wanted: Lsn): boolean {
    this.#furthestPage = page;
    if (page < this.#pages.start || page + this.#pageSize > this.#pages.end) {
      this.#checkedPage = NO_PAGE;
      const missing = this.#pages.load(page);
      if (missing !== undefined) {
        this.#stop(missing.kind, wanted, missing.reason);
        return false;
      }
      this.#origin = this.#pages.start - this.#pages.base;
    }
    if (page === this.#checkedPage) return true;
    const segment = this.#pages.segment as SegmentFile;
    const complaint = checkPageHeader(
      this.#pages.memory.view,
      this.#offsetOf(page),
      page,
      this.segments,
      segment,
      this.#latestPageTimeline,
    );
    if (complaint !== undefined) {
      this.#checkedPage = NO_PAGE;
      this.#stop(this.#isStale(page) ? 'end' : 'damaged', wanted, complaint);
      return false;
    }
    this.#latestPageTimeline = pageTimeline(this.#pages.memory.view, this.#offsetOf(page));
    this.#checkedPage = page;
    return true;
  }

  /**
   * Can the unusable page at `page`, in the window, be what was there before WAL came so far: zeros, or a recycled segment's page,
   * which carries the address of the same place in another segment?
   */
  #isStale(page: Lsn): boolean {
    const { view } = this.#pages.memory;
    const at = this.#offsetOf(page);
    const address = view.getUint32(at + 12, true) * 0x1_0000_0000 + view.getUint32(at + 8, true);
    if (address === 0) return true;
    if (address === page) return pageTimeline(view, at) !== this.#latestPageTimeline;
    return (page - address) % this.segments.segmentSize === 0;
  }

  #stop(kind: WalEnd['kind'], lsn: Lsn, reason: string): number {
    this.end = { kind, lsn, reason, path: kind === 'missing' ? undefined : this.#pages.segment?.path };
    return STOPPED;
  }

  /**
   * After next() returned false at `lsn`: does WAL of this node go on behind the record that could not be read (behind the last page that
   * was tried for it: a crash in the middle of a long record leaves the first of its pages)? Then it is no end but damage.
   * Looks at page headers of what follows in this segment and the next (far away not at all of them), and then for records themselves: they may all be on the page of
   * the broken one, or behind broken headers.
   */
  continuesAfter(lsn: Lsn): Lsn | undefined {
    const pageSize = this.#pageSize;
    const { segmentSize } = this.segments;
    const behind = Math.max(lsn - (lsn % pageSize), this.#furthestPage) + pageSize;
    const page = findPageBehind(this.segments, behind, lsn - (lsn % segmentSize) + 2 * segmentSize);
    if (page !== undefined) return page;
    return findRecordBehind(this.segments, lsn, this.#expectedPrevious);
  }

  /** Lets go of the segments' files. The reader may be used again. */
  closeFile(): void {
    this.#walked = 0;
    this.#taken = 0;
    this.#pages.close();
    this.#checkedPage = NO_PAGE;
  }
}

const OK = 0;
const STOPPED = 1;
const RESTART = 2;
