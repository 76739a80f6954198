/**
 * A running server's segments through SQL: pg_ls_waldir() names them, pg_read_binary_file() reads them, in pieces. Both are for
 * superusers unless somebody granted more (documentation, "Generic File Access Functions").
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import type pg from 'pg';
import { looksLikeSegmentName } from '../wal/segment-name.js';
import { errorCodeOf } from './connection.js';

/** Bytes asked for at once. */
const PIECE = 2 * 1024 * 1024;

/** What the role may do. */
export interface WalPrivileges {
  readonly list: boolean;
  /** The signature of pg_read_binary_file that may be called, if any. */
  readonly read: 'with missing_ok' | 'plain' | undefined;
}

/** Asks what the role may do. From 11 on these are plain privileges on functions; in 10 reading is for superusers. */
export async function walPrivileges(client: pg.ClientBase, majorVersion: number): Promise<WalPrivileges> {
  const may = (signature: string): string => `has_function_privilege('${signature}', 'EXECUTE')`;
  const superuser = "current_setting('is_superuser') = 'on'";
  const { rows } = await client.query<Record<string, string>>(
    `SELECT ${may('pg_catalog.pg_ls_waldir()')} AS list,
            ${majorVersion < 11 ? superuser : may('pg_catalog.pg_read_binary_file(text,bigint,bigint,boolean)')} AS tolerant,
            ${majorVersion < 11 ? superuser : may('pg_catalog.pg_read_binary_file(text,bigint,bigint)')} AS plain`,
  );
  const [{ list, tolerant, plain }] = rows;
  return {
    list: list === 't',
    read: tolerant === 't' ? 'with missing_ok' : plain === 't' ? 'plain' : undefined,
  };
}

/** Names of the segments in its pg_wal. */
export async function listWalOverSql(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT name FROM pg_catalog.pg_ls_waldir() ORDER BY name',
  );
  return rows.map(({ name }) => name).filter(looksLikeSegmentName);
}

/**
 * Copies a file of its pg_wal into the new file `to`, at most `most` bytes. False when the server has no such file. Rejects with the
 * server's error.
 */
export async function copyWalOverSql(
  client: pg.ClientBase,
  read: NonNullable<WalPrivileges['read']>,
  fileName: string,
  to: string,
  most: number,
): Promise<boolean> {
  const missingOk = read === 'with missing_ok' ? ', true' : '';
  const sql = `SELECT encode(pg_catalog.pg_read_binary_file($1, $2::bigint, $3::bigint${missingOk}), 'base64') AS piece`;
  const file = openSync(to, 'wx', 0o600);
  try {
    for (let at = 0; at < most; ) {
      const wanted = Math.min(PIECE, most - at);
      const { rows } = await client.query<{ piece: string | null }>(sql, [`pg_wal/${fileName}`, at, wanted]);
      const [{ piece }] = rows;
      if (piece === null) return false;
      const bytes = Buffer.from(piece, 'base64');
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      at += bytes.length;
      if (bytes.length < wanted) break;
    }
    return true;
  } catch (error) {
    // undefined_file
    if (errorCodeOf(error) === '58P01') return false;
    throw error;
  } finally {
    closeSync(file);
  }
}
