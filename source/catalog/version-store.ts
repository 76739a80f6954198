/**
 * Every version of every row of one catalog in one database, with who wrote it and who removed it.
 *
 * Versions come from disk, where pages are as old or as new as the crash left them, and from WAL as it is fed. The
 * same version met twice is kept once: it is known by its file, block, offset and xmin. Numbers are kept in typed
 * arrays, and tuples read from disk stay there until someone asks, so that a catalog of millions of rows fits.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Lsn } from '../bytes/lsn.js';
import { linePointerCount, pageLsn, tupleAt } from '../heap/page.js';
import {
  Infomask,
  isUsableTuple,
  isXmaxLockOnly,
  isXmaxMulti,
  isXminFrozen,
  TUPLE_HEADER_SIZE,
  tupleInfomask,
  tupleXmax,
  tupleXmin,
} from '../heap/tuple.js';
import { type BranchPoint, isFromBefore } from './branch-point.js';
import type { Moment } from './catalog.js';
import type { TransactionFates } from './fates.js';
import type { RelationFile } from './relation-file.js';
import type { TupleReader } from './tuple-reader.js';

/** No transaction: the version was there from the beginning, or nobody removed it. */
const NO_XID = 0;

/** The write or removal was seen on disk; WAL has not told when it was. */
const NOT_TOLD: Lsn = 0;

/** No further version in a chain. */
const END_OF_CHAIN = -1;

/** A commit record and the header of its page take more WAL than this: xids cannot go by faster. */
const LEAST_WAL_PER_XID = 32;

/** Number of a file that there is not: for versions that belong to none any more. */
const NO_FILE = 0xffff;

/** Block of a version of which only the contents are known, and not yet where it stands. */
const NOWHERE = 0xffffffff;

/** File node of the versions that stand nowhere. */
export const NO_FILE_NODE = 0;

/** Larger than any offset number: block * this + offset is one number per place. */
const OFFSETS_PER_BLOCK = 32768;

/** One file of the catalog: a rewrite (VACUUM FULL) moves all of it into another. */
interface StoredFile {
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
  /** The newest version met in WAL by place; older ones by `samePlace`. */
  readonly fedByPlace: Map<number, number>;
  /** Blocks of which WAL has already shown a full-page image. */
  readonly imagedBlocks: Set<number>;
  /** Of a shared file: blocks that WAL has written to: it began with an image, or with a new page, so all that is on them is known. */
  readonly toldBlocks: Set<number>;
}

interface Removal {
  readonly xid: number;
  lsn: Lsn;
}

/** Another node's store whose versions are to be taken over. */
interface Adoption {
  readonly other: VersionStore;
  readonly point: BranchPoint;
  /** The number here of each of its files. */
  readonly numbers: readonly number[];
}

export interface VersionStoreOptions {
  readonly fates: TransactionFates;
  readonly reader: TupleReader;
  /** The oid columns by which rows are looked up. */
  readonly keyColumns: readonly string[];
  /** Is the row the reader looks at worth keeping? */
  readonly wanted?: (reader: TupleReader) => boolean;
  /** Resolves a multixact to the member that updated (HeapTupleGetUpdateXid). */
  readonly multixactUpdater: (multixact: number) => number | undefined;
  /** Where reading began: pages last changed before it hold only what was settled or running then. */
  readonly startLsn: Lsn;
  /** An unsettled transaction wrote (or removed) this version: `lsn` is that of its record, undefined when known from disk. */
  readonly changed: (xid: number, lsn: Lsn | undefined, version: number, removed: boolean) => void;
  /** What was told of the past has become untrue: a version turned up that was there from the beginning, or was taken away. */
  readonly corrected: () => void;
  /** A version's data is not what it was. */
  readonly overwritten: (version: number) => void;
  /** What tells a row apart of which only the contents are known: the whole row that the reader looks at. */
  readonly row: () => unknown;
  /** At this LSN something was removed that cannot be told: what the catalog says from there on may be untrue. */
  readonly lost: (lsn: Lsn) => void;
}

