/**
 * Sets a stopped cluster's counters of transactions and multixacts, as pg_resetwal -x and -m do (it is not among the test servers'
 * programs): in the checkpoint's copy in pg_control and in the checkpoint's record, with fitting segments of pg_xact and pg_multixact.
 */
import { chownSync, closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { readControlFile } from '../../source/timeline/control-file.js';
import { segmentFileName } from '../../source/wal/segment-name.js';
import { makeRight } from '../support/wal-record.js';
import { changeControlFile } from './control-file.js';
import { OWNER } from './owner.js';

/** Where the counters go to. */
export interface Counters {
  readonly nextXid: number;
  readonly nextMultixact: number;
}

/** XLogRecord (24 bytes), XLogRecordDataHeaderShort (2 bytes). */
const RECORD_HEADER = 24;
const DATA_AT = RECORD_HEADER + 2;

/** SLRU_PAGES_PER_SEGMENT */
const PAGES_IN_SEGMENT = 32;

/** Everything in the cluster must have been frozen: what is older than the new counters would lie in their future. */
export function setCounters(dataDirectory: string, { nextXid, nextMultixact }: Counters): void {
  const control = readControlFile(dataDirectory);
  if (control.state !== 'shut down') throw new Error(`the cluster is ${control.state}`);
  const { checkpointLsn, walSegmentSize, pageSize, majorVersion, checkpoint } = control;
  // struct CheckPoint (catalog/pg_control.h): until 11 the xid's epoch stands before it.
  const shift = majorVersion <= 11 ? 0 : 4;
  const set = (bytes: Buffer, at: number) => {
    bytes.writeUInt32LE(nextXid, at + 24);
    bytes.writeUInt32LE(nextMultixact, at + 32 + shift);
    bytes.writeUInt32LE(nextXid - 1000, at + 40 + shift);
    bytes.writeUInt32LE(nextMultixact, at + 48 + shift);
  };

  const walPath = join(
    dataDirectory,
    'pg_wal',
    segmentFileName(checkpoint.timeline, checkpointLsn, walSegmentSize),
  );
  const wal = openSync(walPath, 'r+');
  const record = Buffer.alloc(512);
  const recordAt = checkpointLsn % walSegmentSize;
  readSync(wal, record, 0, record.length, recordAt);
  const length = record.readUInt32LE(0);
  const before = Buffer.from(record.subarray(DATA_AT, length));
  set(record, DATA_AT);
  makeRight(record, 0, record.length);
  writeSync(wal, record, 0, length, recordAt);
  closeSync(wal);

  changeControlFile(dataDirectory, (bytes) => {
    const copyAt = bytes.indexOf(before);
    if (copyAt < 0) throw new Error('pg_control does not hold the checkpoint that is in WAL');
    set(bytes, copyAt);
  });

  makeSegment(join(dataDirectory, 'pg_xact'), nextXid / (pageSize * 4), pageSize);
  makeSegment(join(dataDirectory, 'pg_multixact', 'offsets'), nextMultixact / (pageSize / 4), pageSize);
}

/** An empty SLRU segment that holds a page. */
function makeSegment(directory: string, page: number, pageSize: number): void {
  const name = Math.floor(page / PAGES_IN_SEGMENT)
    .toString(16)
    .toUpperCase()
    .padStart(4, '0');
  const path = join(directory, name);
  writeFileSync(path, Buffer.alloc(PAGES_IN_SEGMENT * pageSize));
  chownSync(path, OWNER.uid, OWNER.gid);
}
