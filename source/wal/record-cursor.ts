/**
 * One WAL record under the reader's eye, as numbers: offsets into a buffer that stays valid until the next record
 * is read. Nothing is allocated per record; a string or an object is made only when someone looks.
 *
 * Layout: access/xlogrecord.h (XLogRecord, XLogRecordBlockHeader, XLogRecordBlockImageHeader), decoded the way
 * DecodeXLogRecord() in xlogreader.c does.
 */
import type { Lsn } from '../bytes/lsn.js';

/** XLR_MAX_BLOCK_ID (access/xlogrecord.h) + 1. */
export const MAX_BLOCK_REFERENCES = 33;

export interface RecordCursor {
  /** First byte of the record. */
  readonly lsn: Lsn;
  /** First byte after it, aligned: where the next record may begin; what PostgreSQL calls EndRecPtr. */
  readonly endLsn: Lsn;
  /** The bytes of the whole record, contiguous, in `buffer` from `start`. */
  readonly buffer: Buffer;
  readonly view: DataView;
  readonly start: number;
  /** xl_tot_len. */
  readonly totalLength: number;
  readonly xid: number;
  /** xl_info: the high four bits belong to the resource manager. */
  readonly info: number;
  /** xl_rmid. */
  readonly rmid: number;
  /** Offset in `buffer` and length of the main data. */
  readonly mainOffset: number;
  readonly mainLength: number;
  /** The subtransaction's top-level xid when the record carries it (XLR_BLOCK_ID_TOPLEVEL_XID, 14 and later, wal_level=logical), else 0. */
  readonly topXid: number;
  /** Replication origin (XLR_BLOCK_ID_ORIGIN), 0 when none. */
  readonly origin: number;
  /** One more than the highest block id in use; a gap has `blockInUse[id] === 0`. */
  readonly blockCount: number;
  readonly blockInUse: Uint8Array;
  readonly blockTablespace: Uint32Array;
  readonly blockDatabase: Uint32Array;
  readonly blockFileNode: Uint32Array;
  /** Fork number: 0 main, 1 free space map, 2 visibility map, 3 init. */
  readonly blockFork: Uint8Array;
  readonly blockNumber: Uint32Array;
  /** fork_flags' high bits: BKPBLOCK_WILL_INIT and friends. */
  readonly blockFlags: Uint8Array;
  /** The block's data (not its image): offset in `buffer` and length. */
  readonly blockDataOffset: Uint32Array;
  readonly blockDataLength: Uint32Array;
  /** The full-page image: offset and length in `buffer`, 0 length when there is none. */
  readonly imageOffset: Uint32Array;
  readonly imageLength: Uint32Array;
  /** bimg_info. */
  readonly imageInfo: Uint8Array;
  readonly imageHoleOffset: Uint16Array;
  readonly imageHoleLength: Uint16Array;
}
