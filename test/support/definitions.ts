/** What is defined in a database, line by line, as the server itself describes it: to hold two servers against each other. */
import type { Server } from '../servers/server.js';

/** Columns that some majors do not have are read from the row as JSON: an absent one is null there. */
const QUERY = `
  WITH own AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
    rel AS (SELECT c.*, c.oid AS o, c.oid::regclass::text AS n FROM pg_catalog.pg_class c WHERE relnamespace IN (SELECT oid FROM own))
  SELECT format('schema %s owner %s', nspname, nspowner::regrole) AS line FROM pg_catalog.pg_namespace WHERE oid IN (SELECT oid FROM own)
  UNION ALL SELECT format('relation %s kind %s persistence %s identity %s options %s owner %s security %s %s key %s bound %s parents %s', n, relkind,
      relpersistence, relreplident, (SELECT array_agg(each ORDER BY each) FROM unnest(reloptions) each), relowner::regrole, relrowsecurity, relforcerowsecurity,
      CASE relkind WHEN 'p' THEN pg_catalog.pg_get_partkeydef(o) END, pg_catalog.pg_get_expr(relpartbound, o),
      (SELECT array_agg(inhparent::regclass::text ORDER BY inhseqno) FROM pg_catalog.pg_inherits WHERE inhrelid = o)) FROM rel
  UNION ALL SELECT format('column %s %s %s place %s null %s default %s generated %s identity %s collation %s storage %s compression %s target %s options %s local %s', n, attname,
      pg_catalog.format_type(atttypid, atttypmod), row_number() OVER (PARTITION BY attrelid ORDER BY attnum), attnotnull,
      pg_catalog.pg_get_expr(adbin, adrelid), to_jsonb(a)->>'attgenerated', attidentity, (SELECT collname FROM pg_catalog.pg_collation WHERE oid = attcollation), attstorage, to_jsonb(a)->>'attcompression',
      coalesce(nullif(to_jsonb(a)->>'attstattarget', '-1'), ''), attoptions, attislocal)
    FROM rel JOIN pg_catalog.pg_attribute a ON attrelid = o LEFT JOIN pg_catalog.pg_attrdef ON adrelid = o AND adnum = attnum
    WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'p', 'c')
  UNION ALL SELECT format('constraint %s %s on %s %s', conname, pg_catalog.pg_get_constraintdef(oid), nullif(conrelid, 0)::regclass, nullif(contypid, 0)::regtype)
    FROM pg_catalog.pg_constraint WHERE connamespace IN (SELECT oid FROM own) AND contype NOT IN ('t')
  UNION ALL SELECT 'index ' || pg_catalog.pg_get_indexdef(indexrelid) || ' valid ' || indisvalid || ' clustered ' || indisclustered FROM pg_catalog.pg_index JOIN rel ON o = indexrelid
  UNION ALL SELECT format('sequence %s %s %s %s %s %s %s %s', n, seqtypid::regtype, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle)
    FROM rel JOIN pg_catalog.pg_sequence ON seqrelid = o
  UNION ALL SELECT format('owned %s by %s.%s', objid::regclass, refobjid::regclass, attname) FROM pg_catalog.pg_depend JOIN rel ON o = objid AND relkind = 'S' JOIN pg_catalog.pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
    WHERE classid = 'pg_catalog.pg_class'::regclass AND refclassid = 'pg_catalog.pg_class'::regclass AND deptype IN ('a', 'i') AND refobjsubid > 0
  UNION ALL SELECT format('type %s kind %s base %s default %s null %s labels %s range %s', oid::regtype, typtype, CASE typtype WHEN 'd' THEN pg_catalog.format_type(typbasetype, typtypmod) END, typdefault, typnotnull,
      (SELECT array_agg(enumlabel ORDER BY enumsortorder) FROM pg_catalog.pg_enum WHERE enumtypid = t.oid),
      (SELECT rngsubtype::regtype || ' ' || rngsubdiff::regproc FROM pg_catalog.pg_range WHERE rngtypid = t.oid))
    FROM pg_catalog.pg_type t WHERE typnamespace IN (SELECT oid FROM own)
  ORDER BY 1`;

/** One line for each schema, relation, column, constraint, index, sequence and type of a database that is not the system's own. */
export async function definitions(server: Server, database = 'postgres'): Promise<string[]> {
  const client = await server.connect(database);
  await client.query(`SET search_path = ''`);
  const { rows } = await client.query<{ line: string }>(QUERY);
  await client.end();
  return rows.map(({ line }) => line);
}
