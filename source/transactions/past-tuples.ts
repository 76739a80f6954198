/**
 * A tuple whose past is not in the WAL at hand, found on a disk: and only if something there proves that it is the one.
 *
 * A tuple never moves to another line pointer and its columns never change, so the question is always: is what stands at its place
 * on that page the tuple that stood there then, or one that came before or after it? Four things can answer:
 *
 * - The page is of that time: its LSN is not after the change that removed the tuple, and nothing was written to its place in between.
 * - The tuple is dead and bears the mark of that very change: its xmax, and where the row went (t_ctid).
 * - It bears the xid of the change that wrote it. No transaction puts two tuples at one place: while it runs nothing it wrote is pruned.
 * - On the new primary's disk: it was written before the fork (its xmin), and stood there at the fork.
 */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { LinePointerState, linePointerState, pageLsn, tupleAt } from '../heap/page.js';
import {
  INVALID_XID,
  isUsableTuple,
  isXmaxLockOnly,
  isXmaxMulti,
  tupleCtidBlock,
  tupleCtidOffset,
  tupleInfomask,
  tupleXmax,
  tupleXmin,
  xidAfter,
  xidPrecedes,
} from '../heap/tuple.js';
import type { TupleRemoval } from '../wal/tuple-removal.js';
import type { DiskPages } from './disk-pages.js';
import type { TemporaryFile } from './temporary-file.js';

/** A tuple's place in its relation file. */
export interface TuplePlaceInRelation {
  readonly tablespaceOid: number;
  readonly databaseOid: number;
  readonly fileNode: number;
  readonly block: number;
  readonly offset: number;
}

/** The record that put a tuple at its place. */
export interface TupleWriting {
  readonly endLsn: Lsn;
  readonly xid: number;
}

/** What proof rests on besides the disks. */
export interface PastTuplesOptions {
  readonly disks: readonly DiskPages[];
  /** Where reading of WAL began: from here on every write to every place is known. */
  readonly readFrom: Lsn;
  /** Transaction ids from here on had not been given out there; undefined when it is not known. */
  readonly nextXid?: number;
  /** What WAL would help: `needs segments before 0000000100000002000000F3`. */
  readonly wanted: string;
  /** Whose end makes scans forget. */
  readonly file: Pick<TemporaryFile, 'failure'>;
}

const NOT_PROVEN = 'another row stands at its place, or nothing proves that it is this one';

/** Bytes that a disk writes as one; what lies within cannot be of two moments. */
const SECTOR = 512;

/** MovedPartitionsOffsetNumber and InvalidBlockNumber: where a row that went to another partition points. */
const MOVED_OFFSET = 0xfffd;

export class PastTuples {
  readonly #options: PastTuplesOptions;
  /** No transaction that wrote before the fork had this xid or a later one. */
  #firstXidAfterFork: number;

  constructor(options: PastTuplesOptions) {
    this.#options = options;
    this.#firstXidAfterFork = options.nextXid ?? 0;
  }

  /** 0 while it is not known. */
  get firstXidAfterFork(): number {
    return this.#firstXidAfterFork;
  }

