/**
 * Every version of every row of one catalog in one database, with who wrote it and who removed it.
 *
 * Versions come from disk and from WAL as it is fed. Nothing is read from disk before anybody asks, or WAL tells of the catalog.
 */
import type { Lsn } from '../../bytes/lsn.js';
import { linePointerCount, tupleAt } from '../../heap/page.js';
import { isUsableTuple, TUPLE_HEADER_SIZE, tupleDataOffset, tupleXmin } from '../../heap/tuple.js';
import type { BranchPoint } from '../branch-point.js';
import type { Moment } from '../moment.js';
import type { RelationFile } from '../relation-file.js';
import { type Adoption, adoptVersions } from './adoption.js';
import type { VersionStoreOptions } from './options.js';
import { PageAbsorber } from './page-absorber.js';
import { ToldChanges } from './told-changes.js';
import { NO_XID } from './version-numbers.js';
import { NO_FILE_NODE } from './version-places.js';
import { VersionSet } from './version-set.js';

/** The versions of one catalog, to be asked about any moment and to be fed WAL. */
export class VersionStore {
  readonly #set: VersionSet;
  readonly #told: ToldChanges;
  readonly #pages: PageAbsorber;
  /** Whose versions are still to be taken over. */
  #adoption: Adoption | undefined;
  #allRead = true;

  constructor(options: VersionStoreOptions) {
    this.#set = new VersionSet(options);
    this.#told = new ToldChanges(this.#set);
    this.#pages = new PageAbsorber(this.#set, this.#told);
  }

  /** Takes up a file. What is on disk of it is read when first needed. Returns the number by which the file is known here. */
  addFile(fileNode: number, disk: RelationFile | undefined): number {
    const { places } = this.#set;
    const number = places.addFile(fileNode, disk);
    this.#allRead &&= places.files[number].isRead;
    return number;
  }

  /**
   * Takes over what another node's store of the same catalog knows from before the two parted (adoptVersions), when it is first needed.
   * `isShared`: did both have that file?
   */
  adopt(other: VersionStore, point: BranchPoint, isShared: (fileNode: number) => boolean): void {
    // This node gives out the same numbers for other files: what is whose is settled now.
    const numbers = other.fileNodes.map((fileNode) => {
      const shared = isShared(fileNode);
      const number = this.addFile(shared ? fileNode : NO_FILE_NODE, undefined);
      this.#set.places.files[number].isShared = shared;
      return number;
    });
    this.#adoption = { from: () => other.#read(), point, numbers };
    this.#allRead = false;
  }

  /** File nodes of the files that were taken up, by their number. */
  get fileNodes(): readonly number[] {
    return this.#set.places.files.map((file) => file.fileNode);
  }

  /** Is any of the files there to be read? */
  get isOnDisk(): boolean {
    return this.#set.places.files.some((file) => file.disk !== undefined);
  }

  /** Is there a row on this page that is kept here already, of the same writer, from another place? Then they are of one catalog. */
  recognizes(page: Uint8Array): boolean {
    const set = this.#read();
    const { reader, wanted } = set.options;
    const count = linePointerCount(page);
    for (let offset = 1; offset <= count; offset++) {
      const place = tupleAt(page, offset);
      if (!place || !isUsableTuple(page, place.start, place.length)) continue;
      const tuple = page.subarray(place.start, place.start + place.length);
      if (!reader.look(tuple, 0, tuple.length)) return false;
      if (wanted && !wanted(reader)) continue;
      if (set.findSameRow(tuple, tupleXmin(page, place.start)) >= 0) return true;
    }
    return false;
  }

  /** Calls back with each version whose key column number `keyNumber` is `key`, newest first. */
  eachWithKey(keyNumber: number, key: number, visit: (version: number) => void): void {
    this.#read().keys.each(keyNumber, key, visit);
  }

  /** How many versions are kept; they are numbered from 0. */
  get count(): number {
    return this.#read().numbers.count;
  }

