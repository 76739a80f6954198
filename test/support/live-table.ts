/** Tables and rows of a running server in the form the decoder gives them, so that SQL can be tested without WAL. */
import pg from 'pg';
import type { ListedTransaction } from '../../source/incident/model.js';
import type { Change, Row, RowIdentity, Table, TableColumn } from '../../source/rows/row-change.js';
import type { Server } from '../servers/server.js';

/** A connection whose answers are the text that types' output functions give, under the settings rows are decoded in. */
export async function textClient(server: Server, database = 'postgres'): Promise<pg.Client> {
  const types = { getTypeParser: () => (value: string) => value };
  const client = new pg.Client({
    host: server.socketDirectory,
    port: server.port,
    user: 'postgres',
    database,
    types,
  });
  await client.connect();
  await client.query(
    "SET search_path = ''; SET extra_float_digits = 3; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = postgres; SET lc_monetary = 'C'; SET bytea_output = hex",
  );
  return client;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

let tables = 0;

/** A table's definition; identity is the primary key, else the whole row. */
export async function describeTable(client: pg.Client, schema: string, name: string): Promise<Table> {
  const regclass = `${quoted(schema)}.${quoted(name)}`;
  const { rows } = await client.query(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, atttypid AS oid, attnotnull AS notnull,
       attgenerated AS generated, attidentity AS identity, attnum AS number
     FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [regclass],
  );
  const columns = rows.map(
    (row): TableColumn => ({
      name: row.name,
      typeName: row.type,
      typeOid: Number(row.oid),
      numeric: false,
      notNull: row.notnull === 't',
      generated: row.generated,
      identity: row.identity,
    }),
  );
  const key = await client.query(
    'SELECT unnest(indkey) AS number FROM pg_index WHERE indrelid = $1::text::regclass AND indisprimary',
    [regclass],
  );
  const keyColumns = key.rows.map(({ number }) => rows.findIndex((row) => row.number === number));
  const identity: RowIdentity =
    keyColumns.length > 0
      ? { kind: 'primary-key', columns: keyColumns }
      : { kind: 'full-row', columns: columns.map((_, index) => index) };
  return { id: ++tables, oid: 0, database: 'a', schema, name, columns, identity, uniqueKeys: [] };
}

/** All rows, in an order that does not depend on where they lie. */
export async function readRows(client: pg.Client, table: Table): Promise<(string | null)[][]> {
  const names = table.columns.map(({ name }) => quoted(name)).join(', ');
  const text = `SELECT ${names} FROM ${quoted(table.schema)}.${quoted(table.name)}`;
  const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
  return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

let lsn = 0x1000;

/** A row change at the next LSN. */
export function rowChange(
  operation: 'insert' | 'update' | 'delete' | 'truncate',
  table: Table,
  before?: Row,
  after?: Row,
): Change {
  lsn += 64;
  return { kind: 'row', operation, lsn, xid: 738, table, before, after };
}

/** A committed transaction that holds nothing but what `over` says. */
export function listedTransaction(over: Partial<ListedTransaction> = {}): ListedTransaction {
  return {
    index: 0,
    xid: 738,
    state: 'committed',
    database: 'shop',
    firstLsn: 0x1000,
    commitLsn: 0xa016f40,
    commitEndLsn: 0xa016f70,
    commitTime: 848_472_347_184_429,
    straddlesFork: false,
    beginningMissing: false,
    tables: [],
    inserts: 0,
    updates: 0,
    deletes: 0,
    truncates: 0,
    messages: 0,
    movesSequences: false,
    undecodable: 0,
    changesCatalog: false,
    walBytes: 100,
    verdict: 'clean',
    ...over,
  };
}