  /** A record before the fork was written by this transaction. */
  noteXidBeforeFork(xid: number): void {
    if (this.#firstXidAfterFork !== 0 && xidPrecedes(xid, this.#firstXidAfterFork)) return;
    this.#firstXidAfterFork = xidAfter(xid);
  }

  /**
   * The whole tuple that `written` put at `place` (undefined: something before reading began; forgotten: something at any time) and
   * `removed` took away (undefined: not known to be removed). When no disk proves to have it, one sentence saying why.
   */
  find(
    place: TuplePlaceInRelation,
    written: TupleWriting | 'forgotten' | undefined,
    removed: TupleRemoval | undefined,
  ): Buffer | string {
    const { disks, readFrom, wanted, file } = this.#options;
    const reasons: string[] = [];
    for (const disk of disks) {
      const found = this.#onDisk(disk, place, written, removed);
      if (typeof found !== 'string') return found;
      reasons.push(`on ${disk.label} ${found}`);
    }
    if (written === 'forgotten') {
      const why = file.failure ?? 'more pages changed between two checkpoints than can be kept in memory';
      return ['which record wrote it had to be forgotten', why, ...reasons].join('; ');
    }
    const begins = `its page's past is not in the WAL that is there, which begins at ${formatLsn(readFrom)}`;
    return `${[begins, ...reasons].join('; ')}; ${wanted}`;
  }

  #onDisk(
    disk: DiskPages,
    place: TuplePlaceInRelation,
    written: TupleWriting | 'forgotten' | undefined,
    removed: TupleRemoval | undefined,
  ): Buffer | string {
    const { block, offset } = place;
    const { sharedUpTo = Number.POSITIVE_INFINITY } = disk;
    if (typeof written === 'object' && written.endLsn > sharedUpTo) return 'it never was';
    // The mark of a change that happened on the other node alone is not there: the page need not be read.
    if (written === 'forgotten' && (removed === undefined || removed.lsn >= sharedUpTo)) return NOT_PROVEN;
    const page = disk.page(place, block);
    if (!page) return `block ${block} is not there or damaged`;
    const tuple = tupleAt(page, offset);
    if (!tuple || !isUsableTuple(page, tuple.start, tuple.length)) {
      const state = linePointerState(page, offset);
      return state === LinePointerState.normal ? `block ${block} is damaged` : 'it was cleaned away';
    }
    const { start, length } = tuple;
    if (!this.#proves(disk, page, start, place, written, removed)) return NOT_PROVEN;
    if (disk.mayBeTorn && !this.#isWhole(page, start, length, place, removed))
      return 'its page may be torn: there are no data checksums';
    return Buffer.from(page.subarray(start, start + length));
  }

  #proves(
    disk: DiskPages,
    page: Buffer,
    start: number,
    place: TuplePlaceInRelation,
    written: TupleWriting | 'forgotten' | undefined,
    removed: TupleRemoval | undefined,
  ): boolean {
    const lsn = pageLsn(page);
    const shared = disk.sharedUpTo ?? Number.POSITIVE_INFINITY;
    if (written === 'forgotten') {
      return (
        removed !== undefined && removed.lsn < lsn && this.#bearsItsMark(disk, page, start, place, removed)
      );
    }
    if (removed !== undefined && lsn <= removed.lsn && lsn <= shared)
      return this.#isOfThatTime(disk, lsn, written, removed);
    const isAfterWriting = written !== undefined && lsn >= written.endLsn;
    if (isAfterWriting && tupleXmin(page, start) === written.xid) return true;
    if (removed === undefined) return false;
    // Behind the fork the same xid is somebody else's on the other node.
    if (removed.lsn < shared) return this.#bearsItsMark(disk, page, start, place, removed);
    // At the fork this place held one and the same tuple on both; the other node has written since, but not to this tuple.
    const xmin = tupleXmin(page, start);
    return (
      this.#firstXidAfterFork !== 0 &&
      (written !== undefined || this.#options.readFrom <= shared) &&
      // A speculative tuple that was taken back has no xmin.
      xmin !== INVALID_XID &&
      xidPrecedes(xmin, this.#firstXidAfterFork)
    );
  }

  /** The page is not later than the removal: was there nothing between that this disk has not seen? */
  #isOfThatTime(
    disk: DiskPages,
    lsn: Lsn,
    written: TupleWriting | undefined,
    removed: TupleRemoval,
  ): boolean {
    // What a checkpoint has flushed is on the disk: a page without it is not the page that it should be.
    const flushed = Math.min(disk.flushedUpTo, disk.sharedUpTo ?? disk.flushedUpTo);
    if (flushed > removed.lsn) return false;
    return written === undefined ? Math.max(lsn, flushed) >= this.#options.readFrom : lsn >= written.endLsn;
  }

  #bearsItsMark(
    disk: DiskPages,
    page: Buffer,
    start: number,
    place: TuplePlaceInRelation,
    removed: TupleRemoval,
  ): boolean {
    const infomask = tupleInfomask(page, start);
    if (isXmaxLockOnly(infomask) || !pointsOn(page, start, place, removed)) return false;
    const xmax = tupleXmax(page, start);
    if (xmax === removed.xmax && isXmaxMulti(infomask) === removed.isMulti) return true;
    // Somebody came to lock the row while it was being changed.
    return isXmaxMulti(infomask) && disk.sharedUpTo === undefined && disk.updaterOf(xmax) === removed.xid;
  }

  /** Without checksums: the header is this tuple's own, and the tuple lies within what is written at once. */
  #isWhole(
    page: Buffer,
    start: number,
    length: number,
    place: TuplePlaceInRelation,
    removed: TupleRemoval | undefined,
  ): boolean {
    const ownHeader =
      (tupleCtidBlock(page, start) === place.block && tupleCtidOffset(page, start) === place.offset) ||
      (removed !== undefined && pointsOn(page, start, place, removed));
    return ownHeader && Math.floor(start / SECTOR) === Math.floor((start + length - 1) / SECTOR);
  }
}

/** Does t_ctid say where the change said that the row went? */
function pointsOn(page: Buffer, start: number, place: TuplePlaceInRelation, removed: TupleRemoval): boolean {
  const block = tupleCtidBlock(page, start);
  const offset = tupleCtidOffset(page, start);
  if (removed.movedToPartition) return offset === MOVED_OFFSET;
  if (removed.next) return block === removed.next.block && offset === removed.next.offset;
  return block === place.block && offset === place.offset;
}
