/**
 * Pages restored from images, kept while there is room: after a checkpoint the first change of every row on a page finds its old row in the
 * same image.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { RelationLocator } from '../catalog/model.js';

/** Bytes of pages kept. */
const KEPT_BYTES = 24 * 1024 * 1024;
/** Memory for pages is had in pieces of so many bytes: one for each page costs more than filling it. */
const PIECE_BYTES = 1024 * 1024;

export class RestoredPages {
  readonly #most: number;
  readonly #pageSize: number;
  readonly #pages: Buffer[] = [];
  /** What the next pages are made of. */
  #piece = Buffer.alloc(0);
  /** Page by page: of which record's image it is, and which page of which relation. */
  readonly #lsns: Float64Array;
  readonly #tablespaces: Uint32Array;
  readonly #databases: Uint32Array;
  readonly #files: Uint32Array;
  readonly #blocks: Uint32Array;
  /** Was it asked for since the hand went by? */
  readonly #used: Uint8Array;
  /** The next page of the same record; -1: none. */
  readonly #next: Int32Array;
  /** The first page of each record. */
  readonly #first = new Map<Lsn, number>();
  #hand = 0;
  /** Pages that somebody still looks at. */
  readonly #held: (Buffer | undefined)[] = [];

  /** `pageSize` in bytes. */
  constructor(pageSize: number) {
    const most = Math.floor(KEPT_BYTES / pageSize);
    this.#pageSize = pageSize;
    this.#most = most;
    this.#lsns = new Float64Array(most);
    this.#tablespaces = new Uint32Array(most);
    this.#databases = new Uint32Array(most);
    this.#files = new Uint32Array(most);
    this.#blocks = new Uint32Array(most);
    this.#used = new Uint8Array(most);
    this.#next = new Int32Array(most);
  }

  /** The page as the record at `lsn` has it, when it was restored before and is still kept; valid until another is added, or while it is held. */
  of(lsn: Lsn, tablespace: number, database: number, file: number, block: number): Buffer | undefined {
    for (let at = this.#first.get(lsn) ?? -1; at >= 0; at = this.#next[at]) {
      if (
        this.#blocks[at] === block &&
        this.#files[at] === file &&
        this.#databases[at] === database &&
        this.#tablespaces[at] === tablespace
      ) {
        this.#used[at] = 1;
        return this.#pages[at];
      }
    }
    return undefined;
  }

  /** Keeps a page as it is until another one is held for the same `purpose`, a small number. */
  hold(purpose: number, page: Buffer | undefined): void {
    this.#held[purpose] = page;
  }

  /** Adds a page, which `restore` puts into the buffer it is given. */
  add(
    lsn: Lsn,
    { tablespaceOid, databaseOid, fileNode }: RelationLocator,
    block: number,
    restore: (target: Buffer) => void,
  ): Buffer {
    const at = this.#pages.length < this.#most ? this.#another() : this.#free();
    const page = this.#pages[at];
    restore(page);
    this.#lsns[at] = lsn;
    this.#tablespaces[at] = tablespaceOid;
    this.#databases[at] = databaseOid;
    this.#files[at] = fileNode;
    this.#blocks[at] = block;
    this.#used[at] = 1;
    this.#next[at] = this.#first.get(lsn) ?? -1;
    this.#first.set(lsn, at);
    return page;
  }

  /** Room for one page more; its number. */
  #another(): number {
    if (this.#piece.length < this.#pageSize) this.#piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    this.#pages.push(this.#piece.subarray(0, this.#pageSize));
    this.#piece = this.#piece.subarray(this.#pageSize);
    return this.#pages.length - 1;
  }

  /** Lets go of a page that was not asked for since the hand went by last; its number. */
  #free(): number {
    for (;;) {
      const at = this.#hand;
      this.#hand = at + 1 === this.#most ? 0 : at + 1;
      if (this.#used[at] !== 0) {
        this.#used[at] = 0;
        continue;
      }
      if (this.#held.includes(this.#pages[at])) continue;
      this.#unlink(at);
      return at;
    }
  }

  #unlink(at: number): void {
    const lsn = this.#lsns[at];
    const first = this.#first.get(lsn);
    if (first === undefined) return;
    if (first === at) {
      if (this.#next[at] < 0) this.#first.delete(lsn);
      else this.#first.set(lsn, this.#next[at]);
      return;
    }
    let before = first;
    while (before >= 0 && this.#next[before] !== at) before = this.#next[before];
    if (before >= 0) this.#next[before] = this.#next[at];
  }
}
