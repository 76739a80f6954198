/**
 * Stored expressions as SQL, word for word what pg_get_expr() gives under an empty search_path (get_rule_expr() in
 * utils/adt/ruleutils.c): defaults, checks, generated columns, index expressions and predicates, partition bounds. A node that is not
 * known here throws CannotTellError: nothing is guessed.
 */
import { qualifiedName, quoteIdentifier, safeTypeName } from '../bytes/identifiers.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import { inlineVarlenaData } from '../bytes/varlena.js';
import { PG_CATALOG_NAMESPACE } from '../catalog/bootstrap.js';
import type { AttributeDefinition, Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { pgCollation } from '../catalog/tables/named.js';
import { pgOperator } from '../catalog/tables/procedures.js';
import { formatTypeName, outputFunction, UndecodableValueError } from '../types/registry.js';
import { CannotTellError, type NodeValue, parseNodeTree, TreeNode, tokenText } from './node-tree.js';

/** CoercionForm (nodes/primnodes.h). */
const CALL = 0;
const EXPLICIT_CAST = 1;
const IMPLICIT_CAST = 2;
const SQL_SYNTAX = 3;

const TYPE = { bool: 16, int4: 23, text: 25, unknown: 705, numeric: 1700 } as const;

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

/** BoolTestType (nodes/primnodes.h), in order. */
const BOOLEAN_TESTS = ['TRUE', 'NOT TRUE', 'FALSE', 'NOT FALSE', 'UNKNOWN', 'NOT UNKNOWN'];

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

/** How a stored expression depends on when and where it is computed: as provolatile, the worst of all functions in it. */
export type Volatility = 'immutable' | 'stable' | 'volatile';

/** Deparses expressions of one moment. `columns`: those of the relation that Vars speak of, by attribute number. */
export class Expressions {
  readonly #rows: CatalogSnapshot;
  readonly #columns: readonly AttributeDefinition[];

  constructor(rows: CatalogSnapshot, columns: readonly AttributeDefinition[] = []) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /** The expression of a stored tree. Throws CannotTellError. */
  text(tree: string): string {
    const value = parseNodeTree(tree);
    if (!(value instanceof TreeNode)) throw new CannotTellError('its stored form is a list');
    return this.expression(value);
  }

  /** Those of a stored list of trees. */
  list(tree: string): string[] {
    const value = parseNodeTree(tree);
    if (!Array.isArray(value)) throw new CannotTellError('its stored form is no list');
    return value.map((each) => this.expression(asNode(each)));
  }

  /** One node. `implicit`: implicit casts at its top are shown, as where the parser would not add them again. */
  expression(node: TreeNode, implicit = false): string {
    switch (node.type) {
      case 'VAR':
        return this.#variable(node);
      case 'CONST':
        return this.#constant(node, true);
      case 'FUNCEXPR':
        return this.#function(node, implicit);
      case 'NAMEDARGEXPR':
        return `${quoteIdentifier(tokenText(node.text('name')))} => ${this.#child(node, 'arg')}`;
      case 'OPEXPR':
        return this.#operator(node);
      case 'DISTINCTEXPR':
        return `(${this.#all(node, 'args').join(' IS DISTINCT FROM ')})`;
      case 'NULLIFEXPR':
        return `NULLIF(${this.#all(node, 'args').join(', ')})`;
      case 'SCALARARRAYOPEXPR': {
        const [left, right] = this.#all(node, 'args');
        return `(${left} ${this.operatorName(node.number('opno'))} ${node.flag('useOr') ? 'ANY' : 'ALL'} (${right}))`;
      }
      case 'BOOLEXPR':
        return this.#boolean(node);
      case 'RELABELTYPE':
        return this.#coercion(node, 'relabelformat', implicit, node.number('resulttypmod'));
      case 'COERCEVIAIO':
        return this.#coercion(node, 'coerceformat', implicit, -1);
      case 'ARRAYCOERCEEXPR':
        return this.#coercion(node, 'coerceformat', implicit, node.number('resulttypmod'));
      case 'COERCETODOMAIN':
        return this.#coercion(node, 'coercionformat', implicit, node.number('resulttypmod'));
      case 'COERCETODOMAINVALUE':
        return 'VALUE';
      case 'COLLATE':
      case 'COLLATEEXPR':
        return `(${this.#child(node, 'arg')} COLLATE ${this.collationName(node.number('collOid'))})`;
      case 'CASE':
      case 'CASEEXPR':
        return this.#case(node);
      case 'ARRAY':
      case 'ARRAYEXPR':
        return this.#array(node);
      case 'ROW':
      case 'ROWEXPR':
        return this.#row(node);
      case 'COALESCE':
      case 'COALESCEEXPR':
        return `COALESCE(${this.#all(node, 'args', true).join(', ')})`;
      case 'MINMAX':
      case 'MINMAXEXPR':
        return `${node.number('op') === 0 ? 'GREATEST' : 'LEAST'}(${this.#all(node, 'args', true).join(', ')})`;
      case 'SQLVALUEFUNCTION':
        return this.#valueFunction(node);
      case 'NULLTEST':
        return this.#nullTest(node);
      case 'BOOLEANTEST':
        return `(${this.#child(node, 'arg')} IS ${at(BOOLEAN_TESTS, node.number('booltesttype'))})`;
      case 'NEXTVALUEEXPR':
        return `nextval(${quoteLiteral(this.#registered('regclass', node.number('seqid')))}::regclass)`;
      case 'ARRAYREF':
      case 'SUBSCRIPTINGREF':
        return this.#subscript(node);
      case 'FIELDSELECT':
        return this.#field(node);
      default:
        throw new CannotTellError(`it uses ${node.type}, which is not known here`);
    }
  }

  /** A constant without its type, as where the place says it (partition bounds). */
  bareConstant(node: TreeNode): string {
    return this.#constant(node, false);
  }

  /** An operator as SQL calls it: bare in pg_catalog, else OPERATOR(schema.op). */
  operatorName(oid: Oid): string {
    const operator = this.#rows.one(pgOperator, oid);
    const schema = operator && this.#rows.namespace(operator.namespaceOid);
    if (!operator || !schema)
      throw new CannotTellError(`it uses operator ${oid}, which the catalog does not tell`);
    if (operator.namespaceOid === PG_CATALOG_NAMESPACE) return operator.name;
    return `OPERATOR(${quoteIdentifier(schema.name)}.${operator.name})`;
  }

  /** A collation's name. */
  collationName(oid: Oid): string {
    const collation = this.#rows.one(pgCollation, oid);
    if (!collation) throw new CannotTellError(`it uses collation ${oid}, which the catalog does not tell`);
    return this.#name(collation.namespaceOid, collation.name);
  }

  /** A function's name. */
  functionName(oid: Oid): string {
    const procedure = this.#rows.procedure(oid);
    if (!procedure) throw new CannotTellError(`it uses function ${oid}, which the catalog does not tell`);
    return this.#name(procedure.namespaceOid, procedure.name);
  }

  /** A type's name with its typmod. */
  typeName(oid: Oid, typmod = -1): string {
    const name = formatTypeName(oid, typmod, this.#rows.types);
    if (name.includes('???'))
      throw new CannotTellError(`it uses type ${oid}, which the catalog does not tell`);
    return safeTypeName(name);
  }

  /** The worst volatility of the functions in a stored tree. */
  volatility(tree: string): Volatility {
    let worst: Volatility = 'immutable';
    const visit = (value: NodeValue): void => {
      if (typeof value === 'string') return;
      if (!(value instanceof TreeNode)) {
        for (const each of value as readonly NodeValue[]) visit(each);
        return;
      }
      let own: Volatility = 'immutable';
      if (value.type === 'SQLVALUEFUNCTION') own = 'stable';
      else if (value.type === 'NEXTVALUEEXPR') own = 'volatile';
      // An operator's function, and a type's input and output, may look at settings.
      else if (value.type === 'COERCEVIAIO' || value.type === 'OPEXPR') own = this.#volatilityOf(value);
      else if (value.type === 'FUNCEXPR') own = this.#volatilityOf(value);
      if (own === 'volatile' || (own === 'stable' && worst === 'immutable')) worst = own;
      for (const values of value.fields.values()) for (const each of values) visit(each);
    };
    visit(parseNodeTree(tree));
    return worst;
  }

  #volatilityOf(node: TreeNode): Volatility {
    if (node.type === 'COERCEVIAIO') return 'stable';
    const procedure = this.#rows.procedure(node.number(node.type === 'OPEXPR' ? 'opfuncid' : 'funcid'));
    if (procedure?.volatility === 'i') return 'immutable';
    return procedure?.volatility === 's' ? 'stable' : 'volatile';
  }

  #name(namespaceOid: Oid, name: string): string {
    if (namespaceOid === PG_CATALOG_NAMESPACE) return quoteIdentifier(name);
    const schema = this.#rows.namespace(namespaceOid);
    if (!schema) throw new CannotTellError(`the schema of ${name} is not known`);
    return qualifiedName(schema.name, name);
  }

  #registered(kind: 'regclass', oid: Oid): string {
    const name = this.#rows.types.registeredName(kind, oid);
    if (name === undefined)
      throw new CannotTellError(`it names relation ${oid}, which the catalog does not tell`);
    return name;
  }

  #child(node: TreeNode, field: string, implicit = true): string {
    return this.expression(node.child(field), implicit);
  }

  #all(node: TreeNode, field: string, implicit = true): string[] {
    return node.nodes(field).map((each) => this.expression(each, implicit));
  }

  #variable(node: TreeNode): string {
    if (node.number('varlevelsup') !== 0) throw new CannotTellError('it speaks of an outer query');
    const number = node.number('varattno');
    const column = this.#columns.find((each) => each.number === number && !each.dropped);
    if (!column) throw new CannotTellError(`it names column number ${number}, which is not there`);
    return quoteIdentifier(column.name);
  }

  /** get_const_expr(): with its type unless the bare constant has it anyway. */
  #constant(node: TreeNode, labelled: boolean): string {
    const type = node.number('consttype');
    const typmod = node.number('consttypmod');
    const label = () => `::${this.typeName(type, typmod)}`;
    if (node.flag('constisnull')) return labelled ? `NULL${label()}${this.#constantCollation(node)}` : 'NULL';
    const value = this.#value(node, type);
    let text: string;
    let needsLabel: boolean;
    switch (type) {
      case TYPE.int4:
        needsLabel = value.startsWith('-');
        text = needsLabel ? `'${value}'` : value;
        break;
      case TYPE.numeric:
        needsLabel = !(/^[0-9]/.test(value) && /[eE.]/.test(value));
        text = needsLabel ? `'${value}'` : value;
        needsLabel ||= typmod >= 0;
        break;
      case TYPE.bool:
        text = value === 't' ? 'true' : 'false';
        needsLabel = false;
        break;
      case TYPE.unknown:
        text = quoteLiteral(value);
        needsLabel = false;
        break;
      default:
        text = quoteLiteral(value);
        needsLabel = true;
    }
    if (!labelled) return text;
    return `${text}${needsLabel ? label() : ''}${this.#constantCollation(node)}`;
  }

  #constantCollation(node: TreeNode): string {
    const collation = node.number('constcollid');
    if (collation === 0 || collation === this.#rows.type(node.number('consttype'))?.collationOid) return '';
    return ` COLLATE ${this.collationName(collation)}`;
  }

  #value(node: TreeNode, type: Oid): string {
    const data = node.bytes('constvalue');
    const length = node.number('constlen');
    try {
      let bytes: Buffer = data;
      if (length === -1) bytes = inlineVarlenaData(data, 0, data.length);
      else if (length > 0) bytes = data.subarray(0, length);
      if (type === TYPE.unknown) return bytes.subarray(0, bytes.indexOf(0)).toString('utf8');
      return outputFunction(type, this.#rows.types)(bytes, 0, bytes.length);
    } catch (error) {
      if (error instanceof UndecodableValueError || error instanceof RangeError)
        throw new CannotTellError(`it has a constant that cannot be read: ${error.message}`);
      throw error;
    }
  }

  /** get_func_expr(). */
  #function(node: TreeNode, implicit: boolean): string {
    const format = node.number('funcformat');
    const args = node.nodes('args');
    if (format !== CALL && args.length === 0)
      throw new CannotTellError('its stored form has a cast of nothing');
    if (format === IMPLICIT_CAST && !implicit) return this.expression(args[0], false);
    if (format === EXPLICIT_CAST || format === IMPLICIT_CAST)
      return this.#cast(args[0], node.number('funcresulttype'), lengthCoercion(args));
    const oid = node.number('funcid');
    const texts = args.map((each) => this.expression(each, true));
    if (format === SQL_SYNTAX) return this.#sqlSyntax(oid, texts, args);
    if (format !== CALL)
      throw new CannotTellError(`it calls a function in a form (${format}) not known here`);
    if (node.flag('funcvariadic')) texts[texts.length - 1] = `VARIADIC ${texts[texts.length - 1]}`;
    return `${this.functionName(oid)}(${texts.join(', ')})`;
  }

  /** get_func_sql_syntax(): functions that the grammar has words for (14 and later). */
  #sqlSyntax(oid: Oid, args: readonly string[], nodes: readonly TreeNode[]): string {
    const procedure = this.#rows.procedure(oid);
    switch (`${procedure?.name}/${args.length}`) {
      case 'timezone/2':
        return `(${args[1]} AT TIME ZONE ${args[0]})`;
      case 'extract/2': {
        if (nodes[0].type !== 'CONST') break;
        return `EXTRACT(${this.#value(nodes[0], TYPE.text)} FROM ${args[1]})`;
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
        return `TRIM(${trimSide(procedure!.name)} FROM ${args[0]})`;
      case 'btrim/2':
      case 'ltrim/2':
      case 'rtrim/2':
        return `TRIM(${trimSide(procedure!.name)} ${args[1]} FROM ${args[0]})`;
    }
    throw new CannotTellError(`it uses SQL's own syntax for ${procedure?.name ?? `function ${oid}`}`);
  }

  #operator(node: TreeNode): string {
    const name = this.operatorName(node.number('opno'));
    const args = this.#all(node, 'args');
    if (args.length === 2) return `(${args[0]} ${name} ${args[1]})`;
    const operator = this.#rows.one(pgOperator, node.number('opno'))!;
    return operator.leftOid === 0 ? `(${name} ${args[0]})` : `(${args[0]} ${name})`;
  }

  #boolean(node: TreeNode): string {
    const args = this.#all(node, 'args', false);
    switch (node.text('boolop')) {
      case 'and':
        return `(${args.join(' AND ')})`;
      case 'or':
        return `(${args.join(' OR ')})`;
      case 'not':
        return `(NOT ${args[0]})`;
    }
    throw new CannotTellError(`it uses ${node.text('boolop')}`);
  }

  #coercion(node: TreeNode, formatField: string, implicit: boolean, typmod: number): string {
    const arg = node.child('arg');
    if (node.number(formatField) === IMPLICIT_CAST && !implicit) return this.expression(arg, false);
    return this.#cast(arg, node.number('resulttype'), typmod);
  }

  /** get_coercion_expr(). */
  #cast(arg: TreeNode, type: Oid, typmod: number): string {
    const bare = arg.type === 'CONST' && arg.number('consttype') === type && arg.number('consttypmod') === -1;
    const text = bare ? this.#constant(arg, false) : `(${this.expression(arg, false)})`;
    return `${text}::${this.typeName(type, typmod)}`;
  }

  #case(node: TreeNode): string {
    const arg = node.node('arg');
    const parts = ['CASE'];
    if (arg) parts.push(this.expression(arg, true));
    for (const when of node.nodes('args')) {
      let condition = when.child('expr');
      if (arg) {
        // The parser made `CaseTestExpr = value` of what stood there.
        const sides = condition.type === 'OPEXPR' ? condition.nodes('args') : [];
        if (sides.length !== 2 || withoutImplicitCasts(sides[0]).type !== 'CASETESTEXPR')
          throw new CannotTellError('it has a CASE that compares in a way not known here');
        condition = sides[1];
      }
      parts.push(`WHEN ${this.expression(condition, false)} THEN ${this.#child(when, 'result')}`);
    }
    if (node.node('defresult')) parts.push(`ELSE ${this.#child(node, 'defresult')}`);
    return `${parts.join(' ')} END`;
  }

  #array(node: TreeNode): string {
    const elements = this.#all(node, 'elements').join(', ');
    // An empty ARRAY[] has to say its type.
    return `ARRAY[${elements}]${elements === '' ? `::${this.typeName(node.number('array_typeid'))}` : ''}`;
  }

  #row(node: TreeNode): string {
    const fields = this.#all(node, 'args').join(', ');
    const cast = node.number('row_format') === EXPLICIT_CAST;
    return `ROW(${fields})${cast ? `::${this.typeName(node.number('row_typeid'))}` : ''}`;
  }

  #valueFunction(node: TreeNode): string {
    const name = at(VALUE_FUNCTIONS, node.number('op'));
    return name.replace('(n)', `(${node.number('typmod')})`);
  }

  #nullTest(node: TreeNode): string {
    const arg = node.child('arg');
    const isNull = node.number('nulltesttype') === 0;
    const text = this.expression(arg, true);
    // IS NULL of a row asks for its fields; a whole one is asked for like this.
    const whole = !node.flag('argisrow') && this.#isRowType(arg);
    if (whole) return `(${text} IS ${isNull ? 'NOT DISTINCT' : 'DISTINCT'} FROM NULL)`;
    return `(${text} IS ${isNull ? 'NULL' : 'NOT NULL'})`;
  }

  #isRowType(node: TreeNode): boolean {
    const oid = resultType(node);
    if (oid === undefined) return false;
    let type = this.#rows.types.type(oid);
    while (type?.kind === 'd') type = this.#rows.types.type(type.baseOid);
    return type?.kind === 'c';
  }

  #subscript(node: TreeNode): string {
    if (node.node('refassgnexpr')) throw new CannotTellError('it assigns to an array element');
    const array = node.child('refexpr');
    const text = this.expression(array, true);
    const simple = array.type === 'VAR' || array.type === 'FIELDSELECT';
    const upper = node.list('refupperindexpr').map((each) => this.#bound(each));
    const lower = node.list('reflowerindexpr').map((each) => this.#bound(each));
    const brackets = upper.map((high, i) => `[${lower.length > 0 ? `${lower[i]}:` : ''}${high}]`).join('');
    return `${simple ? text : `(${text})`}${brackets}`;
  }

  #bound(value: NodeValue): string {
    return value === '<>' ? '' : this.expression(asNode(value), false);
  }

  #field(node: TreeNode): string {
    const arg = node.child('arg');
    const oid = resultType(arg);
    const type = oid === undefined ? undefined : this.#rows.types.type(oid);
    const field = type?.attributes?.find((each) => each.number === node.number('fieldnum'));
    if (!field) throw new CannotTellError('it takes a field out of a row whose type is not known');
    const text = this.expression(arg, true);
    const simple = arg.type === 'ARRAYREF' || arg.type === 'SUBSCRIPTINGREF' || arg.type === 'FIELDSELECT';
    return `${simple ? text : `(${text})`}.${quoteIdentifier(field.name)}`;
  }
}

