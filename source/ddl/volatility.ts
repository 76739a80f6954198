/** Whether a stored expression gives the same when it is computed again. */
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { type NodeValue, parseNodeTree, TreeNode } from './node-tree.js';

/** How a stored expression depends on when and where it is computed: as provolatile, the worst of all functions in it. */
export type Volatility = 'immutable' | 'stable' | 'volatile';

/** The worst volatility of the functions in a stored tree. Throws CannotTellError when it is none. */
export function volatilityOf(rows: CatalogSnapshot, tree: string): Volatility {
  let worst: Volatility = 'immutable';
  const visit = (value: NodeValue): void => {
    if (typeof value === 'string') return;
    if (!(value instanceof TreeNode)) {
      for (const each of value as readonly NodeValue[]) visit(each);
      return;
    }
    const own = ofNode(rows, value);
    if (own === 'volatile' || (own === 'stable' && worst === 'immutable')) worst = own;
    for (const values of value.fields.values()) for (const each of values) visit(each);
  };
  visit(parseNodeTree(tree));
  return worst;
}

/** What a node adds by itself. An operator's function, and a type's input and output, may look at settings. */
function ofNode(rows: CatalogSnapshot, node: TreeNode): Volatility {
  switch (node.type) {
    case 'SQLVALUEFUNCTION':
    case 'COERCEVIAIO':
      return 'stable';
    case 'NEXTVALUEEXPR':
      return 'volatile';
    case 'OPEXPR':
      return ofProcedure(rows, node.number('opfuncid'));
    case 'FUNCEXPR':
      return ofProcedure(rows, node.number('funcid'));
    default:
      return 'immutable';
  }
}

function ofProcedure(rows: CatalogSnapshot, oid: Oid): Volatility {
  const procedure = rows.procedure(oid);
  if (procedure?.volatility === 'i') return 'immutable';
  return procedure?.volatility === 's' ? 'stable' : 'volatile';
}
