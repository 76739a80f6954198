/**
 * Constraints, indexes, partition keys and bounds in the words of pg_get_constraintdef(), pg_get_indexdef(), pg_get_partkeydef() and
 * pg_get_expr() under an empty search_path (utils/adt/ruleutils.c). All throw CannotTellError where the catalog does not tell.
 */
import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import { PG_CATALOG_NAMESPACE } from '../catalog/bootstrap.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { AttributeRow } from '../catalog/tables/attributes.js';
import type { ConstraintRow } from '../catalog/tables/constraints.js';
import {
  INDEX_BY_OID,
  type IndexRow,
  OPERATOR_CLASS_BY_METHOD,
  pgIndex,
  pgOperatorClass,
} from '../catalog/tables/indexes.js';
import { pgAccessMethod } from '../catalog/tables/named.js';
import { pgPartitionedTable } from '../catalog/tables/relations.js';
import { pgCast } from '../catalog/tables/types.js';
import { Expressions } from './expressions.js';
import { CannotTellError, parseNodeTree, TreeNode } from './node-tree.js';

/** Pseudo-types that stand for every array, enum, range, multirange and row. */
const ANY = { array: 2277, enum: 3500, range: 3831, multirange: 4537, record: 2249 } as const;

/** BTREE_AM_OID: the only access method that orders. */
const BTREE = 403;

/** ObjectIdAttributeNumber, of a table WITH OIDS (until 11). */
const HIDDEN_OID = -2;
const OID_TYPE = 26;

/** INDOPTION_DESC and INDOPTION_NULLS_FIRST (catalog/pg_index.h). */
const DESCENDING = 1;
const NULLS_FIRST = 2;

