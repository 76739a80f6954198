/** What records say of rows: put in, changed, taken out. */
import type { RelationDefinition } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import {
  type Change,
  isUnknown,
  type Row,
  type RowChange,
  type RowOperation,
  type UnknownValue,
} from '../rows/row-change.js';
import type { RowDecoder } from '../rows/row-decoder.js';
import {
  DeleteFlag,
  deleteFlags,
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
import { replicaIdentityColumns } from './located-tables.js';
import type { OldRowLog } from './old-row-log.js';
import type { Scan } from './scan.js';
import type { ToastReader } from './toast-reader.js';
import { type Attempt, TupleRows } from './tuple-rows.js';

const LOST_VALUE: UnknownValue = {
  unknown: 'undecodable',
  reason: 'its TOASTed value is neither in the WAL that is there nor on disk',
};

/** Decodes the rows of records whose table is known, as it was at their moment. */
export class RowChanges {
  readonly #oldRows: OldRowLog;
  readonly #rows: TupleRows;

  constructor(scan: Scan, toast: ToastReader) {
    this.#oldRows = scan.oldRows;
    this.#rows = new TupleRows(scan, toast);
  }

  /** The rows of a record that put in several. */
  multiInsert(record: RecordCursor, decoder: RowDecoder, moment: Moment): Change[] {
    const tuples = multiInsertedTuples(record);
    const changes: Change[] = [];
    const count = multiInsertCount(record);
    for (let i = 0; i < count; i++) {
      changes.push(this.insert(record, decoder, moment, multiInsertOffset(record, i), tuples?.[i]));
    }
    return changes;
  }

  /** The row that was put in at `offset`, of which `logged` is in the record. */
  insert(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    offset: number,
    logged: LoggedTuple | undefined,
  ): RowChange {
    const after = this.#rows.newRow(record, decoder, moment, offset, logged, 0);
    // A new row's values were all written with it: one that is not there is lost, not left alone.
    const { row } = after;
    for (let i = 0; row !== undefined && i < row.length; i++) {
      const value = row[i];
      if (isUnknown(value) && value.unknown === 'unchanged') row[i] = LOST_VALUE;
    }
    return rowChange(record, decoder, 'insert', undefined, after);
  }

  /** The row that the record took out. */
  delete(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    definition: RelationDefinition,
  ): RowChange {
    const whole = (deleteFlags(record) & DeleteFlag.containsOldTuple) !== 0;
    const logged = loggedOldTuple(record, 8);
    const before = this.#rows.oldRow(record, decoder, moment, definition, logged, whole);
    if (before.row === undefined) {
      return {
        ...rowChange(record, decoder, 'delete', undefined, undefined),
        problem: `the old row cannot be read: ${before.problem}`,
      };
    }
    return rowChange(record, decoder, 'delete', before, undefined);
  }

  /** The row that the record changed, before and after. */
  update(
    record: RecordCursor,
    decoder: RowDecoder,
    moment: Moment,
    definition: RelationDefinition,
  ): RowChange {
    const flags = updateFlags(record);
    const logged = loggedOldTuple(record, 14);
    const whole = (flags & UpdateFlag.containsOldTuple) !== 0;
    const before = this.#rows.oldRow(record, decoder, moment, definition, logged, whole);
    const newTuple = updatedTuple(record);
    const writer = this.#oldRows.writerFor(record.lsn);
    const after = this.#rows.newRow(record, decoder, moment, updateNewOffset(record), newTuple, writer);
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
