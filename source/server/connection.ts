/** Connections to a live PostgreSQL through `pg`: opened read-only, with settings under which text is exact; never showing a password. */
import type pg from 'pg';
import { ForkpointError } from '../bytes/errors.js';

/** True for what names a server rather than a directory: `postgres://…` or `postgresql://…`. */
export function isServerUrl(text: string): boolean {
  return /^postgres(ql)?:\/\//i.test(text);
}

/** A connection string without its password, wherever it stands in it. */
export function withoutPassword(url: string): string {
  return url
    .replace(/^([a-z]+:\/\/[^:/?#@]*):[^/?#]*@/i, '$1@')
    .replace(/([?&])password=[^&#]*&?/gi, '$1')
    .replace(/[?&]$/, '');
}

/** A database error as `pg` reports it: SQLSTATE or a system's error code. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function messageOf(error: unknown): string {
  // Several addresses tried in vain come as one error with an empty message.
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}

/** What the operator can do about a connection that failed, by SQLSTATE or system error code. */
const NEXT: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'check that the server runs and listens on that host and port',
  ENOENT: 'check the socket directory and port, and that the server runs',
  ENOTFOUND: 'check the host name',
  EAI_AGAIN: 'check the host name and the name service',
  ETIMEDOUT: 'check the address, and firewalls on the way',
  '28P01': 'check user and password (PGPASSWORD, ~/.pgpass)',
  '28000': 'check user, database and pg_hba.conf; add ?sslmode=require if the server wants encryption',
  '3D000': 'check the name of the database',
  '57P03': 'wait until the server has started, then try again',
  '53300': 'free a connection slot on the server',
};

function connectionError(error: unknown, url: string): ForkpointError {
  const code = errorCodeOf(error) ?? '';
  return new ForkpointError(
    {
      what: `cannot connect to the server: ${messageOf(error)}`,
      where: withoutPassword(url),
      next:
        NEXT[code] ??
        'check the connection string; what it leaves out comes from PGHOST, PGPORT, PGUSER, PGDATABASE',
    },
    { cause: error },
  );
}

/** Milliseconds until an attempt to connect is given up. */
const CONNECT_TIMEOUT = 10_000;

/** Everything comes as the server's own text. */
const TEXT_ONLY: pg.CustomTypesConfig = { getTypeParser: () => (value: string) => value };

/** What else a connection may need. */
export interface ConnectionOptions {
  /** Instead of the one in the connection string. */
  readonly database?: string;
  /** A connection of the physical replication protocol, for IDENTIFY_SYSTEM and TIMELINE_HISTORY. */
  readonly replication?: boolean;
}

async function clientFor(url: string, options: ConnectionOptions): Promise<pg.Client> {
  // Loaded only now: most of what is read are files.
  const { default: postgres } = await import('pg');
  // libpq's meaning of sslmode (require encrypts without verifying), not the stricter one of `pg`.
  const separator = url.includes('?') ? '&' : '?';
  const compatible =
    /[?&]sslmode=/.test(url) && !/uselibpqcompat/.test(url) ? `${url}${separator}uselibpqcompat=true` : url;
  const config: pg.ClientConfig & { replication?: string } = {
    connectionString: compatible,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    application_name: 'forkpoint',
    types: TEXT_ONLY,
  };
  if (options.replication) config.replication = 'true';
  const client = new postgres.Client(config);
  if (options.database !== undefined) {
    // A name in the connection string wins over one given beside it, and a URL's path cannot spell every name.
    const { connectionParameters } = client as unknown as { connectionParameters: { database: string } };
    connectionParameters.database = options.database;
  }
  return client;
}

/**
 * Connects. Throws ForkpointError, without a password in it, when that fails. What the connection string leaves out comes
 * from libpq's PG* variables and ~/.pgpass. The caller ends the client.
 */
export async function connect(url: string, options: ConnectionOptions = {}): Promise<pg.Client> {
  let client: pg.Client;
  try {
    client = await clientFor(url, options);
  } catch (error) {
    // No cause: the parser's error carries the string, password included.
    throw new ForkpointError({
      what: `not a valid connection string: ${messageOf(error)}`,
      where: withoutPassword(url),
      next: 'write postgres://user@host:port/database; special characters in a part as %XX',
    });
  }
  // A server that goes away fails the next query; it must not end the program.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw connectionError(error, url);
  }
  return client;
}

/**
 * Settings of every session: text forms as the decoders write them, nothing but reading, a limit on how long a statement
 * may take, and an error instead of silently fewer rows where row security would filter.
 */
export function sessionSettings(statementTimeout: number): string {
  return [
    "SET datestyle = 'ISO, YMD'",
    "SET timezone = 'UTC'",
    "SET intervalstyle = 'postgres'",
    "SET bytea_output = 'hex'",
    'SET extra_float_digits = 1',
    "SET lc_monetary = 'C'",
    'SET search_path = pg_catalog',
    'SET row_security = off',
    'SET default_transaction_read_only = on',
    `SET statement_timeout = ${statementTimeout}`,
    'SET lock_timeout = 5000',
  ].join('; ');
}
