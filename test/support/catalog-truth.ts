/** A running server's own answers about its catalog, in the shape in which the offline catalog's are compared with them. */
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Catalog } from '../../source/catalog/catalog.js';
import type { RelationDefinition, TypeDefinition } from '../../source/catalog/model.js';
import type { Moment } from '../../source/catalog/moment.js';

/** All relations and types of one database, by OID, each as plain data. */
export interface CatalogTruth {
  readonly relations: Record<string, unknown>;
  readonly types: Record<string, unknown>;
  /** OIDs of all tables that are not the system's, ascending. */
  readonly tables: readonly number[];
}

// Columns that some majors do not have are read from the row as JSON: an absent one is null there.
const RELATIONS = `
  SELECT c.oid::int8::text AS oid, json_build_object(
    'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
    'fileNode', c.relfilenode::int8,
    'tablespaceOid', c.reltablespace::int8, 'toastOid', c.reltoastrelid::int8,
    'hasOids', coalesce((to_jsonb(c)->>'relhasoids')::bool, false),
    'replicaIdentity', c.relreplident,
    'partitionOf', coalesce((SELECT inhparent::int8 FROM pg_inherits WHERE inhrelid = c.oid AND c.relispartition), 0),
    'attributes', (SELECT coalesce(json_agg(json_build_array(attnum, attname, atttypid::int8, atttypmod, attlen, attbyval,
        attalign, attnotnull, attisdropped, coalesce(to_jsonb(a)->>'attgenerated', ''), attidentity,
        coalesce((to_jsonb(a)->>'atthasmissing')::bool, false)) ORDER BY attnum), '[]')
      FROM pg_attribute a WHERE attrelid = c.oid AND attnum > 0),
    'uniqueIndexes', (SELECT coalesce(json_agg(json_build_array(i.indexrelid::int8, x.relname, i.indkey::text,
        coalesce((to_jsonb(i)->>'indnkeyatts')::int, i.indnatts), i.indisprimary, i.indisreplident, i.indimmediate,
        i.indpred IS NOT NULL, coalesce((to_jsonb(i)->>'indnullsnotdistinct')::bool, false))
        ORDER BY i.indisprimary DESC, i.indexrelid), '[]')
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid)
  ) AS data
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace`;

const TYPES = `
  SELECT t.oid::int8::text AS oid, json_build_object(
    'schema', n.nspname, 'name', t.typname, 'kind', t.typtype, 'category', t.typcategory, 'length', t.typlen,
    'byValue', t.typbyval, 'alignment', t.typalign, 'delimiter', t.typdelim,
    'elementOid', CASE WHEN t.typcategory = 'A' AND t.typlen = -1 THEN t.typelem::int8 ELSE 0 END,
    'arrayOid', t.typarray::int8, 'baseOid', t.typbasetype::int8, 'baseTypmod', t.typtypmod,
    'rangeOid', coalesce((SELECT rngsubtype::int8 FROM pg_range WHERE rngtypid = t.oid),
      (SELECT rngtypid::int8 FROM pg_range r WHERE (to_jsonb(r)->>'rngmultitypid') = t.oid::text), 0),
    'outputFunction', (SELECT proname FROM pg_proc WHERE oid = t.typoutput),
    'labels', (SELECT json_object_agg(oid::int8, enumlabel ORDER BY oid) FROM pg_enum WHERE enumtypid = t.oid),
    'attributes', CASE t.typtype WHEN 'c' THEN (SELECT count(*) FROM pg_attribute
      WHERE attrelid = t.typrelid AND attnum > 0) END,
    'registered', t.oid::regtype::text
  ) AS data
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace`;

/** What the server says now, as that connection sees it: of everything, or only of what is not the system's own. */
export async function catalogTruth(client: pg.Client, everything: boolean): Promise<CatalogTruth> {
  const { rows: before } = await client.query('SELECT current_setting($1) AS path', ['search_path']);
  await client.query(`SET search_path = ''`);
  const byOid = async (sql: string, alias: string): Promise<Record<string, unknown>> => {
    const { rows } = await client.query<{ oid: string; data: unknown }>(
      everything ? sql : `${sql} WHERE ${alias}.oid >= 16384`,
    );
    return Object.fromEntries(rows.map(({ oid, data }) => [oid, data]));
  };
  const relations = await byOid(RELATIONS, 'c');
  const types = await byOid(TYPES, 't');
  const { rows } = await client.query<{ oid: string }>(
    `SELECT oid::int8::text AS oid FROM pg_class WHERE relkind IN ('r', 'p') AND oid >= 16384 ORDER BY oid::int8`,
  );
  await client.query(`SELECT set_config('search_path', $1, false)`, [before[0].path]);
  return { relations, types, tables: rows.map(({ oid }) => Number(oid)) };
}

