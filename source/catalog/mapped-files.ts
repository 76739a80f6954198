/**
 * Which file each mapped catalog of one directory is in, as pg_filenode.map said at one moment and another: a rewrite (VACUUM FULL) puts
 * a catalog into a new file, and the map says so.
 */
import type { Lsn } from '../bytes/lsn.js';
import { type BranchPoint, isSharedFile } from './branch-point.js';
import { NEVER } from './fates.js';
import type { FileNodeMap } from './filenode-map.js';
import type { Oid } from './model.js';
import type { Moment } from './moment.js';

/** The maps of one directory, from the one on disk to the last that WAL has told of. */
export class MappedFiles {
  /** The map that reading begins with. The one on disk may be newer than the first moment; nothing older is known. */
  readonly first: FileNodeMap;
  readonly #isBranch: boolean;
  /** By the LSN from which they hold, newest last. */
  readonly #later: { readonly lsn: Lsn; readonly map: FileNodeMap }[] = [];
  /** The file each mapped relation is in as WAL has been read so far; initdb's, named like its OID, until a map says otherwise. */
  readonly #inFile = new Map<Oid, number>();
  /** When files of mapped relations were replaced. */
  readonly #retired = new Map<number, Lsn>();
  /** Files that catalogs were in before this node rewrote them, by the catalog's OID: known by what is in them. */
  readonly #recognized = new Map<Oid, number>();

  /** `isBranch`: `first` is what another node's map was where the two parted. */
  constructor(first: FileNodeMap, isBranch: boolean) {
    this.first = first;
    this.#isBranch = isBranch;
    if (isBranch) for (const [oid, fileNode] of first) this.#inFile.set(oid, fileNode);
  }

  /** The map as of a moment. */
  at(moment: Moment): FileNodeMap {
    let map = this.first;
    for (const later of this.#later) if (later.lsn < moment.lsn) map = later.map;
    return map;
  }

  /** The map as it was at the point, as far as this node can tell: a file that was there then and still is, or was until a rewrite. */
  atBranch(point: BranchPoint): FileNodeMap {
    const newestFirst = this.#later.map(({ map }) => map).reverse();
    return new Map(
      [...this.first.keys()].map((oid) => {
        const known = [this.first, ...newestFirst, this.#recognized].map((map) => map.get(oid) ?? 0);
        return [oid, known.find((node) => node !== 0 && isSharedFile(point, node)) ?? oid];
      }),
    );
  }

  /** The mapped catalogs of which nothing tells what file they were in at the point. */
  inDoubt(point: BranchPoint): Oid[] {
    const files = this.atBranch(point);
    // One that still is in the file that initdb made always was.
    return [...this.first.keys()].filter((oid) => files.get(oid) === oid && this.first.get(oid) !== oid);
  }

  /** What is in a file shows that a catalog in doubt was in it. */
  recognized(oid: Oid, fileNode: number): void {
    this.#recognized.set(oid, fileNode);
    this.#inFile.set(oid, fileNode);
  }

  /** From this LSN on another map holds. */
  replaced(map: FileNodeMap, lsn: Lsn): void {
    this.#later.push({ lsn, map });
    for (const [oid, fileNode] of map) {
      const before = this.#inFile.get(oid) ?? oid;
      // The map that a branch begins with may be newer than its first moment.
      if (this.#isBranch && before === fileNode && fileNode !== oid && !this.#retired.has(oid))
        this.#retired.set(oid, lsn);
      if (before !== fileNode && !this.#retired.has(before)) this.#retired.set(before, lsn);
      this.#inFile.set(oid, fileNode);
    }
  }

  /** Had this file of a mapped relation been replaced by another at that moment? */
  isRetired(fileNode: number, at: Moment): boolean {
    return (this.#retired.get(fileNode) ?? NEVER) < at.lsn;
  }
}
