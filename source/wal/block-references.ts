/**
 * A record's body: block references with their images and data, then the main data.
 *
 * Layout: access/xlogrecord.h; taken apart in the order of DecodeXLogRecord() (xlogreader.c).
 */
import { MAX_BLOCK_REFERENCES, type RecordCursor } from './record-cursor.js';

/** SizeOfXLogRecord: xl_tot_len 4, xl_xid 4, xl_prev 8, xl_info 1, xl_rmid 1, padding 2, xl_crc 4. */
export const RECORD_HEADER_SIZE = 24;

/** Where a record lies. */
export type RecordBytes = Pick<RecordCursor, 'view' | 'start' | 'totalLength'>;

/** What a record's body says: the part of a cursor that is filled here. */
export type RecordParts = {
  -readonly [Key in Exclude<
    keyof RecordCursor,
    keyof RecordBytes | 'buffer' | 'lsn' | 'endLsn' | 'xid' | 'info' | 'rmid'
  >]: RecordCursor[Key];
};

/** Bits of fork_flags (access/xlogrecord.h, BKPBLOCK_*). */
export const BlockFlag = {
  forkMask: 0x0f,
  hasImage: 0x10,
  hasData: 0x20,
  willInit: 0x40,
  sameRelation: 0x80,
} as const;

/** Numbers that are no block's (access/xlogrecord.h, XLR_BLOCK_ID_*). */
export const BLOCK_ID_DATA_SHORT = 255;
export const BLOCK_ID_DATA_LONG = 254;
export const BLOCK_ID_ORIGIN = 253;
export const BLOCK_ID_TOPLEVEL_XID = 252;
/** BKPIMAGE_HAS_HOLE, the same bit in every version. */
export const IMAGE_HAS_HOLE = 0x01;

/** Room for as many block references as a record can have. */
export function createRecordParts(): RecordParts {
  const n = MAX_BLOCK_REFERENCES;
  return {
    mainOffset: 0,
    mainLength: 0,
    topXid: 0,
    origin: 0,
    blockCount: 0,
    blockInUse: new Uint8Array(n),
    blockTablespace: new Uint32Array(n),
    blockDatabase: new Uint32Array(n),
    blockFileNode: new Uint32Array(n),
    blockFork: new Uint8Array(n),
    blockNumber: new Uint32Array(n),
    blockFlags: new Uint8Array(n),
    blockDataOffset: new Uint32Array(n),
    blockDataLength: new Uint32Array(n),
    imageOffset: new Uint32Array(n),
    imageLength: new Uint32Array(n),
    imageInfo: new Uint8Array(n),
    imageHoleOffset: new Uint16Array(n),
    imageHoleLength: new Uint16Array(n),
  };
}

/**
 * Fills `r` with the block references and main data of the record in `bytes`. `compressedBits` are the bits of bimg_info that mean "compressed"
 * in this version. Returns a complaint in xlogreader's words when the record contradicts itself, undefined when all is well.
 */
export function parseRecordBody(
  { view, start, totalLength }: RecordBytes,
  r: RecordParts,
  blockSize: number,
  compressedBits: number,
): string | undefined {
  const end = start + totalLength;
  if (isPlain(view, start, end)) {
    parsePlain(view, start, r);
    return undefined;
  }
  let at = start + RECORD_HEADER_SIZE;
  let dataTotal = 0;
  let mainLength = 0;
  let previousId = -1;
  let tablespace = 0;
  let database = 0;
  let fileNode = 0;
  let relationKnown = false;
  r.topXid = 0;
  r.origin = 0;
  while (end - at > dataTotal) {
    const id = view.getUint8(at++);
    if (id === BLOCK_ID_DATA_SHORT) {
      if (at + 1 > end) return SHORT;
      mainLength = view.getUint8(at++);
      dataTotal += mainLength;
      break;
    }
    if (id === BLOCK_ID_DATA_LONG) {
      if (at + 4 > end) return SHORT;
      mainLength = view.getUint32(at, true);
      at += 4;
      dataTotal += mainLength;
      break;
    }
    if (id === BLOCK_ID_ORIGIN) {
      if (at + 2 > end) return SHORT;
      r.origin = view.getUint16(at, true);
      at += 2;
      continue;
    }
    if (id === BLOCK_ID_TOPLEVEL_XID) {
      if (at + 4 > end) return SHORT;
      r.topXid = view.getUint32(at, true);
      at += 4;
      continue;
    }
    if (id >= MAX_BLOCK_REFERENCES) return `invalid block_id ${id}`;
    if (id <= previousId) return `out-of-order block_id ${id}`;
    for (let gap = previousId + 1; gap < id; gap++) r.blockInUse[gap] = 0;
    previousId = id;
    if (at + 3 > end) return SHORT;
    const flags = view.getUint8(at);
    const dataLength = view.getUint16(at + 1, true);
    at += 3;
    r.blockInUse[id] = 1;
    r.blockFlags[id] = flags;
    r.blockFork[id] = flags & BlockFlag.forkMask;
    r.blockDataLength[id] = dataLength;
    if (((flags & BlockFlag.hasData) !== 0) !== dataLength > 0) {
      return `BKPBLOCK_HAS_DATA does not agree with data length ${dataLength}`;
    }
    dataTotal += dataLength;
    if ((flags & BlockFlag.hasImage) !== 0) {
      if (at + 5 > end) return SHORT;
      const imageLength = view.getUint16(at, true);
      const holeOffset = view.getUint16(at + 2, true);
      const imageInfo = view.getUint8(at + 4);
      at += 5;
      let holeLength = blockSize - imageLength;
      if ((imageInfo & compressedBits) !== 0) {
        holeLength = 0;
        if ((imageInfo & IMAGE_HAS_HOLE) !== 0) {
          if (at + 2 > end) return SHORT;
          holeLength = view.getUint16(at, true);
          at += 2;
        }
      }
      if (holeLength < 0 || holeOffset + holeLength > blockSize)
        return `invalid hole in the image of block_id ${id}`;
      r.imageLength[id] = imageLength;
      r.imageInfo[id] = imageInfo;
      r.imageHoleOffset[id] = holeOffset;
      r.imageHoleLength[id] = holeLength;
      dataTotal += imageLength;
    } else {
      r.imageLength[id] = 0;
    }
    if ((flags & BlockFlag.sameRelation) === 0) {
      if (at + 12 > end) return SHORT;
      tablespace = view.getUint32(at, true);
      database = view.getUint32(at + 4, true);
      fileNode = view.getUint32(at + 8, true);
      relationKnown = true;
      at += 12;
    } else if (!relationKnown) {
      return 'BKPBLOCK_SAME_REL set but no previous rel';
    }
    r.blockTablespace[id] = tablespace;
    r.blockDatabase[id] = database;
    r.blockFileNode[id] = fileNode;
    if (at + 4 > end) return SHORT;
    r.blockNumber[id] = view.getUint32(at, true);
    at += 4;
  }
  if (end - at !== dataTotal) return SHORT;
  r.blockCount = previousId + 1;
  for (let id = 0; id <= previousId; id++) {
    if (r.blockInUse[id] === 0) continue;
    r.imageOffset[id] = at;
    at += r.imageLength[id];
    r.blockDataOffset[id] = at;
    at += r.blockDataLength[id];
  }
  r.mainOffset = at;
  r.mainLength = mainLength;
  return undefined;
}

