/** CREATE TYPE and CREATE DOMAIN, from what the catalog holds of a type. */
import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { CONSTRAINT_BY_DOMAIN, type ConstraintRow, pgConstraint } from '../catalog/tables/constraints.js';
import { pgOperatorClass } from '../catalog/tables/indexes.js';
import type { EnumRow, TypeRow } from '../catalog/tables/types.js';
import { columnType } from './columns.js';
import { constraintText } from './constraint-text.js';
import { ExpressionNames } from './expression-names.js';
import { Expressions } from './expressions.js';
import { CannotTellError } from './node-tree.js';
import { schemaOf } from './object-names.js';

/** A type's qualified name. */
export function typeName(rows: CatalogSnapshot, type: TypeRow): string {
  return qualifiedName(schemaOf(rows, type.namespaceOid), type.name);
}

/** Row types of tables, arrays and multiranges come and go with what they belong to. */
export function standsAlone(rows: CatalogSnapshot, type: TypeRow): boolean {
  if (type.kind === 'm') return false;
  if (type.kind === 'c') return rows.relation(type.relationOid)?.kind === 'c';
  return !(
    type.category === 'A' &&
    type.elementOid !== 0 &&
    rows.type(type.elementOid)?.arrayOid === type.oid
  );
}

/** The labels of an enum in their order. */
export function labels(rows: CatalogSnapshot, oid: Oid): EnumRow[] {
  return [...rows.enumLabels(oid)].sort((a, b) => a.order - b.order);
}

/** CREATE TYPE or CREATE DOMAIN. Throws CannotTellError where the catalog does not tell all of it. */
export function createType(rows: CatalogSnapshot, type: TypeRow): string {
  const name = typeName(rows, type);
  switch (type.kind) {
    case 'e':
      return `CREATE TYPE ${name} AS ENUM (${labels(rows, type.oid)
        .map((each) => quoteLiteral(each.label))
        .join(', ')})`;
    case 'c': {
      const columns = rows.attributes(type.relationOid).filter((each) => !each.dropped);
      return `CREATE TYPE ${name} AS (${columns.map((each) => `${quoteIdentifier(each.name)} ${columnType(rows, each)}`).join(', ')})`;
    }
    case 'd':
      return `CREATE DOMAIN ${name} AS ${domainBody(rows, type)}`;
    case 'r':
      return `CREATE TYPE ${name} AS RANGE (${rangeBody(rows, type)})`;
    default:
      throw new CannotTellError('a base type is made of functions that the catalog rows do not hold');
  }
}

function domainBody(rows: CatalogSnapshot, type: TypeRow): string {
  const names = new ExpressionNames(rows);
  let text = names.type(type.baseOid, type.baseTypmod);
  const base = rows.type(type.baseOid);
  if (type.collationOid !== 0 && type.collationOid !== base?.collationOid)
    text += ` COLLATE ${names.collation(type.collationOid)}`;
  const value = domainDefault(rows, type);
  if (value !== undefined) text += ` DEFAULT ${value}`;
  const constraints = domainConstraints(rows, type.oid);
  if (type.notNull && !constraints.some((each) => each.kind === 'n')) text += ' NOT NULL';
  for (const each of constraints)
    text += ` CONSTRAINT ${quoteIdentifier(each.name)} ${constraintText(rows, each)}`;
  return text;
}

/** The default of a domain; undefined when it has none. */
export function domainDefault(rows: CatalogSnapshot, type: TypeRow): string | undefined {
  return type.defaultExpression === undefined
    ? undefined
    : new Expressions(rows).text(type.defaultExpression);
}

/** The constraints of a domain, oldest first. */
export function domainConstraints(rows: CatalogSnapshot, oid: Oid): ConstraintRow[] {
  return rows.all(pgConstraint, oid, CONSTRAINT_BY_DOMAIN).sort((a, b) => a.oid - b.oid);
}

function rangeBody(rows: CatalogSnapshot, type: TypeRow): string {
  const range = rows.range(type.oid);
  const subtype = range && rows.type(range.subtypeOid);
  if (!range || !subtype) throw new CannotTellError('its subtype is not in the catalog');
  const names = new ExpressionNames(rows);
  const parts = [`SUBTYPE = ${names.type(range.subtypeOid)}`];
  const operators = rows.one(pgOperatorClass, range.operatorClassOid);
  if (operators && !operators.isDefault)
    parts.push(`SUBTYPE_OPCLASS = ${qualifiedName(schemaOf(rows, operators.namespaceOid), operators.name)}`);
  if (range.collationOid !== 0 && range.collationOid !== subtype.collationOid)
    parts.push(`COLLATION = ${names.collation(range.collationOid)}`);
  if (range.differenceProcedure !== 0)
    parts.push(`SUBTYPE_DIFF = ${names.function(range.differenceProcedure)}`);
  if (range.canonicalProcedure !== 0)
    throw new CannotTellError('its canonical function needs the type to be there first');
  const multirange = range.multirangeOid === 0 ? undefined : rows.type(range.multirangeOid);
  if (multirange) parts.push(`MULTIRANGE_TYPE_NAME = ${typeName(rows, multirange)}`);
  return parts.join(', ');
}
