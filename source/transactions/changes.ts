/**
 * A transaction's records turned into changes of rows: read again from WAL, one by one, when somebody looks.
 */

import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { formatLsn } from '../bytes/lsn.js';
import type { ToastPointer } from '../bytes/varlena.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Oid, RelationDefinition, RelationLocator, TypeLookup } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import { MalformedTupleError } from '../heap/deform.js';
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
import { type RowDecoder, RowDecoders } from '../rows/row-decoder.js';
import type { RowVisitor } from '../rows/row-visitor.js';
import { NULL_VALUE, StoredRow } from '../rows/stored-row.js';
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
import { isReadable } from './page-history.js';
import { replicaIdentityIndex, roleOf } from './relations.js';
import type { Scan } from './scan.js';
import { parseSequence } from './sequence-record.js';
import type { ToastReader } from './toast-reader.js';
import { TupleUnavailableError } from './tuple-source.js';

/** What a record is about. */
export type RecordRole =
  | { readonly kind: 'rows' | 'transient' | 'nothing' }
  | { readonly kind: 'sequence'; readonly relationOid: Oid | undefined }
  | { readonly kind: 'emptied'; readonly relationOid: Oid };

/** The relation that the record's first block is of. */
export function locatorOf(record: RecordCursor): RelationLocator {
  return {
    tablespaceOid: record.blockTablespace[0],
    databaseOid: record.blockDatabase[0],
    fileNode: record.blockFileNode[0],
  };
}

/** Decodes records of one opened node. */
export class ChangeDecoder {
  readonly #scan: Scan;
  readonly #catalog: Catalog;
  readonly #decoders = new RowDecoders();
  readonly #toast: ToastReader;
  /** By file number. */
  readonly #located = new Map<number, LocatedTable>();
  #lastLocated: LocatedTable | undefined;

  constructor(scan: Scan, catalog: Catalog, toast: ToastReader) {
    this.#scan = scan;
    this.#catalog = catalog;
    this.#toast = toast;
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
    if (this.#visitStored(record, ownXids, visitor, backwards)) return;
    const changes = this.decode(record, ownXids);
    if (backwards) changes.reverse();
    for (const change of changes) visitor.change(change);
  }

  /** Shows a record's rows as they lie in their tuples. False when none was shown and all have to be decoded. */
  #visitStored(
    record: RecordCursor,
    ownXids: ReadonlySet<number> | undefined,
    visitor: RowVisitor,
    backwards: boolean,
  ): boolean {
    const isMultiInsert = record.rmid === ResourceManager.heap2;
    if (!isMultiInsert && record.rmid !== ResourceManager.heap) return false;
    const operation = record.info & HeapOperation.mask;
    if (!isMultiInsert && operation === HeapOperation.truncate) return false;
    const moment: Moment = { lsn: record.lsn, ownXids };
    const found = this.#tableOf(record, moment);
    if (found === undefined || found === 'no table') return false;
    this.#fetchDatabase = record.blockDatabase[0];
    this.#fetchMoment = moment;
    if (isMultiInsert) return this.#visitMultiInsert(record, found, moment, visitor, backwards);
    try {
      const rows = storedRows(found);
      switch (operation) {
        case HeapOperation.insert: {
          const logged = insertedTuple(record);
          return (
            this.#locateNew(record, found, insertOffset(record), logged, 0) && visitor.inserted(rows.after)
          );
        }
        case HeapOperation.delete: {
          const isWhole = (deleteFlags(record) & DeleteFlag.containsOldTuple) !== 0;
          const writer = this.#scan.oldRows.writerFor(record.lsn);
          const logged = loggedOldTuple(record, 8);
          return this.#locateOld(record, found, logged, isWhole, writer) && visitor.deleted(rows.before);
        }
        default: {
          const isWhole = (updateFlags(record) & UpdateFlag.containsOldTuple) !== 0;
          const writer = this.#scan.oldRows.writerFor(record.lsn);
          const logged = loggedOldTuple(record, 14);
          return (
            this.#locateOld(record, found, logged, isWhole, writer) &&
            this.#locateNew(record, found, updateNewOffset(record), updatedTuple(record), writer) &&
            visitor.updated(rows.before, rows.after)
          );
        }
      }
    } catch (error) {
      if (isOfTheData(error)) return false;
      throw error;
    }
  }

