/**
 * TOASTed values that no WAL at hand has: read from the TOAST table's file in the data directory.
 *
 * The file is of the moment of the crash, later than the row that points to it; a value's chunks stay where they are until the value is
 * gone and vacuumed, and value ids are not given out twice while one is in use. So chunks that are all there, in order,
 * of the size the pointer says, are the value. Anything less is not used.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ToastPointer } from '../bytes/varlena.js';
import { type BranchPoint, isFromBefore, isSharedFile } from '../catalog/branch-point.js';
import type { Catalog, Moment } from '../catalog/catalog.js';
import type { Oid } from '../catalog/model.js';
import { type PageChecks, RelationFile } from '../catalog/relation-file.js';
import { LinePointerState, linePointerCount, linePointerState, tupleAt } from '../heap/page.js';
import { tupleXmin } from '../heap/tuple.js';
import { tablespaceVersionDirectory, versionOfMajor } from '../wal/versions.js';
import { readToastChunk } from './toast-chunk.js';

/** pg_default and pg_global's OIDs (catalog/pg_tablespace_d.h). */
const DEFAULT_TABLESPACE = 1663;

/** Where each value's chunks are: block and offset number of each, in file order. */
type ChunkPlaces = Map<number, number[]>;

export class ToastFiles {
  readonly #dataDirectory: string;
  readonly #majorVersion: number;
  readonly #pageSize: number;
  readonly #catalog: Catalog;
  readonly #checks: PageChecks | undefined;
  readonly #point: BranchPoint | undefined;
  readonly #files = new Map<
    string,
    { readonly file: RelationFile; readonly places: ChunkPlaces } | undefined
  >();

  /**
   * `checks` is undefined for a cluster without data checksums. With `point` the directory is another node's, of whose files only what
   * was there when the two parted is believed.
   */
  constructor(
    dataDirectory: string,
    majorVersion: number,
    pageSize: number,
    catalog: Catalog,
    checks?: PageChecks,
    point?: BranchPoint,
  ) {
    this.#point = point;
    this.#checks = checks;
    this.#dataDirectory = dataDirectory;
    this.#majorVersion = majorVersion;
    this.#pageSize = pageSize;
    this.#catalog = catalog;
  }

  /** The bytes of a value's chunks, joined; undefined when they are not all there. */
  fetch(pointer: ToastPointer, databaseOid: Oid, at: Moment): Buffer | undefined {
    const relation = this.#catalog.relationByOid(databaseOid, pointer.toastRelationOid, at);
    if (!relation || (this.#point && !isSharedFile(this.#point, relation.fileNode))) return undefined;
    const opened = this.#open(databaseOid, relation.tablespaceOid, relation.fileNode);
    const places = opened?.places.get(pointer.valueId);
    if (!opened || !places) return undefined;
    const bySequence = new Map<number, Buffer>();
    for (let i = 0; i < places.length; i += 2) {
      const page = opened.file.page(places[i]);
      const tuple = page && tupleAt(page, places[i + 1]);
      if (!page || !tuple) continue;
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

  /** Opens a TOAST table's file and notes where every value's chunks are, once. */
  #open(databaseOid: Oid, tablespaceOid: Oid, fileNode: number) {
    const path = this.#path(databaseOid, tablespaceOid, fileNode);
    if (this.#files.has(path)) return this.#files.get(path);
    const file = RelationFile.find(path, this.#pageSize, this.#checks);
    const places: ChunkPlaces = new Map();
    file?.eachPage((page, block) => {
      const count = linePointerCount(page);
      for (let offset = 1; offset <= count; offset++) {
        if (linePointerState(page, offset) !== LinePointerState.normal) continue;
        const tuple = tupleAt(page, offset);
        if (!tuple || tuple.length < 32) continue;
        if (this.#point && !isFromBefore(this.#point, tupleXmin(page, tuple.start))) continue;
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

  #path(databaseOid: Oid, tablespaceOid: Oid, fileNode: number): string {
    if (tablespaceOid === 0 || tablespaceOid === DEFAULT_TABLESPACE) {
      return join(this.#dataDirectory, 'base', String(databaseOid), String(fileNode));
    }
    const version = versionOfMajor(this.#majorVersion);
    const folder = join(this.#dataDirectory, 'pg_tblspc', String(tablespaceOid));
    const name = version ? tablespaceVersionDirectory(version) : (readdirSync(folder)[0] ?? '');
    return join(folder, name, String(databaseOid), String(fileNode));
  }
}
