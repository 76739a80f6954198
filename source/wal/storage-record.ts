/** Storage records: files made, and cut off (catalog/storage_xlog.h). */
import type { RecordCursor } from './record-cursor.js';
import { ResourceManager } from './resource-managers.js';

/** XLOG_SMGR_TRUNCATE */
const TRUNCATE = 0x20;

/** A relation file, as WAL names it. */
export interface EmptiedFile {
  readonly tablespaceOid: number;
  readonly databaseOid: number;
  readonly fileNode: number;
}

/**
 * The relation file that the record under the cursor cuts off at its very beginning: xl_smgr_truncate is blkno 4, RelFileLocator 12
 * (tablespace, database, file), flags 4. Undefined for any other record, and for a vacuum that only cuts off the end.
 */
export function emptiedFile(record: RecordCursor): EmptiedFile | undefined {
  if (record.rmid !== ResourceManager.storage || (record.info & 0xf0) !== TRUNCATE) return undefined;
  const { view, mainOffset } = record;
  if (record.mainLength < 16 || view.getUint32(mainOffset, true) !== 0) return undefined;
  return {
    tablespaceOid: view.getUint32(mainOffset + 4, true),
    databaseOid: view.getUint32(mainOffset + 8, true),
    fileNode: view.getUint32(mainOffset + 12, true),
  };
}
