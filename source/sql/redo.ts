/** A lost change, said again. */
import type { RowChange } from '../rows/row-change.js';
import { deleteRow, insertRow, leftOut, type RowStatement, updateRow } from './row-statement.js';

/** The statement that repeats an insert, update or delete. With `guard` it meets only the row it expects. */
export function redoStatement(change: RowChange, guard: boolean): RowStatement {
  const { table, before, after } = change;
  if (change.problem !== undefined) return leftOut(change.problem);
  switch (change.operation) {
    case 'insert':
      return after ? insertRow(table, after) : leftOut('the new row is not known');
    case 'delete':
      return before ? deleteRow(table, before, guard) : leftOut('the old row is not known');
    case 'update':
      if (!after) return leftOut('the new row is not known');
      if (!before && table.identity.kind === 'full-row') {
        return leftOut('the table has no unique key and the old row is not known');
      }
      return updateRow({ table, from: before, to: after, written: after, guard });
    case 'truncate':
      return leftOut('a TRUNCATE is written together with the tables it names');
  }
}
