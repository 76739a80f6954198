/**
 * Where one node's catalog is to be left behind, to go on as another node's did: what was there when the two parted, without anything
 * that the first one did since. Both give out the same xids and file numbers from there on, for different things.
 */
import type { Lsn } from '../bytes/lsn.js';
import { FIRST_NORMAL_XID, xidPrecedes } from '../heap/tuple.js';
import { FIRST_NORMAL_OID } from './bootstrap.js';

/** What both nodes had when they parted. */
export interface BranchPoint {
  readonly lsn: Lsn;
  /** No transaction from here on wrote anything before the point: on either node it is that node's own. */
  readonly nextXid: number;
  /** No relation file from here on was there before the point: on the node that is left behind it is that node's own. */
  readonly nextOid: number;
  /** The first multixact that may be the node's own. */
  readonly nextMultixact: number;
}

/** Did this transaction begin on the common way? */
export function isFromBefore(point: BranchPoint, xid: number): boolean {
  return xid < FIRST_NORMAL_XID || xidPrecedes(xid, point.nextXid);
}

/** Is this file the same relation's on both nodes? */
export function isSharedFile(point: BranchPoint, fileNode: number): boolean {
  return fileNode < Math.max(point.nextOid, FIRST_NORMAL_OID);
}
