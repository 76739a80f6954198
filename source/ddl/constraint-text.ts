/**
 * Constraints in the words of pg_get_constraintdef() under an empty search_path (utils/adt/ruleutils.c). All throw CannotTellError where
 * the catalog does not tell.
 */
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { ConstraintRow } from '../catalog/tables/constraints.js';
import { INDEX_BY_OID, type IndexRow, pgIndex } from '../catalog/tables/indexes.js';
import { Expressions } from './expressions.js';
import { includeText, indexBody } from './index-text.js';
import { CannotTellError } from './node-tree.js';
import { columnNames, relationName } from './object-names.js';
import { optionList } from './storage-options.js';

/** confupdtype, confdeltype. */
const ACTIONS: Readonly<Record<string, string>> = {
  a: '',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

/** How a constraint is written behind its name. `withOptions`: with the storage options of its index, as ALTER TABLE needs them. */
export function constraintText(
  rows: CatalogSnapshot,
  constraint: ConstraintRow,
  withOptions = false,
): string {
  const { deferrable, deferred, validated, enforced } = constraint;
  let text = constraintBody(rows, constraint);
  const options =
    withOptions && 'pu'.includes(constraint.kind) && rows.relation(constraint.indexOid)?.options;
  if (options && options.length > 0) text += ` WITH (${optionList(options)})`;
  if (deferrable) text += ' DEFERRABLE';
  if (deferred) text += ' INITIALLY DEFERRED';
  if (!enforced) text += ' NOT ENFORCED';
  else if (!validated) text += ' NOT VALID';
  return text;
}

function constraintBody(rows: CatalogSnapshot, constraint: ConstraintRow): string {
  switch (constraint.kind) {
    case 'c': {
      if (constraint.expression === undefined)
        throw new CannotTellError(`the expression of check ${constraint.name} is not stored in its row`);
      const columns = constraint.relationOid === 0 ? [] : rows.attributes(constraint.relationOid);
      const expression = new Expressions(rows, columns).text(constraint.expression);
      return `CHECK (${expression})${constraint.noInherit ? ' NO INHERIT' : ''}`;
    }
    case 'n':
      if (constraint.relationOid === 0) return 'NOT NULL';
      return `NOT NULL ${columnNames(rows, constraint.relationOid, constraint.columns)[0]}${constraint.noInherit ? ' NO INHERIT' : ''}`;
    case 'f':
      return foreignKeyText(rows, constraint);
    case 'p':
    case 'u':
    case 'x':
      return indexConstraintText(rows, constraint);
    default:
      throw new CannotTellError(
        `constraint ${constraint.name} is of a kind (${constraint.kind}) not known here`,
      );
  }
}

function foreignKeyText(rows: CatalogSnapshot, constraint: ConstraintRow): string {
  const { relationOid, referencedOid, columns, referencedColumns, period } = constraint;
  const list = (oid: Oid, numbers: readonly number[]): string => {
    const names = columnNames(rows, oid, numbers);
    if (period) names[names.length - 1] = `PERIOD ${names[names.length - 1]}`;
    return `(${names.join(', ')})`;
  };
  let text = `FOREIGN KEY ${list(relationOid, columns)} REFERENCES ${relationName(rows, referencedOid)}${list(referencedOid, referencedColumns)}`;
  if (constraint.match === 'f') text += ' MATCH FULL';
  if (constraint.onUpdate !== 'a') text += ` ON UPDATE ${action(constraint.onUpdate)}`;
  if (constraint.onDelete !== 'a') text += ` ON DELETE ${action(constraint.onDelete)}`;
  if (constraint.deleteSetColumns.length > 0)
    text += ` (${columnNames(rows, relationOid, constraint.deleteSetColumns).join(', ')})`;
  return text;
}

function action(letter: string): string {
  const words = ACTIONS[letter];
  if (words === undefined)
    throw new CannotTellError(`a foreign key has an action (${letter}) not known here`);
  return words;
}

function indexConstraintText(rows: CatalogSnapshot, constraint: ConstraintRow): string {
  const index = rows.one(pgIndex, constraint.indexOid, INDEX_BY_OID);
  const relation = rows.relation(constraint.indexOid);
  if (!index || !relation)
    throw new CannotTellError(`the index of constraint ${constraint.name} is not in the catalog`);
  if (constraint.kind === 'x') return exclusionText(rows, index, constraint);
  const names = columnNames(rows, index.relationOid, index.columns);
  if (constraint.period) names[names.length - 1] += ' WITHOUT OVERLAPS';
  let text = constraint.kind === 'p' ? 'PRIMARY KEY' : 'UNIQUE';
  if (index.nullsNotDistinct) text += ' NULLS NOT DISTINCT';
  text += ` (${names.join(', ')})`;
  return text + includeText(rows, index);
}

/** EXCLUDE USING … */
function exclusionText(rows: CatalogSnapshot, index: IndexRow, constraint: ConstraintRow): string {
  return `EXCLUDE USING ${indexBody(rows, index, constraint.exclusionOperators)}`;
}
