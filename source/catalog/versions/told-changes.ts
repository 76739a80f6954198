/**
 * When versions were written and removed, as WAL tells it: by a record of its own, by an image of the page, or of a copy in another file,
 * since when a row was written is true of its copies too.
 */
import type { Lsn } from '../../bytes/lsn.js';
import { NO_XID, NOT_TOLD } from './version-numbers.js';
import type { VersionSet } from './version-set.js';

/** Notes what WAL tells of versions' lives, and says so to whoever keeps changes by transaction. */
export class ToldChanges {
  readonly #set: VersionSet;

  constructor(set: VersionSet) {
    this.#set = set;
  }

  /** A record wrote a version that was known: it was known from disk alone, or is told a second time. */
  written(version: number, xid: number, lsn: Lsn): void {
    if (!this.#isUntold(version)) return;
    this.#set.numbers.writtenLsn[version] = lsn;
    this.#set.options.changed(xid, lsn, version, false);
    this.tellCopiesWritten(version, lsn);
  }

  /**
   * An image shows a version: its own record wrote it, or it is a copy that a rewrite made of one that was written long ago, and then
   * that is when.
   */
  imageShowsWritten(version: number, xid: number, lsn: Lsn): void {
    if (!this.#isUntold(version)) return;
    const { writtenLsn } = this.#set.numbers;
    for (const copy of this.#set.copies(version)) {
      if (writtenLsn[copy] === NOT_TOLD) continue;
      writtenLsn[version] = writtenLsn[copy];
      return;
    }
    this.written(version, xid, lsn);
  }

  /** Copies may have been made by a rewrite in a file that is known from disk already: what a version's record tells is told of them. */
  tellCopiesWritten(version: number, lsn: Lsn): void {
    for (const copy of this.#set.copies(version)) {
      if (this.#isUntold(copy)) this.#set.numbers.writtenLsn[copy] = lsn;
    }
  }

  /** A version was removed by `xid`, at `lsn` or NOT_TOLD when only disk says so. */
  removed(version: number, xid: number, lsn: Lsn): void {
    const { lifetimes, options } = this.#set;
    if (options.fates.isSettled(xid)) return;
    const known = lifetimes.removalBy(version, xid);
    if (known) {
      if (known.lsn !== NOT_TOLD || lsn === NOT_TOLD) return;
      lifetimes.setRemovalLsn(version, xid, lsn);
    } else lifetimes.addRemoval(version, xid, lsn);
    options.changed(xid, lsn === NOT_TOLD ? undefined : lsn, version, true);
    if (lsn !== NOT_TOLD) this.#tellCopiesRemoved(version, xid, lsn);
  }

  /** An image shows that a version was removed: at its own record, or when the row was that it is a copy of. */
  imageShowsRemoval(version: number, xid: number, lsn: Lsn): void {
    const { lifetimes } = this.#set;
    if (lifetimes.removalBy(version, xid)?.lsn) return;
    for (const copy of this.#set.copies(version)) {
      const told = lifetimes.removalBy(copy, xid)?.lsn;
      if (!told) continue;
      if (!lifetimes.removalBy(version, xid)) this.removed(version, xid, NOT_TOLD);
      lifetimes.setRemovalLsn(version, xid, told);
      return;
    }
    this.removed(version, xid, lsn);
  }

  #tellCopiesRemoved(version: number, xid: number, lsn: Lsn): void {
    const { lifetimes } = this.#set;
    for (const copy of this.#set.copies(version)) {
      if (lifetimes.removalBy(copy, xid)?.lsn === NOT_TOLD) lifetimes.setRemovalLsn(copy, xid, lsn);
    }
  }

  /** Is it not settled that the version was written, and not known when? */
  #isUntold(version: number): boolean {
    const { writer, writtenLsn } = this.#set.numbers;
    return writer[version] !== NO_XID && writtenLsn[version] === NOT_TOLD;
  }
}
