/** What records are about, told without decoding them. */
import type { Catalog } from '../catalog/catalog.js';
import type { Oid } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { ResourceManager } from '../wal/resource-managers.js';
import { emptiedFile } from '../wal/storage-record.js';
import { locatorOf } from './located-tables.js';
import { roleOf } from './relations.js';

/** What a record is about. */
export type RecordRole =
  | { readonly kind: 'rows' | 'transient' | 'nothing' }
  | { readonly kind: 'sequence'; readonly relationOid: Oid | undefined }
  | { readonly kind: 'emptied'; readonly relationOid: Oid };

/**
 * What the record under the cursor is about, without decoding it: rows (or a message) of anybody's, a sequence's position, a
 * rewrite's transient rows, a table cut off at its beginning; or nothing to tell.
 */
export function roleOfRecord(
  catalog: Catalog,
  record: RecordCursor,
  ownXids: ReadonlySet<number> | undefined,
): RecordRole {
  const moment: Moment = { lsn: record.lsn, ownXids };
  switch (record.rmid) {
    case ResourceManager.logicalMessage:
      return { kind: 'rows' };
    case ResourceManager.sequence: {
      const definition = catalog.relationByLocator(locatorOf(record), moment);
      return { kind: 'sequence', relationOid: definition?.oid };
    }
    case ResourceManager.storage:
      return emptied(catalog, record, moment);
  }
  if (record.blockCount === 0) return { kind: 'rows' };
  const definition = catalog.relationByLocator(locatorOf(record), moment);
  if (!definition || roleOf(definition, catalog) === 'table') return { kind: 'rows' };
  return { kind: catalog.isTransient(definition) ? 'transient' : 'nothing' };
}

/**
 * A TRUNCATE of a table whose file is the transaction's own (made, or truncated before, by it) cuts that file off. A vacuum cuts off
 * files of anybody's, but never one that nobody else can see.
 */
function emptied(catalog: Catalog, record: RecordCursor, moment: Moment): RecordRole {
  const file = emptiedFile(record);
  if (!file) return { kind: 'nothing' };
  const definition = catalog.relationByLocator(file, moment);
  if (!definition || roleOf(definition, catalog) !== 'table' || definition.persistence !== 'p')
    return { kind: 'nothing' };
  const seenByOthers = catalog
    .rows(file.databaseOid, { lsn: record.lsn })
    ?.relation(definition.oid)?.fileNode;
  if (seenByOthers === file.fileNode) return { kind: 'nothing' };
  return { kind: 'emptied', relationOid: definition.oid };
}
