/** A running server as a place of WAL: through SQL where its role may, else through the replication protocol. */
import type pg from 'pg';
import { ForkpointError } from '../bytes/errors.js';
import { printable } from '../bytes/printable.js';
import { connect, sessionSettings, withoutPassword } from '../server/connection.js';
import {
  identifySystem,
  segmentSizeOf,
  streamSegment,
  writeTimelineHistory,
} from '../server/wal-over-replication.js';
import { copyWalOverSql, listWalOverSql, type WalPrivileges, walPrivileges } from '../server/wal-over-sql.js';
import type { RemoteAnswer, WantedSegment } from '../wal/remote-place.js';
import { historyFileName } from '../wal/segment-name.js';
import type { WalSpool } from '../wal/spool.js';
import type { SegmentSource } from './fetching-place.js';

/** Milliseconds that reading a piece may take. */
const STATEMENT_TIMEOUT = 60_000;

/** The node whose WAL is wanted. */
export interface WantedNode {
  readonly systemIdentifier: string;
  readonly majorVersion: number;
  readonly segmentSize: number;
}

/** What the operator can do when the role may do neither. */
const GRANTS =
  'GRANT EXECUTE ON FUNCTION pg_read_binary_file(text, bigint, bigint) and membership in pg_monitor (which lists pg_wal) let it read segments; or connect as a role with REPLICATION, which pg_hba.conf lets in for "replication"';

function messageOf(error: unknown): string {
  if (error instanceof ForkpointError) return error.complaint.what;
  return printable(error instanceof Error ? error.message : String(error));
}

/** A connection for SQL, and what may be done over it. */
interface SqlWay {
  readonly client: pg.Client;
  readonly read: NonNullable<WalPrivileges['read']>;
  readonly names: readonly string[];
}

export class PeerServer implements SegmentSource {
  readonly label: string;
  readonly #url: string;
  readonly #node: WantedNode;
  readonly #spool: WalSpool;
  readonly #sql: SqlWay | undefined;

  private constructor(url: string, node: WantedNode, spool: WalSpool, sql: SqlWay | undefined) {
    this.label = withoutPassword(url);
    this.#url = url;
    this.#node = node;
    this.#spool = spool;
    this.#sql = sql;
  }

  /**
   * Connects, and checks that it is the wanted node's cluster. Throws ForkpointError when it cannot be reached, is another cluster, or
   * gives WAL in no way.
   */
  static async open(url: string, node: WantedNode, spool: WalSpool): Promise<PeerServer> {
    let sql: SqlWay | undefined;
    let noSql: string;
    try {
      const opened = await openSql(url, node);
      if (typeof opened === 'string') noSql = opened;
      else {
        sql = opened;
        noSql = '';
      }
    } catch (error) {
      if (error instanceof OtherClusterError) throw error;
      noSql = messageOf(error);
    }
    if (!sql) await checkReplication(url, node, noSql);
    return new PeerServer(url, node, spool, sql);
  }

  names(): readonly string[] {
    return this.#sql?.names ?? [];
  }

  async fetch(wanted: WantedSegment): Promise<RemoteAnswer> {
    const { fileName, timeline, startLsn } = wanted;
    const { segmentSize } = this.#node;
    const path = this.#spool.newPath(fileName);
    try {
      if (this.#sql) {
        const { client, read } = this.#sql;
        const found = await copyWalOverSql(client, read, fileName, path, segmentSize);
        return found ? { path } : { reason: `it has no ${fileName}` };
      }
      if (fileName === historyFileName(timeline)) {
        await writeTimelineHistory(this.#url, timeline, path);
        return { path };
      }
      const bytes = await streamSegment(this.#url, timeline, startLsn, segmentSize, path);
      return bytes > 0 ? { path } : { reason: `it has no WAL there on timeline ${timeline}` };
    } catch (error) {
      return { reason: messageOf(error) };
    }
  }

  async close(): Promise<void> {
    await this.#sql?.client.end().catch(() => undefined);
  }
}

class OtherClusterError extends ForkpointError {}

function checkIdentity(
  url: string,
  node: WantedNode,
  found: { systemIdentifier: string; segmentSize: number },
): void {
  const where = withoutPassword(url);
  const next = 'name a server of the same cluster: the new primary, or another standby';
  if (found.systemIdentifier !== node.systemIdentifier) {
    throw new OtherClusterError({
      what: `this server is of another cluster: its system identifier is ${found.systemIdentifier}, expected ${node.systemIdentifier}`,
      where,
      next,
    });
  }
  if (found.segmentSize !== node.segmentSize) {
    throw new OtherClusterError({
      what: `this server's WAL segments have ${found.segmentSize} bytes, expected ${node.segmentSize}`,
      where,
      next,
    });
  }
}

/** A connection over which segments can be read; or why not. */
async function openSql(url: string, node: WantedNode): Promise<SqlWay | string> {
  const client = await connect(url);
  try {
    await client.query(sessionSettings(STATEMENT_TIMEOUT));
    const { rows } = await client.query<Record<string, string>>(
      `SELECT s.system_identifier::text AS identifier, i.bytes_per_wal_segment AS segment_size
         FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_init() i`,
    );
    const systemIdentifier = BigInt.asUintN(64, BigInt(rows[0].identifier)).toString();
    checkIdentity(url, node, { systemIdentifier, segmentSize: Number(rows[0].segment_size) });
    const { list, read } = await walPrivileges(client, node.majorVersion);
    if (read === undefined) {
      await client.end();
      return 'its role may not execute pg_read_binary_file()';
    }
    return { client, read, names: list ? await listWalOverSql(client) : [] };
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

async function checkReplication(url: string, node: WantedNode, noSql: string): Promise<void> {
  let client: pg.Client;
  try {
    client = await connect(url, { replication: true });
  } catch (error) {
    throw new ForkpointError(
      {
        what: `this server gives no WAL: through SQL: ${noSql}; through replication: ${messageOf(error)}`,
        where: withoutPassword(url),
        next: GRANTS,
      },
      { cause: error },
    );
  }
  try {
    const { systemIdentifier } = await identifySystem(client);
    checkIdentity(url, node, { systemIdentifier, segmentSize: await segmentSizeOf(client) });
  } finally {
    await client.end().catch(() => undefined);
  }
}