export class VersionStore {
  readonly #options: VersionStoreOptions;
  readonly #files: StoredFile[] = [];
  readonly #heads: Map<number, number>[];
  readonly #nextOfKey: Int32Array[];
  /** Tuples that are kept in memory: all that came from WAL. */
  readonly #tuples = new Map<number, Uint8Array>();
  /** Second and further removals of a version: rare, as all but one of a version's removers aborted. */
  readonly #moreRemovals = new Map<number, Removal[]>();
  /** Whose versions are still to be taken over. */
  #adoption: Adoption | undefined;
  /** How many versions stand nowhere (adopt). */
  #homeless = 0;
  #count = 0;
  #allRead = true;
  #file = new Uint16Array(64);
  #block = new Uint32Array(64);
  #offset = new Uint16Array(64);
  /** t_xmin as stored, and the transaction whose end decides: NO_XID when settled. */
  #xmin = new Uint32Array(64);
  #writer = new Uint32Array(64);
  #writtenLsn = new Float64Array(64);
  #remover = new Uint32Array(64);
  #removedLsn = new Float64Array(64);
  #samePlace = new Int32Array(64);

  constructor(options: VersionStoreOptions) {
    this.#options = options;
    this.#heads = options.keyColumns.map(() => new Map());
    this.#nextOfKey = options.keyColumns.map(() => new Int32Array(64));
  }

  /** Takes up a file. What is on disk of it is read when first needed. Returns the number by which the file is known here. */
  addFile(fileNode: number, disk: RelationFile | undefined): number {
    const known = this.#files.findIndex((file) => file.fileNode === fileNode);
    if (known >= 0) return known;
    const file: StoredFile = {
      fileNode,
      disk,
      isShared: false,
      isRead: disk === undefined,
      diskStart: this.#count,
      diskEnd: this.#count,
      fedByPlace: new Map(),
      imagedBlocks: new Set(),
      toldBlocks: new Set(),
    };
    this.#allRead &&= file.isRead;
    return this.#files.push(file) - 1;
  }

