/** The tuple that a record put at a line pointer, whatever kind of record it is. */
import {
  insertedTuple,
  insertOffset,
  type LoggedTuple,
  multiInsertCount,
  multiInsertedTuple,
  multiInsertOffset,
  updatedTuple,
  updateNewOffset,
} from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';

/** The tuple at line pointer `offset` as the record itself logged it; undefined when only its image has it. */
export function loggedTupleAt(record: RecordCursor, offset: number): LoggedTuple | undefined {
  if (record.rmid === ResourceManager.heap2) {
    if ((record.info & Heap2Operation.mask) !== Heap2Operation.multiInsert) return undefined;
    const count = multiInsertCount(record);
    for (let i = 0; i < count; i++)
      if (multiInsertOffset(record, i) === offset) return multiInsertedTuple(record, i);
    return undefined;
  }
  if (record.rmid !== ResourceManager.heap) return undefined;
  const operation = record.info & HeapOperation.mask;
  if (operation === HeapOperation.insert)
    return insertOffset(record) === offset ? insertedTuple(record) : undefined;
  if (operation === HeapOperation.update || operation === HeapOperation.hotUpdate)
    return updateNewOffset(record) === offset ? updatedTuple(record) : undefined;
  return undefined;
}
