/**
 * Statements tried on a running server and taken back: one server transaction that is never committed, a savepoint for each lost
 * transaction, so that one that fails hides none of the others.
 */
import type pg from 'pg';
import { ForkpointError } from '../bytes/errors.js';
import { connect, errorCodeOf, withoutPassword } from './connection.js';

/** A statement that the server refused. */
export interface DryRunError {
  /** `23505`. */
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly constraint?: string;
  /** `schema.table`, when the server names it. */
  readonly table?: string;
  /** Counted from 1; undefined when a deferred constraint failed at the end. */
  readonly statement?: number;
  readonly sql?: string;
}

/** A row statement that met no row, or several. */
export interface DryRunMiss {
  /** Counted from 1. */
  readonly statement: number;
  readonly sql: string;
  readonly rows: number;
}

/** What would have happened. `missed` holds the first few. */
export interface DryRunOutcome {
  readonly statements: number;
  readonly error?: DryRunError;
  readonly missed: readonly DryRunMiss[];
  readonly missedCount: number;
}

/** How long a statement may take and wait for a lock, and the server wait for us, in milliseconds. */
export interface DryRunLimits {
  readonly statement: number;
  readonly lock: number;
  readonly idle: number;
}

const LIMITS: DryRunLimits = { statement: 60_000, lock: 5_000, idle: 60_000 };

const MISSES_KEPT = 3;

/** Class 57 and 08: the server or the connection goes away; nothing more can be tried. query_canceled (57014) is a statement's own. */
function isFatal(error: unknown): boolean {
  const code = errorCodeOf(error) ?? '';
  return !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('08') || /^57P/.test(code) || code === '25P03';
}

type DatabaseError = Error & Partial<Record<'detail' | 'constraint' | 'schema' | 'table', string>>;

function describe(error: unknown, statement?: number, sql?: string): DryRunError {
  const { message, detail, constraint, schema, table } = error as DatabaseError;
  return {
    sqlstate: errorCodeOf(error) ?? '',
    message,
    detail,
    constraint,
    table: table === undefined ? undefined : schema === undefined ? table : `${schema}.${table}`,
    statement,
    sql,
  };
}

/** One dry run: a connection, and a transaction on it that ends with ROLLBACK whatever happens. */
export class DryRun {
  /** The database it runs in. */
  readonly database: string;
  readonly #url: string;
  readonly #client: pg.Client;
  readonly #pid: string;
  #interrupted = false;

  private constructor(url: string, client: pg.Client, database: string, pid: string) {
    this.#url = url;
    this.#client = client;
    this.database = database;
    this.#pid = pid;
  }

  /**
   * Connects to the URL's database and begins. `settings` are SET statements that the statements to come rely on. Throws
   * ForkpointError.
   */
  static async open(
    url: string,
    settings: readonly string[],
    limits: DryRunLimits = LIMITS,
  ): Promise<DryRun> {
    const client = await connect(url);
    try {
      // READ WRITE is said because a role may read only by default. Should we vanish without a word, the server ends the transaction.
      await client.query(
        [
          ...settings,
          `SET statement_timeout = ${limits.statement}`,
          `SET lock_timeout = ${limits.lock}`,
          `SET idle_in_transaction_session_timeout = ${limits.idle}`,
          'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE',
        ].join(';'),
      );
      const { rows } = await client.query<{ database: string; pid: string }>(
        'SELECT pg_catalog.current_database() AS database, pg_catalog.pg_backend_pid() AS pid',
      );
      return new DryRun(url, client, rows[0].database, rows[0].pid);
    } catch (error) {
      await client.end().catch(() => undefined);
      if (error instanceof ForkpointError) throw error;
      throw new ForkpointError(
        {
          what: `the dry run cannot begin: ${(error as Error).message}`,
          where: withoutPassword(url),
          next: 'connect to the new primary as a role that may write its tables',
        },
        { cause: error },
      );
    }
  }

  /**
   * Tries the statements of one lost transaction, and its deferred constraints at the end. What succeeds stays for the transactions
   * that come after it, unless `takeBack`; what fails does not. Throws ForkpointError when the server goes away.
   */
  async attempt(statements: Iterable<string>, takeBack = false): Promise<DryRunOutcome> {
    const missed: DryRunMiss[] = [];
    let missedCount = 0;
    let count = 0;
    let error: DryRunError | undefined;
    await this.#run('SAVEPOINT lost');
    await this.#run('SET CONSTRAINTS ALL DEFERRED');
    for (const sql of statements) {
      count++;
      try {
        const rows = await this.#one(sql);
        if (rows === 1 || !/^(?:INSERT|UPDATE|DELETE) /.test(sql)) continue;
        missedCount++;
        if (missed.length < MISSES_KEPT) missed.push({ statement: count, sql, rows });
      } catch (reason) {
        error = this.#refusal(reason, count, sql);
        break;
      }
    }
    if (!error) {
      try {
        await this.#one('SET CONSTRAINTS ALL IMMEDIATE');
      } catch (reason) {
        error = this.#refusal(reason);
      }
    }
    if (error || takeBack) await this.#run('ROLLBACK TO SAVEPOINT lost');
    await this.#run('RELEASE SAVEPOINT lost');
    return { statements: count, error, missed, missedCount };
  }

  /** Makes a statement that runs end now: what was tried is then rolled back like everything else. */
  async interrupt(): Promise<void> {
    this.#interrupted = true;
    const other = await connect(this.#url);
    try {
      await other.query('SELECT pg_catalog.pg_cancel_backend($1::int)', [this.#pid]);
    } finally {
      await other.end();
    }
  }

  /** Rolls everything back and disconnects. Never throws: without a connection the server rolls back by itself. */
  async close(): Promise<void> {
    await this.#client.query('ROLLBACK').catch(() => undefined);
    await this.#client.end().catch(() => undefined);
  }

  /** Runs one statement, and no second one behind it: the extended protocol takes none. Gives the rows it wrote. */
  async #one(text: string): Promise<number> {
    const result = await this.#client.query({ text, queryMode: 'extended' } as pg.QueryConfig);
    return result.rowCount ?? 0;
  }

  async #run(text: string): Promise<void> {
    try {
      await this.#one(text);
    } catch (error) {
      throw this.#gone(error);
    }
  }

  #refusal(error: unknown, statement?: number, sql?: string): DryRunError {
    if (isFatal(error) || this.#interrupted) throw this.#gone(error);
    return describe(error, statement, sql);
  }

  #gone(error: unknown): ForkpointError {
    return new ForkpointError(
      {
        what: this.#interrupted
          ? 'the dry run was interrupted; everything it tried is rolled back'
          : `the server ended the dry run, and rolled back what it had tried: ${(error as Error).message}`,
        where: withoutPassword(this.#url),
        next: this.#interrupted ? undefined : 'look at the log of the server, then run it again',
      },
      { cause: error },
    );
  }
}