  #readFiles(): void {
    this.#allRead = true;
    const adoption = this.#adoption;
    this.#adoption = undefined;
    if (adoption) this.#adoptVersions(adoption);
    this.#files.forEach((file, number) => {
      if (file.isRead) return;
      file.isRead = true;
      file.diskStart = this.#count;
      file.disk?.eachPage((page, block) => this.#absorbPage(number, page, block, undefined));
      file.diskEnd = this.#count;
    });
  }

  /**
   * Takes over what another node's store of the same catalog knows from before the two parted: neither versions that the other node
   * wrote since, nor what it removed since. A file that both had (`isShared`) is taken over as it is, what of it is on disk stays there;
   * any other is a rewrite of the other node's own: its rows are those of the shared file, but nothing tells where they stood in that.
   * It happens when first needed.
   */
  adopt(other: VersionStore, point: BranchPoint, isShared: (fileNode: number) => boolean): void {
    // This node gives out the same numbers for other files: what is whose is settled now.
    const numbers = other.#files.map(({ fileNode }) => {
      const shared = isShared(fileNode);
      const number = this.addFile(shared ? fileNode : NO_FILE_NODE, undefined);
      this.#files[number].isShared = shared;
      return number;
    });
    this.#adoption = { other, point, numbers };
    this.#allRead = false;
  }

  #adoptVersions({ other, point, numbers }: Adoption): void {
    const count = other.count;
    numbers.forEach((number, theirs) => {
      if (!this.#files[number].isShared) return;
      const { disk, diskStart, diskEnd } = other.#files[theirs];
      const file = this.#files[number];
      file.disk = disk;
      file.diskStart = this.#count;
      for (let version = diskStart; version < diskEnd; version++) {
        if (other.#file[version] === theirs) this.#adoptVersion(other, version, point, number, true);
      }
      file.diskEnd = this.#count;
      for (let version = 0; version < count; version++) {
        const isFed = version < diskStart || version >= diskEnd;
        if (isFed && other.#file[version] === theirs)
          this.#adoptVersion(other, version, point, number, false);
      }
    });
    for (let version = 0; version < count; version++) {
      const from = other.#file[version];
      if (from !== NO_FILE && !this.#files[numbers[from]].isShared)
        this.#adoptVersion(other, version, point, numbers[from], false);
    }
  }

  #adoptVersion(
    other: VersionStore,
    version: number,
    point: BranchPoint,
    fileNumber: number,
    staysOnDisk: boolean,
  ): void {
    const writer = other.#writer[version];
    if (writer !== NO_XID && !isFromBefore(point, writer)) return;
    const tuple = other.#tuples.get(version) ?? other.#copyTuple(version);
    const { reader } = this.#options;
    if (!tuple || !reader.look(tuple, 0, tuple.length)) return;
    const xmin = other.#xmin[version];
    const isHomeless = this.#files[fileNumber].fileNode === NO_FILE_NODE;
    if (isHomeless && this.#findSameRow(tuple, xmin, () => true) >= 0) return;
    const kept = !staysOnDisk || other.#tuples.has(version) ? tuple : undefined;
    const block = isHomeless ? NOWHERE : other.#block[version];
    const offset = isHomeless ? 0 : other.#offset[version];
    const added = this.#add(fileNumber, block, offset, xmin, writer, NOT_TOLD, undefined);
    if (kept) this.#tuples.set(added, kept);
    if (isHomeless) this.#homeless++;
    else if (!staysOnDisk) this.#chainPlace(added);
    // When it was done, the WAL that both share will tell again.
    for (const { xid } of other.#removals(version)) {
      if (isFromBefore(point, xid)) this.#addRemoval(added, xid, NOT_TOLD);
    }
  }

  /** The version that is this row of this writer, among those that `candidate` lets through; END_OF_CHAIN when there is none. */
  #findSameRow(tuple: Uint8Array, xmin: number, candidate: (version: number) => boolean): number {
    const { reader, keyColumns, row } = this.#options;
    if (!reader.look(tuple, 0, tuple.length)) return END_OF_CHAIN;
    const key = reader.oid(keyColumns[0]);
    const wanted = row();
    let found = END_OF_CHAIN;
    this.eachWithKey(0, key, (version) => {
      if (
        found >= 0 ||
        this.#file[version] === NO_FILE ||
        this.#xmin[version] !== xmin ||
        !candidate(version)
      )
        return;
      // Some columns are overwritten in place, but an OID and who wrote it name one row.
      if (keyColumns[0] === 'oid' || (this.look(version) && isDeepStrictEqual(row(), wanted)))
        found = version;
    });
    return found;
  }

  /** A page shows where a version stands of which only the contents were known. */
  #settleDown(fileNumber: number, block: number, offset: number, xmin: number, tuple: Uint8Array): number {
    if (this.#homeless === 0 || !this.#files[fileNumber].isShared) return END_OF_CHAIN;
    const version = this.#findSameRow(tuple, xmin, (each) => this.#block[each] === NOWHERE);
    if (version < 0) return END_OF_CHAIN;
    this.#homeless--;
    this.#file[version] = fileNumber;
    this.#block[version] = block;
    this.#offset[version] = offset;
    this.#chainPlace(version);
    return version;
  }

  /** File nodes of the files that were taken up, by their number. */
  get fileNodes(): readonly number[] {
    return this.#files.map((file) => file.fileNode);
  }

  /** Is any of the files there to be read? */
  get isOnDisk(): boolean {
    return this.#files.some((file) => file.disk !== undefined);
  }

  /** Is there a row on this page that is kept here already, of the same writer, from another place? Then they are of one catalog. */
  recognizes(page: Uint8Array): boolean {
    if (!this.#allRead) this.#readFiles();
    const { reader, wanted } = this.#options;
    const count = linePointerCount(page);
    for (let offset = 1; offset <= count; offset++) {
      const place = tupleAt(page, offset);
      if (!place || !isUsableTuple(page, place.start, place.length)) continue;
      const tuple = page.subarray(place.start, place.start + place.length);
      if (!reader.look(tuple, 0, tuple.length)) return false;
      if (wanted && !wanted(reader)) continue;
      if (this.#findSameRow(tuple, tupleXmin(page, place.start), () => true) >= 0) return true;
    }
    return false;
  }

  /** Calls back with each version whose key column number `keyNumber` is `key`, newest first. */
  eachWithKey(keyNumber: number, key: number, visit: (version: number) => void): void {
    if (!this.#allRead) this.#readFiles();
    let version = this.#heads[keyNumber].get(key) ?? END_OF_CHAIN;
    while (version !== END_OF_CHAIN) {
      visit(version);
      version = this.#nextOfKey[keyNumber][version];
    }
  }

  /** How many versions are kept; they are numbered from 0. */
  get count(): number {
    if (!this.#allRead) this.#readFiles();
    return this.#count;
  }

  /** Is this version seen at that moment? `usable` is 1 for the numbers of the files that may be believed then. */
  isVisible(version: number, at: Moment, usable: Uint8Array): boolean {
    if (usable[this.#file[version]] !== 1) return false;
    if (!this.#isWritten(version, at)) return false;
    const remover = this.#remover[version];
    if (remover === NO_XID) return true;
    if (this.#isSeen(remover, this.#removedLsn[version], at)) return false;
    const more = this.#moreRemovals.get(version);
    return !more?.some((removal) => this.#isSeen(removal.xid, removal.lsn, at));
  }

  /**
   * The last moment at which a version that is no longer seen `at` was: just before its removal. Undefined when it
   * was never seen up to then.
   */
  lastSeen(version: number, at: Moment): Moment | undefined {
    if (!this.#isWritten(version, at)) return undefined;
    let lsn = at.lsn;
    for (const removal of this.#removals(version)) {
      if (at.ownXids?.has(removal.xid) && removal.lsn < at.lsn) lsn = Math.min(lsn, removal.lsn);
      else lsn = Math.min(lsn, this.#options.fates.committedAt(removal.xid));
    }
    return { lsn, ownXids: at.ownXids };
  }

  /** Lets the store's reader look at a version. False when its page can no longer be read. */
  look(version: number): boolean {
    const kept = this.#tuples.get(version);
    if (kept) return this.#options.reader.look(kept, 0, kept.length);
    const page = this.#files[this.#file[version]].disk?.page(this.#block[version]);
    const place = page && tupleAt(page, this.#offset[version]);
    return place !== undefined && this.#options.reader.look(page!, place.start, place.length);
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
    if (!this.#allRead) this.#readFiles();
    const { reader, wanted } = this.#options;
    if (this.#files[fileNumber].isShared) this.#files[fileNumber].toldBlocks.add(block);
    if (!reader.look(tuple, 0, tuple.length) || (wanted && !wanted(reader))) return;
    let known = this.#find(fileNumber, block, offset, xid);
    if (known < 0) known = this.#settleDown(fileNumber, block, offset, xid, tuple);
    if (known >= 0) {
      this.#tellWritten(known, xid, lsn);
      return;
    }
    reader.look(tuple, 0, tuple.length);
    const settled = this.#options.fates.isSettled(xid);
    const writer = settled ? NO_XID : xid;
    const added = this.#add(fileNumber, block, offset, xid, writer, lsn, Uint8Array.from(tuple));
    if (!settled) this.#tellCopiesWritten(added, lsn);
  }

  /** CatalogFeed.tupleRemoved, for a file of this catalog. */
  tupleRemoved(fileNumber: number, block: number, offset: number, xid: number, lsn: Lsn): void {
    if (!this.#allRead) this.#readFiles();
    const version = this.#current(fileNumber, block, offset);
    if (version >= 0) this.#addRemoval(version, xid, lsn);
    else if (this.#homeless > 0 && this.#files[fileNumber].isShared) {
      const { imagedBlocks, toldBlocks } = this.#files[fileNumber];
      if (!imagedBlocks.has(block) && !toldBlocks.has(block)) this.#options.lost(lsn);
    }
  }

  /** CatalogFeed.tupleOverwritten, for a file of this catalog. */
  tupleOverwritten(fileNumber: number, block: number, offset: number, data: Uint8Array): void {
    if (!this.#allRead) this.#readFiles();
    const version = this.#current(fileNumber, block, offset);
    if (version < 0) return;
    const tuple = this.#copyTuple(version);
    if (!tuple) return;
    const dataOffset = tuple[22];
    if (dataOffset < TUPLE_HEADER_SIZE || dataOffset + data.length !== tuple.length) return;
    tuple.set(data, dataOffset);
    this.#tuples.set(version, tuple);
    this.#options.overwritten(version);
  }

  /** CatalogFeed.pageImage, for a file of this catalog. */
  pageImage(fileNumber: number, block: number, page: Uint8Array, lsn: Lsn): void {
    if (!this.#allRead) this.#readFiles();
    this.#absorbPage(fileNumber, page, block, lsn);
    const { imagedBlocks, disk } = this.#files[fileNumber];
    if (imagedBlocks.has(block)) return;
    disk?.replaced(block);
    imagedBlocks.add(block);
    this.#dropTorn(fileNumber, block, page);
  }

  #isWritten(version: number, at: Moment): boolean {
    const writer = this.#writer[version];
    if (writer === NO_XID) return true;
    return this.#isSeen(writer, this.#writtenLsn[version], at);
  }

  /** Is what this unsettled transaction did at `lsn` seen at that moment? */
  #isSeen(xid: number, lsn: Lsn, at: Moment): boolean {
    const { fates } = this.#options;
    if (fates.committedAt(xid) < at.lsn) return true;
    if (!at.ownXids?.has(xid)) return false;
    // What WAL has not told of is still to come, unless the transaction was already at work when reading began.
    return lsn === NOT_TOLD ? fates.beganBefore(xid) : lsn < at.lsn;
  }

  *#removals(version: number): Iterable<Removal> {
    if (this.#remover[version] === NO_XID) return;
    yield { xid: this.#remover[version], lsn: this.#removedLsn[version] };
    yield* this.#moreRemovals.get(version) ?? [];
  }

  /** Takes in every tuple of a page, from disk (`lsn` undefined) or from a full-page image. */
  #absorbPage(fileNumber: number, page: Uint8Array, block: number, lsn: Lsn | undefined): void {
    // An image is of its record, whatever the page says: a page that is logged whole (log_newpage) has no LSN yet.
    const changedAt = lsn ?? pageLsn(page);
    const count = linePointerCount(page);
    for (let offset = 1; offset <= count; offset++) {
      const place = tupleAt(page, offset);
      if (place && isUsableTuple(page, place.start, place.length))
        this.#absorbTuple(fileNumber, block, offset, page, place.start, place.length, changedAt, lsn);
    }
  }

  #absorbTuple(
    fileNumber: number,
    block: number,
    offset: number,
    page: Uint8Array,
    start: number,
    length: number,
    pageChangedAt: Lsn,
    lsn: Lsn | undefined,
  ): void {
    const { fates, reader, wanted } = this.#options;
    const xmin = tupleXmin(page, start);
    const infomask = tupleInfomask(page, start);
    const settled = this.#isWriterSettled(xmin, infomask, pageChangedAt);
    if (settled && !this.#settledWriterCommitted(xmin, infomask)) return;

    const remover = this.#removerOf(page, start, infomask);
    const removerSettled = remover !== NO_XID && fates.isSettled(remover);
    if (removerSettled && fates.settledCommitted(remover, (infomask & Infomask.xmaxCommitted) !== 0)) return;

    let version = lsn === undefined ? END_OF_CHAIN : this.#find(fileNumber, block, offset, xmin);
    if (version < 0 && lsn !== undefined)
      version = this.#settleDown(fileNumber, block, offset, xmin, page.subarray(start, start + length));
    if (version >= 0) {
      this.#imageShowsWritten(version, xmin, lsn!);
      if (!this.#files[fileNumber].imagedBlocks.has(block)) this.#mend(version, page, start, length);
    } else {
      if (!reader.look(page, start, length) || (wanted && !wanted(reader))) return;
      const tuple = lsn === undefined ? undefined : Uint8Array.from(page.subarray(start, start + length));
      version = this.#add(fileNumber, block, offset, xmin, settled ? NO_XID : xmin, NOT_TOLD, tuple);
      if (settled && lsn !== undefined) this.#options.corrected();
      if (lsn !== undefined) this.#imageShowsWritten(version, xmin, lsn);
    }
    if (remover === NO_XID || removerSettled) return;
    if (lsn === undefined) this.#addRemoval(version, remover, NOT_TOLD);
    else this.#imageShowsRemoval(version, remover, lsn);
  }

  /**
   * Did the tuple's writer end before reading began? A frozen tuple keeps its xmin's number, which may have come
   * round again: then the number looks like a transaction of the future, but no page that has not changed since
   * reading began, or not by that much WAL, can hold one.
   */
  #isWriterSettled(xmin: number, infomask: number, pageChangedAt: Lsn): boolean {
    const { fates, startLsn } = this.#options;
    if (fates.isSettled(xmin)) return true;
    if (!isXminFrozen(infomask) || fates.beganBefore(xmin)) return false;
    return fates.distance(xmin) > (pageChangedAt - startLsn) / LEAST_WAL_PER_XID;
  }

  #settledWriterCommitted(xmin: number, infomask: number): boolean {
    if (isXminFrozen(infomask)) return true;
    if ((infomask & Infomask.xminInvalid) !== 0) return false;
    return this.#options.fates.settledCommitted(xmin, (infomask & Infomask.xminCommitted) !== 0);
  }

  /** The transaction that the header says removed the tuple; NO_XID when none did or it certainly failed. */
  #removerOf(page: Uint8Array, start: number, infomask: number): number {
    const xmax = tupleXmax(page, start);
    if (xmax === NO_XID || (infomask & Infomask.xmaxInvalid) !== 0 || isXmaxLockOnly(infomask)) return NO_XID;
    return isXmaxMulti(infomask) ? (this.#options.multixactUpdater(xmax) ?? NO_XID) : xmax;
  }

  /** WAL tells of the writing of a version that was known: it was known from disk alone, or is told a second time. */
  #tellWritten(version: number, xid: number, lsn: Lsn): void {
    if (this.#writer[version] === NO_XID || this.#writtenLsn[version] !== NOT_TOLD) return;
    this.#writtenLsn[version] = lsn;
    this.#options.changed(xid, lsn, version, false);
    this.#tellCopiesWritten(version, lsn);
  }

  /**
   * An image shows a version: its own record wrote it, or it is a copy that a rewrite made of one that was written long ago, and then
   * that is when.
   */
  #imageShowsWritten(version: number, xid: number, lsn: Lsn): void {
    if (this.#writer[version] === NO_XID || this.#writtenLsn[version] !== NOT_TOLD) return;
    for (const copy of this.#copies(version)) {
      if (this.#writtenLsn[copy] === NOT_TOLD) continue;
      this.#writtenLsn[version] = this.#writtenLsn[copy];
      return;
    }
    this.#tellWritten(version, xid, lsn);
  }

  /** The same of a removal. */
  #imageShowsRemoval(version: number, xid: number, lsn: Lsn): void {
    if (this.#removalBy(version, xid)?.lsn) return;
    for (const copy of this.#copies(version)) {
      const told = this.#removalBy(copy, xid)?.lsn;
      if (!told) continue;
      if (!this.#removalBy(version, xid)) this.#addRemoval(version, xid, NOT_TOLD);
      this.#setRemovalLsn(version, xid, told);
      return;
    }
    this.#addRemoval(version, xid, lsn);
  }

  /** The versions in other files that are the same row of the same writer: a rewrite copies rows as they are. */
  #copies(version: number): number[] {
    const { reader, keyColumns, row } = this.#options;
    if (this.#files.length < 2 || !this.look(version)) return [];
    const found: number[] = [];
    this.eachWithKey(0, reader.oid(keyColumns[0]), (each) => {
      const file = this.#file[each];
      if (file !== this.#file[version] && file !== NO_FILE && this.#xmin[each] === this.#xmin[version])
        found.push(each);
    });
    if (found.length === 0) return found;
    const wanted = row();
    return found.filter((each) => this.look(each) && isDeepStrictEqual(row(), wanted));
  }

  /** When a row was written is true of its copies too, which a rewrite may have made in a file that is known from disk already. */
  #tellCopiesWritten(version: number, lsn: Lsn): void {
    for (const copy of this.#copies(version)) {
      if (this.#writer[copy] !== NO_XID && this.#writtenLsn[copy] === NOT_TOLD) this.#writtenLsn[copy] = lsn;
    }
  }

  #tellCopiesRemoved(version: number, xid: number, lsn: Lsn): void {
    for (const copy of this.#copies(version)) {
      if (this.#removalBy(copy, xid)?.lsn === NOT_TOLD) this.#setRemovalLsn(copy, xid, lsn);
    }
  }

  #removalBy(version: number, xid: number): Removal | undefined {
    for (const removal of this.#removals(version)) if (removal.xid === xid) return removal;
    return undefined;
  }

  #setRemovalLsn(version: number, xid: number, lsn: Lsn): void {
    if (this.#remover[version] === xid) this.#removedLsn[version] = lsn;
    else for (const more of this.#moreRemovals.get(version)!) if (more.xid === xid) more.lsn = lsn;
  }

  #addRemoval(version: number, xid: number, lsn: Lsn): void {
    if (this.#options.fates.isSettled(xid)) return;
    const known = this.#removalBy(version, xid);
    if (known) {
      if (known.lsn !== NOT_TOLD || lsn === NOT_TOLD) return;
      this.#setRemovalLsn(version, xid, lsn);
      this.#options.changed(xid, lsn, version, true);
      this.#tellCopiesRemoved(version, xid, lsn);
      return;
    }
    if (this.#remover[version] === NO_XID) {
      this.#remover[version] = xid;
      this.#removedLsn[version] = lsn;
    } else {
      const more = this.#moreRemovals.get(version);
      if (more) more.push({ xid, lsn });
      else this.#moreRemovals.set(version, [{ xid, lsn }]);
    }
    this.#options.changed(xid, lsn === NOT_TOLD ? undefined : lsn, version, true);
    if (lsn !== NOT_TOLD) this.#tellCopiesRemoved(version, xid, lsn);
  }

  /**
   * A page on disk may be torn between two ages; the first image after a checkpoint is whole. Where the two disagree
   * on a version's data, the image is right.
   */
  #mend(version: number, page: Uint8Array, start: number, length: number): void {
    const own = this.#copyTuple(version);
    const image = page.subarray(start, start + length);
    const same =
      own !== undefined &&
      own.length === length &&
      Buffer.compare(own.subarray(TUPLE_HEADER_SIZE), image.subarray(TUPLE_HEADER_SIZE)) === 0;
    if (same) return;
    this.#tuples.set(version, Uint8Array.from(image));
    this.#options.overwritten(version);
  }

  /**
   * And what the image does not have although it was there from the beginning and nobody removed it never was a row:
   * a line pointer of one age that points into bytes of another.
   */
  #dropTorn(fileNumber: number, block: number, image: Uint8Array): void {
    const { diskEnd } = this.#files[fileNumber];
    for (let version = this.#firstOnDisk(fileNumber, block, 0); version < diskEnd; version++) {
      if (this.#block[version] !== block) return;
      if (this.#writer[version] !== NO_XID || this.#remover[version] !== NO_XID) continue;
      const place = tupleAt(image, this.#offset[version]);
      if (place && tupleXmin(image, place.start) === this.#xmin[version]) continue;
      this.#file[version] = NO_FILE;
      this.#options.corrected();
    }
  }

  #copyTuple(version: number): Uint8Array | undefined {
    const kept = this.#tuples.get(version);
    if (kept) return Uint8Array.from(kept);
    const page = this.#files[this.#file[version]].disk?.page(this.#block[version]);
    const place = page && tupleAt(page, this.#offset[version]);
    return place && Uint8Array.from(page!.subarray(place.start, place.start + place.length));
  }

  /** The version that is at a place as WAL has been read so far: the one written last among those told of. */
  #current(fileNumber: number, block: number, offset: number): number {
    let current = END_OF_CHAIN;
    let writtenLsn = -1;
    for (const version of this.#atPlace(fileNumber, block, offset)) {
      const writer = this.#writer[version];
      const written = this.#writtenLsn[version];
      const yetToCome = writer !== NO_XID && written === NOT_TOLD && !this.#options.fates.beganBefore(writer);
      if (yetToCome || written <= writtenLsn) continue;
      current = version;
      writtenLsn = written;
    }
    return current;
  }

  #find(fileNumber: number, block: number, offset: number, xmin: number): number {
    for (const version of this.#atPlace(fileNumber, block, offset)) {
      if (this.#xmin[version] === xmin) return version;
    }
    return END_OF_CHAIN;
  }

  *#atPlace(fileNumber: number, block: number, offset: number): Iterable<number> {
    const file = this.#files[fileNumber];
    let version = file.fedByPlace.get(block * OFFSETS_PER_BLOCK + offset) ?? END_OF_CHAIN;
    while (version !== END_OF_CHAIN) {
      yield version;
      version = this.#samePlace[version];
    }
    const onDisk = this.#firstOnDisk(fileNumber, block, offset);
    if (onDisk < file.diskEnd && this.#block[onDisk] === block && this.#offset[onDisk] === offset)
      yield onDisk;
  }

  /** The first version read from disk that is at this place or after it. */
  #firstOnDisk(fileNumber: number, block: number, offset: number): number {
    let low = this.#files[fileNumber].diskStart;
    let high = this.#files[fileNumber].diskEnd;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const before =
        this.#block[middle] < block || (this.#block[middle] === block && this.#offset[middle] < offset);
      if (before) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Adds the version that the reader looks at. `tuple` is undefined for one that stays on disk. */
  #add(
    fileNumber: number,
    block: number,
    offset: number,
    xmin: number,
    writer: number,
    lsn: Lsn,
    tuple: Uint8Array | undefined,
  ): number {
    const version = this.#count++;
    if (version === this.#file.length) this.#grow();
    this.#file[version] = fileNumber;
    this.#block[version] = block;
    this.#offset[version] = offset;
    this.#xmin[version] = xmin;
    this.#writer[version] = writer;
    this.#writtenLsn[version] = lsn;
    this.#options.keyColumns.forEach((column, keyNumber) => {
      const key = this.#options.reader.oid(column);
      this.#nextOfKey[keyNumber][version] = this.#heads[keyNumber].get(key) ?? END_OF_CHAIN;
      this.#heads[keyNumber].set(key, version);
    });
    if (tuple) {
      this.#tuples.set(version, tuple);
      this.#chainPlace(version);
    }
    if (writer !== NO_XID) this.#options.changed(writer, lsn === NOT_TOLD ? undefined : lsn, version, false);
    return version;
  }

  #chainPlace(version: number): void {
    const { fedByPlace } = this.#files[this.#file[version]];
    const place = this.#block[version] * OFFSETS_PER_BLOCK + this.#offset[version];
    this.#samePlace[version] = fedByPlace.get(place) ?? END_OF_CHAIN;
    fedByPlace.set(place, version);
  }

  #grow(): void {
    const capacity = this.#file.length * 2;
    this.#file = enlarged(this.#file, new Uint16Array(capacity));
    this.#block = enlarged(this.#block, new Uint32Array(capacity));
    this.#offset = enlarged(this.#offset, new Uint16Array(capacity));
    this.#xmin = enlarged(this.#xmin, new Uint32Array(capacity));
    this.#writer = enlarged(this.#writer, new Uint32Array(capacity));
    this.#writtenLsn = enlarged(this.#writtenLsn, new Float64Array(capacity));
    this.#remover = enlarged(this.#remover, new Uint32Array(capacity));
    this.#removedLsn = enlarged(this.#removedLsn, new Float64Array(capacity));
    this.#samePlace = enlarged(this.#samePlace, new Int32Array(capacity));
    this.#nextOfKey.forEach((chain, keyNumber) => {
      this.#nextOfKey[keyNumber] = enlarged(chain, new Int32Array(capacity));
    });
  }
}

function enlarged<Numbers extends Uint16Array | Uint32Array | Int32Array | Float64Array>(
  from: Numbers,
  into: Numbers,
): Numbers {
  into.set(from);
  return into;
}
