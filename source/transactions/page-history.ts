/**
 * Where was the tuple at (relation, block, offset) last written? The answer for every heap page touched since reading began.
 *
 * A page's past begins with a full-page image (the first change after a checkpoint) or with a page made anew, and
 * goes on through the records that put tuples onto it. It is enough to remember *which record* wrote a line pointer last:
 * WAL is the store, and the tuple is read back from there when somebody wants it. Prune, vacuum and freeze need not be followed:
 * they free line pointers and touch headers, but move no tuple to another offset and change no column.
 */
import type { Lsn } from '../bytes/lsn.js';

/** Nothing is known of the tuple: its page was never seen whole. */
export const WRITER_UNKNOWN = 0;

/** Added to a writer's LSN when its tuple cannot be had from it: a difference from a row that is not known. LSNs are multiples of eight. */
const UNREADABLE = 1;

/** The writer of a tuple that cannot be read from its record. */
export function unreadableWriter(lsn: Lsn): number {
  return lsn + UNREADABLE;
}

/** Was the writer's tuple found not to be readable from its record? */
export function isUnreadable(writer: number): boolean {
  return writer % 8 === UNREADABLE;
}

/** The LSN of a writer's record, whether its tuple can be read or not. */
export function readableWriter(writer: number): Lsn {
  return Math.abs(writer) - (Math.abs(writer) % 8);
}

interface PageHistory {
  /** Record that holds the page's latest image; 0 when the page was made anew since. */
  image: Lsn;
  /** LSN of the record that last wrote each offset number since the image; 0 where the image rules. */
  writers: Float64Array;
}

const NO_WRITERS = new Float64Array(0);
const TWO_TO_32 = 0x1_0000_0000;

export class PageHistories {
  readonly #pages = new Map<number, PageHistory>();

  /** The record at `lsn` carries an image of the page. `relation` is a number of the caller's, below 2^20. */
  image(relation: number, block: number, lsn: Lsn): void {
    const page = this.#page(relation, block);
    page.image = lsn;
    page.writers = NO_WRITERS;
  }

  /** The page was made anew. */
  initialize(relation: number, block: number): void {
    const page = this.#page(relation, block);
    page.image = 0;
    page.writers = NO_WRITERS;
  }

  /** The record `writer` (its LSN, or unreadableWriter of it) wrote a tuple at `offset`. */
  write(relation: number, block: number, offset: number, writer: number): void {
    const page = this.#page(relation, block);
    if (offset >= page.writers.length) {
      const grown = new Float64Array(Math.max(offset + 8, page.writers.length * 2));
      grown.set(page.writers);
      page.writers = grown;
    }
    page.writers[offset] = writer;
  }

  /**
   * The LSN of the record that wrote the tuple (or unreadableWriter of it), negative when it lies in that record's full-page image,
   * WRITER_UNKNOWN when the page's past is not in the WAL that was read.
   */
  writerOf(relation: number, block: number, offset: number): number {
    const page = this.#pages.get(relation * TWO_TO_32 + block);
    if (!page) return WRITER_UNKNOWN;
    const writer = offset < page.writers.length ? page.writers[offset] : 0;
    return writer !== 0 ? writer : -page.image || WRITER_UNKNOWN;
  }

  /** Pages remembered. */
  get size(): number {
    return this.#pages.size;
  }

  #page(relation: number, block: number): PageHistory {
    const key = relation * TWO_TO_32 + block;
    let page = this.#pages.get(key);
    if (!page) {
      page = { image: 0, writers: NO_WRITERS };
      this.#pages.set(key, page);
    }
    return page;
  }
}
