/**
 * global/pg_control: what a cluster knows of itself without being started (catalog/pg_control.h). Checked by its
 * CRC-32C before any field is believed; every field the server writes is read by pg_controldata's meaning.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import { isValidSegmentSize } from '../wal/segment-name.js';
import { SUPPORTED_MAJORS, versionOfCatalog } from '../wal/versions.js';
import { openControlFile, RECOVER } from './control-file-fields.js';

/** DBState in pg_controldata's words, in the order of the enum. */
export const DATABASE_STATES = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const;
export type DatabaseState = (typeof DATABASE_STATES)[number];

/** WalLevel (access/xlog.h), in the order of the enum. */
export const WAL_LEVELS = ['minimal', 'replica', 'logical'] as const;
export type WalLevel = (typeof WAL_LEVELS)[number];

/** The copy of the last checkpoint's record (struct CheckPoint). */
export interface Checkpoint {
  /** Where replay would begin. */
  readonly redoLsn: Lsn;
  readonly timeline: number;
  /** The timeline before, when the checkpoint began a new one; else the same. */
  readonly previousTimeline: number;
  readonly fullPageWrites: boolean;
  /** Next transaction id: its upper 32 bits, and its lower. */
  readonly nextXidEpoch: number;
  readonly nextXid: number;
  readonly nextOid: number;
  readonly nextMulti: number;
  readonly nextMultiOffset: number;
  readonly oldestXid: number;
  readonly oldestXidDatabase: number;
  readonly oldestMulti: number;
  readonly oldestMultiDatabase: number;
  readonly time: TimestampMicros;
  /** Oldest transaction still running then; 0 when not recorded (a shutdown checkpoint). */
  readonly oldestActiveXid: number;
}

/** pg_control of one data directory. */
export interface ControlFile {
  /** Path of the file. */
  readonly path: string;
  readonly majorVersion: number;
  readonly controlVersion: number;
  readonly catalogVersion: number;
  /** Decimal text of the unsigned 64-bit number, as pg_controldata prints it. */
  readonly systemIdentifier: string;
  readonly state: DatabaseState;
  /** When pg_control was last written. */
  readonly time: TimestampMicros;
  /** Where the last checkpoint's record begins. */
  readonly checkpointLsn: Lsn;
  readonly checkpoint: Checkpoint;
  /** How far a standby must replay before it is consistent, and on which timeline; 0 when not in recovery. */
  readonly minRecoveryPoint: Lsn;
  readonly minRecoveryPointTimeline: number;
  readonly backupStartPoint: Lsn;
  readonly backupEndPoint: Lsn;
  readonly backupEndRequired: boolean;
  readonly walLevel: WalLevel;
  readonly walLogHints: boolean;
  readonly maxPreparedTransactions: number;
  readonly trackCommitTimestamp: boolean;
  /** BLCKSZ, in bytes. */
  readonly pageSize: number;
  /** Pages a file of a large relation (RELSEG_SIZE). */
  readonly relationSegmentPages: number;
  /** XLOG_BLCKSZ, in bytes. */
  readonly walPageSize: number;
  /** In bytes. */
  readonly walSegmentSize: number;
  /** NAMEDATALEN, in bytes. */
  readonly nameLength: number;
  /** TOAST_MAX_CHUNK_SIZE, in bytes. */
  readonly toastChunkSize: number;
  /** LOBLKSIZE, in bytes. */
  readonly largeObjectChunkSize: number;
  /** 0 when data pages carry no checksums. */
  readonly dataChecksumVersion: number;
}

/** FLOATFORMAT_VALUE. */
const FLOAT_FORMAT = 1234567.0;

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

/** Refuses what the server's own ReadControlFile() would refuse. */
function checkCompatibility(file: ControlFile, maxAlign: number, floatFormat: number): ControlFile {
  const refuse = (what: string): never => {
    throw new ForkpointError({ what, where: file.path, next: RECOVER });
  };
  if (maxAlign !== 8) refuse(`the cluster was made with MAXALIGN ${maxAlign}, forkpoint reads 8`);
  if (floatFormat !== FLOAT_FORMAT) refuse('the cluster was made with another floating-point format');
  if (!isValidSegmentSize(file.walSegmentSize)) {
    refuse(`WAL segment size ${file.walSegmentSize} is not a power of two from 1 MB to 1 GB`);
  }
  if (!isPowerOfTwo(file.walPageSize) || file.walPageSize < 1024 || file.walPageSize > 65536) {
    refuse(`WAL block size ${file.walPageSize} is not a power of two from 1 kB to 64 kB`);
  }
  if (!isPowerOfTwo(file.pageSize) || file.pageSize < 1024 || file.pageSize > 32768) {
    refuse(`database block size ${file.pageSize} is not a power of two from 1 kB to 32 kB`);
  }
  return file;
}

