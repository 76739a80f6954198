/** A lost change, taken back: the opposite statement, which needs to know what the row was. */
import type { RowChange } from '../rows/row-change.js';
import { deleteRow, insertRow, leftOut, type RowStatement, updateRow } from './row-statement.js';

/** The statement that reverses an insert, update or delete. With `guard` it meets only the row the change left. */
export function undoStatement(change: RowChange, guard: boolean): RowStatement {
  const { table, before, after } = change;
  if (change.problem !== undefined) return leftOut(change.problem);
  switch (change.operation) {
    case 'insert':
      return after ? deleteRow(table, after, guard) : leftOut('the new row is not known');
    case 'delete':
      return before ? insertRow(table, before) : leftOut('the old row is not known');
    case 'update':
      if (!after) return leftOut('the new row is not known');
      if (!before) return leftOut('the old row is not known');
      return updateRow({ table, from: after, to: before, written: after, guard });
    case 'truncate':
      return leftOut('a TRUNCATE logs none of the rows it took');
  }
}
