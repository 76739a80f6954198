/**
 * Heap and heap2 records: where a tuple was written or removed, and where its bytes lie in the record.
 *
 * Layout: access/heapam_xlog.h, the same from 10 to 18 for the operations that write tuples. A tuple in a record is an
 * xl_heap_header (t_infomask2, t_infomask, t_hoff; five bytes) and then everything of the tuple behind its fixed header.
 */
import type { RecordCursor } from './record-cursor.js';
import { HeapOperation } from './resource-managers.js';

/** SizeOfHeapHeader. */
export const HEAP_HEADER_SIZE = 5;
/** XLH_INSERT_*. */
export const InsertFlag = { lastInMulti: 0x02, speculative: 0x04, containsNewTuple: 0x08 } as const;
/** XLH_UPDATE_*. */
export const UpdateFlag = {
  containsOldTuple: 0x04,
  containsOldKey: 0x08,
  containsNewTuple: 0x10,
  prefixFromOld: 0x20,
  suffixFromOld: 0x40,
} as const;
/** XLH_DELETE_*. */
export const DeleteFlag = {
  containsOldTuple: 0x02,
  containsOldKey: 0x04,
  isSuper: 0x08,
  isPartitionMove: 0x10,
} as const;
/** XLH_TRUNCATE_*. */
export const TruncateFlag = { cascade: 0x01, restartSequences: 0x02 } as const;

/** A tuple's bytes inside a record: an xl_heap_header at `header`, its data in [data, end). */
export interface LoggedTuple {
  readonly infomask2: number;
  readonly infomask: number;
  readonly hoff: number;
  /** Offsets in the record's buffer. */
  readonly data: number;
  readonly end: number;
  /** Bytes it shares with the old tuple at both ends, left out of the record; 0 when it is whole. */
  readonly prefix: number;
  readonly suffix: number;
}

/** xl_heap_insert.offnum. */
export function insertOffset(record: RecordCursor): number {
  return record.view.getUint16(record.mainOffset, true);
}

/** xl_heap_insert.flags. */
export function insertFlags(record: RecordCursor): number {
  return record.view.getUint8(record.mainOffset + 2);
}

/** xl_heap_delete.offnum. */
export function deleteOffset(record: RecordCursor): number {
  return record.view.getUint16(record.mainOffset + 4, true);
}

/** xl_heap_delete.flags. */
export function deleteFlags(record: RecordCursor): number {
  return record.view.getUint8(record.mainOffset + 7);
}

/** xl_heap_update.old_offnum. */
export function updateOldOffset(record: RecordCursor): number {
  return record.view.getUint16(record.mainOffset + 4, true);
}

/** xl_heap_update.flags. */
export function updateFlags(record: RecordCursor): number {
  return record.view.getUint8(record.mainOffset + 7);
}

/** xl_heap_update.new_offnum. */
export function updateNewOffset(record: RecordCursor): number {
  return record.view.getUint16(record.mainOffset + 12, true);
}

/** Block id of the page the old tuple was on: 1 when it is another page than the new one's. */
export function updateOldBlockId(record: RecordCursor): number {
  return record.blockCount > 1 && record.blockInUse[1] === 1 ? 1 : 0;
}

/** xl_multi_insert.ntuples. */
export function multiInsertCount(record: RecordCursor): number {
  return record.view.getUint16(record.mainOffset + 2, true);
}

/** Line pointer of the i-th tuple: from the record, or counted from 1 on a page made anew. */
export function multiInsertOffset(record: RecordCursor, index: number): number {
  if ((record.info & HeapOperation.initPage) !== 0) return index + 1;
  return record.view.getUint16(record.mainOffset + 4 + index * 2, true);
}

function loggedTuple(
  record: RecordCursor,
  at: number,
  end: number,
  prefix: number,
  suffix: number,
): LoggedTuple {
  if (end - at < HEAP_HEADER_SIZE) throw new RangeError(`tuple of ${end - at} bytes in a heap record`);
  const { view } = record;
  return {
    infomask2: view.getUint16(at, true),
    infomask: view.getUint16(at + 2, true),
    hoff: view.getUint8(at + 4),
    data: at + HEAP_HEADER_SIZE,
    end,
    prefix,
    suffix,
  };
}

/** The new tuple of an insert; undefined when only the page's image holds it. */
export function insertedTuple(record: RecordCursor): LoggedTuple | undefined {
  const length = record.blockDataLength[0];
  if (length === 0) return undefined;
  const at = record.blockDataOffset[0];
  return loggedTuple(record, at, at + length, 0, 0);
}

/** Is the new tuple of an insert or update in the record, and not only in the page's image? Throws RangeError when it is too short to be one. */
export function logsNewTuple(record: RecordCursor): boolean {
  const length = record.blockDataLength[0];
  if (length > 0 && length < HEAP_HEADER_SIZE)
    throw new RangeError(`tuple of ${length} bytes in a heap record`);
  return length > 0;
}

