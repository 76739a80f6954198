/**
 * The short way from records to rows: where each row's values lie in the record, or wherever its tuple is found, without decoding them.
 * What that way cannot tell exactly is left to ChangeDecoder (changes.ts), whose steps these are.
 */
import type { ToastPointer } from '../bytes/varlena.js';
import type { Oid } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import type { RowChange } from '../rows/row-change.js';
import type { RowDecoder } from '../rows/row-decoder.js';
import type { RowVisitor } from '../rows/row-visitor.js';
import { areSameBytes, StoredRow } from '../rows/stored-row.js';
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
  UpdateFlag,
  updatedTuple,
  updateFlags,
  updateNewOffset,
} from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import { keepsKeys } from './kept-keys.js';
import { type LocatedTable, type LocatedTables, replicaIdentityColumns } from './located-tables.js';
import type { OldRowLog } from './old-row-log.js';
import type { ToastReader } from './toast-reader.js';
import type { TupleSource } from './tuple-source.js';
import { isReadable } from './tuple-writer.js';
import { isOfTheData } from './unreadable-tuple.js';

/** Rows of one table: the old one and the new one of a change, and the key of the old one as it was logged. */
interface StoredRows {
  readonly before: StoredRow;
  readonly after: StoredRow;
  readonly key: StoredRow;
  /** Columns whose old values are logged when only a key is. */
  readonly keyColumns: readonly number[];
  /** These are the only unique key, and tell rows apart. */
  readonly isOnlyKey: boolean;
}

/** Where the rows come from that changes met. */
export interface RowSources {
  readonly oldRows: Pick<OldRowLog, 'writerFor'>;
  readonly tuples: TupleSource;
}

/** One of several new rows, decoded. */
export type DecodeInsert = (
  record: RecordCursor,
  decoder: RowDecoder,
  moment: Moment,
  offset: number,
  logged: LoggedTuple | undefined,
) => RowChange;

/** Shows rows as they lie in their tuples. */
export class RowsInPlace {
  readonly #sources: RowSources;
  readonly #tables: Pick<LocatedTables, 'of'>;
  readonly #toast: Pick<ToastReader, 'fetch'>;
  readonly #decodeInsert: DecodeInsert;
  readonly #rows = new WeakMap<LocatedTable, StoredRows>();
  /** The table that the last row was of. */
  #lastTable: LocatedTable | undefined;
  #lastRows: StoredRows | undefined;

  constructor(
    sources: RowSources,
    tables: Pick<LocatedTables, 'of'>,
    toast: Pick<ToastReader, 'fetch'>,
    decodeInsert: DecodeInsert,
  ) {
    this.#sources = sources;
    this.#tables = tables;
    this.#toast = toast;
    this.#decodeInsert = decodeInsert;
  }

  /** Shows the rows of the record under the cursor. False when none was shown and all have to be decoded. */
  visit(
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
    const found = this.#tables.of(record, moment);
    if (found === undefined || found === 'no table') return false;
    this.#fetchDatabase = record.blockDatabase[0];
    this.#fetchMoment = moment;
    const { keys } = visitor;
    const needed = keys === undefined ? 'rows' : keys.needs(found.decoder);
    if (needed === 'nothing') {
      if (!isMultiInsert && operation !== HeapOperation.insert) keys?.unseen(record.lsn);
      return true;
    }
    if (isMultiInsert) return this.#visitMultiInsert(record, found, moment, visitor, backwards);
    try {
      const rows = this.#rowsOf(found);
      switch (operation) {
        case HeapOperation.insert: {
          const logged = insertedTuple(record);
          return (
            this.#locateNew(record, found, insertOffset(record), logged, 0) && visitor.inserted(rows.after)
          );
        }
        case HeapOperation.delete: {
          const isWhole = (deleteFlags(record) & DeleteFlag.containsOldTuple) !== 0;
          const logged = loggedOldTuple(record, 8);
          if (keys !== undefined && needed === 'keys' && logged !== undefined && !isWhole && rows.isOnlyKey)
            return (
              found.decoder.locateLogged(record.buffer, logged, this.#fetch, rows.key) &&
              keys.gone(rows.key, record.lsn)
            );
          const writer = this.#sources.oldRows.writerFor(record.lsn);
          return (
            this.#locateOld(record, found, logged, isWhole, writer) &&
            visitor.deleted(rows.before, record.lsn)
          );
        }
        default: {
          if (keys !== undefined && needed === 'keys' && keepsKeys(record, found.definition))
            return this.#locateKept(record, found) && keys.kept(rows.after, record.lsn);
          const isWhole = (updateFlags(record) & UpdateFlag.containsOldTuple) !== 0;
          const writer = this.#sources.oldRows.writerFor(record.lsn);
          const logged = loggedOldTuple(record, 14);
          return (
            this.#locateOld(record, found, logged, isWhole, writer) &&
            this.#locateNew(record, found, updateNewOffset(record), updatedTuple(record), writer) &&
            visitor.updated(rows.before, rows.after, record.lsn)
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
    const { after } = this.#rowsOf(table);
    const count = multiInsertCount(record);
    for (let i = 0; i < count; i++) {
      const number = backwards ? count - 1 - i : i;
      const tuple = tuples?.[number];
      const offset = multiInsertOffset(record, number);
      if (this.#isShown(record, table, offset, tuple) && visitor.inserted(after)) continue;
      visitor.change(this.#decodeInsert(record, table.decoder, moment, offset, tuple));
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
    const { after } = this.#rowsOf(table);
    const tuple = this.#sources.tuples.newTuple(record, offset, logged, writer);
    return decoder.locateLogged(tuple.buffer, tuple, this.#fetch, after);
  }

  /** The same for an update; what it met is only looked for where the new row is told by what it shares with that. */
  #locateKept(record: RecordCursor, table: LocatedTable): boolean {
    const isWhole = (updateFlags(record) & UpdateFlag.containsNewTuple) !== 0;
    const writer = isWhole ? 0 : this.#sources.oldRows.writerFor(record.lsn);
    return this.#locateNew(record, table, updateNewOffset(record), updatedTuple(record), writer);
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
    const { before, key, keyColumns } = this.#rowsOf(table);
    if (logged !== undefined && isWhole)
      return decoder.locateLogged(record.buffer, logged, this.#fetch, before);
    // What WAL does not hold costs a look at disks, and a reason: both are decode()'s.
    if (!isReadable(writer)) return false;
    const tuple = this.#sources.tuples.old(record, writer);
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

  /** The rows that are used again and again for a table. */
  #rowsOf(table: LocatedTable): StoredRows {
    if (table === this.#lastTable && this.#lastRows) return this.#lastRows;
    const { decoder, definition } = table;
    let rows = this.#rows.get(table);
    if (!rows) {
      const keyColumns = replicaIdentityColumns(decoder, definition) ?? [];
      const { identity, uniqueKeys } = decoder.table;
      rows = {
        before: new StoredRow(decoder),
        after: new StoredRow(decoder),
        key: new StoredRow(decoder),
        keyColumns,
        isOnlyKey: uniqueKeys.length === 1 && identity.columns.every((column) => keyColumns.includes(column)),
      };
      this.#rows.set(table, rows);
    }
    this.#lastTable = table;
    this.#lastRows = rows;
    return rows;
  }
}
