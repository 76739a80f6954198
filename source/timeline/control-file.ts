/**
 * global/pg_control: what a cluster knows of itself without being started (catalog/pg_control.h). Checked by its
 * CRC-32C before any field is believed; every field the server writes is read by pg_controldata's meaning.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../bytes/crc32c.js';
import { ForkpointError } from '../bytes/errors.js';
import { type Lsn, readLsn } from '../bytes/lsn.js';
import { POSTGRES_EPOCH_MS, type TimestampMicros } from '../bytes/timestamp.js';
import { isValidSegmentSize } from '../wal/segment-name.js';
import { SUPPORTED_MAJORS, versionOfCatalog } from '../wal/versions.js';
import { CONTROL_FILE_LAYOUTS, type ControlFileLayout } from './control-file-layout.js';

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

const RECOVER =
  'use another copy of this data directory, or give forkpoint a directory that holds only its WAL';

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}

/** Reads fields by C name from one pg_control buffer. */
class ControlFileReader {
  readonly #view: DataView;
  readonly #layout: ControlFileLayout;
  readonly #path: string;

  constructor(view: DataView, layout: ControlFileLayout, path: string) {
    this.#view = view;
    this.#layout = layout;
    this.#path = path;
  }

  offset(name: string): number {
    const field = this.#layout.get(name);
    if (!field) throw new RangeError(`pg_control has no field ${name}`);
    return field.offset;
  }

  has(name: string): boolean {
    return this.#layout.has(name);
  }

  uint32(name: string): number {
    return this.#view.getUint32(this.offset(name), true);
  }

  bool(name: string): boolean {
    return this.#view.getUint8(this.offset(name)) !== 0;
  }

  double(name: string): number {
    return this.#view.getFloat64(this.offset(name), true);
  }

  uint64(name: string): bigint {
    return this.#view.getBigUint64(this.offset(name), true);
  }