  #visitMultiInsert(
    record: RecordCursor,
    table: LocatedTable,
    moment: Moment,
    visitor: RowVisitor,
    backwards: boolean,
  ): boolean {
    const tuples = multiInsertedTuples(record);
    const { after } = storedRows(table);
    const count = multiInsertCount(record);
    for (let i = 0; i < count; i++) {
      const number = backwards ? count - 1 - i : i;
      const tuple = tuples?.[number];
      const offset = multiInsertOffset(record, number);
      if (this.#isShown(record, table, offset, tuple) && visitor.inserted(after)) continue;
      visitor.change(this.#insert(record, table.decoder, moment, offset, tuple));
    }
    return true;
  }

  /** One of several new rows, where it can be shown as it lies. */
  #isShown(
    record: RecordCursor,
    table: LocatedTable,
    offset: number,
    logged: LoggedTuple | undefined,
  ): boolean {
    try {
      return this.#locateNew(record, table, offset, logged, 0);
    } catch (error) {
      if (isOfTheData(error)) return false;
      throw error;
    }
  }

  /** As #newRow: where the values of the row that an insert or update wrote lie. */
  #locateNew(
    record: RecordCursor,
    table: LocatedTable,
    offset: number,
    logged: LoggedTuple | undefined,
    writer: number,
  ): boolean {
    const { decoder } = table;
    const { after } = storedRows(table);
    const tuple = this.#scan.tuples.newTuple(record, offset, logged, writer);
    return decoder.locateLogged(tuple.buffer, tuple, this.#fetch, after);
  }

  /** As #oldRow: where the values of the row that an update or delete met lie; false when only parts of it are known. */
  #locateOld(
    record: RecordCursor,
    table: LocatedTable,
    logged: LoggedTuple | undefined,
    isWhole: boolean,
    writer: number,
  ): boolean {
    const { decoder } = table;
    const { before, key, keyColumns } = storedRows(table);
    if (logged !== undefined && isWhole)
      return decoder.locateLogged(record.buffer, logged, this.#fetch, before);
    // What WAL does not hold costs a look at disks, and a reason: both are decode()'s.
    if (!isReadable(writer)) return false;
    const tuple = this.#scan.tuples.old(record, writer);
    if (!decoder.locateLogged(tuple.buffer, tuple, this.#fetch, before)) return false;
    if (logged === undefined) return true;
    return (
      decoder.locateLogged(record.buffer, logged, this.#fetch, key) &&
      keyColumns.every((column) => areSameBytes(before, key, column))
    );
  }

  /** For tuples of the record being shown. */
  readonly #fetch = (pointer: ToastPointer) =>
    this.#toast.fetch(pointer, this.#fetchDatabase, this.#fetchMoment);
  #fetchDatabase: Oid = 0;
  #fetchMoment: Moment = { lsn: 0 };

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
    return this.#decoders.for(definition, this.#catalog.types(definition.database.oid, moment)).table;
  }

  /** The table with this OID at a moment; undefined when it is none, or not anybody's. */
  tableByOid(databaseOid: Oid, oid: Oid, moment: Moment): Table | undefined {
    const definition = this.#catalog.relationByOid(databaseOid, oid, moment);
    if (!definition || roleOf(definition, this.#catalog) !== 'table') return undefined;
    return this.tableOf(definition, moment);
  }

  #rows(record: RecordCursor, moment: Moment, operation: RowOperation): Change[] {
    const found = this.#tableOf(record, moment);
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

  /** The table that the record's first block is of at a moment; undefined where the catalog does not tell. */
  #tableOf(record: RecordCursor, moment: Moment): LocatedTable | 'no table' | undefined {
    const tablespaceOid = record.blockTablespace[0];
    const fileNode = record.blockFileNode[0];
    // The same types are the same view of the catalog, and there a file is the same relation's.
    const types = this.#catalog.types(record.blockDatabase[0], moment);
    const last = this.#lastLocated;
    const known = last?.fileNode === fileNode ? last : this.#located.get(fileNode);
    const isKnown = known?.types === types && known.tablespaceOid === tablespaceOid;
    const definition = isKnown
      ? known.definition
      : this.#catalog.relationByLocator(locatorOf(record), moment);
    if (!definition) return undefined;
    // A rewrite's transient file may turn out to be one only later.
    if (roleOf(definition, this.#catalog) !== 'table') return 'no table';
    if (isKnown) {
      this.#lastLocated = known;
      return known;
    }
    const decoder = this.#decoders.for(definition, types, this.#rootOf(definition, moment));
    const located: LocatedTable = { types, tablespaceOid, fileNode, definition, decoder, stored: undefined };
    if (this.#located.size >= LOCATED_TABLES) this.#located.clear();
    this.#located.set(fileNode, located);
    return located;
  }

  /** The root of the tree of partitions that a table is in; undefined when it is in none. */
  #rootOf({ database, partitionOf }: RelationDefinition, moment: Moment): RelationDefinition | undefined {
    let root: RelationDefinition | undefined;
    for (let oid = partitionOf; oid !== 0; oid = root?.partitionOf ?? 0) {
      root = this.#catalog.relationByOid(database.oid, oid, moment);
    }
    return root;
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
      const { table } = this.#decoders.for(definition, this.#catalog.types(databaseOid, moment));
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

/** A table's file, as one view of the catalog has it. */
interface LocatedTable {
  readonly types: TypeLookup;
  readonly tablespaceOid: Oid;
  readonly fileNode: number;
  readonly definition: RelationDefinition;
  readonly decoder: RowDecoder;
  /** For rows that are shown as they lie in their tuples. Made when first needed. */
  stored: StoredRows | undefined;
}

/** Rows of one table: the old one and the new one of a change, and the key of the old one as it was logged. */
interface StoredRows {
  readonly before: StoredRow;
  readonly after: StoredRow;
  readonly key: StoredRow;
  /** Columns whose old values are logged when only a key is. */
  readonly keyColumns: readonly number[];
}

/** So many are kept. */
const LOCATED_TABLES = 4096;

const LOST_VALUE: UnknownValue = {
  unknown: 'undecodable',
  reason: 'its TOASTed value is neither in the WAL that is there nor on disk',
};

interface Attempt {
  row: ColumnValue[] | undefined;
  problem?: string;
}

/** Is it the data's fault that a tuple could not be read? */
function isOfTheData(error: unknown): error is Error {
  return (
    error instanceof TupleUnavailableError ||
    error instanceof MalformedTupleError ||
    error instanceof CorruptDatumError ||
    error instanceof RangeError
  );
}

/** Why a tuple could not be read; throws again what is no property of the data. */
function failure(error: unknown): Attempt {
  if (isOfTheData(error)) return { row: undefined, problem: error.message };
  throw error;
}

function storedRows(table: LocatedTable): StoredRows {
  const { decoder, definition } = table;
  table.stored ??= {
    before: new StoredRow(decoder),
    after: new StoredRow(decoder),
    key: new StoredRow(decoder),
    keyColumns: replicaIdentityColumns(decoder, definition) ?? [],
  };
  return table.stored;
}

/** Has the column the very same value in both? */
function areSameBytes(a: StoredRow, b: StoredRow, column: number): boolean {
  const startA = a.starts[column];
  const startB = b.starts[column];
  if (startA === NULL_VALUE || startB === NULL_VALUE) return startA === startB;
  return a.bytesOf(column).compare(b.bytesOf(column), startB, b.ends[column], startA, a.ends[column]) === 0;
}

/** Columns that logical decoding logs as the old row's key, when it logs only a key. */
function replicaIdentityColumns(
  decoder: RowDecoder,
  definition: RelationDefinition,
): readonly number[] | undefined {
  const wanted = replicaIdentityIndex(definition);
  if (!wanted) return undefined;
  return decoder.table.uniqueKeys.find((key) => key.name === wanted.name)?.columns;
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
