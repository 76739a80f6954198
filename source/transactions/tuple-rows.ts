/** The old and new rows of changes: logged with them, or read back from where they were written; or why they cannot be had. */
import type { RelationDefinition } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import type { ColumnValue } from '../rows/row-change.js';
import type { RowDecoder } from '../rows/row-decoder.js';
import type { LoggedTuple } from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import type { FoundTuple } from './found-tuple.js';
import { replicaIdentityColumns } from './located-tables.js';
import type { Scan } from './scan.js';
import type { ToastReader } from './toast-reader.js';
import { isOfTheData } from './unreadable-tuple.js';

/** A row; undefined where it cannot be had, and then why. */
export interface Attempt {
  row: ColumnValue[] | undefined;
  problem?: string;
}

/** Finds tuples and decodes them as tables were at their moment. */
export class TupleRows {
  readonly #scan: Scan;
  readonly #toast: ToastReader;

  constructor(scan: Scan, toast: ToastReader) {
    this.#scan = scan;
    this.#toast = toast;
  }

  /**
   * The row that an insert or update wrote at `offset`, of which `logged` is in the record; `writer`: the record that wrote the row it was
   * made from, of which parts may have been left out.
   */
  newRow(
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

  /** The row an update or delete met: logged whole, or read back from where it was written, or at least its key. */
  oldRow(
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
}

/** Why a tuple could not be read; throws again what is no property of the data. */
function failure(error: unknown): Attempt {
  if (isOfTheData(error)) return { row: undefined, problem: error.message };
  throw error;
}
