/**
 * What is known of each version in numbers: where it stands, who wrote it and who removed it. In typed arrays, so that a catalog of
 * millions of rows fits; a version is its index in them.
 */
import type { Lsn } from '../../bytes/lsn.js';

/** No transaction: the version was there from the beginning, or nobody removed it. */
export const NO_XID = 0;

/** The write or removal was seen on disk; WAL has not told when it was. */
export const NOT_TOLD: Lsn = 0;

/** No version, or no further one in a chain. */
export const NO_VERSION = -1;

/** Number of a file that there is not: for versions that belong to none any more. */
export const NO_FILE = 0xffff;

/** Block of a version of which only the contents are known, and not yet where it stands. */
export const NOWHERE = 0xffffffff;

const FIRST_CAPACITY = 64;

/** The numbers of all versions. The arrays are replaced as they grow: get hold of them anew after `add`. */
export class VersionNumbers {
  /** How many versions there are. */
  count = 0;
  /** Number of the file (VersionPlaces), or NO_FILE. */
  file = new Uint16Array(FIRST_CAPACITY);
  /** Block number, or NOWHERE. */
  block = new Uint32Array(FIRST_CAPACITY);
  /** Number of the line pointer, from 1. */
  offset = new Uint16Array(FIRST_CAPACITY);
  /** t_xmin as stored. */
  xmin = new Uint32Array(FIRST_CAPACITY);
  /** The transaction whose end decides whether it was written: NO_XID when that is settled. */
  writer = new Uint32Array(FIRST_CAPACITY);
  /** LSN of the record that wrote it, or NOT_TOLD. */
  writtenLsn = new Float64Array(FIRST_CAPACITY);
  /** The first unsettled transaction that removed it, or NO_XID (the others: VersionLifetimes). */
  remover = new Uint32Array(FIRST_CAPACITY);
  /** LSN of the record by which `remover` did so, or NOT_TOLD. */
  removedLsn = new Float64Array(FIRST_CAPACITY);
  /** The next older version at the same place, or NO_VERSION (VersionPlaces). */
  samePlace = new Int32Array(FIRST_CAPACITY);

  /** Adds a version that nobody has removed yet. Returns its number. */
  add(file: number, block: number, offset: number, xmin: number, writer: number, writtenLsn: Lsn): number {
    const version = this.count++;
    if (version === this.file.length) this.#grow();
    this.file[version] = file;
    this.block[version] = block;
    this.offset[version] = offset;
    this.xmin[version] = xmin;
    this.writer[version] = writer;
    this.writtenLsn[version] = writtenLsn;
    return version;
  }

  #grow(): void {
    const capacity = this.file.length * 2;
    this.file = enlarged(this.file, new Uint16Array(capacity));
    this.block = enlarged(this.block, new Uint32Array(capacity));
    this.offset = enlarged(this.offset, new Uint16Array(capacity));
    this.xmin = enlarged(this.xmin, new Uint32Array(capacity));
    this.writer = enlarged(this.writer, new Uint32Array(capacity));
    this.writtenLsn = enlarged(this.writtenLsn, new Float64Array(capacity));
    this.remover = enlarged(this.remover, new Uint32Array(capacity));
    this.removedLsn = enlarged(this.removedLsn, new Float64Array(capacity));
    this.samePlace = enlarged(this.samePlace, new Int32Array(capacity));
  }
}

/** Copies the numbers into a larger array of their kind, and returns that. */
export function enlarged<Numbers extends Uint16Array | Uint32Array | Int32Array | Float64Array>(
  from: Numbers,
  into: Numbers,
): Numbers {
  into.set(from);
  return into;
}