  /** pg_time_t: seconds since 1970. */
  time(name: string): TimestampMicros {
    const seconds = Number(this.#view.getBigInt64(this.offset(name), true));
    return (seconds - POSTGRES_EPOCH_MS / 1000) * 1_000_000;
  }

  lsn(name: string): Lsn {
    try {
      return readLsn(this.#view, this.offset(name));
    } catch (error) {
      throw new ForkpointError(
        {
          what: `the ${name} of pg_control lies beyond 2^53 bytes of WAL, which forkpoint cannot address`,
          where: this.#path,
        },
        { cause: error },
      );
    }
  }
}

/** The layout for this file, after the checks that need none. */
function layoutFor(view: DataView, path: string): ControlFileLayout {
  if (view.byteLength < 16) {
    throw new ForkpointError({
      what: `pg_control is damaged: it has ${view.byteLength} bytes`,
      where: path,
      next: RECOVER,
    });
  }
  const controlVersion = view.getUint32(8, true);
  const layout = CONTROL_FILE_LAYOUTS.get(controlVersion);
  if (layout) return layout;
  if (CONTROL_FILE_LAYOUTS.has(view.getUint32(8, false))) {
    throw new ForkpointError({
      what: 'pg_control was written on a machine of the other byte order (big-endian)',
      where: path,
      next: 'forkpoint reads clusters of little-endian machines only',
    });
  }
  throw new ForkpointError({
    what: `pg_control version number ${controlVersion} is unknown: forkpoint reads PostgreSQL ${SUPPORTED_MAJORS}`,
    where: path,
    next: 'check that this is the data directory of one of these versions, and that the file is not damaged',
  });
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader = new ControlFileReader(view, layoutFor(view, path), path);
  const crcOffset = reader.offset('crc');
  if (bytes.length < crcOffset + 4) {
    throw new ForkpointError({
      what: `pg_control is damaged: it has ${bytes.length} bytes, at least ${crcOffset + 4} are needed`,
      where: path,
      next: RECOVER,
    });
  }
  const found = crc32c(bytes, 0, crcOffset);
  const stored = reader.uint32('crc');
  if (found !== stored) {
    const hex = (crc: number): string => crc.toString(16).toUpperCase().padStart(8, '0');
    throw new ForkpointError({
      what: `pg_control is damaged: its CRC is ${hex(stored)}, its contents have ${hex(found)}`,
      where: path,
      next: RECOVER,
    });
  }
  const catalogVersion = reader.uint32('catalog_version_no');
  const version = versionOfCatalog(catalogVersion);
  if (!version || version.controlVersion !== reader.uint32('pg_control_version')) {
    throw new ForkpointError({
      what: `catalog version number ${catalogVersion} is unknown: forkpoint reads PostgreSQL ${SUPPORTED_MAJORS}`,
      where: path,
      next: 'betas and derived products have catalog versions of their own, which forkpoint does not read',
    });
  }
  const stateNumber = reader.uint32('state');
  const state = DATABASE_STATES[stateNumber];
  const walLevelNumber = reader.uint32('wal_level');
  const walLevel = WAL_LEVELS[walLevelNumber];
  if (!state || !walLevel) {
    throw new ForkpointError({
      what: state ? `unrecognized wal_level ${walLevelNumber}` : `unrecognized status code ${stateNumber}`,
      where: path,
      next: RECOVER,
    });
  }
  const nextFullXid = reader.has('nextFullXid')
    ? reader.uint64('nextFullXid')
    : (BigInt(reader.uint32('nextXidEpoch')) << 32n) | BigInt(reader.uint32('nextXid32'));

  const file: ControlFile = {
    path,
    majorVersion: version.major,
    controlVersion: version.controlVersion,
    catalogVersion,
    systemIdentifier: reader.uint64('system_identifier').toString(),
    state,
    time: reader.time('time'),
    checkpointLsn: reader.lsn('checkPoint'),
    checkpoint: {
      redoLsn: reader.lsn('redo'),
      timeline: reader.uint32('ThisTimeLineID'),
      previousTimeline: reader.uint32('PrevTimeLineID'),
      fullPageWrites: reader.bool('fullPageWrites'),
      nextXidEpoch: Number(nextFullXid >> 32n),
      nextXid: Number(nextFullXid & 0xffff_ffffn),
      nextOid: reader.uint32('nextOid'),
      nextMulti: reader.uint32('nextMulti'),
      nextMultiOffset: reader.uint32('nextMultiOffset'),
      oldestXid: reader.uint32('oldestXid'),
      oldestXidDatabase: reader.uint32('oldestXidDB'),
      oldestMulti: reader.uint32('oldestMulti'),
      oldestMultiDatabase: reader.uint32('oldestMultiDB'),
      time: reader.time('checkpoint.time'),
      oldestActiveXid: reader.uint32('oldestActiveXid'),
    },
    minRecoveryPoint: reader.lsn('minRecoveryPoint'),
    minRecoveryPointTimeline: reader.uint32('minRecoveryPointTLI'),
    backupStartPoint: reader.lsn('backupStartPoint'),
    backupEndPoint: reader.lsn('backupEndPoint'),
    backupEndRequired: reader.bool('backupEndRequired'),
    walLevel,
    walLogHints: reader.bool('wal_log_hints'),
    maxPreparedTransactions: reader.uint32('max_prepared_xacts'),
    trackCommitTimestamp: reader.bool('track_commit_timestamp'),
    pageSize: reader.uint32('blcksz'),
    relationSegmentPages: reader.uint32('relseg_size'),
    walPageSize: reader.uint32('xlog_blcksz'),
    walSegmentSize: reader.uint32('xlog_seg_size'),
    nameLength: reader.uint32('nameDataLen'),
    toastChunkSize: reader.uint32('toast_max_chunk_size'),
    largeObjectChunkSize: reader.uint32('loblksize'),
    dataChecksumVersion: reader.uint32('data_checksum_version'),
  };
  return checkCompatibility(file, reader.uint32('maxAlign'), reader.double('floatFormat'));
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
