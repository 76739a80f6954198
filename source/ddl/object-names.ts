/** What relations, columns, schemas and tablespaces are called: in SQL, and to people. */
import { qualifiedName, quoteIdentifier } from '../bytes/identifiers.js';
import type { Oid } from '../catalog/model.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { ClassRow } from '../catalog/tables/relations.js';
import type { DdlSubject } from '../rows/row-change.js';
import { CannotTellError } from './node-tree.js';

/** What ALTER, DROP and RENAME call a relation of each relkind. */
export const RELATION_WORDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  S: 'sequence',
  i: 'index',
  I: 'index',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
};

/** ObjectIdAttributeNumber, of a table WITH OIDS (until 11). */
export const HIDDEN_OID = -2;

/** A relation's qualified name. */
export function relationName(rows: CatalogSnapshot, oid: Oid): string {
  const relation = rows.relation(oid);
  const schema = relation && rows.namespace(relation.namespaceOid);
  if (!relation || !schema) throw new CannotTellError(`relation ${oid} is not in the catalog`);
  return qualifiedName(schema.name, relation.name);
}

/** Names of columns by their numbers, quoted. Throws CannotTellError for one that is not there. */
export function columnNames(rows: CatalogSnapshot, relationOid: Oid, numbers: readonly number[]): string[] {
  const attributes = rows.attributes(relationOid);
  return numbers.map((number) => {
    if (number === HIDDEN_OID && rows.majorVersion < 12) return 'oid';
    const attribute = attributes.find((each) => each.number === number);
    if (!attribute)
      throw new CannotTellError(`column ${number} of relation ${relationOid} is not in the catalog`);
    return quoteIdentifier(attribute.name);
  });
}

/** A relation's schema; throws CannotTellError when it is not known. */
export function schemaOf(rows: CatalogSnapshot, namespaceOid: Oid): string {
  const schema = rows.namespace(namespaceOid);
  if (!schema) throw new CannotTellError(`schema ${namespaceOid} is not in the catalog`);
  return schema.name;
}

/** `public.orders`, for people. */
export function label(rows: CatalogSnapshot, relation: Pick<ClassRow, 'namespaceOid' | 'name'>): string {
  return `${rows.namespace(relation.namespaceOid)?.name ?? '?'}.${relation.name}`;
}

/** What is made, dropped or altered, for people and for looking it up elsewhere. */
export function relationSubject(
  rows: CatalogSnapshot,
  relation: Pick<ClassRow, 'namespaceOid' | 'name'>,
  effect: DdlSubject['effect'],
): DdlSubject {
  const schema = rows.namespace(relation.namespaceOid)?.name ?? '?';
  return { effect, kind: 'relation', schema, name: relation.name };
}

/** A tablespace's name, quoted. */
export function tablespaceName(rows: CatalogSnapshot, oid: Oid): string {
  const tablespace = rows.tablespace(oid);
  if (!tablespace) throw new CannotTellError(`tablespace ${oid} is not in the catalog`);
  return quoteIdentifier(tablespace.name);
}
