/** Where tuples that a record speaks of lie in their relation files. */
import { deleteOffset, updateOldBlockId, updateOldOffset } from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation } from '../wal/resource-managers.js';
import type { TuplePlaceInRelation } from './past-tuples.js';

/** Where the row lay that the update or delete under `record` met. */
export function oldPlace(record: RecordCursor): TuplePlaceInRelation {
  if ((record.info & HeapOperation.mask) === HeapOperation.delete)
    return placeIn(record, deleteOffset(record));
  return placeIn(record, updateOldOffset(record), updateOldBlockId(record));
}

/** A place on the page of one of the record's blocks, the first when not said. */
export function placeIn(record: RecordCursor, offset: number, blockId = 0): TuplePlaceInRelation {
  return {
    tablespaceOid: record.blockTablespace[blockId],
    databaseOid: record.blockDatabase[blockId],
    fileNode: record.blockFileNode[blockId],
    block: record.blockNumber[blockId],
    offset,
  };
}
