/**
 * Files of the "simple LRU" kind (access/transam/slru.c): a numbered stream of pages, 32 to a file, named in hex.
 * pg_xact and pg_multixact are kept so. Old files are removed by vacuum, so any page may be absent.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';

/** SLRU_PAGES_PER_SEGMENT */
const PAGES_PER_SEGMENT = 32;

/** How many pages are kept in memory. */
const KEPT_PAGES = 64;

/** Reads pages of one SLRU directory. Pages that cannot be read are undefined, never an error. */
export class SlruReader {
  readonly #directory: string;
  readonly #pageSize: number;
  readonly #pages = new Map<number, Buffer | undefined>();

  /** `pageSize` is the cluster's block size in bytes. */
  constructor(directory: string, pageSize: number) {
    this.#directory = directory;
    this.#pageSize = pageSize;
  }

  /** The page, or undefined when its file is absent or too short. */
  page(pageNumber: number): Buffer | undefined {
    if (this.#pages.has(pageNumber)) return this.#pages.get(pageNumber);
    if (this.#pages.size >= KEPT_PAGES) this.#pages.clear();
    const page = this.#read(pageNumber);
    this.#pages.set(pageNumber, page);
    return page;
  }

  #read(pageNumber: number): Buffer | undefined {
    const segment = Math.floor(pageNumber / PAGES_PER_SEGMENT);
    const fileName = segment.toString(16).toUpperCase().padStart(4, '0');
    let file: number;
    try {
      file = openSync(path.join(this.#directory, fileName), 'r');
    } catch {
      return undefined;
    }
    try {
      const page = Buffer.alloc(this.#pageSize);
      const position = (pageNumber % PAGES_PER_SEGMENT) * this.#pageSize;
      return readSync(file, page, 0, this.#pageSize, position) === this.#pageSize ? page : undefined;
    } catch {
      return undefined;
    } finally {
      closeSync(file);
    }
  }
}
