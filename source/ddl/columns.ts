/** Columns as CREATE TABLE and ADD COLUMN write them. */
import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import { inlineVarlenaData } from '../bytes/varlena.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { type AttributeRow, pgAttributeDefault } from '../catalog/tables/attributes.js';
import { pgConstraint } from '../catalog/tables/constraints.js';
import { pgSequence, type SequenceRow } from '../catalog/tables/relations.js';
import { outputFunction, UndecodableValueError } from '../types/registry.js';
import { ExpressionNames } from './expression-names.js';
import { Expressions } from './expressions.js';
import { CannotTellError } from './node-tree.js';
import { ownedSequences } from './run.js';
import { type Volatility, volatilityOf } from './volatility.js';

/** attstorage */
export const STORAGES: Readonly<Record<string, string>> = {
  p: 'PLAIN',
  e: 'EXTERNAL',
  m: 'MAIN',
  x: 'EXTENDED',
};

/** attcompression */
export const COMPRESSIONS: Readonly<Record<string, string>> = { p: 'pglz', l: 'lz4' };

/** A column's stored default, or the expression it is generated from. */
function defaultTree(rows: CatalogSnapshot, relationOid: Oid, number: number): string | undefined {
  const row = rows.all(pgAttributeDefault, relationOid).find((each) => each.number === number);
  if (!row) return undefined;
  if (row.expression === undefined)
    throw new CannotTellError('its default is not stored in the catalog row itself');
  return row.expression;
}

/** That as SQL; undefined when there is none. */
export function defaultText(rows: CatalogSnapshot, attribute: AttributeRow): string | undefined {
  const tree = defaultTree(rows, attribute.relationOid, attribute.number);
  return tree && new Expressions(rows, rows.attributes(attribute.relationOid)).text(tree);
}

/** When and where a column's default is computed makes a difference unless it is immutable. */
export function defaultVolatility(rows: CatalogSnapshot, attribute: AttributeRow): Volatility {
  const tree = defaultTree(rows, attribute.relationOid, attribute.number);
  return tree === undefined ? 'immutable' : volatilityOf(rows, tree);
}

/** `name type COLLATE x`. */
export function columnType(rows: CatalogSnapshot, attribute: AttributeRow): string {
  const names = new ExpressionNames(rows);
  let text = names.type(attribute.typeOid, attribute.typmod);
  if (attribute.collationOid !== 0 && attribute.collationOid !== rows.type(attribute.typeOid)?.collationOid)
    text += ` COLLATE ${names.collation(attribute.collationOid)}`;
  return text;
}

/** Options of a sequence, as CREATE SEQUENCE takes them. */
export function sequenceOptions(sequence: SequenceRow): string {
  const { start, increment, minimum, maximum, cache, cycle } = sequence;
  return `START WITH ${start} INCREMENT BY ${increment} MINVALUE ${minimum} MAXVALUE ${maximum} CACHE ${cache}${cycle ? ' CYCLE' : ' NO CYCLE'}`;
}

/** The sequence of an identity column. */
export function identitySequence(rows: CatalogSnapshot, attribute: AttributeRow): Oid | undefined {
  return ownedSequences(rows, attribute.relationOid).find(
    (each) => each.identity && each.column === attribute.number,
  )?.oid;
}

/** `GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME … START WITH …)`. */
export function identityText(rows: CatalogSnapshot, attribute: AttributeRow): string {
  const oid = identitySequence(rows, attribute);
  const relation = oid === undefined ? undefined : rows.relation(oid);
  const sequence = relation && rows.one(pgSequence, relation.oid);
  const schema = relation && rows.namespace(relation.namespaceOid);
  if (!relation || !sequence || !schema)
    throw new CannotTellError(`the sequence of identity column ${attribute.name} is not in the catalog`);
  const when = attribute.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT';
  return `GENERATED ${when} AS IDENTITY (SEQUENCE NAME ${qualifiedName(schema.name, relation.name)} ${sequenceOptions(sequence)})`;
}

/** A NOT NULL constraint's name where it is not the one it would get anyway (18 and later). */
export function notNullName(rows: CatalogSnapshot, attribute: AttributeRow): string | undefined {
  const relation = rows.relation(attribute.relationOid);
  const constraint = rows
    .all(pgConstraint, attribute.relationOid)
    .find((each) => each.kind === 'n' && each.columns[0] === attribute.number);
  if (!constraint || !relation) return undefined;
  return constraint.name === `${relation.name}_${attribute.name}_not_null` ? undefined : constraint.name;
}

/** What to write of a column's default: all of it, none, or another value than the one it has (what existing rows got). */
export interface ColumnOptions {
  readonly withDefault: boolean;
  readonly literal?: string;
}

/** A column, whole. */
export function columnText(
  rows: CatalogSnapshot,
  attribute: AttributeRow,
  { withDefault, literal }: ColumnOptions,
): string {
  let text = `${quoteIdentifier(attribute.name)} ${columnType(rows, attribute)}`;
  if (attribute.compression !== '')
    text += ` COMPRESSION ${COMPRESSIONS[attribute.compression] ?? 'default'}`;
  if (attribute.generated !== '') {
    const expression = defaultText(rows, attribute);
    if (expression === undefined)
      throw new CannotTellError(`the expression of generated column ${attribute.name} is not in the catalog`);
    text += ` GENERATED ALWAYS AS (${expression})${attribute.generated === 's' ? ' STORED' : ' VIRTUAL'}`;
  } else if (attribute.identity !== '') text += ` ${identityText(rows, attribute)}`;
  else if (literal !== undefined) text += ` DEFAULT ${literal}`;
  else if (withDefault) {
    const expression = defaultText(rows, attribute);
    if (expression !== undefined) text += ` DEFAULT ${expression}`;
  }
  if (attribute.notNull) {
    const name = notNullName(rows, attribute);
    text += `${name === undefined ? '' : ` CONSTRAINT ${quoteIdentifier(name)}`} NOT NULL`;
  }
  return text;
}

/** The value that rows older than the column have in it (attmissingval), as a typed literal. */
export function missingLiteral(rows: CatalogSnapshot, attribute: AttributeRow, value: Uint8Array): string {
  const names = new ExpressionNames(rows);
  try {
    let bytes = Buffer.from(value);
    if (attribute.length === -1) bytes = Buffer.from(inlineVarlenaData(bytes, 0, bytes.length));
    const text = outputFunction(attribute.typeOid, rows.types)(bytes, 0, bytes.length);
    return `${quoteLiteral(text)}::${names.type(attribute.typeOid, attribute.typmod)}`;
  } catch (error) {
    if (error instanceof UndecodableValueError || error instanceof RangeError)
      throw new CannotTellError(
        `the value that existing rows got in ${attribute.name} cannot be read: ${error.message}`,
      );
    throw error;
  }
}
