/** How a heap record took a tuple away: what it wrote into that tuple's header (heapam.c: heap_xlog_delete, heap_xlog_update). */
import type { Lsn } from '../bytes/lsn.js';
import { DeleteFlag, deleteFlags, updateNewOffset } from './heap-record.js';
import type { RecordCursor } from './record-cursor.js';
import { HeapOperation } from './resource-managers.js';

/** XLHL_XMAX_IS_MULTI (access/heapam_xlog.h), in xl_heap_delete.infobits_set and xl_heap_update.old_infobits_set. */
const XMAX_IS_MULTI = 0x01;
/** XLHL_KEYS_UPDATED, there too. */
const KEYS_UPDATED = 0x10;

/** The removal of one tuple version by a delete or an update. */
export interface TupleRemoval {
  /** Where the record begins. */
  readonly lsn: Lsn;
  /** The (sub)transaction that did it. */
  readonly xid: number;
  /** t_xmax as it was set: that xid, or a multixact it is a member of. */
  readonly xmax: number;
  readonly isMulti: boolean;
  /** Where an update put the new version. */
  readonly next?: { readonly block: number; readonly offset: number };
  /** An update of the partition key: the row went on in another partition. */
  readonly movedToPartition: boolean;
}

/** The removal in the delete or update record under the cursor. */
export function tupleRemoval(record: RecordCursor): TupleRemoval {
  const { lsn, xid, view, mainOffset } = record;
  // Both structs begin with the old tuple's xmax, its line pointer and its infobits.
  const xmax = view.getUint32(mainOffset, true);
  const isMulti = (view.getUint8(mainOffset + 6) & XMAX_IS_MULTI) !== 0;
  if ((record.info & HeapOperation.mask) === HeapOperation.delete) {
    const movedToPartition = (deleteFlags(record) & DeleteFlag.isPartitionMove) !== 0;
    return { lsn, xid, xmax, isMulti, movedToPartition };
  }
  const next = { block: record.blockNumber[0], offset: updateNewOffset(record) };
  return { lsn, xid, xmax, isMulti, next, movedToPartition: false };
}

/**
 * May the update under the cursor have changed a column of a unique index that is neither partial nor by expressions? The server compared their bytes,
 * to know which lock it needs on the row (heap_update() in heapam.c): where it says no, none was changed. Where it says yes, somebody may
 * as well have locked the row as if for that.
 */
export function mayChangeKey({ view, mainOffset }: RecordCursor): boolean {
  return (view.getUint8(mainOffset + 6) & KEYS_UPDATED) !== 0;
}
