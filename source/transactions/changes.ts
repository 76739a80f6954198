/**
 * A transaction's records turned into changes of rows: read again from WAL, one by one, when somebody looks.
 */

import { formatLsn } from '../bytes/lsn.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Oid, RelationDefinition } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import type {
  Change,
  ColumnValue,
  Row,
  RowChange,
  RowOperation,
  SequenceChange,
  Table,
  UnknownValue,
} from '../rows/row-change.js';
import { isUnknown } from '../rows/row-change.js';
import type { RowDecoder } from '../rows/row-decoder.js';
import type { RowVisitor } from '../rows/row-visitor.js';
import {
  DeleteFlag,
  deleteFlags,
  insertedTuple,
  insertOffset,
  type LoggedTuple,
  loggedOldTuple,
  multiInsertCount,
  multiInsertedTuples,
  multiInsertOffset,
  parseTruncate,
  TruncateFlag,
  UpdateFlag,
  updatedTuple,
  updateFlags,
  updateNewOffset,
} from '../wal/heap-record.js';
import { parseLogicalMessage } from '../wal/logical-message.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import { emptiedFile } from '../wal/storage-record.js';
import type { FoundTuple } from './found-tuple.js';
import { LocatedTables, locatorOf, replicaIdentityColumns } from './located-tables.js';
import { roleOf } from './relations.js';
import { RowsInPlace } from './rows-in-place.js';
import type { Scan } from './scan.js';
import { parseSequence } from './sequence-record.js';
import type { ToastReader } from './toast-reader.js';
import { isOfTheData } from './unreadable-tuple.js';

/** What a record is about. */
export type RecordRole =
  | { readonly kind: 'rows' | 'transient' | 'nothing' }
  | { readonly kind: 'sequence'; readonly relationOid: Oid | undefined }
  | { readonly kind: 'emptied'; readonly relationOid: Oid };

/** Decodes records of one opened node. */
export class ChangeDecoder {
  readonly #scan: Scan;
  readonly #catalog: Catalog;
  readonly #tables: LocatedTables;
  readonly #toast: ToastReader;
  readonly #inPlace: RowsInPlace;

