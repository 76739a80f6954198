/**
 * Where versions stand: the files of one catalog (a rewrite, VACUUM FULL, moves all of it into another), and which versions were ever at
 * a block and offset of one. The same version met twice is kept once: it is known by its file, block, offset and xmin.
 */
import type { RelationFile } from '../relation-file.js';
import { NO_VERSION, type VersionNumbers } from './version-numbers.js';

/** File node of the versions that stand nowhere (NOWHERE). */
export const NO_FILE_NODE = 0;

/** Larger than any offset number: block * this + offset is one number per place. */
const OFFSETS_PER_BLOCK = 32768;

/** One file of the catalog. */
export interface StoredFile {
  readonly fileNode: number;
  /** Undefined when it is known from WAL alone. */
  disk: RelationFile | undefined;
  /** Did another node have it too, whose versions were taken over? */
  isShared: boolean;
  /** Has what is on disk been read? Not before anybody asks, or WAL tells of the catalog: most catalogs are never needed. */
  isRead: boolean;
  /** Versions read from disk are [diskStart, diskEnd), sorted by place. */
  diskStart: number;
  diskEnd: number;
  /** The newest version met in WAL by place; older ones by VersionNumbers.samePlace. */
  readonly fedByPlace: Map<number, number>;
  /** Blocks of which WAL has already shown a full-page image. */
  readonly imagedBlocks: Set<number>;
  /** Of a shared file: blocks that WAL has written to: it began with an image, or with a new page, so all that is on them is known. */
  readonly toldBlocks: Set<number>;
}

/** The files of one catalog, by the number under which each was taken up, and the places in them. */
export class VersionPlaces {
  readonly files: StoredFile[] = [];
  readonly #numbers: VersionNumbers;

  constructor(numbers: VersionNumbers) {
    this.#numbers = numbers;
  }

  /** Takes up a file, to be read when first needed. Returns the number by which it is known from here on. */
  addFile(fileNode: number, disk: RelationFile | undefined): number {
    const known = this.files.findIndex((file) => file.fileNode === fileNode);
    if (known >= 0) return known;
    const { count } = this.#numbers;
    const file: StoredFile = {
      fileNode,
      disk,
      isShared: false,
      isRead: disk === undefined,
      diskStart: count,
      diskEnd: count,
      fedByPlace: new Map(),
      imagedBlocks: new Set(),
      toldBlocks: new Set(),
    };
    return this.files.push(file) - 1;
  }

  /** Puts a version that is known from WAL where its numbers say. */
  place(version: number): void {
    const { file, block, offset, samePlace } = this.#numbers;
    const { fedByPlace } = this.files[file[version]];
    const place = block[version] * OFFSETS_PER_BLOCK + offset[version];
    samePlace[version] = fedByPlace.get(place) ?? NO_VERSION;
    fedByPlace.set(place, version);
  }

  /** All versions that were ever at a place: those known from WAL, newest first, then the one on disk. */
  *at(fileNumber: number, block: number, offset: number): Iterable<number> {
    const numbers = this.#numbers;
    const file = this.files[fileNumber];
    let version = file.fedByPlace.get(block * OFFSETS_PER_BLOCK + offset) ?? NO_VERSION;
    while (version !== NO_VERSION) {
      yield version;
      version = numbers.samePlace[version];
    }
    const onDisk = this.firstOnDisk(fileNumber, block, offset);
    if (onDisk < file.diskEnd && numbers.block[onDisk] === block && numbers.offset[onDisk] === offset)
      yield onDisk;
  }

  /** The version that this transaction wrote at a place, or NO_VERSION. */
  find(fileNumber: number, block: number, offset: number, xmin: number): number {
    for (const version of this.at(fileNumber, block, offset)) {
      if (this.#numbers.xmin[version] === xmin) return version;
    }
    return NO_VERSION;
  }

  /** The first version read from disk that is at this place or after it; the file's `diskEnd` when none is. */
  firstOnDisk(fileNumber: number, block: number, offset: number): number {
    const numbers = this.#numbers;
    let low = this.files[fileNumber].diskStart;
    let high = this.files[fileNumber].diskEnd;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const before =
        numbers.block[middle] < block || (numbers.block[middle] === block && numbers.offset[middle] < offset);
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
