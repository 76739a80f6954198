/** ADD COLUMN: with the default as it is, unless existing rows got something else than repeating it would give them. */
import { quoteIdentifier } from '../bytes/identifiers.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import { columnText, defaultText, defaultVolatility, missingLiteral } from './columns.js';
import type { Run } from './run.js';
import { leafOf, missingValue, rewritten } from './table-rewrite.js';
import type { Written } from './written-change.js';

/** ADD COLUMN and, to undo it, DROP COLUMN. Several clauses are parted by a zero character. */
export function addColumn(run: Run, after: ClassRow, now: AttributeRow): Written {
  const rows = run.after;
  const undo = `DROP COLUMN ${quoteIdentifier(now.name)}`;
  const whole = () => `ADD COLUMN ${columnText(rows, now, { withDefault: true })}`;
  const leaf = leafOf(run, after);
  const wasWritten = leaf !== undefined && rewritten(run, run.before.relation(leaf.oid), leaf);
  const anew = (what: string): Written => ({
    redo: whole(),
    undo,
    reason: `${what}: repeated, they get others, which then differ from what the rows held`,
  });
  if (now.identity !== '')
    return wasWritten ? anew('existing rows were numbered by the identity column') : { redo: whole(), undo };
  if (now.generated !== '') return { redo: whole(), undo };
  const expression = defaultText(rows, now);
  if (expression === undefined || leaf === undefined) return { redo: whole(), undo };
  const own = rows.attributes(leaf.oid).find((each) => each.name === now.name && !each.dropped);
  const value = own && missingValue(run, leaf.oid, own.number);
  const volatility = defaultVolatility(rows, now);
  if (value !== undefined) {
    if (volatility === 'immutable') return { redo: whole(), undo };
    // What existing rows got was computed then and there; the default itself is for rows to come.
    const literal = missingLiteral(rows, now, value);
    return {
      redo: `ADD COLUMN ${columnText(rows, now, { withDefault: false, literal })}\0ALTER COLUMN ${quoteIdentifier(now.name)} SET DEFAULT ${expression}`,
      undo,
    };
  }
  const computed = wasWritten && (volatility === 'volatile' || rows.majorVersion < 11);
  if (computed && volatility !== 'immutable')
    return anew('existing rows got values of a default that is computed for each');
  if (computed || (volatility === 'volatile' && leaf.fileNode !== run.before.relation(leaf.oid)?.fileNode))
    return { redo: whole(), undo };
  // The default came afterwards: existing rows have none.
  const bare = columnText(rows, { ...now, notNull: false }, { withDefault: false });
  const clauses = [
    `ADD COLUMN ${bare}`,
    `ALTER COLUMN ${quoteIdentifier(now.name)} SET DEFAULT ${expression}`,
  ];
  if (now.notNull) clauses.push(`ALTER COLUMN ${quoteIdentifier(now.name)} SET NOT NULL`);
  return { redo: clauses.join('\0'), undo };
}
