/**
 * A running server's segments through the replication protocol, for roles that may do nothing else (documentation, "Streaming
 * Replication Protocol"): START_REPLICATION PHYSICAL from a segment's first byte on its timeline, until it is whole, or the server has
 * no more. XLogData messages carry the bytes; keepalives tell how far the server has come.
 */

import type { EventEmitter } from 'node:events';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import type pg from 'pg';
import { formatLsn, type Lsn, parseLsn } from '../bytes/lsn.js';
import { connect } from './connection.js';

/** Milliseconds without a message until the server is taken to have nothing more to say. */
const SILENCE = 15_000;

/** The part of `pg`'s connection that carries a replication stream. */
interface StreamConnection extends EventEmitter {
  sendCopyFromChunk(chunk: Buffer): void;
  readonly stream: { destroy(): void };
}

function connectionOf(client: pg.Client): StreamConnection {
  return (client as unknown as { connection: StreamConnection }).connection;
}

/** What a server says of itself on a replication connection. */
export interface IdentifiedSystem {
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** Where it has flushed to. */
  readonly flushed: Lsn;
}

/** IDENTIFY_SYSTEM. Rejects with the server's error. */
export async function identifySystem(client: pg.Client): Promise<IdentifiedSystem> {
  const { rows } = await client.query<Record<string, string>>('IDENTIFY_SYSTEM');
  const [{ systemid, timeline, xlogpos }] = rows;
  return { systemIdentifier: systemid, timeline: Number(timeline), flushed: parseLsn(xlogpos) ?? 0 };
}

/** Size of a segment in bytes, as SHOW wal_segment_size tells it (`16MB`; also over a replication connection, from 10 on). */
export async function segmentSizeOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ wal_segment_size: string }>('SHOW wal_segment_size');
  const match = /^(\d+)(MB|GB)$/.exec(rows[0].wal_segment_size);
  return match ? Number(match[1]) * (match[2] === 'GB' ? 1024 : 1) * 1024 * 1024 : 0;
}

/** Copies a timeline's history file into the new file `to`. Rejects with the server's error. */
export async function writeTimelineHistory(url: string, timeline: number, to: string): Promise<void> {
  const client = await connect(url, { replication: true });
  try {
    const { rows } = await client.query<{ content: string }>(`TIMELINE_HISTORY ${timeline}`);
    writeFileSync(to, rows[0].content, { flag: 'wx', mode: 0o600 });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A standby status update: everything up to `lsn` was received and need not be kept for us. */
function statusUpdate(lsn: Lsn): Buffer {
  const message = Buffer.alloc(34);
  message[0] = 0x72;
  for (const at of [1, 9, 17]) message.writeBigUInt64BE(BigInt(lsn), at);
  return message;
}

/**
 * Streams [start, start + length) of a timeline into the new file `to`. Gives how many bytes came: fewer where the timeline or the server
 * ends before. Rejects with the server's error (`requested WAL segment … has already been removed`).
 */
export async function streamSegment(
  url: string,
  timeline: number,
  start: Lsn,
  length: number,
  to: string,
): Promise<number> {
  const client = await connect(url, { replication: true });
  const connection = connectionOf(client);
  try {
    const { flushed, timeline: current } = await identifySystem(client);
    // Of the timeline it writes now the server gives only what is flushed; then it waits for more.
    const end = timeline === current ? Math.min(start + length, flushed) : start + length;
    if (end <= start) return 0;
    const file = openSync(to, 'wx', 0o600);
    try {
      return await receive(client, connection, timeline, start, end, file);
    } finally {
      closeSync(file);
    }
  } finally {
    // A stream under way ends with its connection.
    connection.stream.destroy();
    await client.end().catch(() => undefined);
  }
}

function receive(
  client: pg.Client,
  connection: StreamConnection,
  timeline: number,
  start: Lsn,
  end: Lsn,
  file: number,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = start;
    let silence: NodeJS.Timeout | undefined;
    const finish = (error?: unknown): void => {
      clearTimeout(silence);
      connection.off('copyData', onData);
      connection.off('copyDone', onDone);
      client.off('end', onEnd);
      if (error !== undefined) reject(error);
      else resolve(received - start);
    };
    const heard = (): void => {
      clearTimeout(silence);
      silence = setTimeout(() => finish(), SILENCE);
    };
    const onData = ({ chunk }: { chunk: Buffer }): void => {
      heard();
      try {
        if (chunk[0] === 0x77) {
          // XLogData: where it begins, the server's end, its clock, the bytes.
          const at = Number(chunk.readBigUInt64BE(1));
          const bytes = chunk.subarray(25);
          if (at !== received) {
            finish(new Error(`WAL came for ${formatLsn(at)} where ${formatLsn(received)} was expected`));
            return;
          }
          const take = Math.min(bytes.length, end - received);
          for (let written = 0; written < take; )
            written += writeSync(file, bytes, written, take - written, received - start + written);
          received += take;
          if (received >= end) finish();
        } else if (chunk[0] === 0x6b && chunk[17] === 1) connection.sendCopyFromChunk(statusUpdate(received));
      } catch (error) {
        finish(error);
      }
    };
    // The timeline ends on the server before the segment does.
    const onDone = (): void => finish();
    const onEnd = (): void => finish(new Error('the server closed the connection'));
    connection.on('copyData', onData);
    connection.on('copyDone', onDone);
    client.on('end', onEnd);
    heard();
    client
      .query(`START_REPLICATION PHYSICAL ${formatLsn(start)} TIMELINE ${timeline}`)
      .then(() => finish(), finish);
  });
}
