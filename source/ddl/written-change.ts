/** What is written of one change of a column, and how it is made up where the catalog may not tell. */
import { reasonOf } from './node-tree.js';
import type { TableChange } from './table-change.js';

/** The clauses of one change, or why they cannot be told. */
export type Written = Pick<TableChange, 'redo' | 'undo' | 'reason' | 'note'>;

/** What `write` makes; the reason alone where the catalog does not tell. */
export function attempt(write: () => Written): Written {
  try {
    return write();
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}
