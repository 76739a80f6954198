/** What a run did to the rows that a table held: whether it wrote them anew, and what they got without that. */
import { CatalogOid } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import { type ClassRow, INHERITS_BY_PARENT, pgInherits } from '../catalog/tables/relations.js';
import type { Run } from './run.js';

/** Did the run write the table anew, and were there rows to write? */
export function rewritten(run: Run, before: ClassRow | undefined, after: ClassRow): boolean {
  return before !== undefined && before.fileNode !== after.fileNode && run.wroteRows(after.fileNode);
}

/** The value that a column's existing rows got without being written anew (attmissingval), at any time in the run. */
export function missingValue(run: Run, oid: Oid, number: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  for (const { row, removed } of run.rowsOf<AttributeRow>(CatalogOid.attribute))
    if (!removed && row.relationOid === oid && row.number === number) found = row.missingValue ?? found;
  return found;
}

/** A table with rows of its own: the relation, or for a partitioned one the first of its partitions that has them. */
export function leafOf(run: Run, relation: ClassRow, depth = 0): ClassRow | undefined {
  if (relation.kind !== 'p') return relation;
  if (depth > 32) return undefined;
  for (const { childOid } of run.before.all(pgInherits, relation.oid, INHERITS_BY_PARENT)) {
    const child = run.after.relation(childOid);
    const leaf = child && leafOf(run, child, depth + 1);
    if (leaf) return leaf;
  }
  return undefined;
}
