/**
 * TOASTed values that no WAL at hand has: read from the TOAST table's file in a data directory.
 *
 * The file is of a later moment than the row that points to it; a value's chunks stay where they are until the value is
 * gone and vacuumed, and value ids are not given out twice while one is in use. So chunks that are all there, in order,
 * of the size the pointer says, are the value. Anything less is not used. On another node's disk a value id given out after the
 * fork means another value: there only chunks count that were written before it.
 */
import type { ToastPointer } from '../bytes/varlena.js';
import type { Catalog } from '../catalog/catalog.js';
import type { DamagedPages } from '../catalog/damaged-pages.js';
import type { FileUse } from '../catalog/file-use.js';
import type { Oid, RelationLocator } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import { RelationFile } from '../catalog/relation-file.js';
import { relationPath } from '../catalog/relation-path.js';
import { LinePointerState, linePointerCount, linePointerState, tupleAt } from '../heap/page.js';
import { INVALID_XID, tupleXmin, xidPrecedes } from '../heap/tuple.js';
import { FoundTuple } from './found-tuple.js';
import { readToastChunk } from './toast-chunk.js';

/** One node's TOAST files. */
export interface ToastFilesOptions {
  readonly dataDirectory: string;
  readonly majorVersion: number;
  /** BLCKSZ in bytes. */
  readonly pageSize: number;
  /** Tells which file a TOAST table was. */
  readonly catalog: Catalog;
  /** Undefined for a cluster without data checksums. */
  readonly damagedPages?: DamagedPages;
  /** Is told of every page that a value is put together from. */
  readonly use?: FileUse;
  /** For another node's disk: no transaction before the fork had this xid or a later one; 0 when it is not known. */
  readonly firstXidAfterFork?: () => number;
}

export class ToastFiles {
  readonly #options: ToastFilesOptions;
  readonly #files = new Map<
    string,
    { readonly file: RelationFile; readonly blocks: ValueBlocks } | undefined
  >();

  constructor(options: ToastFilesOptions) {
    this.#options = options;
  }

  /** The bytes of a value's chunks, joined; undefined when they are not all there. */
  fetch(pointer: ToastPointer, databaseOid: Oid, at: Moment): Buffer | undefined {
    const relation = this.#options.catalog.relationByOid(databaseOid, pointer.toastRelationOid, at);
    if (!relation) return undefined;
    const { tablespaceOid, fileNode } = relation;
    const opened = this.#open({ tablespaceOid, databaseOid, fileNode });
    if (!opened) return undefined;
    const { file, blocks } = opened;
    const bySequence = new Map<number, Buffer>();
    const found = new FoundTuple();
    for (const block of blocks.of(pointer.valueId)) {
      this.#options.use?.page(file.path, block, file.segmentBlocks);
      const page = file.page(block);
      if (!page) continue;
      for (const [valueId, start, length] of chunksOn(page)) {
        if (valueId !== pointer.valueId || !this.#isOfSharedHistory(page, start)) continue;
        const chunk = readToastChunk(found.setWhole(page, start, length));
        const known = bySequence.get(chunk.sequence);
        if (known && !known.equals(chunk.data)) return undefined;
        bySequence.set(chunk.sequence, Buffer.from(chunk.data));
      }
    }
    const chunks: Buffer[] = [];
    for (let sequence = 0; bySequence.has(sequence); sequence++)
      chunks.push(bySequence.get(sequence) as Buffer);
    const value = Buffer.concat(chunks);
    return chunks.length === bySequence.size && value.length === pointer.externalSize ? value : undefined;
  }

  #isOfSharedHistory(page: Buffer, start: number): boolean {
    const firstOwn = this.#options.firstXidAfterFork?.();
    if (firstOwn === undefined) return true;
    const xmin = tupleXmin(page, start);
    return firstOwn !== 0 && xmin !== INVALID_XID && xidPrecedes(xmin, firstOwn);
  }

  /** Opens a TOAST table's file and notes where every value's chunks are, once. */
  #open(locator: RelationLocator) {
    const { dataDirectory, majorVersion, pageSize, damagedPages } = this.#options;
    const path = relationPath(dataDirectory, majorVersion, locator);
    if (this.#files.has(path)) return this.#files.get(path);
    const file = RelationFile.find(path, pageSize, damagedPages);
    const blocks = new ValueBlocks();
    file?.eachPage((page, block) => {
      let last = -1;
      for (const [valueId] of chunksOn(page)) {
        if (valueId !== last) blocks.add(valueId, block);
        last = valueId;
      }
    });
    blocks.sort();
    const opened = file && { file, blocks };
    this.#files.set(path, opened);
    return opened;
  }
}

/** The chunks on a page of a TOAST table: value id, and where the tuple begins and how long it is. */
function* chunksOn(page: Buffer): Generator<readonly [valueId: number, start: number, length: number]> {
  const count = linePointerCount(page);
  for (let offset = 1; offset <= count; offset++) {
    if (linePointerState(page, offset) !== LinePointerState.normal) continue;
    const tuple = tupleAt(page, offset);
    if (!tuple || tuple.length < 32) continue;
    const data = tuple.start + page[tuple.start + 22];
    if (data + 4 <= page.length) yield [page.readUInt32LE(data), tuple.start, tuple.length];
  }
}

/** On which blocks each value has chunks: eight bytes a value and block, of files that may hold millions. */
class ValueBlocks {
  /** Block, value id, block, value id …: as 64-bit numbers (of a little-endian machine) they sort by value and then by block. */
  #pairs = new Uint32Array(2048);
  #count = 0;

  add(valueId: number, block: number): void {
    if (this.#count * 2 === this.#pairs.length) {
      const larger = new Uint32Array(this.#pairs.length * 2);
      larger.set(this.#pairs);
      this.#pairs = larger;
    }
    this.#pairs[this.#count * 2] = block;
    this.#pairs[this.#count * 2 + 1] = valueId;
    this.#count++;
  }

  /** To be called once, after the last was added. */
  sort(): void {
    new BigUint64Array(this.#pairs.buffer, 0, this.#count).sort();
  }

  /** A value's blocks, each once, in file order. */
  of(valueId: number): number[] {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pairs[middle * 2 + 1] < valueId) low = middle + 1;
      else high = middle;
    }
    const blocks: number[] = [];
    for (let at = low; at < this.#count && this.#pairs[at * 2 + 1] === valueId; at++) {
      if (blocks[blocks.length - 1] !== this.#pairs[at * 2]) blocks.push(this.#pairs[at * 2]);
    }
    return blocks;
  }
}