  constructor(scan: Scan, catalog: Catalog, toast: ToastReader) {
    this.#scan = scan;
    this.#catalog = catalog;
    this.#toast = toast;
    this.#tables = new LocatedTables(catalog);
    this.#inPlace = new RowsInPlace(scan, this.#tables, toast, (...insert) => this.#insert(...insert));
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

  /**
   * What the record under the cursor is about, without decoding it: rows (or a message) of anybody's, a sequence's position, a
   * rewrite's transient rows, a table cut off at its beginning; or nothing to tell.
   */
  roleOfRecord(record: RecordCursor, ownXids: ReadonlySet<number> | undefined): RecordRole {
    const moment: Moment = { lsn: record.lsn, ownXids };
    switch (record.rmid) {
      case ResourceManager.logicalMessage:
        return { kind: 'rows' };
      case ResourceManager.sequence: {
        const definition = this.#catalog.relationByLocator(locatorOf(record), moment);
        return { kind: 'sequence', relationOid: definition?.oid };
      }
      case ResourceManager.storage:
        return this.#emptied(record, moment);
    }
    if (record.blockCount === 0) return { kind: 'rows' };
    const definition = this.#catalog.relationByLocator(locatorOf(record), moment);
    if (!definition || roleOf(definition, this.#catalog) === 'table') return { kind: 'rows' };
    return { kind: this.#catalog.isTransient(definition) ? 'transient' : 'nothing' };
  }

  /**
   * A TRUNCATE of a table whose file is the transaction's own (made, or truncated before, by it) cuts that file off. A vacuum cuts off
   * files of anybody's, but never one that nobody else can see.
   */
  #emptied(record: RecordCursor, moment: Moment): RecordRole {
    const file = emptiedFile(record);
    if (!file) return { kind: 'nothing' };
    const definition = this.#catalog.relationByLocator(file, moment);
    if (!definition || roleOf(definition, this.#catalog) !== 'table' || definition.persistence !== 'p')
      return { kind: 'nothing' };
    const seenByOthers = this.#catalog
      .rows(file.databaseOid, { lsn: record.lsn })
      ?.relation(definition.oid)?.fileNode;
    if (seenByOthers === file.fileNode) return { kind: 'nothing' };
    return { kind: 'emptied', relationOid: definition.oid };
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
    if (record.rmid === ResourceManager.heap2) return this.#multiInsert(record, decoder, moment);
    if (operation === 'insert')
      return [this.#insert(record, decoder, moment, insertOffset(record), insertedTuple(record))];
    if (operation === 'delete') return [this.#delete(record, decoder, moment, definition)];
    return [this.#update(record, decoder, moment, definition)];
  }

  #multiInsert(record: RecordCursor, decoder: RowDecoder, moment: Moment): Change[] {
    const tuples = multiInsertedTuples(record);
    const changes: Change[] = [];
    const count = multiInsertCount(record);
    for (let i = 0; i < count; i++) {
      changes.push(this.#insert(record, decoder, moment, multiInsertOffset(record, i), tuples?.[i]));
    }
    return changes;
  }

  #insert(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    offset: number,
    logged: LoggedTuple | undefined,
  ): RowChange {
    const after = this.#newRow(record, decoder, moment, offset, logged, 0);
    // A new row's values were all written with it: one that is not there is lost, not left alone.
    const { row } = after;
    for (let i = 0; row !== undefined && i < row.length; i++) {
      const value = row[i];
      if (isUnknown(value) && value.unknown === 'unchanged') row[i] = LOST_VALUE;
    }
    return rowChange(record, decoder, 'insert', undefined, after);
  }

  /** The row that an insert or update wrote. */
  #newRow(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    offset: number,
    logged: LoggedTuple | undefined,
    writer: number,
  ): Attempt {
    if (logged === undefined || logged.prefix > 0 || logged.suffix > 0)
      return this.#attempt(decoder, record, moment, () =>
        this.#scan.tuples.newTuple(record, offset, logged, writer),
      );
    return this.#attemptLogged(decoder, record, moment, logged);
  }

  #delete(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    definition: RelationDefinition,
  ): RowChange {
    const whole = (deleteFlags(record) & DeleteFlag.containsOldTuple) !== 0;
    const logged = loggedOldTuple(record, 8);
    const before = this.#oldRow(record, decoder, moment, definition, logged, whole);
    if (before.row === undefined) {
      return {
        ...rowChange(record, decoder, 'delete', undefined, undefined),
        problem: `the old row cannot be read: ${before.problem}`,
      };
    }
    return rowChange(record, decoder, 'delete', before, undefined);
  }

  #update(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    definition: RelationDefinition,
  ): RowChange {
    const flags = updateFlags(record);
    const logged = loggedOldTuple(record, 14);
    const whole = (flags & UpdateFlag.containsOldTuple) !== 0;
    const before = this.#oldRow(record, decoder, moment, definition, logged, whole);
    const newTuple = updatedTuple(record);
    const writer = this.#scan.oldRows.writerFor(record.lsn);
    const after = this.#newRow(record, decoder, moment, updateNewOffset(record), newTuple, writer);
    const row = after.row;
    if (row !== undefined && before.row !== undefined) {
      // A TOASTed value the update left alone: whichever side has it speaks for both.
      for (let i = 0; i < row.length; i++) {
        const value = row[i];
        const old = before.row[i];
        if (isUnknown(value) && value.unknown === 'unchanged' && !isUnknown(old)) row[i] = old;
      }
    }
    if (
      row !== undefined &&
      before.row === undefined &&
      (flags & UpdateFlag.containsNewTuple) !== 0 &&
      logged === undefined
    ) {
      // Logical decoding logs no old key where the key did not change, so the new row's key is the old one's.
      const key = replicaIdentityColumns(decoder, definition);
      if (key)
        before.row = row.map((value, i) =>
          key.includes(i) ? value : { unknown: 'not-logged', reason: before.problem },
        );
    }
    if (before.row === undefined) {
      // Nothing proves that the key is still the one the row had: which row this was cannot be said.
      return {
        ...rowChange(record, decoder, 'update', undefined, after),
        problem: `the old row cannot be read: ${before.problem}`,
      };
    }
    return rowChange(record, decoder, 'update', before, after);
  }

  /** The row an update or delete met: logged whole, or read back from where it was written, or at least its key. */
  #oldRow(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    definition: RelationDefinition,
    logged: LoggedTuple | undefined,
    whole: boolean,
  ): Attempt {
    const fromRecord =
      logged === undefined ? undefined : this.#attemptLogged(decoder, record, moment, logged);
    if (fromRecord?.row !== undefined && whole) return fromRecord;
    const fromPast = this.#attempt(decoder, record, moment, () =>
      this.#scan.tuples.old(record, this.#scan.oldRows.writerFor(record.lsn)),
    );
    if (fromRecord?.row === undefined) return fromPast;
    const key = replicaIdentityColumns(decoder, definition) ?? [];
    const keyRow = fromRecord.row;
    if (fromPast.row !== undefined && key.every((i) => fromPast.row?.[i] === keyRow[i])) return fromPast;
    const reason =
      fromPast.row === undefined
        ? fromPast.problem
        : 'the row found at its place has another key than the one logged';
    return { row: keyRow.map((value, i) => (key.includes(i) ? value : { unknown: 'not-logged', reason })) };
  }

  /** Finds a tuple and decodes it; what cannot be had or read becomes a problem, never a guess. */
  #attempt(decoder: RowDecoder, record: RecordCursor, moment: Moment, find: () => FoundTuple): Attempt {
    const databaseOid = record.blockDatabase[0];
    try {
      const tuple = find();
      const row = decoder.decodeLogged(tuple.buffer, tuple, (pointer) =>
        this.#toast.fetch(pointer, databaseOid, moment),
      );
      return { row };
    } catch (error) {
      return failure(error);
    }
  }

