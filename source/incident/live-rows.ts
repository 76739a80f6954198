/** What the new primary holds now, asked of the running server itself. */
import { ForkpointError } from '../bytes/errors.js';
import { type Row, type Table, tableLabel } from '../rows/row-change.js';
import { errorCodeOf } from '../server/connection.js';
import type { LiveServer } from '../server/live-server.js';
import { type CurrentRow, type CurrentRows, columnMismatch } from './current-rows.js';
import { isWholeRow, type KeyValues } from './row-keys.js';

/** pg_enc. */
const SQL_ASCII = 0;

/** A value of a SQL_ASCII database on its way through a client that speaks UTF-8. */
const NOT_UTF8 = {
  unknown: 'undecodable',
  reason: 'a running SQL_ASCII server does not tell, nor look up, text that is no UTF-8',
} as const;

/** Keys a question: a batch of judged transactions may touch far more. */
const KEYS_ASKED_TOGETHER = 1000;

/** What concerns one table only, and must not end the comparison of all others: insufficient_privilege, query_canceled (it took too long), lock_not_available. */
const TABLE_REFUSED: ReadonlySet<string> = new Set(['42501', '57014', '55P03']);

/** A live server's answers. They are exact, but do not tell what was written since the fork and what before. */
export class LiveRows implements CurrentRows {
  readonly #server: Pick<LiveServer, 'rowsByKey'>;

  constructor(server: Pick<LiveServer, 'rowsByKey'>) {
    this.#server = server;
  }

  /** A query that names a missing table or column says so itself. */
  misfit(): undefined {
    return undefined;
  }

  touched(): undefined {
    return undefined;
  }

  /** Throws ForkpointError when the server goes away. */
  async lookup(table: Table, columns: readonly number[], keys: readonly KeyValues[]): Promise<CurrentRow[]> {
    const answers: CurrentRow[] = [];
    for (let start = 0; start < keys.length; start += KEYS_ASKED_TOGETHER) {
      answers.push(...(await this.#ask(table, columns, keys.slice(start, start + KEYS_ASKED_TOGETHER))));
    }
    return answers;
  }

  async #ask(table: Table, columns: readonly number[], keys: readonly KeyValues[]): Promise<CurrentRow[]> {
    const names = columns.map((column) => table.columns[column].name);
    let found: Awaited<ReturnType<LiveServer['rowsByKey']>>;
    try {
      found = await this.#server.rowsByKey(table.database, table.schema, table.name, names, keys);
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error;
      if (!TABLE_REFUSED.has(errorCodeOf(error.cause) ?? '')) throw error;
      const reason = error.complaint.what;
      return keys.map(() => ({ reason }));
    }
    if (!found.found) {
      const { reason } = found;
      return keys.map(() => ({ reason }));
    }
    const { columns: liveColumns, rows } = found;
    const mismatch = table.columns
      .map((column) => columnMismatch(table, column.name, liveColumns))
      .find(Boolean);
    if (mismatch !== undefined) return keys.map(() => ({ reason: mismatch }));
    // What is no UTF-8 cannot be asked for, nor told.
    const raw = table.encoding === SQL_ASCII;
    const source = table.columns.map(({ name }) => liveColumns.findIndex((column) => column.name === name));
    const inOurOrder = (row: readonly (string | null)[]): Row =>
      source.map((at) => (raw && row[at]?.includes('\ufffd') ? NOT_UTF8 : row[at]));
    const wholeRow = isWholeRow(table, columns);
    return keys.map((values, i) => {
      if (raw && values.some((value) => value !== null && /[\udc80-\udcff]/u.test(value)))
        return { reason: NOT_UTF8.reason };
      const met = (rows.get(i) ?? []).map(inOurOrder);
      // The server's = takes 1.0 for 1.00; a row without key is only the same when its text is.
      if (wholeRow) return met.find((row) => columns.every((column, at) => row[column] === values[at]));
      if (met.length < 2) return met[0];
      return {
        reason: `${tableLabel(table)} holds ${met.length} rows with the same ${names.join(', ')} on the new primary`,
      };
    });
  }
}
