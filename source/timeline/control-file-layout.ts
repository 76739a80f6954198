/**
 * Where each field of global/pg_control lies, by pg_control version (catalog/pg_control.h: ControlFileData with its
 * CheckPoint). The structs are listed in order with the C type of each field and the versions that have it; offsets
 * follow from the alignment rules of a 64-bit platform, as the compiler lays them out.
 */

/** C types as pg_control uses them. `nonce` is char[MOCK_AUTH_NONCE_LEN]. */
export type ControlFieldType = 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'double' | 'nonce';

const SIZES: Record<ControlFieldType, { size: number; alignment: number }> = {
  bool: { size: 1, alignment: 1 },
  int32: { size: 4, alignment: 4 },
  uint32: { size: 4, alignment: 4 },
  int64: { size: 8, alignment: 8 },
  uint64: { size: 8, alignment: 8 },
  double: { size: 8, alignment: 8 },
  nonce: { size: 32, alignment: 1 },
};

interface Field {
  /** The C name. */
  readonly name: string;
  readonly type: ControlFieldType;
  /** First and last PG_CONTROL_VERSION that has it; absent means all of 1002 to 1800. */
  readonly since?: number;
  readonly until?: number;
}

/** struct CheckPoint: a multiple of 8 long, beginning at a multiple of 8. */
const CHECKPOINT_FIELDS: readonly Field[] = [
  { name: 'redo', type: 'uint64' },
  { name: 'ThisTimeLineID', type: 'uint32' },
  { name: 'PrevTimeLineID', type: 'uint32' },
  { name: 'fullPageWrites', type: 'bool' },
  { name: 'checkpoint.wal_level', type: 'int32', since: 1800 },
  { name: 'nextXidEpoch', type: 'uint32', until: 1100 },
  { name: 'nextXid32', type: 'uint32', until: 1100 },
  { name: 'nextFullXid', type: 'uint64', since: 1201 },
  { name: 'nextOid', type: 'uint32' },
  { name: 'nextMulti', type: 'uint32' },
  { name: 'nextMultiOffset', type: 'uint32' },
  { name: 'oldestXid', type: 'uint32' },
  { name: 'oldestXidDB', type: 'uint32' },
  { name: 'oldestMulti', type: 'uint32' },
  { name: 'oldestMultiDB', type: 'uint32' },
  { name: 'checkpoint.time', type: 'int64' },
  { name: 'oldestCommitTsXid', type: 'uint32' },
  { name: 'newestCommitTsXid', type: 'uint32' },
  { name: 'oldestActiveXid', type: 'uint32' },
];

const BEFORE_CHECKPOINT: readonly Field[] = [
  { name: 'system_identifier', type: 'uint64' },
  { name: 'pg_control_version', type: 'uint32' },
  { name: 'catalog_version_no', type: 'uint32' },
  { name: 'state', type: 'int32' },
  { name: 'time', type: 'int64' },
  { name: 'checkPoint', type: 'uint64' },
  { name: 'prevCheckPoint', type: 'uint64', until: 1002 },
];

const AFTER_CHECKPOINT: readonly Field[] = [
  { name: 'unloggedLSN', type: 'uint64' },
  { name: 'minRecoveryPoint', type: 'uint64' },
  { name: 'minRecoveryPointTLI', type: 'uint32' },
  { name: 'backupStartPoint', type: 'uint64' },
  { name: 'backupEndPoint', type: 'uint64' },
  { name: 'backupEndRequired', type: 'bool' },
  { name: 'wal_level', type: 'int32' },
  { name: 'wal_log_hints', type: 'bool' },
  { name: 'MaxConnections', type: 'int32' },
  { name: 'max_worker_processes', type: 'int32' },
  { name: 'max_wal_senders', type: 'int32', since: 1201 },
  { name: 'max_prepared_xacts', type: 'int32' },
  { name: 'max_locks_per_xact', type: 'int32' },
  { name: 'track_commit_timestamp', type: 'bool' },
  { name: 'maxAlign', type: 'uint32' },
  { name: 'floatFormat', type: 'double' },
  { name: 'blcksz', type: 'uint32' },
  { name: 'relseg_size', type: 'uint32' },
  { name: 'xlog_blcksz', type: 'uint32' },
  { name: 'xlog_seg_size', type: 'uint32' },
  { name: 'nameDataLen', type: 'uint32' },
  { name: 'indexMaxKeys', type: 'uint32' },
  { name: 'toast_max_chunk_size', type: 'uint32' },
  { name: 'loblksize', type: 'uint32' },
  { name: 'float4ByVal', type: 'bool', until: 1201 },
  { name: 'float8ByVal', type: 'bool' },
  { name: 'data_checksum_version', type: 'uint32' },
  { name: 'default_char_signedness', type: 'bool', since: 1800 },
  { name: 'mock_authentication_nonce', type: 'nonce' },
  { name: 'crc', type: 'uint32' },
];

/** Where a field lies and how to read it. */
export interface ControlField {
  readonly offset: number;
  readonly type: ControlFieldType;
}

/** Fields by C name; the two that exist in both structs carry `checkpoint.` in front for the checkpoint's. */
export type ControlFileLayout = ReadonlyMap<string, ControlField>;

function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

function layOut(controlVersion: number): ControlFileLayout {
  const layout = new Map<string, ControlField>();
  let offset = 0;
  const place = (fields: readonly Field[]): void => {
    for (const { name, type, since = 0, until = Number.POSITIVE_INFINITY } of fields) {
      if (controlVersion < since || controlVersion > until) continue;
      const { size, alignment } = SIZES[type];
      offset = align(offset, alignment);
      layout.set(name, { offset, type });
      offset += size;
    }
  };
  place(BEFORE_CHECKPOINT);
  offset = align(offset, 8);
  place(CHECKPOINT_FIELDS);
  offset = align(offset, 8);
  place(AFTER_CHECKPOINT);
  return layout;
}

/** PG_CONTROL_VERSIONs of majors 10 to 18, each with its layout. */
export const CONTROL_FILE_LAYOUTS: ReadonlyMap<number, ControlFileLayout> = new Map(
  [1002, 1100, 1201, 1300, 1700, 1800].map((version) => [version, layOut(version)]),
);
