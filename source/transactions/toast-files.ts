/**
 * TOASTed values that no WAL at hand has: read from the TOAST table's file in a data directory.
 *
 * The file is of a later moment than the row that points to it; a value's chunks stay where they are until the value is
 * gone and vacuumed, and value ids are not given out twice while one is in use. So chunks that are all there, in order,
 * of the size the pointer says, are the value. Anything less is not used. On another node's disk a value id given out after the
 * fork means another value: there only chunks count that were written before it.
 */
import type { ToastPointer } from '../bytes/varlena.js';
import type { Catalog, Moment } from '../catalog/catalog.js';
import type { DamagedPages } from '../catalog/damaged-pages.js';
import type { FileUse } from '../catalog/file-use.js';
import type { Oid, RelationLocator } from '../catalog/model.js';
import { RelationFile } from '../catalog/relation-file.js';
import { relationPath } from '../catalog/relation-path.js';
import { LinePointerState, linePointerCount, linePointerState, tupleAt } from '../heap/page.js';
import { INVALID_XID, tupleXmin, xidPrecedes } from '../heap/tuple.js';
import { readToastChunk } from './toast-chunk.js';

/** Where each value's chunks are: block and offset number of each, in file order. */
type ChunkPlaces = Map<number, number[]>;

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
    { readonly file: RelationFile; readonly places: ChunkPlaces } | undefined
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
    const places = opened?.places.get(pointer.valueId);
    if (!opened || !places) return undefined;
    const bySequence = new Map<number, Buffer>();
    for (let i = 0; i < places.length; i += 2) {
      const { file } = opened;
      this.#options.use?.page(file.path, places[i], file.segmentBlocks);
      const page = file.page(places[i]);
      const tuple = page && tupleAt(page, places[i + 1]);
      if (!page || !tuple || !this.#isOfSharedHistory(page, tuple.start)) continue;
      const chunk = readToastChunk(page.subarray(tuple.start, tuple.start + tuple.length));
      const known = bySequence.get(chunk.sequence);
      if (known && !known.equals(chunk.data)) return undefined;
      bySequence.set(chunk.sequence, Buffer.from(chunk.data));
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
    const places: ChunkPlaces = new Map();
    file?.eachPage((page, block) => {
      const count = linePointerCount(page);
      for (let offset = 1; offset <= count; offset++) {
        if (linePointerState(page, offset) !== LinePointerState.normal) continue;
        const tuple = tupleAt(page, offset);
        if (!tuple || tuple.length < 32) continue;
        const data = tuple.start + page[tuple.start + 22];
        if (data + 4 > page.length) continue;
        const valueId = page.readUInt32LE(data);
        const known = places.get(valueId);
        if (known) known.push(block, offset);
        else places.set(valueId, [block, offset]);
      }
    });
    const opened = file && { file, places };
    this.#files.set(path, opened);
    return opened;
  }
}
