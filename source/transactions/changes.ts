/**
 * A transaction's records turned into changes of rows: read again from WAL, one by one, when somebody looks.
 */

import { formatLsn } from '../bytes/lsn.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Oid, RelationDefinition } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import type { Change, RowOperation, SequenceChange, Table } from '../rows/row-change.js';
import type { RowVisitor } from '../rows/row-visitor.js';
import {
  insertedTuple,
  insertOffset,
  multiInsertCount,
  parseTruncate,
  TruncateFlag,
} from '../wal/heap-record.js';
import { parseLogicalMessage } from '../wal/logical-message.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import { LocatedTables, locatorOf } from './located-tables.js';
import { roleOf } from './relations.js';
import { RowChanges } from './row-changes.js';
import { RowsInPlace } from './rows-in-place.js';
import type { Scan } from './scan.js';
import { parseSequence } from './sequence-record.js';
import type { ToastReader } from './toast-reader.js';

/** Decodes records of one opened node. */
export class ChangeDecoder {
  readonly #catalog: Catalog;
  readonly #tables: LocatedTables;
  readonly #changes: RowChanges;
  readonly #inPlace: RowsInPlace;

  constructor(scan: Scan, catalog: Catalog, toast: ToastReader) {
    this.#catalog = catalog;
    this.#tables = new LocatedTables(catalog);
    this.#changes = new RowChanges(scan, toast);
    this.#inPlace = new RowsInPlace(scan, this.#tables, toast, (...insert) =>
      this.#changes.insert(...insert),
    );
  }

  /** The changes that the record under the cursor holds, as its transaction (`ownXids`) saw the catalog. */
  decode(record: RecordCursor, ownXids: ReadonlySet<number> | undefined): Change[] {
    const moment: Moment = { lsn: record.lsn, ownXids };
    switch (record.rmid) {
      case ResourceManager.logicalMessage:
        return [{ kind: 'message', lsn: record.lsn, xid: record.xid, ...parseLogicalMessage(record) }];
      case ResourceManager.sequence:
        return this.sequence(record, moment);
      case ResourceManager.storage:
        // Only a transaction that changed the catalog has one of these to tell, and it is told in steps.
        return [];
      case ResourceManager.heap2:
        return this.#rows(record, moment, 'insert');
    }
    switch (record.info & HeapOperation.mask) {
      case HeapOperation.insert:
        return this.#rows(record, moment, 'insert');
      case HeapOperation.delete:
        return this.#rows(record, moment, 'delete');
      case HeapOperation.truncate:
        return this.#truncate(record, moment);
      default:
        return this.#rows(record, moment, 'update');
    }
  }

  /**
   * Shows the changes that the record under the cursor holds: rows as they lie in their tuples where the visitor takes them so, else what
   * decode() gives. `backwards`: the last one first.
   */
  visit(
    record: RecordCursor,
    ownXids: ReadonlySet<number> | undefined,
    visitor: RowVisitor,
    backwards: boolean,
  ): void {
    if (this.#inPlace.visit(record, ownXids, visitor, backwards)) return;
    const changes = this.decode(record, ownXids);
    if (backwards) changes.reverse();
    for (const change of changes) visitor.change(change);
  }

  /** A relation's table at a moment. */
  tableOf(definition: RelationDefinition, moment: Moment): Table {
    return this.#tables.decoders.for(definition, this.#catalog.types(definition.database.oid, moment)).table;
  }

  /** The table with this OID at a moment; undefined when it is none, or not anybody's. */
  tableByOid(databaseOid: Oid, oid: Oid, moment: Moment): Table | undefined {
    const definition = this.#catalog.relationByOid(databaseOid, oid, moment);
    if (!definition || roleOf(definition, this.#catalog) !== 'table') return undefined;
    return this.tableOf(definition, moment);
  }

  #rows(record: RecordCursor, moment: Moment, operation: RowOperation): Change[] {
    const found = this.#tables.of(record, moment);
    if (found === 'no table') return [];
    const { lsn, xid } = record;
    if (!found) {
      const locator = locatorOf(record);
      const relation = `relation ${locator.tablespaceOid}/${locator.databaseOid}/${locator.fileNode}`;
      const problem = `${this.#catalog.origin} does not tell which table ${relation} was at ${formatLsn(lsn)}`;
      const count = record.rmid === ResourceManager.heap2 ? multiInsertCount(record) : 1;
      return Array.from({ length: count }, () => ({
        kind: 'undecodable',
        operation,
        lsn,
        xid,
        relation,
        problem,
      }));
    }
    const { decoder, definition } = found;
    if (record.rmid === ResourceManager.heap2) return this.#changes.multiInsert(record, decoder, moment);
    if (operation === 'insert')
      return [this.#changes.insert(record, decoder, moment, insertOffset(record), insertedTuple(record))];
    if (operation === 'delete') return [this.#changes.delete(record, decoder, moment, definition)];
    return [this.#changes.update(record, decoder, moment, definition)];
  }

  #truncate(record: RecordCursor, moment: Moment): Change[] {
    const { databaseOid, flags, relationOids } = parseTruncate(record);
    const changes: Change[] = [];
    for (const oid of relationOids) {
      const definition = this.#catalog.relationByOid(databaseOid, oid, moment);
      if (definition && (definition.kind !== 'r' || definition.system)) continue;
      const { lsn, xid } = record;
      if (!definition) {
        const problem = `${this.#catalog.origin} does not tell which table OID ${oid} was at ${formatLsn(lsn)}`;
        changes.push({
          kind: 'undecodable',
          operation: 'truncate',
          lsn,
          xid,
          relation: `OID ${oid}`,
          problem,
        });
        continue;
      }
      const { table } = this.#tables.decoders.for(definition, this.#catalog.types(databaseOid, moment));
      const truncate = {
        cascade: (flags & TruncateFlag.cascade) !== 0,
        restartIdentity: (flags & TruncateFlag.restartSequences) !== 0,
      };
      changes.push({ kind: 'row', operation: 'truncate', lsn, xid, table, truncate });
    }
    return changes;
  }

  /** The position that the record under the cursor gives a sequence, under the name it has at `moment`; none where it is no more. */
  sequence(record: RecordCursor, moment: Moment): SequenceChange[] {
    const definition = this.#catalog.relationByLocator(locatorOf(record), moment);
    if (!definition) return [];
    const { lastValue, isCalled } = parseSequence(record);
    const { schema, name } = definition;
    return [
      {
        kind: 'sequence',
        lsn: record.lsn,
        xid: record.xid,
        database: definition.database.name,
        schema,
        name,
        lastValue,
        isCalled,
      },
    ];
  }
}
