/** Puts a relation's definition together from rows of the catalog, wherever those were read from. */
import { FIRST_NORMAL_OID, PG_CATALOG_NAMESPACE } from './bootstrap.js';
import type { CatalogRows } from './catalog-rows.js';
import type { AttributeDefinition, Oid, RelationDefinition, UniqueIndexDefinition } from './model.js';
import type { IndexRow } from './tables/indexes.js';
import type { ClassRow } from './tables/relations.js';

/** A definition, and every row it was made of: as long as all of these are the same objects, so may the definition be. */
export interface DescribedRelation {
  readonly definition: RelationDefinition;
  readonly parts: readonly unknown[];
}

/** The rows a relation's definition is made of, in a fixed order. Undefined when the catalog at hand does not have all of them. */
function gatherParts(rows: CatalogRows, relation: ClassRow) {
  const namespace = rows.namespace(relation.namespaceOid);
  const attributes = rows.attributes(relation.oid);
  // An attribute that is not there was pruned, or its page is damaged: rows cannot be read without it.
  const complete =
    attributes.length === relation.attributeCount &&
    attributes.every((attribute, index) => attribute.number === index + 1);
  if (!namespace || !complete) return undefined;
  const indexes = rows
    .indexes(relation.oid)
    .filter((index) => (index.unique || index.exclusion) && index.valid)
    .map((index) => ({ index, relation: rows.relation(index.oid) }));
  const parent = relation.isPartition ? rows.parents(relation.oid)[0] : undefined;
  return { namespace, attributes, indexes, parent, fileNode: rows.fileNode(relation) };
}

/**
 * Describes a relation. `known` is an earlier description of it: its definition is given again when nothing it was made of
 * has changed. Undefined when the catalog at hand does not have all of it.
 */
export function describeRelation(
  rows: CatalogRows,
  relation: ClassRow,
  known: readonly DescribedRelation[] = [],
): DescribedRelation | undefined {
  const gathered = gatherParts(rows, relation);
  if (!gathered) return undefined;
  const { namespace, attributes, indexes, parent, fileNode } = gathered;
  const parts = [
    relation,
    rows.database,
    namespace,
    fileNode,
    parent,
    ...attributes,
    ...indexes.flatMap((each) => [each.index, each.relation]),
  ];
  const same = known.find(
    (each) => each.parts.length === parts.length && each.parts.every((part, index) => part === parts[index]),
  );
  if (same) return same;
  const nameOf = ({ index, relation: indexRelation }: (typeof indexes)[number]): string =>
    indexRelation?.name ?? `index ${index.oid}`;
  const conditionalIndexes = indexes
    .filter(({ index }) => index.exclusion || index.partial || index.columns.includes(0))
    .map((each) => ({ name: nameOf(each), attributes: attributesLookedAt(each.index) }));
  const uniqueIndexes = indexes
    .filter(({ index }) => index.unique)
    .map((each): UniqueIndexDefinition => {
      const { index } = each;
      return {
        oid: index.oid,
        name: nameOf(each),
        columns: index.columns,
        primary: index.primary,
        replicaIdentity: index.replicaIdentity,
        immediate: index.immediate,
        partial: index.partial,
        nullsNotDistinct: index.nullsNotDistinct,
      };
    });
  uniqueIndexes.sort((a, b) => Number(b.primary) - Number(a.primary) || a.oid - b.oid);
  const definition: RelationDefinition = {
    oid: relation.oid,
    database: rows.database,
    schema: namespace.name,
    name: relation.name,
    kind: relation.kind,
    persistence: relation.persistence,
    fileNode,
    tablespaceOid: relation.tablespaceOid,
    toastOid: relation.toastOid,
    hasOids: relation.hasOids,
    replicaIdentity: relation.replicaIdentity,
    partitionOf: parent?.parentOid ?? 0,
    rewriteOf: relation.rewriteOf,
    attributes,
    uniqueIndexes,
    conditionalIndexes,
    system: isSystemRelation(relation.oid),
  };
  return { definition, parts };
}

/**
 * Numbers of the attributes that an index and its condition look at: those of Var nodes in its node trees (_outVar() in outfuncs.c).
 * Undefined when a tree is not stored in the row itself, or speaks of the whole row.
 */
function attributesLookedAt({ columns, partial, expressions, predicate }: IndexRow): number[] | undefined {
  if ((partial && predicate === undefined) || (columns.includes(0) && expressions === undefined))
    return undefined;
  const trees = `${expressions ?? ''} ${predicate ?? ''}`;
  const named = [...trees.matchAll(/:varattno (-?\d+)/g)].map(([, number]) => Number(number));
  if (named.some((number) => number <= 0)) return undefined;
  return [...new Set([...columns.filter((number) => number > 0), ...named])];
}

/** Was the relation made by initdb? Catalogs, their TOAST tables and information_schema were; nothing else is. */
export function isSystemRelation(oid: Oid): boolean {
  return oid < FIRST_NORMAL_OID;
}

/** The OID in the name of the transient relation of a rewrite (make_new_heap() in cluster.c), or in one chosen to look like it; 0 for others. */
export function transientName(name: string): Oid {
  return Number(/^pg_temp_([1-9][0-9]*)$/.exec(name)?.[1] ?? 0);
}

/** Attributes of a composite type's relation, or undefined when there is none. */
export function compositeAttributes(
  rows: CatalogRows,
  relationOid: Oid,
): readonly AttributeDefinition[] | undefined {
  const relation = relationOid === 0 ? undefined : rows.relation(relationOid);
  if (!relation) return undefined;
  const attributes = rows.attributes(relationOid);
  return attributes.length === relation.attributeCount ? attributes : undefined;
}

/** Is this row of pg_class the transient relation of a catalog's rewrite? Before 11 its name tells; in pg_catalog nobody else can have chosen it. */
export function isTransientOfCatalog(row: ClassRow): boolean {
  return row.namespaceOid === PG_CATALOG_NAMESPACE && transientName(row.name) !== 0;
}