/** Is the new tuple of an update in the record without what it shares with the old one? Throws RangeError when it is too short to be one. */
export function isDifference(record: RecordCursor): boolean {
  if ((updateFlags(record) & (UpdateFlag.prefixFromOld | UpdateFlag.suffixFromOld)) === 0) return false;
  const logged = updatedTuple(record);
  return logged !== undefined && (logged.prefix > 0 || logged.suffix > 0);
}

/** The new tuple of an update, perhaps without what it shares with the old one; undefined when only the page's image holds it. */
export function updatedTuple(record: RecordCursor): LoggedTuple | undefined {
  const length = record.blockDataLength[0];
  if (length === 0) return undefined;
  const flags = updateFlags(record);
  let at = record.blockDataOffset[0];
  const end = at + length;
  let prefix = 0;
  let suffix = 0;
  if ((flags & UpdateFlag.prefixFromOld) !== 0) {
    prefix = record.view.getUint16(at, true);
    at += 2;
  }
  if ((flags & UpdateFlag.suffixFromOld) !== 0) {
    suffix = record.view.getUint16(at, true);
    at += 2;
  }
  return loggedTuple(record, at, end, prefix, suffix);
}

/** The old row (or only its key) that an update or delete logged for logical decoding; undefined when there is none. */
export function loggedOldTuple(record: RecordCursor, structSize: 8 | 14): LoggedTuple | undefined {
  const at = record.mainOffset + structSize;
  const end = record.mainOffset + record.mainLength;
  return end > at ? loggedTuple(record, at, end, 0, 0) : undefined;
}

/**
 * The tuples of a multi-insert, in order: xl_multi_insert_tuple (datalen 2, infomask2 2, infomask 2, hoff 1), each aligned to
 * two bytes. Undefined when only the page's image holds them. Throws RangeError when one runs beyond the record.
 */
export function multiInsertedTuples(record: RecordCursor): LoggedTuple[] | undefined {
  const length = record.blockDataLength[0];
  if (length === 0) return undefined;
  const { view } = record;
  const start = record.blockDataOffset[0];
  const end = start + length;
  const count = multiInsertCount(record);
  const tuples: LoggedTuple[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    at += (at - start) & 1;
    if (at + 7 > end) throw new RangeError('multi-insert record runs beyond its end');
    const dataLength = view.getUint16(at, true);
    const data = at + 7;
    if (data + dataLength > end) throw new RangeError('tuple of a multi-insert runs beyond the record');
    tuples.push({
      infomask2: view.getUint16(at + 2, true),
      infomask: view.getUint16(at + 4, true),
      hoff: view.getUint8(at + 6),
      data,
      end: data + dataLength,
      prefix: 0,
      suffix: 0,
    });
    at = data + dataLength;
  }
  return tuples;
}

/** The one at `index` among multiInsertedTuples(). */
export function multiInsertedTuple(record: RecordCursor, index: number): LoggedTuple | undefined {
  const length = record.blockDataLength[0];
  if (length === 0) return undefined;
  const { view } = record;
  const start = record.blockDataOffset[0];
  const end = start + length;
  let at = start;
  for (let i = 0; ; i++) {
    at += (at - start) & 1;
    if (at + 7 > end) throw new RangeError('multi-insert record runs beyond its end');
    const data = at + 7;
    const dataEnd = data + view.getUint16(at, true);
    if (dataEnd > end) throw new RangeError('tuple of a multi-insert runs beyond the record');
    if (i < index) {
      at = dataEnd;
      continue;
    }
    return {
      infomask2: view.getUint16(at + 2, true),
      infomask: view.getUint16(at + 4, true),
      hoff: view.getUint8(at + 6),
      data,
      end: dataEnd,
      prefix: 0,
      suffix: 0,
    };
  }
}

/** xl_heap_truncate: dbId, nrelids, flags, relids. */
export interface TruncateRecord {
  readonly databaseOid: number;
  readonly flags: number;
  readonly relationOids: readonly number[];
}

/** Reads XLOG_HEAP_TRUNCATE (11 and later, wal_level=logical). */
export function parseTruncate(record: RecordCursor): TruncateRecord {
  const { view, mainOffset, mainLength } = record;
  const count = view.getUint32(mainOffset + 4, true);
  if (12 + count * 4 > mainLength) throw new RangeError(`truncate record claims ${count} relations`);
  const relationOids: number[] = [];
  for (let i = 0; i < count; i++) relationOids.push(view.getUint32(mainOffset + 12 + i * 4, true));
  return {
    databaseOid: view.getUint32(mainOffset, true),
    flags: view.getUint8(mainOffset + 8),
    relationOids,
  };
}