/**
 * A plain record, as most that change a row are: one block reference (with number 0, its relation named, no image), then less than 256 bytes of main data.
 * Offsets behind the header: number 1, fork_flags 1, data_length 2, relation 12, block 4; then 255 and the main data's length.
 */
const PLAIN_FLAGS_AT = RECORD_HEADER_SIZE + 1;
const PLAIN_DATA_LENGTH_AT = RECORD_HEADER_SIZE + 2;
const PLAIN_RELATION_AT = RECORD_HEADER_SIZE + 4;
const PLAIN_BLOCK_AT = RECORD_HEADER_SIZE + 16;
const PLAIN_MAIN_AT = RECORD_HEADER_SIZE + 20;
const PLAIN_DATA_AT = RECORD_HEADER_SIZE + 22;

/** Is the record in bytes [start, end) plain, and its lengths right? */
export function isPlain(view: DataView, start: number, end: number): boolean {
  if (end - start < PLAIN_DATA_AT || view.getUint8(start + RECORD_HEADER_SIZE) !== 0) return false;
  if (view.getUint8(start + PLAIN_MAIN_AT) !== BLOCK_ID_DATA_SHORT) return false;
  const flags = view.getUint8(start + PLAIN_FLAGS_AT);
  if ((flags & (BlockFlag.hasImage | BlockFlag.sameRelation)) !== 0) return false;
  const length = view.getUint16(start + PLAIN_DATA_LENGTH_AT, true);
  if ((flags & BlockFlag.hasData) !== 0 ? length === 0 : length > 0) return false;
  return start + PLAIN_DATA_AT + length + view.getUint8(start + PLAIN_MAIN_AT + 1) === end;
}

function parsePlain(view: DataView, start: number, r: RecordParts): void {
  const flags = view.getUint8(start + PLAIN_FLAGS_AT);
  const dataLength = view.getUint16(start + PLAIN_DATA_LENGTH_AT, true);
  r.topXid = 0;
  r.origin = 0;
  r.blockCount = 1;
  r.blockInUse[0] = 1;
  r.blockFlags[0] = flags;
  r.blockFork[0] = flags & BlockFlag.forkMask;
  r.blockTablespace[0] = view.getUint32(start + PLAIN_RELATION_AT, true);
  r.blockDatabase[0] = view.getUint32(start + PLAIN_RELATION_AT + 4, true);
  r.blockFileNode[0] = view.getUint32(start + PLAIN_RELATION_AT + 8, true);
  r.blockNumber[0] = view.getUint32(start + PLAIN_BLOCK_AT, true);
  r.blockDataOffset[0] = start + PLAIN_DATA_AT;
  r.blockDataLength[0] = dataLength;
  r.imageOffset[0] = start + PLAIN_DATA_AT;
  r.imageLength[0] = 0;
  r.mainOffset = start + PLAIN_DATA_AT + dataLength;
  r.mainLength = view.getUint8(start + PLAIN_MAIN_AT + 1);
}

const SHORT = 'record with invalid length';