/**
 * Reads a pg_control from bytes. `path` only names it in messages. Throws ForkpointError when its CRC does not fit, its
 * version is unknown, or it comes from a platform that forkpoint does not read.
 */
export function parseControlFile(bytes: Uint8Array, path: string): ControlFile {
  const fields = openControlFile(bytes, path);
  const catalogVersion = fields.uint32('catalog_version_no');
  const version = versionOfCatalog(catalogVersion);
  if (!version || version.controlVersion !== fields.uint32('pg_control_version')) {
    throw new ForkpointError({
      what: `catalog version number ${catalogVersion} is unknown: forkpoint reads PostgreSQL ${SUPPORTED_MAJORS}`,
      where: path,
      next: 'betas and derived products have catalog versions of their own, which forkpoint does not read',
    });
  }
  const stateNumber = fields.uint32('state');
  const state = DATABASE_STATES[stateNumber];
  const walLevelNumber = fields.uint32('wal_level');
  const walLevel = WAL_LEVELS[walLevelNumber];
  if (!state || !walLevel) {
    throw new ForkpointError({
      what: state ? `unrecognized wal_level ${walLevelNumber}` : `unrecognized status code ${stateNumber}`,
      where: path,
      next: RECOVER,
    });
  }
  const nextFullXid = fields.has('nextFullXid')
    ? fields.uint64('nextFullXid')
    : (BigInt(fields.uint32('nextXidEpoch')) << 32n) | BigInt(fields.uint32('nextXid32'));

  const file: ControlFile = {
    path,
    majorVersion: version.major,
    controlVersion: version.controlVersion,
    catalogVersion,
    systemIdentifier: fields.uint64('system_identifier').toString(),
    state,
    time: fields.time('time'),
    checkpointLsn: fields.lsn('checkPoint'),
    checkpoint: {
      redoLsn: fields.lsn('redo'),
      timeline: fields.uint32('ThisTimeLineID'),
      previousTimeline: fields.uint32('PrevTimeLineID'),
      fullPageWrites: fields.bool('fullPageWrites'),
      nextXidEpoch: Number(nextFullXid >> 32n),
      nextXid: Number(nextFullXid & 0xffff_ffffn),
      nextOid: fields.uint32('nextOid'),
      nextMulti: fields.uint32('nextMulti'),
      nextMultiOffset: fields.uint32('nextMultiOffset'),
      oldestXid: fields.uint32('oldestXid'),
      oldestXidDatabase: fields.uint32('oldestXidDB'),
      oldestMulti: fields.uint32('oldestMulti'),
      oldestMultiDatabase: fields.uint32('oldestMultiDB'),
      time: fields.time('checkpoint.time'),
      oldestActiveXid: fields.uint32('oldestActiveXid'),
    },
    minRecoveryPoint: fields.lsn('minRecoveryPoint'),
    minRecoveryPointTimeline: fields.uint32('minRecoveryPointTLI'),
    backupStartPoint: fields.lsn('backupStartPoint'),
    backupEndPoint: fields.lsn('backupEndPoint'),
    backupEndRequired: fields.bool('backupEndRequired'),
    walLevel,
    walLogHints: fields.bool('wal_log_hints'),
    maxPreparedTransactions: fields.uint32('max_prepared_xacts'),
    trackCommitTimestamp: fields.bool('track_commit_timestamp'),
    pageSize: fields.uint32('blcksz'),
    relationSegmentPages: fields.uint32('relseg_size'),
    walPageSize: fields.uint32('xlog_blcksz'),
    walSegmentSize: fields.uint32('xlog_seg_size'),
    nameLength: fields.uint32('nameDataLen'),
    toastChunkSize: fields.uint32('toast_max_chunk_size'),
    largeObjectChunkSize: fields.uint32('loblksize'),
    dataChecksumVersion: fields.uint32('data_checksum_version'),
  };
  return checkCompatibility(file, fields.uint32('maxAlign'), fields.double('floatFormat'));
}

/** How often a file that changes under our eyes is read again (a running server writes it without a lock). */
const READ_ATTEMPTS = 10;

/**
 * Reads global/pg_control of a data directory. Throws ForkpointError as parseControlFile does; errors of the file
 * system (ENOENT, EACCES) pass through for the caller to word.
 */
export function readControlFile(dataDirectory: string): ControlFile {
  const path = join(dataDirectory, 'global', 'pg_control');
  let bytes = readFileSync(path);
  for (let attempt = 1; ; attempt++) {
    try {
      return parseControlFile(bytes, path);
    } catch (error) {
      const again = readFileSync(path);
      if (attempt === READ_ATTEMPTS || again.equals(bytes)) throw error;
      bytes = again;
    }
  }
}
