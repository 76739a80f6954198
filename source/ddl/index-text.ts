/**
 * Indexes in the words of pg_get_indexdef() under an empty search_path (utils/adt/ruleutils.c). All throw CannotTellError where the
 * catalog does not tell.
 */
import { quoteIdentifier } from '../bytes/identifiers.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { IndexRow } from '../catalog/tables/indexes.js';
import { pgAccessMethod } from '../catalog/tables/named.js';
import { Expressions } from './expressions.js';
import { CannotTellError, parseNodeTree, TreeNode } from './node-tree.js';
import { columnNames, HIDDEN_OID, relationName } from './object-names.js';
import { operatorClassText } from './operator-class-text.js';
import { optionList } from './storage-options.js';

/** BTREE_AM_OID: the only access method that orders. */
const BTREE = 403;

const OID_TYPE = 26;

/** INDOPTION_DESC and INDOPTION_NULLS_FIRST (catalog/pg_index.h). */
const DESCENDING = 1;

const NULLS_FIRST = 2;

/** CREATE INDEX, whole. `only`: not on the partitions. */
export function indexText(rows: CatalogSnapshot, index: IndexRow, only: boolean): string {
  const relation = rows.relation(index.oid);
  if (!relation) throw new CannotTellError(`index ${index.oid} is not in the catalog`);
  const unique = index.unique ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX ${quoteIdentifier(relation.name)} ON ${only ? 'ONLY ' : ''}${relationName(rows, index.relationOid)} USING ${indexBody(rows, index, [])}`;
}

/** From the access method on. */
export function indexBody(
  rows: CatalogSnapshot,
  index: IndexRow,
  exclusionOperators: readonly Oid[],
): string {
  const relation = rows.relation(index.oid);
  const method = relation && rows.one(pgAccessMethod, relation.accessMethodOid);
  if (!relation || !method)
    throw new CannotTellError(`the access method of index ${index.oid} is not in the catalog`);
  const attributes = rows.attributes(index.relationOid);
  const expressions = new Expressions(rows, attributes);
  const trees = index.columns.includes(0) ? expressionTrees(index.expressions) : [];
  const ownColumns = rows.attributes(index.oid);
  const keys = index.columns.map((number, position) => {
    let text: string;
    let type: Oid;
    let collation: Oid;
    if (number === 0) {
      const tree = trees.shift();
      if (!tree) throw new CannotTellError('an index has fewer expressions than it needs');
      text = parenthesized(expressions.expression(tree), tree);
      // The index's own column has the type and the collation of its expression.
      type = ownColumns[position]?.typeOid ?? 0;
      collation = ownColumns[position]?.collationOid ?? 0;
      if (collation !== 0) collation = index.collations[position];
    } else {
      text = columnNames(rows, index.relationOid, [number])[0];
      const attribute = attributes.find((each) => each.number === number);
      type = attribute?.typeOid ?? (number === HIDDEN_OID ? OID_TYPE : 0);
      collation = attribute?.collationOid ?? 0;
    }
    const own = index.collations[position];
    if (own !== 0 && own !== collation) text += ` COLLATE ${expressions.names.collation(own)}`;
    text += operatorClassText(rows, index.operatorClasses[position], type, ownColumns[position]);
    if (relation.accessMethodOid === BTREE) text += orderText(index.orderings[position]);
    if (exclusionOperators.length > 0)
      text += ` WITH ${expressions.names.operator(exclusionOperators[position])}`;
    return text;
  });
  let text = `${quoteIdentifier(method.name)} (${keys.join(', ')})${includeText(rows, index)}`;
  if (index.nullsNotDistinct) text += ' NULLS NOT DISTINCT';
  if (relation.options.length > 0) text += ` WITH (${optionList(relation.options)})`;
  if (index.partial) {
    if (index.predicate === undefined)
      throw new CannotTellError('the predicate of an index is not stored in its row');
    const predicate = expressions.text(index.predicate);
    text += exclusionOperators.length > 0 ? ` WHERE (${predicate})` : ` WHERE ${predicate}`;
  }
  return text;
}

/** INCLUDE (…), or nothing. */
export function includeText(rows: CatalogSnapshot, index: IndexRow): string {
  if (index.includedColumns.length === 0) return '';
  return ` INCLUDE (${columnNames(rows, index.relationOid, index.includedColumns).join(', ')})`;
}

function orderText(option: number): string {
  const nullsFirst = (option & NULLS_FIRST) !== 0;
  if ((option & DESCENDING) !== 0) return nullsFirst ? ' DESC' : ' DESC NULLS LAST';
  return nullsFirst ? ' NULLS FIRST' : '';
}

/** The trees of a stored list of expressions. Throws CannotTellError when they are not stored in the row. */
export function expressionTrees(list: string | undefined): TreeNode[] {
  const value = list === undefined ? undefined : parseNodeTree(list);
  if (!Array.isArray(value))
    throw new CannotTellError('the expressions of an index are not stored in its row');
  return value.filter((each) => each instanceof TreeNode);
}

/** looks_like_function(): everything else is put in parentheses. */
export function parenthesized(text: string, tree: TreeNode): string {
  const call = tree.type === 'FUNCEXPR' && [0, 3].includes(tree.number('funcformat'));
  const like = ['COALESCE', 'COALESCEEXPR', 'MINMAX', 'MINMAXEXPR', 'NULLIFEXPR', 'SQLVALUEFUNCTION'];
  return call || like.includes(tree.type) ? text : `(${text})`;
}
