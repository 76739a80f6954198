/** A running PostgreSQL standing in for its data directory: who it is, where its timelines went, what its rows are now. */
import type pg from 'pg';
import { ForkpointError, whatAndWhere } from '../bytes/errors.js';
import { type Lsn, parseLsn } from '../bytes/lsn.js';
import { POSTGRES_EPOCH_MS, type TimestampMicros } from '../bytes/timestamp.js';
import { historyWithoutParents, parseHistoryFile, type TimelineHistory } from '../timeline/history-file.js';
import { historyFileName } from '../wal/segment-name.js';
import { SUPPORTED_MAJORS, versionOfMajor } from '../wal/versions.js';
import { connect, errorCodeOf, sessionSettings, withoutPassword } from './connection.js';
import { type CurrentRows, readRowsByKey } from './rows-by-key.js';

/** What a server says of itself. */
export interface ServerFacts {
  /** The connection string, password removed. */
  readonly url: string;
  readonly majorVersion: number;
  /** server_version, as the server writes it: `17.10`. */
  readonly version: string;
  readonly systemIdentifier: string;
  readonly inRecovery: boolean;
  readonly timeline: number;
  readonly history: TimelineHistory;
  /** The history file that could not be read, with the reason, when the path is unknown. */
  readonly missingHistory?: string;
  readonly checkpointLsn: Lsn;
  readonly redoLsn: Lsn;
  readonly checkpointTime: TimestampMicros;
  /** Where it writes, or as a standby replays, at this moment. */
  readonly currentLsn: Lsn;
  readonly walLevel: string;
  readonly fullPageWrites: boolean;
  /** The timeline of its last checkpoint: still the old one right after a promotion. */
  readonly checkpointTimeline: number;
  /** In bytes. */
  readonly walSegmentSize: number;
  readonly walPageSize: number;
  readonly pageSize: number;
  readonly databases: readonly string[];
}

/** Milliseconds a statement may take. */
const STATEMENT_TIMEOUT = 60_000;

const FACTS = `
SELECT current_setting('server_version') AS version,
       current_setting('server_version_num')::int / 10000 AS major,
       current_setting('wal_level') AS wal_level,
       current_setting('full_page_writes') AS full_page_writes,
       pg_is_in_recovery() AS recovering,
       s.system_identifier::text AS system_identifier,
       c.timeline_id AS checkpoint_timeline,
       r.min_recovery_end_timeline AS recovery_timeline,
       c.checkpoint_lsn, c.redo_lsn,
       extract(epoch FROM c.checkpoint_time)::bigint AS checkpoint_seconds,
       i.bytes_per_wal_segment AS wal_segment_size, i.wal_block_size, i.database_block_size,
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END AS current_lsn,
       CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_walfile_name(pg_current_wal_insert_lsn()) END AS wal_file,
       (SELECT json_agg(datname ORDER BY datname) FROM pg_database WHERE datallowconn) AS databases
  FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_recovery() r, pg_control_init() i`;

type Text = Readonly<Record<string, string | null>>;

async function firstRow(client: pg.Client, sql: string, values?: unknown[]): Promise<Text> {
  const { rows } = await client.query<Record<string, string | null>>(sql, values);
  return rows[0] ?? {};
}

function lsnOf(text: string | null | undefined): Lsn {
  return parseLsn(text ?? '') ?? 0;
}

/** The text of a timeline's history file, by pg_read_file or, where that is not allowed, the replication protocol. */
async function readHistoryText(client: pg.Client, url: string, timeline: number): Promise<string> {
  const name = historyFileName(timeline);
  let refused: string;
  try {
    const row = await firstRow(client, 'SELECT pg_read_file($1) AS content', [`pg_wal/${name}`]);
    if (typeof row.content === 'string') return row.content;
    refused = 'pg_read_file gave nothing';
  } catch (error) {
    refused = error instanceof Error ? error.message : String(error);
  }
  try {
    const replication = await connect(url, { replication: true });
    try {
      const row = await firstRow(replication, `TIMELINE_HISTORY ${timeline}`);
      if (typeof row.content === 'string') return row.content;
    } finally {
      await replication.end();
    }
  } catch (error) {
    const also = error instanceof ForkpointError ? error.complaint.what : String(error);
    refused = `${refused}; ${also}`;
  }
  throw new ForkpointError({
    what: `the server does not show its history file: ${refused}`,
    where: name,
    next: 'connect as a superuser or as a role with REPLICATION, or copy the file into a directory named with --new-wal',
  });
}

