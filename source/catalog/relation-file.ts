/**
 * A relation's main fork on disk, read page by page: `16403`, `16403.1`, `16403.2` … (storage/smgr/md.c).
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { ForkpointError } from '../bytes/errors.js';
import { isUsablePage } from '../heap/page.js';
import type { DamagedPages } from './damaged-pages.js';

/** Pages read at once when going through a whole file. */
const PAGES_PER_READ = 128;

/** Pages kept for those who come back for single tuples, and which could not be had. */
const KEPT_PAGES = 256;

/** One relation's main fork, all of its segments. */
export class RelationFile {
  readonly path: string;
  readonly #pageSize: number;
  readonly #damaged: DamagedPages | undefined;
  /** Blocks in each segment but the last (RELSEG_SIZE): known from the first one's size as soon as there is a second. */
  readonly #segmentBlocks: number;
  readonly #segmentCount: number;
  readonly #kept = new Map<number, Buffer | undefined>();
  readonly #zeros: Buffer;

  private constructor(
    path: string,
    pageSize: number,
    segmentBlocks: number,
    segmentCount: number,
    damaged: DamagedPages | undefined,
  ) {
    this.path = path;
    this.#damaged = damaged;
    this.#pageSize = pageSize;
    this.#zeros = Buffer.alloc(pageSize);
    this.#segmentBlocks = segmentBlocks;
    this.#segmentCount = segmentCount;
  }

  /** Pages each file but the last has; only the first has any when there is no second. */
  get segmentBlocks(): number {
    return this.#segmentBlocks;
  }

  /** The relation file at `path` (no segment number), or undefined when there is none. `pageSize` in bytes. A page with a wrong checksum is as if it were not there, and noted in `damaged`; without that, pages have no checksums. */
  static find(path: string, pageSize: number, damaged?: DamagedPages): RelationFile | undefined {
    const firstSize = fileSize(path);
    if (firstSize === undefined) return undefined;
    let segmentCount = 1;
    while (fileSize(`${path}.${segmentCount}`) !== undefined) segmentCount++;
    const segmentBlocks = segmentCount > 1 ? Math.floor(firstSize / pageSize) : Number.MAX_SAFE_INTEGER;
    return new RelationFile(path, pageSize, segmentBlocks, segmentCount, damaged);
  }

  /**
   * Calls back with every page that makes sense as one, in block order. New pages and garbage are passed over. The
   * buffer is reused: copy what is to be kept. Throws ForkpointError when a file cannot be read.
   */
  eachPage(visit: (page: Buffer, block: number) => void): void {
    const buffer = Buffer.alloc(PAGES_PER_READ * this.#pageSize);
    for (let segment = 0; segment < this.#segmentCount; segment++) {
      this.#withSegment(segment, (file) => {
        let blockInSegment = 0;
        for (;;) {
          const length = readSync(file, buffer, 0, buffer.length, blockInSegment * this.#pageSize);
          for (let start = 0; start + this.#pageSize <= length; start += this.#pageSize) {
            const page = buffer.subarray(start, start + this.#pageSize);
            const block = segment * this.#segmentBlocks + blockInSegment;
            if (this.#isUsable(page, block)) visit(page, block);
            blockInSegment++;
          }
          if (length < buffer.length) return;
        }
      });
    }
  }

  /** One page, or undefined when the file does not have it or it makes no sense. */
  page(block: number): Buffer | undefined {
    if (this.#kept.has(block)) return this.#kept.get(block);
    const page = this.#read(block);
    if (this.#kept.size >= KEPT_PAGES) this.#kept.clear();
    this.#kept.set(block, page);
    return page;
  }

  #read(block: number): Buffer | undefined {
    const segment = Math.floor(block / this.#segmentBlocks);
    if (segment >= this.#segmentCount) return undefined;
    const page = Buffer.alloc(this.#pageSize);
    const position = (block - segment * this.#segmentBlocks) * this.#pageSize;
    const length = this.#withSegment(segment, (file) => readSync(file, page, 0, page.length, position));
    return length === page.length && this.#isUsable(page, block) ? page : undefined;
  }

  #isUsable(page: Buffer, block: number): boolean {
    const usable = isUsablePage(page);
    // A page that was never written is all zeros.
    if (!this.#damaged || (!usable && page.equals(this.#zeros))) return usable;
    return this.#damaged.isIntact(page, this.path, block) && usable;
  }

  /** WAL has a full-page image of this block: whatever state it is in here does not matter. */
  replaced(block: number): void {
    this.#damaged?.replaced(this.path, block);
  }

  #withSegment<Result>(segment: number, use: (file: number) => Result): Result {
    const segmentPath = segment === 0 ? this.path : `${this.path}.${segment}`;
    let file: number | undefined;
    try {
      file = openSync(segmentPath, 'r');
      return use(file);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      throw new ForkpointError(
        { what: `a catalog file cannot be read: ${error.message}`, where: segmentPath },
        { cause: error },
      );
    } finally {
      if (file !== undefined) closeSync(file);
    }
  }
}

function fileSize(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : undefined;
}
