/**
 * Stored expressions as SQL, word for word what pg_get_expr() gives under an empty search_path (get_rule_expr() in
 * utils/adt/ruleutils.c): defaults, checks, generated columns, index expressions and predicates, partition bounds. A node that is not
 * known here throws CannotTellError: nothing is guessed.
 */
import { quoteIdentifier } from '../bytes/identifiers.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import type { AttributeDefinition, Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { pgOperator } from '../catalog/tables/procedures.js';
import { Constants } from './constants.js';
import { ExpressionNames } from './expression-names.js';
import {
  asNode,
  CoercionForm,
  lengthCoercion,
  nameAt,
  resultType,
  withoutImplicitCasts,
} from './node-facts.js';
import { CannotTellError, type NodeValue, parseNodeTree, TreeNode, tokenText } from './node-tree.js';
import { sqlSyntaxText, valueFunctionText } from './sql-syntax.js';

/** BoolTestType (nodes/primnodes.h), in order. */
const BOOLEAN_TESTS = ['TRUE', 'NOT TRUE', 'FALSE', 'NOT FALSE', 'UNKNOWN', 'NOT UNKNOWN'];

/** Deparses expressions of one moment. `columns`: those of the relation that Vars speak of, by attribute number. */
export class Expressions {
  /** What the expressions call things. */
  readonly names: ExpressionNames;
  readonly #rows: CatalogSnapshot;
  readonly #constants: Constants;
  readonly #columns: readonly AttributeDefinition[];

  constructor(rows: CatalogSnapshot, columns: readonly AttributeDefinition[] = []) {
    this.#rows = rows;
    this.#columns = columns;
    this.names = new ExpressionNames(rows);
    this.#constants = new Constants(rows, this.names);
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
        return this.#constants.text(node, true);
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
        return `(${left} ${this.names.operator(node.number('opno'))} ${node.flag('useOr') ? 'ANY' : 'ALL'} (${right}))`;
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
        return `(${this.#child(node, 'arg')} COLLATE ${this.names.collation(node.number('collOid'))})`;
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
        return valueFunctionText(node);
      case 'NULLTEST':
        return this.#nullTest(node);
      case 'BOOLEANTEST':
        return `(${this.#child(node, 'arg')} IS ${nameAt(BOOLEAN_TESTS, node.number('booltesttype'))})`;
      case 'NEXTVALUEEXPR':
        return `nextval(${quoteLiteral(this.names.relation(node.number('seqid')))}::regclass)`;
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
    return this.#constants.text(node, false);
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

  /** get_func_expr(). */
  #function(node: TreeNode, implicit: boolean): string {
    const format = node.number('funcformat');
    const args = node.nodes('args');
    if (format !== CoercionForm.call && args.length === 0)
      throw new CannotTellError('its stored form has a cast of nothing');
    if (format === CoercionForm.implicitCast && !implicit) return this.expression(args[0], false);
    if (format === CoercionForm.explicitCast || format === CoercionForm.implicitCast)
      return this.#cast(args[0], node.number('funcresulttype'), lengthCoercion(args));
    const oid = node.number('funcid');
    const texts = args.map((each) => this.expression(each, true));
    if (format === CoercionForm.sqlSyntax) {
      const name = this.#rows.procedure(oid)?.name ?? `function ${oid}`;
      return sqlSyntaxText(name, texts, args, this.#constants);
    }
    if (format !== CoercionForm.call)
      throw new CannotTellError(`it calls a function in a form (${format}) not known here`);
    if (node.flag('funcvariadic')) texts[texts.length - 1] = `VARIADIC ${texts[texts.length - 1]}`;
    return `${this.names.function(oid)}(${texts.join(', ')})`;
  }

  #operator(node: TreeNode): string {
    const name = this.names.operator(node.number('opno'));
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
    if (node.number(formatField) === CoercionForm.implicitCast && !implicit)
      return this.expression(arg, false);
    return this.#cast(arg, node.number('resulttype'), typmod);
  }

  /** get_coercion_expr(). */
  #cast(arg: TreeNode, type: Oid, typmod: number): string {
    const bare = arg.type === 'CONST' && arg.number('consttype') === type && arg.number('consttypmod') === -1;
    const text = bare ? this.#constants.text(arg, false) : `(${this.expression(arg, false)})`;
    return `${text}::${this.names.type(type, typmod)}`;
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
    return `ARRAY[${elements}]${elements === '' ? `::${this.names.type(node.number('array_typeid'))}` : ''}`;
  }

  #row(node: TreeNode): string {
    const fields = this.#all(node, 'args').join(', ');
    const cast = node.number('row_format') === CoercionForm.explicitCast;
    return `ROW(${fields})${cast ? `::${this.names.type(node.number('row_typeid'))}` : ''}`;
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
