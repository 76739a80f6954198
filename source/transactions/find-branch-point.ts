/**
 * What two nodes had in common when they parted: how far transaction ids, file numbers and multixacts had been given out, as the WAL
 * up to there tells. Both go on from the same numbers, each for itself.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { BranchPoint } from '../catalog/branch-point.js';
import { xidPrecedes } from '../heap/tuple.js';
import { isCheckpoint, parseCheckpoint } from '../wal/checkpoint-record.js';
import { LONG_PAGE_HEADER_SIZE } from '../wal/page-header.js';
import { WalReader } from '../wal/reader.js';
import { recordVersion } from '../wal/record-versions.js';
import {
  MultixactOperation,
  ResourceManager,
  TransactionOperation,
  XlogOperation,
} from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { parsePrepare, parseTransactionEnd } from '../wal/transaction-record.js';
import type { StartingPoint } from './starting-point.js';

/**
 * Reads the WAL from the starting point to `lsn`. Undefined when there is no checkpoint to begin with, or the WAL does not reach that
 * far: then nothing tells whose a number is.
 */
export function findBranchPoint(
  segments: WalSegments,
  start: StartingPoint,
  lsn: Lsn,
  blockSize: number,
): BranchPoint | undefined {
  if (!start.checkpoint) return undefined;
  const reader = new WalReader(segments, { blockSize });
  const version = recordVersion(segments.majorVersion);
  // A transaction that was given an id and wrote nothing is not told of; neither is there anything of it to be confused.
  let { nextXid, nextOid, nextMultixact } = start.checkpoint;
  const met = (xid: number): void => {
    if (xid !== 0 && !xidPrecedes(xid, nextXid)) nextXid = following(xid);
  };
  try {
    reader.seek(start.startLsn);
    while (reader.position < lsn && reader.next()) {
      // A record that was begun before the point and ends behind it is one node's own.
      if (reader.endLsn > lsn) return { lsn, nextXid, nextOid, nextMultixact };
      const { view, mainOffset, mainLength } = reader;
      const operation = reader.info & 0xf0;
      met(reader.xid);
      if (reader.rmid === ResourceManager.transaction) {
        const kind = reader.info & TransactionOperation.mask;
        if (kind === TransactionOperation.prepare) parsePrepare(reader, version).subxids.forEach(met);
        else if (kind <= TransactionOperation.abortPrepared) {
          const end = parseTransactionEnd(reader, version);
          met(end.xid);
          end.subxids.forEach(met);
        }
      } else if (reader.rmid === ResourceManager.xlog && operation === XlogOperation.nextOid) {
        if (mainLength >= 4) nextOid = view.getUint32(mainOffset, true);
      } else if (reader.rmid === ResourceManager.multixact && operation === MultixactOperation.create) {
        const multixact = view.getUint32(mainOffset, true);
        if (((multixact - nextMultixact) | 0) >= 0) nextMultixact = (multixact + 1) >>> 0;
      } else if (isCheckpoint(reader)) {
        const checkpoint = parseCheckpoint(reader, version);
        met((checkpoint.nextXid - 1) >>> 0);
        nextOid = checkpoint.nextOid;
        nextMultixact = checkpoint.nextMultixact;
      }
    }
    // A place at a page's beginning may be told with or without the page's header.
    if (reader.position + LONG_PAGE_HEADER_SIZE < lsn) return undefined;
    return { lsn, nextXid, nextOid, nextMultixact };
  } finally {
    reader.closeFile();
  }
}

/** TransactionIdAdvance: the special ones are passed over. */
function following(xid: number): number {
  return xid >= 0xffff_ffff ? 3 : xid + 1;
}
