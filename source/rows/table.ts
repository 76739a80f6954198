/**
 * From a relation's definition to the table that rows are shown and exported as: live columns with their types' names, and how one
 * row is told from another.
 */

import type { RelationDefinition, TypeLookup, UniqueIndexDefinition } from '../catalog/model.js';
import { formatTypeName, isNumericType } from '../types/registry.js';
import { LARGE_OBJECT_METADATA_OID } from './large-object-catalogs.js';
import type { RowIdentity, Table, TableColumn } from './row-change.js';

/** ObjectIdAttributeNumber (access/sysattr.h): what an index says for the hidden oid. */
const OID_ATTRIBUTE = -2;
/** Stands in attributeOfColumn for the oid in a tuple's header. */
export const HIDDEN_OID = -1;
/** The type that shows a role's oid as the role's name, stored alike. */
const REGROLE = 4096;

const OID_COLUMN = {
  name: 'oid',
  typeOid: 26,
  numeric: true,
  notNull: true,
  generated: '',
  identity: '',
} as const;

/** A table, and which attribute (from 0, or HIDDEN_OID) each of its columns is. */
export interface TableOfRelation {
  readonly table: Table;
  readonly attributeOfColumn: readonly number[];
}

/** Builds the table of `relation`; `id` is the number it is to carry. */
export function tableOfRelation(
  relation: RelationDefinition,
  types: TypeLookup,
  id: number,
): TableOfRelation {
  const columns: TableColumn[] = [];
  const attributeOfColumn: number[] = [];
  const columnOfAttribute = new Map<number, number>();
  if (relation.hasOids && relation.oid === LARGE_OBJECT_METADATA_OID) {
    // Until 11 the object's number is the row's hidden oid.
    columnOfAttribute.set(OID_ATTRIBUTE, 0);
    attributeOfColumn.push(HIDDEN_OID);
    columns.push({ ...OID_COLUMN, typeName: 'oid' });
  }
  relation.attributes.forEach((attribute, position) => {
    if (attribute.dropped) return;
    const typeOid =
      relation.oid === LARGE_OBJECT_METADATA_OID && attribute.name === 'lomowner'
        ? REGROLE
        : attribute.typeOid;
    columnOfAttribute.set(attribute.number, columns.length);
    attributeOfColumn.push(position);
    columns.push({
      name: attribute.name,
      typeName: formatTypeName(typeOid, attribute.typmod, types),
      typeOid,
      numeric: isNumericType(typeOid, types),
      notNull: attribute.notNull,
      generated: attribute.generated,
      identity: attribute.identity,
    });
  });
  const columnsOf = (index: UniqueIndexDefinition): number[] | undefined => {
    const found = index.columns.map((number) => columnOfAttribute.get(number));
    return found.every((each) => each !== undefined) ? (found as number[]) : undefined;
  };
  const uniqueKeys: { name: string; columns: number[]; nullsNotDistinct: boolean }[] = [];
  for (const index of relation.uniqueIndexes) {
    const indexed = columnsOf(index);
    if (indexed && !index.partial) {
      uniqueKeys.push({ name: index.name, columns: indexed, nullsNotDistinct: index.nullsNotDistinct });
    }
  }
  const conditionalKeys = relation.conditionalIndexes.map(({ name, attributes }) => {
    const found = attributes?.map((number) => columnOfAttribute.get(number));
    return { name, columns: found?.every((each) => each !== undefined) ? (found as number[]) : undefined };
  });
  const table: Table = {
    id,
    oid: relation.oid,
    database: relation.database.name,
    encoding: relation.database.encoding,
    schema: relation.schema,
    name: relation.name,
    columns,
    identity: identityOf(relation, columns, columnsOf),
    uniqueKeys,
    ...(conditionalKeys.length > 0 ? { conditionalKeys } : {}),
  };
  return { table, attributeOfColumn };
}

/** Primary key, else the replica identity's index, else a unique index over NOT NULL columns, else the whole row. */
function identityOf(
  relation: RelationDefinition,
  columns: readonly TableColumn[],
  columnsOf: (index: UniqueIndexDefinition) => number[] | undefined,
): RowIdentity {
  // A deferrable key may hold duplicates until its transaction ends: it names no single row in between.
  const usable = relation.uniqueIndexes.filter(
    (index) => index.immediate && !index.partial && columnsOf(index) !== undefined,
  );
  const primary = usable.find((index) => index.primary);
  if (primary) return { kind: 'primary-key', columns: columnsOf(primary) as number[] };
  const replica = usable.find((index) => index.replicaIdentity);
  if (replica) return { kind: 'replica-identity-index', columns: columnsOf(replica) as number[] };
  const unique = usable.find((index) =>
    (columnsOf(index) as number[]).every((column) => columns[column].notNull),
  );
  if (unique) return { kind: 'unique-index', columns: columnsOf(unique) as number[] };
  const stored = columns
    .map((_, position) => position)
    .filter((position) => columns[position].generated !== 'v');
  return { kind: 'full-row', columns: stored };
}

/**
 * The root of a partition's tree as its rows see it; undefined when the two do not have the same columns by name, as no partition and its
 * root ever differ.
 */
export function rootOfPartition(partition: Table, root: Table): Table | undefined {
  const positions = partition.columns.map(({ name }) => root.columns.findIndex((each) => each.name === name));
  if (positions.includes(-1) || positions.length !== root.columns.length) return undefined;
  const inPartition = (columns: readonly number[]) => columns.map((column) => positions.indexOf(column));
  return {
    ...root,
    columns: positions.map((position) => root.columns[position]),
    identity: { kind: root.identity.kind, columns: inPartition(root.identity.columns) },
    uniqueKeys: root.uniqueKeys.map((key) => ({ ...key, columns: inPartition(key.columns) })),
    conditionalKeys: root.conditionalKeys?.map((key) => ({
      ...key,
      columns: key.columns && inPartition(key.columns),
    })),
    partitioned: true,
  };
}
