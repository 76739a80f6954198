/** What a server itself says of its data: decoded transactions and table hashes, to hold forkpoint's answers against. */
import pg from 'pg';
import { type Lsn, parseLsn } from '../../source/bytes/lsn.js';
import { type DecodedChange, readDecodedLine } from './test-decoding.js';

/** A committed transaction as the server's logical decoding tells it. */
export interface DecodedTransaction {
  readonly database: string;
  readonly xid: number;
  /** End of the commit record. */
  readonly commitEndLsn: Lsn;
  /** UTC with microseconds: `2026-11-21T02:45:47.184429Z`. */
  readonly commitTime: string;
  /** Row changes in order; empty for a transaction that only changed the catalog. */
  readonly changes: readonly (DecodedChange & { readonly lsn: Lsn })[];
}

/** `schema.table` to `rows:sum of hashtext over the rows' text`. */
export type TableHashes = Readonly<Record<string, string>>;

/** A table's rows, in no order, as text. */
export interface TableRows {
  readonly columns: readonly string[];
  /** Their types' OIDs. */
  readonly types: readonly number[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** The settings under which forkpoint promises PostgreSQL's text form of every value. */
const TEXT_FORM = `
  SET LOCAL datestyle = 'ISO, MDY';
  SET LOCAL timezone = 'UTC';
  SET LOCAL intervalstyle = 'postgres';
  SET LOCAL extra_float_digits = 3;
  SET LOCAL bytea_output = 'hex';
  SET LOCAL search_path = '';
`;

/** Runs `work` in a read-only transaction under the settings of the text form, leaving the session as it was. */
async function underTextForm<Result>(client: pg.ClientBase, work: () => Promise<Result>): Promise<Result> {
  await client.query(`BEGIN READ ONLY; ${TEXT_FORM}`);
  try {
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Calls back with every permanent user table of the client's database, partitions one by one; `table` is its quoted name. */
async function eachTable(
  client: pg.ClientBase,
  visit: (table: string, label: string) => Promise<void>,
): Promise<void> {
  await underTextForm(client, async () => {
    const tables = await client.query<{ schema: string; name: string }>(`
      SELECT nspname AS schema, relname AS name
      FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE relkind = 'r' AND relpersistence = 'p' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
      ORDER BY 1, 2`);
    for (const { schema, name } of tables.rows) {
      await visit(`${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`, `${schema}.${name}`);
    }
  });
}

/** Hashes of every permanent user table of the client's database, partitions one by one. */
export async function tableHashes(client: pg.ClientBase): Promise<TableHashes> {
  const hashes: Record<string, string> = {};
  await eachTable(client, async (table, label) => {
    const { rows } = await client.query<{ hash: string }>(
      `SELECT count(*) || ':' || coalesce(sum(hashtext(the_row::text)::bigint), 0) AS hash FROM ONLY ${table} the_row`,
    );
    hashes[label] = rows[0].hash;
  });
  return hashes;
}

/** What every permanent user table of the client's database holds, by `schema.table`. */
export async function tableContents(client: pg.ClientBase): Promise<Record<string, TableRows>> {
  const types = { getTypeParser: () => (text: string) => text };
  const contents: Record<string, TableRows> = {};
  await eachTable(client, async (table, label) => {
    const { fields, rows } = await client.query<(string | null)[]>({
      text: `SELECT * FROM ONLY ${table}`,
      rowMode: 'array',
      types,
    });
    contents[label] = {
      columns: fields.map(({ name }) => name),
      types: fields.map(({ dataTypeID }) => dataTypeID),
      rows,
    };
  });
  return contents;
}

/** Creates the slot that later tells what happened from here on. Waits for running transactions to end. */
export async function createTruthSlot(client: pg.ClientBase, slot: string): Promise<void> {
  await client.query(`SELECT pg_create_logical_replication_slot($1, 'test_decoding')`, [slot]);
}

/** Everything the slot has to say, not consumed, in commit order. */
export async function peekTruth(
  client: pg.ClientBase,
  slot: string,
  database: string,
): Promise<DecodedTransaction[]> {
  const lines = await underTextForm(client, () =>
    client.query<{ lsn: string; data: string }>(
      `SELECT lsn::text, data FROM pg_logical_slot_peek_changes($1, NULL, NULL, 'include-xids', '1', 'include-timestamp', '1')`,
      [slot],
    ),
  );
  const transactions: DecodedTransaction[] = [];
  let open: { xid: number; changes: (DecodedChange & { lsn: Lsn })[] } | undefined;
  for (const row of lines.rows) {
    const line = readDecodedLine(row.data);
    const lsn = parseLsn(row.lsn)!;
    if (line.kind === 'begin') {
      open = { xid: line.xid, changes: [] };
    } else if (line.kind === 'commit') {
      if (open?.xid !== line.xid) throw new Error(`COMMIT ${line.xid} without its BEGIN`);
      transactions.push({ database, ...open, commitEndLsn: lsn, commitTime: line.time });
      open = undefined;
    } else {
      // A non-transactional message stands between transactions and belongs to none.
      open?.changes.push(...line.changes.map((change) => ({ ...change, lsn })));
    }
  }
  return transactions;
}
