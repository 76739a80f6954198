/** Messages written with pg_logical_emit_message() (replication/message.h, xl_logical_message). */
import type { RecordCursor } from './record-cursor.js';

/** What a message says; its content is bytes of the application's. */
export interface LogicalMessageRecord {
  readonly databaseOid: number;
  readonly transactional: boolean;
  readonly prefix: string;
  readonly content: Uint8Array;
}

/**
 * Reads the message under the cursor: dbId 4, transactional 1, padding 3, prefix_size 8 (its zero byte included), message_size 8, then both.
 * Throws RangeError when it runs beyond its record.
 */
export function parseLogicalMessage(record: RecordCursor): LogicalMessageRecord {
  const { view, mainOffset, mainLength } = record;
  const prefixSize = view.getUint32(mainOffset + 8, true);
  const messageSize = view.getUint32(mainOffset + 16, true);
  const prefixAt = mainOffset + 24;
  if (prefixSize === 0 || 24 + prefixSize + messageSize > mainLength)
    throw new RangeError('logical message runs beyond its record');
  return {
    databaseOid: view.getUint32(mainOffset, true),
    transactional: view.getUint8(mainOffset + 4) !== 0,
    prefix: record.buffer.toString('utf8', prefixAt, prefixAt + prefixSize - 1),
    content: new Uint8Array(
      record.buffer.subarray(prefixAt + prefixSize, prefixAt + prefixSize + messageSize),
    ),
  };
}

/** Is the message part of its transaction, to be seen only when that commits? A message that is not is sent as soon as it is written. */
export function isTransactionalMessage({ view, mainOffset }: RecordCursor): boolean {
  return view.getUint8(mainOffset + 4) !== 0;
}

/** The database it was written in. */
export function messageDatabase({ view, mainOffset }: RecordCursor): number {
  return view.getUint32(mainOffset, true);
}