interface RelationData {
  fileNode: number;
  readonly [property: string]: unknown;
}

const ALIGNMENT_LETTERS = { 1: 'c', 2: 's', 4: 'i', 8: 'd' } as const;

function relationData(relation: RelationDefinition): RelationData {
  return {
    schema: relation.schema,
    name: relation.name,
    kind: relation.kind,
    persistence: relation.persistence,
    fileNode: relation.fileNode,
    tablespaceOid: relation.tablespaceOid,
    toastOid: relation.toastOid,
    hasOids: relation.hasOids,
    replicaIdentity: relation.replicaIdentity,
    partitionOf: relation.partitionOf,
    attributes: relation.attributes.map((attribute) => [
      attribute.number,
      attribute.name,
      attribute.typeOid,
      attribute.typmod,
      attribute.length,
      attribute.byValue,
      ALIGNMENT_LETTERS[attribute.alignment],
      attribute.notNull,
      attribute.dropped,
      attribute.generated,
      attribute.identity,
      attribute.missingValue !== undefined,
    ]),
    uniqueIndexes: relation.uniqueIndexes.map((index) => [
      index.oid,
      index.name,
      index.columns,
      index.primary,
      index.replicaIdentity,
      index.immediate,
      index.partial,
      index.nullsNotDistinct,
    ]),
  };
}

function typeData(type: TypeDefinition, registered: string | undefined): unknown {
  return {
    schema: type.schema,
    name: type.name,
    kind: type.kind,
    category: type.category,
    length: type.length,
    byValue: type.byValue,
    alignment: ALIGNMENT_LETTERS[type.alignment],
    delimiter: type.delimiter,
    elementOid: type.elementOid,
    arrayOid: type.arrayOid,
    baseOid: type.baseOid,
    baseTypmod: type.baseTypmod,
    rangeOid: type.rangeOid,
    outputFunction: type.outputFunction ?? null,
    labels: type.enumLabels
      ? Object.fromEntries([...type.enumLabels].map(([oid, label]) => [String(oid), label]))
      : null,
    attributes: type.attributes?.length ?? null,
    registered,
  };
}

type IndexData = [number, string, string, number, ...unknown[]];

/** The server's answers with indkey cut to the key columns, as the offline catalog gives them. */
function withKeyColumns(relation: unknown): RelationData {
  const data = relation as { fileNode: number; uniqueIndexes: IndexData[] };
  const uniqueIndexes = data.uniqueIndexes.map(([oid, name, columns, keyCount, ...rest]) => [
    oid,
    name,
    columns.split(' ').map(Number).slice(0, keyCount),
    ...rest,
  ]);
  return { ...data, uniqueIndexes };
}

/** Where the offline catalog says something else than the server did, one entry an object; empty when they agree. */
export function differences(
  catalog: Catalog,
  databaseOid: number,
  at: Moment,
  truth: CatalogTruth,
): { readonly object: string; readonly ours: unknown; readonly theirs: unknown }[] {
  const found: { object: string; ours: unknown; theirs: unknown }[] = [];
  const compare = (object: string, ours: unknown, theirs: unknown) => {
    if (!isDeepStrictEqual(ours, theirs))
      found.push({ object, ours: onlyDifferent(ours, theirs), theirs: onlyDifferent(theirs, ours) });
  };
  for (const [oid, data] of Object.entries(truth.relations)) {
    const relation = catalog.relationByOid(databaseOid, Number(oid), at);
    const ours = relation && relationData(relation);
    const theirs = withKeyColumns(data);
    // Where a mapped relation was before its map was replaced is written nowhere.
    if (ours && theirs.fileNode === 0) theirs.fileNode = ours.fileNode;
    compare(`relation ${oid}`, ours, theirs);
  }
  const lookup = catalog.types(databaseOid, at);
  for (const [oid, data] of Object.entries(truth.types)) {
    const type = lookup.type(Number(oid));
    compare(`type ${oid}`, type && typeData(type, lookup.registeredName?.('regtype', Number(oid))), data);
  }
  const tables = catalog.tables(databaseOid, at).map(({ oid }) => oid);
  tables.sort((a, b) => a - b);
  compare('tables', tables, truth.tables);
  return found;
}

/** The name, and the properties that are not the same in the other one. */
function onlyDifferent(one: unknown, other: unknown): unknown {
  if (!isPlain(one) || !isPlain(other)) return one;
  return Object.fromEntries(
    Object.entries(one).filter(([key, value]) => key === 'name' || !isDeepStrictEqual(value, other[key])),
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
