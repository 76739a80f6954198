/** ALTER COLUMN … TYPE, as far as it can be told how rows were converted. */
import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Oid } from '../catalog/model.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import { columnType } from './columns.js';
import { CannotTellError } from './node-tree.js';
import type { Run } from './run.js';
import { leafOf, rewritten } from './table-rewrite.js';
import type { Written } from './written-change.js';

/** int2, int4, int8, numeric, float4, float8: to which of the others each goes without loss. */
const WIDER: ReadonlyMap<Oid, readonly Oid[]> = new Map([
  [21, [23, 20, 1700]],
  [23, [20, 1700]],
  [20, [1700]],
  [700, [701]],
]);

/** ALTER COLUMN … TYPE: exact where no row had to be written anew, or where the types leave only one way to do it. */
export function retype(
  run: Run,
  before: ClassRow,
  after: ClassRow,
  was: AttributeRow,
  now: AttributeRow,
  redo: string,
): Written {
  const leaf = leafOf(run, after);
  const undo = `ALTER COLUMN ${quoteIdentifier(now.name)} TYPE ${columnType(run.before, was)}`;
  const wasWritten =
    after.kind === 'p'
      ? leaf !== undefined && rewritten(run, run.before.relation(leaf.oid), leaf)
      : rewritten(run, before, after);
  if (!wasWritten) return { redo, undo };
  const widened = was.typeOid === now.typeOid || (WIDER.get(was.typeOid)?.includes(now.typeOid) ?? false);
  if (widened)
    return {
      redo,
      note: "each row was converted by the types' own cast, unless a USING expression said otherwise: the catalog does not keep one",
    };
  throw new CannotTellError(
    `each row was converted to ${columnType(run.after, now)} by an expression (USING …) that the catalog does not keep`,
  );
}
