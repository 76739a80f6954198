/** Who wrote a version and who removed it, and with that, at which moments it is seen. */
import type { Lsn } from '../../bytes/lsn.js';
import type { TransactionFates } from '../fates.js';
import type { Moment } from '../moment.js';
import { NO_XID, NOT_TOLD, type VersionNumbers } from './version-numbers.js';

/** That an unsettled transaction removed a version, at this LSN (or NOT_TOLD). */
export interface Removal {
  readonly xid: number;
  lsn: Lsn;
}

/** From when to when each version of one catalog lived. */
export class VersionLifetimes {
  readonly #numbers: VersionNumbers;
  readonly #fates: TransactionFates;
  /** Second and further removals of a version: rare, as all but one of a version's removers aborted. */
  readonly #moreRemovals = new Map<number, Removal[]>();

  constructor(numbers: VersionNumbers, fates: TransactionFates) {
    this.#numbers = numbers;
    this.#fates = fates;
  }

  /** Is this version seen at that moment? `usable` is 1 for the numbers of the files that may be believed then. */
  isVisible(version: number, at: Moment, usable: Uint8Array): boolean {
    const numbers = this.#numbers;
    if (usable[numbers.file[version]] !== 1) return false;
    if (!this.#isWritten(version, at)) return false;
    const remover = numbers.remover[version];
    if (remover === NO_XID) return true;
    if (this.#isSeen(remover, numbers.removedLsn[version], at)) return false;
    const more = this.#moreRemovals.get(version);
    return !more?.some((removal) => this.#isSeen(removal.xid, removal.lsn, at));
  }

  /**
   * The last moment at which a version that is no longer seen `at` was: just before its removal. Undefined when it was never seen up to
   * then.
   */
  lastSeen(version: number, at: Moment): Moment | undefined {
    if (!this.#isWritten(version, at)) return undefined;
    let lsn = at.lsn;
    for (const removal of this.removals(version)) {
      if (at.ownXids?.has(removal.xid) && removal.lsn < at.lsn) lsn = Math.min(lsn, removal.lsn);
      else lsn = Math.min(lsn, this.#fates.committedAt(removal.xid));
    }
    return { lsn, ownXids: at.ownXids };
  }

  /** All that removed a version, or tried to. */
  *removals(version: number): Iterable<Removal> {
    const { remover, removedLsn } = this.#numbers;
    if (remover[version] === NO_XID) return;
    yield { xid: remover[version], lsn: removedLsn[version] };
    yield* this.#moreRemovals.get(version) ?? [];
  }

  /** The removal by this transaction. */
  removalBy(version: number, xid: number): Removal | undefined {
    for (const removal of this.removals(version)) if (removal.xid === xid) return removal;
    return undefined;
  }

  /** Notes a removal by a transaction of which none is known yet. */
  addRemoval(version: number, xid: number, lsn: Lsn): void {
    const { remover, removedLsn } = this.#numbers;
    if (remover[version] === NO_XID) {
      remover[version] = xid;
      removedLsn[version] = lsn;
      return;
    }
    const more = this.#moreRemovals.get(version);
    if (more) more.push({ xid, lsn });
    else this.#moreRemovals.set(version, [{ xid, lsn }]);
  }

  /** Notes when a known removal was. */
  setRemovalLsn(version: number, xid: number, lsn: Lsn): void {
    const { remover, removedLsn } = this.#numbers;
    if (remover[version] === xid) removedLsn[version] = lsn;
    else for (const more of this.#moreRemovals.get(version)!) if (more.xid === xid) more.lsn = lsn;
  }

  #isWritten(version: number, at: Moment): boolean {
    const writer = this.#numbers.writer[version];
    if (writer === NO_XID) return true;
    return this.#isSeen(writer, this.#numbers.writtenLsn[version], at);
  }

  /** Is what this unsettled transaction did at `lsn` seen at that moment? */
  #isSeen(xid: number, lsn: Lsn, at: Moment): boolean {
    const fates = this.#fates;
    if (fates.committedAt(xid) < at.lsn) return true;
    if (!at.ownXids?.has(xid)) return false;
    // What WAL has not told of is still to come, unless the transaction was already at work when reading began.
    return lsn === NOT_TOLD ? fates.beganBefore(xid) : lsn < at.lsn;
  }
}
