/** Checkpoint records: from where replay would begin, and who was running then (struct CheckPoint, catalog/pg_control.h). */
import { type Lsn, readLsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { RecordCursor } from './record-cursor.js';
import type { RecordVersion } from './record-versions.js';
import { ResourceManager, XlogOperation } from './resource-managers.js';

/** What reading WAL needs of a checkpoint. */
export interface CheckpointRecord {
  /** The record itself. */
  readonly lsn: Lsn;
  readonly redoLsn: Lsn;
  readonly timeline: number;
  /** Whether a page's first change after it carries the page's image. */
  readonly fullPageWrites: boolean;
  readonly time: TimestampMicros;
  readonly nextXid: number;
  readonly nextXidEpoch: number;
  readonly nextOid: number;
  readonly nextMultixact: number;
  /** Oldest transaction still running at redo; nextXid when none was (a shutdown checkpoint). */
  readonly oldestActiveXid: number;
  readonly shutdown: boolean;
}

/** Is the record under the cursor a checkpoint's? */
export function isCheckpoint(record: RecordCursor): boolean {
  if (record.rmid !== ResourceManager.xlog) return false;
  const operation = record.info & 0xf0;
  return operation === XlogOperation.checkpointOnline || operation === XlogOperation.checkpointShutdown;
}

/** Reads the checkpoint under the cursor. */
export function parseCheckpoint(record: RecordCursor, version: RecordVersion): CheckpointRecord {
  const { view, mainOffset } = record;
  const layout = version.checkpoint;
  const nextXid = view.getUint32(mainOffset + layout.nextXid, true);
  const shutdown = (record.info & 0xf0) === XlogOperation.checkpointShutdown;
  const oldestActiveXid = view.getUint32(mainOffset + layout.oldestActiveXid, true);
  return {
    lsn: record.lsn,
    redoLsn: readLsn(view, mainOffset),
    timeline: view.getUint32(mainOffset + 8, true),
    fullPageWrites: view.getUint8(mainOffset + 16) !== 0,
    // pg_time_t: seconds since the Unix epoch.
    time: (view.getUint32(mainOffset + layout.time, true) - 946_684_800) * 1_000_000,
    nextXid,
    nextXidEpoch: view.getUint32(mainOffset + layout.nextXidEpoch, true),
    nextOid: view.getUint32(mainOffset + layout.nextOid, true),
    nextMultixact: view.getUint32(mainOffset + layout.nextMultixact, true),
    oldestActiveXid: shutdown || oldestActiveXid === 0 ? nextXid : oldestActiveXid,
    shutdown,
  };
}
