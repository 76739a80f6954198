/**
 * Partition keys and bounds in the words of pg_get_partkeydef() and pg_get_expr() (utils/adt/ruleutils.c). All throw CannotTellError
 * where the catalog does not tell.
 */
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { type ClassRow, pgPartitionedTable } from '../catalog/tables/relations.js';
import { Expressions } from './expressions.js';
import { expressionTrees, parenthesized } from './index-text.js';
import { CannotTellError, parseNodeTree, TreeNode } from './node-tree.js';
import { columnNames } from './object-names.js';
import { operatorClassText } from './operator-class-text.js';

const STRATEGIES: Readonly<Record<string, string>> = { r: 'RANGE', l: 'LIST', h: 'HASH' };

/** DEFAULT_COLLATION_OID */
const DEFAULT_COLLATION = 100;

/** PARTITION BY … of a partitioned table. */
export function partitionKeyText(rows: CatalogSnapshot, relationOid: Oid): string {
  const key = rows.one(pgPartitionedTable, relationOid);
  const strategy = key && STRATEGIES[key.strategy];
  if (!key || !strategy) throw new CannotTellError('its partition key is not in the catalog');
  const attributes = rows.attributes(relationOid);
  const expressions = new Expressions(rows, attributes);
  const trees = key.columns.includes(0) ? expressionTrees(key.expressions) : [];
  const columns = key.columns.map((number, position) => {
    if (number === 0) {
      const tree = trees.shift();
      if (!tree) throw new CannotTellError('a partition key has fewer expressions than it needs');
      // Its type is not in the catalog: the operator class says which one is meant.
      const text = parenthesized(expressions.expression(tree), tree);
      return `${text}${key.collations[position] === 0 ? '' : collationOfExpression(expressions, key.collations[position])}`;
    }
    const attribute = attributes.find((each) => each.number === number);
    const collation = key.collations[position];
    let text = columnNames(rows, relationOid, [number])[0];
    if (collation !== 0 && collation !== attribute?.collationOid)
      text += ` COLLATE ${expressions.names.collation(collation)}`;
    return text + operatorClassText(rows, key.operatorClasses[position], attribute?.typeOid ?? 0, undefined);
  });
  return `${strategy} (${columns.join(', ')})`;
}

function collationOfExpression(expressions: Expressions, oid: Oid): string {
  return oid === DEFAULT_COLLATION ? '' : ` COLLATE ${expressions.names.collation(oid)}`;
}

/** FOR VALUES … or DEFAULT, of a partition's stored bound. */
export function partitionBoundText(rows: CatalogSnapshot, tree: string): string {
  const bound = parseNodeTree(tree);
  if (!(bound instanceof TreeNode)) throw new CannotTellError('its partition bound makes no sense');
  if (bound.fields.has('is_default') && bound.flag('is_default')) return 'DEFAULT';
  const expressions = new Expressions(rows);
  const constant = (node: TreeNode): string => expressions.bareConstant(node);
  switch (bound.text('strategy')) {
    case 'h':
      return `FOR VALUES WITH (modulus ${bound.number('modulus')}, remainder ${bound.number('remainder')})`;
    case 'l':
      return `FOR VALUES IN (${bound.nodes('listdatums').map(constant).join(', ')})`;
    case 'r': {
      const side = (field: string): string =>
        bound
          .nodes(field)
          .map((datum) => {
            const kind = datum.number('kind');
            return kind < 0 ? 'MINVALUE' : kind > 0 ? 'MAXVALUE' : constant(datum.child('value'));
          })
          .join(', ');
      return `FOR VALUES FROM (${side('lowerdatums')}) TO (${side('upperdatums')})`;
    }
  }
  throw new CannotTellError('its partition bound is of a kind not known here');
}

/** FOR VALUES … of a partition. */
export function boundText(rows: CatalogSnapshot, relation: ClassRow): string {
  if (relation.partitionBound === undefined)
    throw new CannotTellError('its partition bound is not stored in the catalog row itself');
  return partitionBoundText(rows, relation.partitionBound);
}