  /** The same for a tuple that lies whole in the record, read where it is. */
  #attemptLogged(decoder: RowDecoder, record: RecordCursor, moment: Moment, logged: LoggedTuple): Attempt {
    const databaseOid = record.blockDatabase[0];
    try {
      const row = decoder.decodeLogged(record.buffer, logged, (pointer) =>
        this.#toast.fetch(pointer, databaseOid, moment),
      );
      return { row };
    } catch (error) {
      return failure(error);
    }
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

const LOST_VALUE: UnknownValue = {
  unknown: 'undecodable',
  reason: 'its TOASTed value is neither in the WAL that is there nor on disk',
};

interface Attempt {
  row: ColumnValue[] | undefined;
  problem?: string;
}

/** Why a tuple could not be read; throws again what is no property of the data. */
function failure(error: unknown): Attempt {
  if (isOfTheData(error)) return { row: undefined, problem: error.message };
  throw error;
}

function rowChange(
  record: RecordCursor,
  decoder: RowDecoder,
  operation: RowOperation,
  before: Attempt | undefined,
  after: Attempt | undefined,
): RowChange {
  const { table } = decoder;
  const problem =
    (after !== undefined && after.row === undefined
      ? `the new row cannot be read: ${after.problem}`
      : undefined) ??
    undecodable(table.columns, after?.row) ??
    undecodable(table.columns, before?.row);
  return {
    kind: 'row',
    operation,
    lsn: record.lsn,
    xid: record.xid,
    table,
    before: before?.row,
    after: after?.row,
    problem,
  };
}

function undecodable(
  columns: readonly { readonly name: string }[],
  row: Row | undefined,
): string | undefined {
  const index = row?.findIndex((value) => isUnknown(value) && value.unknown === 'undecodable') ?? -1;
  if (row === undefined || index < 0) return undefined;
  const value = row[index];
  return `column ${columns[index].name}: ${isUnknown(value) ? value.reason : ''}`;
}
