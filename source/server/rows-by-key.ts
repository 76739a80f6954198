/** What a live table holds under given keys, in batches, in one read-only snapshot. */
import type pg from 'pg';

/** The answer for one table. Rows are under the index of the key they were asked with; a key without a row is absent. */
export type CurrentRows =
  | {
      readonly found: true;
      /** The table's columns in order: their names, and types as SQL writes them, with modifiers. */
      readonly columns: readonly { readonly name: string; readonly typeName: string }[];
      readonly rows: ReadonlyMap<number, readonly (readonly (string | null)[])[]>;
    }
  | { readonly found: false /** One sentence. */; readonly reason: string };

/** Keys a statement. */
const BATCH = 1000;

/**
 * Columns in order, with their types as SQL writes them and the schema of the equality that indexes on the type use. No
 * such equality (json, xml, and the geometric types, whose `=` compares areas): their text is compared.
 */
const COLUMNS = `
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type, w.shown,
       coalesce(w.shown, format_type(a.atttypid, a.atttypmod)) AS "typeName",
       CASE WHEN t.typtype IN ('e', 'r', 'm') OR t.oid = 'pg_catalog.varchar'::regtype THEN 'pg_catalog'
            ELSE (SELECT o.nspname
                    FROM pg_opclass c JOIN pg_amop p ON p.amopfamily = c.opcfamily
                    JOIN pg_operator e ON e.oid = p.amopopr JOIN pg_namespace o ON o.oid = e.oprnamespace
                   WHERE c.opcdefault AND c.opcintype = t.oid AND e.oprname = '='
                     AND p.amoplefttype = t.oid AND p.amoprighttype = t.oid LIMIT 1)
       END AS equality
  FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid JOIN pg_namespace n ON n.oid = r.relnamespace
  JOIN pg_type d ON d.oid = a.atttypid
  CROSS JOIN LATERAL (SELECT CASE WHEN r.oid = 'pg_catalog.pg_largeobject_metadata'::regclass AND a.attname = 'lomowner' THEN 'regrole' END) AS w(shown)
  JOIN pg_type t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
 WHERE n.nspname = $1 AND r.relname = $2 AND (a.attnum > 0 OR a.attname = 'oid') AND NOT a.attisdropped
 ORDER BY a.attnum`;

interface LiveColumn {
  readonly name: string;
  readonly type: string;
  /** The same with its modifier: `character varying(20)`. */
  readonly typeName: string;
  /** The type to show it as instead of its own: the owner of a large object by name, as rows out of WAL have it. */
  readonly shown: string | null;
  /** Schema of its `=`; null: compare texts. */
  readonly equality: string | null;
}

function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The condition that key column `at` has the value asked for. */
function keyCondition(column: LiveColumn, at: number, nullable: boolean): string {
  const live = `t.${quoteIdentifier(column.name)}`;
  const same =
    column.equality === null
      ? `${live}::text = k.v${at}`
      : `${live} OPERATOR(${quoteIdentifier(column.equality)}.=) k.v${at}::${column.type}`;
  // With this "or" no index serves: only for keys that hold a null.
  return nullable ? `(${same} OR (${live} IS NULL AND k.v${at} IS NULL))` : same;
}

/** One statement for a batch of keys, given as one array a key column. */
function batchStatement(
  from: string,
  columns: readonly LiveColumn[],
  keyColumns: readonly LiveColumn[],
  nullable: boolean,
): string {
  const list = columns
    .map(({ name, shown }) => `t.${quoteIdentifier(name)}${shown === null ? '' : `::pg_catalog.${shown}`}`)
    .join(', ');
  const conditions = keyColumns.map((column, at) => keyCondition(column, at, nullable)).join(' AND ');
  const arrays = keyColumns.map((_, at) => `$${at + 1}::text[]`).join(', ');
  const names = keyColumns.map((_, at) => `v${at}`).join(', ');
  return `SELECT k.ordinal, ${list} FROM unnest(${arrays}) WITH ORDINALITY AS k(${names}, ordinal) JOIN ${from} t ON ${conditions}`;
}

/**
 * Reads the rows. The types of the key columns are the live table's own: a key that is not a value of its type there
 * (SQLSTATE class 22) makes the whole answer `found: false`.
 */
export async function readRowsByKey(
  client: pg.Client,
  schema: string,
  table: string,
  keyColumns: readonly string[],
  keys: readonly (readonly (string | null)[])[],
): Promise<CurrentRows> {
  await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    const columns = (await client.query<LiveColumn>(COLUMNS, [schema, table])).rows;
    if (columns.length === 0) return { found: false, reason: `there is no table ${schema}.${table}` };
    const known = keyColumns.map((name) => columns.find((column) => column.name === name));
    const liveKey = known.filter((column) => column !== undefined);
    if (liveKey.length < known.length) {
      const absent = keyColumns[known.indexOf(undefined)];
      return { found: false, reason: `table ${schema}.${table} has no column ${absent}` };
    }
    const from = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
    const rows = new Map<number, (string | null)[][]>();
    const read = async (indexes: readonly number[], nullable: boolean): Promise<void> => {
      const text = batchStatement(from, columns, liveKey, nullable);
      for (let start = 0; start < indexes.length; start += BATCH) {
        const batch = indexes.slice(start, start + BATCH);
        const values = liveKey.map((_, at) => batch.map((index) => keys[index][at]));
        const result = await client.query<(string | null)[]>({ text, values, rowMode: 'array' });
        for (const [ordinal, ...row] of result.rows) {
          const index = batch[Number(ordinal) - 1];
          const others = rows.get(index);
          if (others) others.push(row);
          else rows.set(index, [row]);
        }
      }
    };
    const all = keys.map((_, index) => index);
    await read(
      all.filter((index) => !keys[index].includes(null)),
      false,
    );
    await read(
      all.filter((index) => keys[index].includes(null)),
      true,
    );
    return {
      found: true,
      columns: columns.map(({ name, typeName, shown }) => ({ name, typeName: shown ?? typeName })),
      rows,
    };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('22')) throw error;
    const message = (error as Error).message;
    return { found: false, reason: `a key of ${schema}.${table} is no value of its type there: ${message}` };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}
