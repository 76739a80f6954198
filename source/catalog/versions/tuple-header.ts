/** What a tuple's header on a page says of who wrote and who removed it, against what is known of those transactions. */
import type { Lsn } from '../../bytes/lsn.js';
import {
  Infomask,
  isXmaxLockOnly,
  isXmaxMulti,
  isXminFrozen,
  tupleInfomask,
  tupleXmax,
} from '../../heap/tuple.js';
import type { VersionStoreOptions } from './options.js';
import { NO_XID } from './version-numbers.js';

/** A commit record and the header of its page take more WAL than this: xids cannot go by faster. */
const LEAST_WAL_PER_XID = 32;

/**
 * Did the tuple's writer end before reading began? A frozen tuple keeps its xmin's number, which may have come round again: then the
 * number looks like a transaction of the future, but no page that has not changed since reading began, or not by that much WAL, can hold
 * one. `pageChangedAt` is the page's LSN.
 */
export function isWriterSettled(
  { fates, startLsn }: VersionStoreOptions,
  xmin: number,
  infomask: number,
  pageChangedAt: Lsn,
): boolean {
  if (fates.isSettled(xmin)) return true;
  if (!isXminFrozen(infomask) || fates.beganBefore(xmin)) return false;
  return fates.distance(xmin) > (pageChangedAt - startLsn) / LEAST_WAL_PER_XID;
}

/** Did a writer that is settled commit? */
export function settledWriterCommitted(
  { fates }: VersionStoreOptions,
  xmin: number,
  infomask: number,
): boolean {
  if (isXminFrozen(infomask)) return true;
  if ((infomask & Infomask.xminInvalid) !== 0) return false;
  return fates.settledCommitted(xmin, (infomask & Infomask.xminCommitted) !== 0);
}

/** The transaction that the header of the tuple at page[start] says removed it; NO_XID when none did or it certainly failed. */
export function removerOf(
  { multixactUpdater }: VersionStoreOptions,
  page: Uint8Array,
  start: number,
): number {
  const infomask = tupleInfomask(page, start);
  const xmax = tupleXmax(page, start);
  if (xmax === NO_XID || (infomask & Infomask.xmaxInvalid) !== 0 || isXmaxLockOnly(infomask)) return NO_XID;
  return isXmaxMulti(infomask) ? (multixactUpdater(xmax) ?? NO_XID) : xmax;
}
