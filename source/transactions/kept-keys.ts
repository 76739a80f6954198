/** Which updates tell by their records that no unique key of their rows changed. */
import type { RelationDefinition } from '../catalog/model.js';
import { loggedOldTuple, UpdateFlag, updateFlags } from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation } from '../wal/resource-managers.js';
import { mayChangeKey } from '../wal/tuple-removal.js';
import { replicaIdentityIndex } from './relations.js';

/**
 * Does the update under the cursor say that its row kept all keys? A HOT update changes no indexed column. Others say whether they
 * changed a key column, or met a row that was locked as if for that; and logical decoding wants to know, and logs the old key of the replica identity when that changed.
 */
export function keepsKeys(record: RecordCursor, definition: RelationDefinition | undefined): boolean {
  if ((record.info & HeapOperation.mask) !== HeapOperation.update) return true;
  if (!mayChangeKey(record)) return true;
  if (definition === undefined || definition.uniqueIndexes.length > 1) return false;
  if ((updateFlags(record) & UpdateFlag.containsNewTuple) === 0) return false;
  return replicaIdentityIndex(definition) !== undefined && loggedOldTuple(record, 14) === undefined;
}