function asNode(value: NodeValue): TreeNode {
  if (value instanceof TreeNode) return value;
  throw new CannotTellError('its stored form has something else where an expression belongs');
}

function at(names: readonly string[], index: number): string {
  const name = names[index];
  if (name === undefined) throw new CannotTellError(`its stored form has a number (${index}) not known here`);
  return name;
}

function trimSide(name: string): string {
  return { btrim: 'BOTH', ltrim: 'LEADING', rtrim: 'TRAILING' }[name]!;
}

/** exprIsLengthCoercion(): the typmod that a cast's second argument is, else -1. */
function lengthCoercion(args: readonly TreeNode[]): number {
  if (args.length < 2 || args.length > 3) return -1;
  const [, second] = args;
  if (second.type !== 'CONST' || second.number('consttype') !== TYPE.int4 || second.flag('constisnull'))
    return -1;
  return second.bytes('constvalue').readInt32LE(0);
}

function resultType(node: TreeNode): Oid | undefined {
  const field = RESULT_TYPE_FIELDS.find((each) => node.fields.has(each));
  return field === undefined ? undefined : node.number(field);
}

/** strip_implicit_coercions(). */
function withoutImplicitCasts(node: TreeNode): TreeNode {
  const formats: Readonly<Record<string, string>> = {
    RELABELTYPE: 'relabelformat',
    COERCEVIAIO: 'coerceformat',
    ARRAYCOERCEEXPR: 'coerceformat',
    COERCETODOMAIN: 'coercionformat',
  };
  const format = formats[node.type];
  if (format !== undefined && node.number(format) === IMPLICIT_CAST)
    return withoutImplicitCasts(node.child('arg'));
  if (node.type === 'FUNCEXPR' && node.number('funcformat') === IMPLICIT_CAST)
    return withoutImplicitCasts(node.nodes('args')[0]);
  return node;
}