async function readFacts(client: pg.Client, url: string): Promise<ServerFacts> {
  const row = await firstRow(client, FACTS);
  const majorVersion = Number(row.major);
  if (!versionOfMajor(majorVersion)) {
    throw new ForkpointError({
      what: `unsupported version ${row.version}: forkpoint reads PostgreSQL ${SUPPORTED_MAJORS}`,
      where: withoutPassword(url),
    });
  }
  // Right after a promotion the last checkpoint is still the old timeline's; the name of the current segment is not.
  const timeline = row.wal_file
    ? Number.parseInt(row.wal_file.slice(0, 8), 16)
    : Math.max(Number(row.checkpoint_timeline), Number(row.recovery_timeline));
  let history = historyWithoutParents(timeline);
  let missingHistory: string | undefined;
  if (timeline > 1) {
    try {
      const name = historyFileName(timeline);
      history = parseHistoryFile(await readHistoryText(client, url, timeline), timeline, name);
    } catch (error) {
      if (!(error instanceof ForkpointError)) throw error;
      missingHistory = whatAndWhere(error.complaint);
    }
  }
  return {
    url: withoutPassword(url),
    majorVersion,
    version: row.version ?? '',
    systemIdentifier: BigInt.asUintN(64, BigInt(row.system_identifier ?? '0')).toString(),
    inRecovery: row.recovering === 't',
    timeline,
    history,
    missingHistory,
    checkpointLsn: lsnOf(row.checkpoint_lsn),
    redoLsn: lsnOf(row.redo_lsn),
    checkpointTime: (Number(row.checkpoint_seconds) - POSTGRES_EPOCH_MS / 1000) * 1_000_000,
    currentLsn: lsnOf(row.current_lsn),
    walLevel: row.wal_level ?? '',
    fullPageWrites: row.full_page_writes === 'on',
    checkpointTimeline: Number(row.checkpoint_timeline),
    walSegmentSize: Number(row.wal_segment_size),
    walPageSize: Number(row.wal_block_size),
    pageSize: Number(row.database_block_size),
    databases: JSON.parse(row.databases ?? '[]') as string[],
  };
}

/** An open live server. Holds one connection a database it was asked about; `close` ends them. */
export class LiveServer {
  readonly facts: ServerFacts;
  readonly #url: string;
  readonly #clients: Map<string, Promise<pg.Client>>;

  private constructor(url: string, facts: ServerFacts, database: string, client: pg.Client) {
    this.#url = url;
    this.facts = facts;
    this.#clients = new Map([[database, Promise.resolve(client)]]);
  }

  /**
   * Connects and asks the server who it is. `url` is `postgres://…`; what it leaves out comes from PG* variables. Throws
   * ForkpointError, no password in it, when the server cannot be reached, is too old or too new, or refuses its facts.
   */
  static async open(url: string): Promise<LiveServer> {
    const client = await connect(url);
    try {
      await client.query(sessionSettings(STATEMENT_TIMEOUT));
      const { database } = await firstRow(client, 'SELECT current_database() AS database');
      return new LiveServer(url, await readFacts(client, url), database ?? '', client);
    } catch (error) {
      await client.end().catch(() => undefined);
      if (error instanceof ForkpointError) throw error;
      throw new ForkpointError(
        {
          what: `the server does not tell who it is: ${error instanceof Error ? error.message : String(error)}`,
          where: withoutPassword(url),
          next: 'connect as a role that may execute pg_control_system() and pg_control_checkpoint()',
        },
        { cause: error },
      );
    }
  }

  /**
   * The rows of a table that hold these keys now. `keys` are values in PostgreSQL's text form, in the order of `keyColumns`.
   * All columns come as text under fixed settings, read in one read-only snapshot. Throws ForkpointError when the server
   * goes away or refuses; a table, column or database that is not there is an answer, not an error.
   */
  async rowsByKey(
    database: string,
    schema: string,
    table: string,
    keyColumns: readonly string[],
    keys: readonly (readonly (string | null)[])[],
  ): Promise<CurrentRows> {
    const where = `${schema}.${table} in database ${database} of ${this.facts.url}`;
    try {
      const client = await this.#client(database);
      return await readRowsByKey(client, schema, table, keyColumns, keys);
    } catch (error) {
      const cause = error instanceof ForkpointError ? error.cause : error;
      if (errorCodeOf(cause) === '3D000') return { found: false, reason: `there is no database ${database}` };
      if (error instanceof ForkpointError) throw error;
      throw new ForkpointError(
        {
          what: `the server did not answer: ${error instanceof Error ? error.message : String(error)}`,
          where,
          next: 'check that the server runs and that the role may read this table (row security must not hide rows)',
        },
        { cause: error },
      );
    }
  }

  #client(database: string): Promise<pg.Client> {
    let client = this.#clients.get(database);
    if (!client) {
      client = connect(this.#url, { database }).then(async (opened) => {
        await opened.query(sessionSettings(STATEMENT_TIMEOUT));
        return opened;
      });
      this.#clients.set(database, client);
      client.catch(() => this.#clients.delete(database));
    }
    return client;
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    await Promise.all(clients.map((client) => client.then((opened) => opened.end()).catch(() => undefined)));
  }
}
