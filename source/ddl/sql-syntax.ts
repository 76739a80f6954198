/** Functions that the grammar has words of its own for. All throw CannotTellError for one that is not known here. */
import type { Constants } from './constants.js';
import { nameAt } from './node-facts.js';
import { CannotTellError, type TreeNode } from './node-tree.js';

/** TEXTOID */
const TEXT = 25;

/** SQLValueFunctionOp (nodes/primnodes.h), in order; those that end in (n) take a precision. */
const VALUE_FUNCTIONS = [
  'CURRENT_DATE',
  'CURRENT_TIME',
  'CURRENT_TIME(n)',
  'CURRENT_TIMESTAMP',
  'CURRENT_TIMESTAMP(n)',
  'LOCALTIME',
  'LOCALTIME(n)',
  'LOCALTIMESTAMP',
  'LOCALTIMESTAMP(n)',
  'CURRENT_ROLE',
  'CURRENT_USER',
  'USER',
  'SESSION_USER',
  'CURRENT_CATALOG',
  'CURRENT_SCHEMA',
];

/** A SQLVALUEFUNCTION node (get_rule_expr()). */
export function valueFunctionText(node: TreeNode): string {
  const name = nameAt(VALUE_FUNCTIONS, node.number('op'));
  return name.replace('(n)', `(${node.number('typmod')})`);
}

/** get_func_sql_syntax(): functions that the grammar has words for (14 and later). */
export function sqlSyntaxText(
  name: string,
  args: readonly string[],
  nodes: readonly TreeNode[],
  constants: Constants,
): string {
  switch (`${name}/${args.length}`) {
    case 'timezone/2':
      return `(${args[1]} AT TIME ZONE ${args[0]})`;
    case 'extract/2': {
      if (nodes[0].type !== 'CONST') break;
      return `EXTRACT(${constants.value(nodes[0], TEXT)} FROM ${args[1]})`;
    }
    case 'position/2':
      return `POSITION((${args[1]}) IN (${args[0]}))`;
    case 'substring/2':
      return `SUBSTRING(${args[0]} FROM ${args[1]})`;
    case 'substring/3':
      return `SUBSTRING(${args[0]} FROM ${args[1]} FOR ${args[2]})`;
    case 'btrim/1':
    case 'ltrim/1':
    case 'rtrim/1':
      return `TRIM(${trimSide(name)} FROM ${args[0]})`;
    case 'btrim/2':
    case 'ltrim/2':
    case 'rtrim/2':
      return `TRIM(${trimSide(name)} ${args[1]} FROM ${args[0]})`;
  }
  throw new CannotTellError(`it uses SQL's own syntax for ${name}`);
}

function trimSide(name: string): string {
  return { btrim: 'BOTH', ltrim: 'LEADING', rtrim: 'TRAILING' }[name]!;
}