/** confupdtype, confdeltype. */
const ACTIONS: Readonly<Record<string, string>> = {
  a: '',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

/** A relation's qualified name. */
export function relationName(rows: CatalogSnapshot, oid: Oid): string {
  const relation = rows.relation(oid);
  const schema = relation && rows.namespace(relation.namespaceOid);
  if (!relation || !schema) throw new CannotTellError(`relation ${oid} is not in the catalog`);
  return qualifiedName(schema.name, relation.name);
}

/** Storage options as WITH takes them: `fillfactor='70', autovacuum_enabled=false`. */
export function optionList(options: readonly string[]): string {
  return options
    .map((option) => {
      const split = option.indexOf('=');
      const name = split < 0 ? option : option.slice(0, split);
      const value = split < 0 ? '' : option.slice(split + 1);
      const bare = value !== '' && quoteIdentifier(value) === value;
      return `${name.split('.').map(quoteIdentifier).join('.')}=${bare ? value : quoteLiteral(value)}`;
    })
    .join(', ');
}

function columnNames(rows: CatalogSnapshot, relationOid: Oid, numbers: readonly number[]): string[] {
  const attributes = rows.attributes(relationOid);
  return numbers.map((number) => {
    if (number === HIDDEN_OID && rows.majorVersion < 12) return 'oid';
    const attribute = attributes.find((each) => each.number === number);
    if (!attribute)
      throw new CannotTellError(`column ${number} of relation ${relationOid} is not in the catalog`);
    return quoteIdentifier(attribute.name);
  });
}

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

function includeText(rows: CatalogSnapshot, index: IndexRow): string {
  if (index.includedColumns.length === 0) return '';
  return ` INCLUDE (${columnNames(rows, index.relationOid, index.includedColumns).join(', ')})`;
}

function exclusionText(rows: CatalogSnapshot, index: IndexRow, constraint: ConstraintRow): string {
  return `EXCLUDE USING ${indexBody(rows, index, constraint.exclusionOperators)}`;
}

/** CREATE INDEX, whole. `only`: not on the partitions. */
export function indexText(rows: CatalogSnapshot, index: IndexRow, only: boolean): string {
  const relation = rows.relation(index.oid);
  if (!relation) throw new CannotTellError(`index ${index.oid} is not in the catalog`);
  const unique = index.unique ? 'UNIQUE ' : '';
  return `CREATE ${unique}INDEX ${quoteIdentifier(relation.name)} ON ${only ? 'ONLY ' : ''}${relationName(rows, index.relationOid)} USING ${indexBody(rows, index, [])}`;
}

/** From the access method on. */
function indexBody(rows: CatalogSnapshot, index: IndexRow, exclusionOperators: readonly Oid[]): string {
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
    if (own !== 0 && own !== collation) text += ` COLLATE ${expressions.collationName(own)}`;
    text += operatorClassText(rows, index.operatorClasses[position], type, ownColumns[position]);
    if (relation.accessMethodOid === BTREE) text += orderText(index.orderings[position]);
    if (exclusionOperators.length > 0)
      text += ` WITH ${expressions.operatorName(exclusionOperators[position])}`;
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

function expressionTrees(list: string | undefined): TreeNode[] {
  const value = list === undefined ? undefined : parseNodeTree(list);
  if (!Array.isArray(value))
    throw new CannotTellError('the expressions of an index are not stored in its row');
  return value.filter((each) => each instanceof TreeNode);
}

/** looks_like_function(): everything else is put in parentheses. */
function parenthesized(text: string, tree: TreeNode): string {
  const call = tree.type === 'FUNCEXPR' && [0, 3].includes(tree.number('funcformat'));
  const like = ['COALESCE', 'COALESCEEXPR', 'MINMAX', 'MINMAXEXPR', 'NULLIFEXPR', 'SQLVALUEFUNCTION'];
  return call || like.includes(tree.type) ? text : `(${text})`;
}

function orderText(option: number): string {
  const nullsFirst = (option & NULLS_FIRST) !== 0;
  if ((option & DESCENDING) !== 0) return nullsFirst ? ' DESC' : ' DESC NULLS LAST';
  return nullsFirst ? ' NULLS FIRST' : '';
}

/** get_opclass_name(): nothing when it is the type's default, and has no options. */
function operatorClassText(
  rows: CatalogSnapshot,
  oid: Oid,
  type: Oid,
  column: AttributeRow | undefined,
): string {
  const own = rows.one(pgOperatorClass, oid);
  const schema = own && rows.namespace(own.namespaceOid);
  if (!own || !schema) throw new CannotTellError(`operator class ${oid} is not in the catalog`);
  const options = column?.options ?? [];
  if (options.length === 0 && defaultOperatorClass(rows, own.accessMethodOid, type) === oid) return '';
  const name =
    own.namespaceOid === PG_CATALOG_NAMESPACE
      ? quoteIdentifier(own.name)
      : qualifiedName(schema.name, own.name);
  return ` ${name}${options.length > 0 ? ` (${optionList(options)})` : ''}`;
}

/** GetDefaultOpClass() (commands/indexcmds.c): for the type itself, else for one that it is binary coercible to. 0 when unclear. */
export function defaultOperatorClass(rows: CatalogSnapshot, method: Oid, typeOid: Oid): Oid {
  let type = rows.types.type(typeOid);
  while (type?.kind === 'd') type = rows.types.type(type.baseOid);
  if (!type) return 0;
  const coercible = new Set<Oid>(
    rows
      .all(pgCast, type.oid)
      .filter((cast) => cast.method === 'b' && cast.context === 'i')
      .map((cast) => cast.targetOid),
  );
  if (type.elementOid !== 0) coercible.add(ANY.array);
  if (type.kind === 'e') coercible.add(ANY.enum);
  if (type.kind === 'r') coercible.add(ANY.range);
  if (type.kind === 'm') coercible.add(ANY.multirange);
  if (type.kind === 'c') coercible.add(ANY.record);
  const defaults = rows
    .all(pgOperatorClass, method, OPERATOR_CLASS_BY_METHOD)
    .filter((each) => each.isDefault);
  const exact = defaults.find((each) => each.inputOid === type.oid);
  if (exact) return exact.oid;
  const compatible = defaults.filter((each) => coercible.has(each.inputOid));
  // text is the preferred one of the types that strings are coercible to.
  const preferred = compatible.filter((each) => each.inputOid === 25);
  if (preferred.length === 1) return preferred[0].oid;
  return compatible.length === 1 ? compatible[0].oid : 0;
}

const STRATEGIES: Readonly<Record<string, string>> = { r: 'RANGE', l: 'LIST', h: 'HASH' };

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
      text += ` COLLATE ${expressions.collationName(collation)}`;
    return text + operatorClassText(rows, key.operatorClasses[position], attribute?.typeOid ?? 0, undefined);
  });
  return `${strategy} (${columns.join(', ')})`;
}

/** DEFAULT_COLLATION_OID */
const DEFAULT_COLLATION = 100;

function collationOfExpression(expressions: Expressions, oid: Oid): string {
  return oid === DEFAULT_COLLATION ? '' : ` COLLATE ${expressions.collationName(oid)}`;
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
