/**
 * Reads WAL record by record, forward from any place, checking all that xlogreader.c checks before a byte is used:
 * page headers, lengths, the back link, and CRC-32C over every record.
 *
 * The reader is its own cursor (`RecordCursor`): fields are overwritten by each record, nothing is allocated on the way.
 * A record that lies within one page is read where it lies; one that crosses pages is put together in a scratch buffer.
 */
import { formatLsn, type Lsn, maxAlign } from '../bytes/lsn.js';
import { RECORD_HEADER_SIZE } from './block-references.js';
import { CheckedPages } from './checked-pages.js';
import { LazyRecord } from './lazy-record.js';
import { FIRST_IS_CONTINUATION, pageFlags, pageHeaderSize, pageRemainingLength } from './page-header.js';
import type { PageWindows, PageWindowsOptions } from './page-windows.js';
import { RecordAssembly } from './record-assembly.js';
import { hasTail, recordCrc, standsFor } from './record-check.js';
import { findPageBehind, findRecordBehind } from './record-search.js';
import { recordVersion } from './record-versions.js';
import { ResourceManager, XlogOperation } from './resource-managers.js';
import type { WalSegments } from './segments.js';
import { versionOfMajor } from './versions.js';
import type { WalEnd } from './wal-end.js';
import type { WindowMemory } from './window-memory.js';

export interface WalReaderOptions extends PageWindowsOptions {
  /** BLCKSZ: the size in bytes of a page of data, which tells how long an image's hole is. */
  readonly blockSize?: number;
  /** WAL from here on is not looked at. */
  readonly stopAt?: Lsn;
}

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
  readonly #pages: CheckedPages;
  /** Theirs. */
  readonly #windows: PageWindows;
  readonly #memory: WindowMemory;
  /** Of the memory. */
  readonly #view: DataView;
  readonly #assembly: RecordAssembly;
  /** Windows are come back to: what was checked in one need not be checked again. */
  readonly #remembers: boolean;
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

  constructor(segments: WalSegments, options: WalReaderOptions = {}) {
    const pages = new CheckedPages(segments, options);
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
    this.#windows = pages.windows;
    this.#memory = pages.memory;
    this.#assembly = new RecordAssembly(pages, segments.pageSize);
    this.#view = view;
    this.#remembers = (options.windows ?? 1) > 1;
  }

  /** Bytes read from files, for progress and rate. */
  get bytesRead(): number {
    return this.#windows.bytesRead;
  }

  /** Where the next record is looked for. */
  get position(): Lsn {
    return this.#position;
  }

  /** Goes to a record's first byte (known from a checkpoint, an index, another record). */
  seek(lsn: Lsn): void {
    this.#position = lsn;
    this.#expectedPrevious = -1;
    this.#pages.timeline = 0;
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
      const trouble = this.#pages.load(page);
      if (trouble !== undefined) {
        this.#stop(trouble.kind, page, trouble.reason);
        return false;
      }
      const view = this.#view;
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
    const behind = position - this.#pages.checked;
    if (behind < 0 || behind >= this.#pageSize) {
      const trouble = this.#pages.load(position - (position % this.#pageSize));
      if (trouble !== undefined) return this.#stop(trouble.kind, position, trouble.reason);
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
    return this.#assemble(position, totalLength, inPage);
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
    this.#walkedOrigin = this.#pages.origin - this.#memory.base;
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
    const windows = this.#windows;
    const { timeline } = pages;
    if (totalLength > windows.scratchLength || timeline === 0 || !pages.areOfOneTimeline()) return false;
    const memory = this.#memory;
    const to = windows.scratchBase;
    const end = windows.base + (windows.end - windows.start);
    const next = position + inPage;
    const behind = memory.join(at, inPage, totalLength, next, this.#pageSize, end, this.#magic, timeline, to);
    if (behind === 0 || this.#walkOver(to, to + totalLength, position) !== 1) return false;
    this.#taken = 0;
    this.#walked = 0;
    this.#standOn(position, to, position - at + ((behind + 7) & ~7));
    const last = behind - 1;
    pages.passedUpTo(pages.origin + last - (last & (this.#pageSize - 1)));
    return true;
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
    const { start, end, base } = this.#windows;
    if (lsn < start || lsn >= end) return -1;
    const at = lsn - start + base;
    const inPage = this.#pageSize - (at & (this.#pageSize - 1));
    return (at & 7) === 0 && this.#view.getUint32(at, true) <= inPage ? at : -1;
  }

  /** Where the byte at `lsn`, which is in the current window, lies in the memory. */
  #offsetOf(lsn: Lsn): number {
    return lsn - this.#pages.origin;
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
    if (!inWindow || !this.#windows.isChecked(start)) {
      if (recordCrc(this, this.#memory) !== view.getUint32(start + 20, true)) {
        // In its place and written to its end: no crash leaves that.
        return this.#stop(
          this.#expectedPrevious >= 0 && hasTail(this) ? 'damaged' : 'end',
          position,
          `incorrect resource manager data checksum in record at ${formatLsn(position)}`,
        );
      }
      if (inWindow) this.#windows.setChecked(start);
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
      if (!standsFor(this, overwritten)) {
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

  /** Reads the record at `position`, of which only the first `inPage` bytes are on its page. */
  #assemble(position: Lsn, totalLength: number, inPage: number): number {
    const assembly = this.#assembly;
    const trouble = assembly.assemble(position, totalLength, inPage);
    if (trouble === undefined) {
      this.buffer = assembly.buffer;
      this.view = assembly.view;
      this.start = assembly.start;
      this.endLsn = assembly.endLsn;
      return this.#check(position, false);
    }
    if ('reason' in trouble) return this.#stop(trouble.kind, position, trouble.reason);
    this.#overwritten = position;
    this.#position = trouble.goesOnAt;
    this.#expectedPrevious = -1;
    return RESTART;
  }

  #stop(kind: WalEnd['kind'], lsn: Lsn, reason: string): number {
    this.end = { kind, lsn, reason, path: kind === 'missing' ? undefined : this.#windows.segment?.path };
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
    const behind = Math.max(lsn - (lsn % pageSize), this.#pages.furthest) + pageSize;
    const page = findPageBehind(this.segments, behind, lsn - (lsn % segmentSize) + 2 * segmentSize);
    if (page !== undefined) return page;
    return findRecordBehind(this.segments, lsn, this.#expectedPrevious);
  }

  /** Lets go of the segments' files. The reader may be used again. */
  closeFile(): void {
    this.#walked = 0;
    this.#taken = 0;
    this.#pages.close();
  }
}

const OK = 0;
const STOPPED = 1;
const RESTART = 2;
