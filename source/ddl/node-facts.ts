/** What a node of an expression tree says of itself (nodes/nodeFuncs.c): its type, and the casts around it. */
import type { Oid } from '../catalog/model.js';
import { CannotTellError, type NodeValue, TreeNode } from './node-tree.js';

/** CoercionForm (nodes/primnodes.h): how a cast or call was written. */
export const CoercionForm = { call: 0, explicitCast: 1, implicitCast: 2, sqlSyntax: 3 } as const;

/** INT4OID */
const INT4 = 23;

/** Fields that hold a node's result type (exprType() in nodes/nodeFuncs.c). */
const RESULT_TYPE_FIELDS = [
  'consttype',
  'vartype',
  'funcresulttype',
  'opresulttype',
  'resulttype',
  'casetype',
  'array_typeid',
  'coalescetype',
  'minmaxtype',
  'row_typeid',
  'typeId',
];

/** A value that has to be a node. Throws CannotTellError when it is something else. */
export function asNode(value: NodeValue): TreeNode {
  if (value instanceof TreeNode) return value;
  throw new CannotTellError('its stored form has something else where an expression belongs');
}

/** exprIsLengthCoercion(): the typmod that a cast's second argument is, else -1. */
export function lengthCoercion(args: readonly TreeNode[]): number {
  if (args.length < 2 || args.length > 3) return -1;
  const [, second] = args;
  if (second.type !== 'CONST' || second.number('consttype') !== INT4 || second.flag('constisnull')) return -1;
  return second.bytes('constvalue').readInt32LE(0);
}

/** exprType(): undefined for a node that is not known to have one. */
export function resultType(node: TreeNode): Oid | undefined {
  const field = RESULT_TYPE_FIELDS.find((each) => node.fields.has(each));
  return field === undefined ? undefined : node.number(field);
}

/** strip_implicit_coercions(). */
export function withoutImplicitCasts(node: TreeNode): TreeNode {
  const formats: Readonly<Record<string, string>> = {
    RELABELTYPE: 'relabelformat',
    COERCEVIAIO: 'coerceformat',
    ARRAYCOERCEEXPR: 'coerceformat',
    COERCETODOMAIN: 'coercionformat',
  };
  const format = formats[node.type];
  if (format !== undefined && node.number(format) === CoercionForm.implicitCast)
    return withoutImplicitCasts(node.child('arg'));
  if (node.type === 'FUNCEXPR' && node.number('funcformat') === CoercionForm.implicitCast)
    return withoutImplicitCasts(node.nodes('args')[0]);
  return node;
}

/** The name that a number stands for in an enum of nodes/primnodes.h. Throws CannotTellError for one that is not known here. */
export function nameAt(names: readonly string[], index: number): string {
  const name = names[index];
  if (name === undefined) throw new CannotTellError(`its stored form has a number (${index}) not known here`);
  return name;
}
