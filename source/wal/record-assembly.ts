/**
 * Puts a record that crosses pages together, page by page, with the checks and in the words of XLogDecodeNextRecord() (xlogreader.c).
 */
import { formatLsn, type Lsn, maxAlign } from '../bytes/lsn.js';
import type { CheckedPages, Trouble } from './checked-pages.js';
import {
  FIRST_IS_CONTINUATION,
  FIRST_IS_OVERWRITTEN_CONTINUATION,
  pageFlags,
  pageHeaderSize,
  pageRemainingLength,
} from './page-header.js';

/** The server crashed in the middle of the record and went on at the page there without it: it never was. */
export interface NeverFinished {
  readonly goesOnAt: Lsn;
}

export class RecordAssembly {
  /** The record put together last: its bytes are in `buffer` from `start` on, and the next one may begin at `endLsn`. */
  buffer: Buffer;
  view: DataView;
  start = 0;
  endLsn: Lsn = 0;

  readonly #pages: CheckedPages;
  readonly #pageSize: number;
  /** For a record too long for the memory's own room: more than a hundred thousand bytes. */
  #long: Buffer = Buffer.alloc(0);
  #longView = new DataView(this.#long.buffer);

  constructor(pages: CheckedPages, pageSize: number) {
    this.#pages = pages;
    this.#pageSize = pageSize;
    this.buffer = pages.memory.buffer;
    this.view = pages.memory.view;
  }

  /**
   * Puts the record at `position` together, which has `totalLength` bytes, the first `inPage` of them to the end of the current page. Returns why it
   * cannot be had; undefined when it can.
   */
  assemble(position: Lsn, totalLength: number, inPage: number): Trouble | NeverFinished | undefined {
    const pages = this.#pages;
    const { windows } = pages;
    const { buffer: memory, view } = pages.memory;
    const pageSize = this.#pageSize;
    let scratch = memory;
    let base = windows.scratchBase;
    const first = position - pages.origin;
    let have = memory.copy(scratch, base, first, first + inPage);
    for (let page = position + inPage; have < totalLength; page += pageSize) {
      const trouble = pages.load(page) ?? this.#continuationTrouble(page, totalLength - have);
      if (trouble !== undefined) return trouble;
      if (scratch === memory && totalLength > windows.scratchLength) {
        // Only now is the length known to be no accident.
        scratch = this.#longRoom(totalLength);
        memory.copy(scratch, 0, base, base + have);
        base = 0;
      }
      const at = page - pages.origin;
      const header = pageHeaderSize(view, at);
      const take = Math.min(totalLength - have, pageSize - header);
      memory.copy(scratch, base + have, at + header, at + header + take);
      have += take;
      this.endLsn = maxAlign(page + header + take);
    }
    this.buffer = scratch;
    this.view = scratch === memory ? view : this.#longView;
    this.start = base;
    return undefined;
  }

  /** What is wrong with the page at `page` as one that goes on with a record of which `remaining` bytes are to come. */
  #continuationTrouble(page: Lsn, remaining: number): Trouble | NeverFinished | undefined {
    const { view } = this.#pages.memory;
    const at = page - this.#pages.origin;
    const flags = pageFlags(view, at);
    const isContinuation = (flags & FIRST_IS_CONTINUATION) !== 0;
    if ((flags & FIRST_IS_OVERWRITTEN_CONTINUATION) !== 0) {
      if (isContinuation) return damaged(`contradictory info bits at ${formatLsn(page)}`);
      return { goesOnAt: page };
    }
    if (!isContinuation) return damaged(`there is no contrecord flag at ${formatLsn(page)}`);
    const said = pageRemainingLength(view, at);
    if (said === remaining) return undefined;
    return damaged(`invalid contrecord length ${said} (expected ${remaining}) at ${formatLsn(page)}`);
  }

  /** A buffer for a record that is too long for the memory's own room. */
  #longRoom(length: number): Buffer {
    if (this.#long.length < length) {
      this.#long = Buffer.allocUnsafeSlow(Math.max(length, this.#long.length * 2));
      this.#longView = new DataView(this.#long.buffer, 0, this.#long.length);
    }
    return this.#long;
  }
}

function damaged(reason: string): Trouble {
  return { kind: 'damaged', reason };
}