  /** Is this version seen at that moment? `usable` is 1 for the numbers of the files that may be believed then. */
  isVisible(version: number, at: Moment, usable: Uint8Array): boolean {
    return this.#set.lifetimes.isVisible(version, at, usable);
  }

  /** VersionLifetimes.lastSeen. */
  lastSeen(version: number, at: Moment): Moment | undefined {
    return this.#set.lifetimes.lastSeen(version, at);
  }

  /** Lets the store's reader look at a version. False when its page can no longer be read. */
  look(version: number): boolean {
    return this.#set.tuples.look(version);
  }

  /** CatalogFeed.tupleWritten, for a file of this catalog. */
  tupleWritten(
    fileNumber: number,
    block: number,
    offset: number,
    tuple: Uint8Array,
    xid: number,
    lsn: Lsn,
  ): void {
    const set = this.#read();
    const { fates, reader, wanted } = set.options;
    const file = set.places.files[fileNumber];
    if (file.isShared) file.toldBlocks.add(block);
    if (!reader.look(tuple, 0, tuple.length) || (wanted && !wanted(reader))) return;
    let known = set.places.find(fileNumber, block, offset, xid);
    if (known < 0) known = set.settleDown(fileNumber, block, offset, xid, tuple);
    if (known >= 0) {
      this.#told.written(known, xid, lsn);
      return;
    }
    reader.look(tuple, 0, tuple.length);
    const settled = fates.isSettled(xid);
    const writer = settled ? NO_XID : xid;
    const added = set.add(fileNumber, block, offset, xid, writer, lsn, Uint8Array.from(tuple));
    if (!settled) this.#told.tellCopiesWritten(added, lsn);
  }

  /** CatalogFeed.tupleRemoved, for a file of this catalog; false when it is not known what stood there. */
  tupleRemoved(fileNumber: number, block: number, offset: number, xid: number, lsn: Lsn): boolean {
    const set = this.#read();
    const version = set.current(fileNumber, block, offset);
    const { isShared, imagedBlocks, toldBlocks } = set.places.files[fileNumber];
    if (version >= 0) this.#told.removed(version, xid, lsn);
    else if (set.homeless > 0 && isShared && !imagedBlocks.has(block) && !toldBlocks.has(block))
      set.options.lost(lsn);
    return version >= 0;
  }

  /** CatalogFeed.tupleOverwritten, for a file of this catalog. */
  tupleOverwritten(fileNumber: number, block: number, offset: number, data: Uint8Array): void {
    const set = this.#read();
    const version = set.current(fileNumber, block, offset);
    if (version < 0) return;
    const tuple = set.tuples.copy(version);
    if (!tuple) return;
    const dataOffset = tupleDataOffset(tuple, 0);
    if (dataOffset < TUPLE_HEADER_SIZE || dataOffset + data.length !== tuple.length) return;
    tuple.set(data, dataOffset);
    set.tuples.keep(version, tuple);
    set.options.overwritten(version);
  }

  /** CatalogFeed.pageImage, for a file of this catalog. */
  pageImage(fileNumber: number, block: number, page: Uint8Array, lsn: Lsn): void {
    this.#read();
    this.#pages.image(fileNumber, page, block, lsn);
  }

  /** The versions, once all that there is on disk or to be taken over has been read. */
  #read(): VersionSet {
    if (!this.#allRead) this.#readFiles();
    return this.#set;
  }

  #readFiles(): void {
    this.#allRead = true;
    const adoption = this.#adoption;
    this.#adoption = undefined;
    if (adoption) adoptVersions(this.#set, this.#told, adoption);
    const { numbers, places } = this.#set;
    places.files.forEach((file, number) => {
      if (file.isRead) return;
      file.isRead = true;
      file.diskStart = numbers.count;
      file.disk?.eachPage((page, block) => this.#pages.diskPage(number, page, block));
      file.diskEnd = numbers.count;
    });
  }
}
