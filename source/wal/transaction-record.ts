/**
 * Commit, abort and prepare records: who ended, with which children, when.
 *
 * Layout: access/xact.h; optional parts in the order of ParseCommitRecord() and ParseAbortRecord() (xactdesc.c).
 */
import type { Lsn } from '../bytes/lsn.js';
import { readTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import type { RecordCursor } from './record-cursor.js';
import type { RecordVersion } from './record-versions.js';
import { TransactionOperation } from './resource-managers.js';

/** XACT_XINFO_HAS_*: which optional parts follow. */
const Part = {
  database: 1 << 0,
  subtransactions: 1 << 1,
  relations: 1 << 2,
  invalidations: 1 << 3,
  twoPhase: 1 << 4,
  origin: 1 << 5,
  gid: 1 << 7,
  droppedStatistics: 1 << 8,
} as const;

/** Where a replicated transaction came from: xl_xact_origin, and the origin's number from the record's header. */
export interface RecordedOrigin {
  /** roident of pg_replication_origin. */
  readonly id: number;
  /** Where its commit was on the server it came from, 0 when that was not said. */
  readonly lsn: Lsn;
  /** When it was committed there, 0 when that was not said. */
  readonly time: TimestampMicros;
}

/** What a commit, abort, commit prepared or abort prepared record says. */
export interface TransactionEnd {
  /** Top-level xid: the record's own, or that of the prepared transaction it resolves. */
  readonly xid: number;
  readonly committed: boolean;
  /** xact_time. */
  readonly time: TimestampMicros;
  readonly subxids: readonly number[];
  /** Database it ran in, 0 when the record does not say. */
  readonly databaseOid: number;
  /** Global identifier, when it resolves a prepared transaction and the record carries it (11 and later). */
  readonly gid?: string;
  readonly twoPhase: boolean;
  /** Undefined when it was written here, and not replicated from elsewhere. */
  readonly origin?: RecordedOrigin;
  /** It carries invalidation messages: it changed the catalog. */
  readonly invalidates: boolean;
}

const NO_XIDS: readonly number[] = [];

/** What a record says, for another one to be read into. */
type TransactionEndToFill = { -readonly [Key in keyof TransactionEnd]: TransactionEnd[Key] };

/** For parseTransactionEnd() to fill, again and again: whoever reads them by the million makes no object for each. */
export function createTransactionEnd(): TransactionEndToFill {
  return {
    xid: 0,
    committed: false,
    time: 0,
    subxids: NO_XIDS,
    databaseOid: 0,
    gid: undefined,
    twoPhase: false,
    origin: undefined,
    invalidates: false,
  };
}

/** Reads the record under the cursor, into `said`. Throws RangeError when it runs beyond its own end. */
export function parseTransactionEnd(
  record: RecordCursor,
  version: RecordVersion,
  said: TransactionEndToFill = createTransactionEnd(),
): TransactionEnd {
  const { view, mainOffset } = record;
  const end = mainOffset + record.mainLength;
  const operation = record.info & TransactionOperation.mask;
  const committed =
    operation === TransactionOperation.commit || operation === TransactionOperation.commitPrepared;
  const time = readTimestamp(view, mainOffset);
  let at = mainOffset + 8;
  let parts = 0;
  if ((record.info & TransactionOperation.hasInfo) !== 0) {
    parts = view.getUint32(at, true);
    at += 4;
  }
  let databaseOid = 0;
  if (parts & Part.database) {
    databaseOid = view.getUint32(at, true);
    at += 8;
  }
  let subxids = NO_XIDS;
  if (parts & Part.subtransactions) {
    const count = view.getUint32(at, true);
    at += 4;
    if (at + count * 4 > end) throw new RangeError(`transaction record claims ${count} subtransactions`);
    const from = at;
    subxids = Array.from({ length: count }, (_, i) => view.getUint32(from + i * 4, true));
    at += count * 4;
  }
  if (parts & Part.relations) at += 4 + view.getUint32(at, true) * 12;
  if (parts & Part.droppedStatistics) at += 4 + view.getUint32(at, true) * version.droppedStatsItemSize;
  if (committed && parts & Part.invalidations) at += 4 + view.getUint32(at, true) * 16;
  let xid = record.xid;
  let gid: string | undefined;
  if (parts & Part.twoPhase) {
    xid = view.getUint32(at, true);
    at += 4;
    if (parts & Part.gid) {
      const zero = record.buffer.indexOf(0, at);
      if (zero < 0 || zero >= end)
        throw new RangeError('transaction record holds an endless global identifier');
      gid = record.buffer.toString('utf8', at, zero);
      at = zero + 1;
    }
  }
  let origin: RecordedOrigin | undefined;
  if (parts & Part.origin) {
    if (at + ORIGIN_SIZE <= end) origin = readOrigin(record, at);
    at += ORIGIN_SIZE;
  }
  if (at > end) throw new RangeError('transaction record runs beyond its end');
  said.xid = xid;
  said.committed = committed;
  said.time = time;
  said.subxids = subxids;
  said.databaseOid = databaseOid;
  said.gid = gid;
  said.twoPhase = (parts & Part.twoPhase) !== 0;
  said.origin = origin;
  said.invalidates = (parts & Part.invalidations) !== 0;
  return said;
}

/** sizeof(xl_xact_origin): origin_lsn 8, origin_timestamp 8. */
const ORIGIN_SIZE = 16;

function readOrigin({ view, origin }: RecordCursor, at: number): RecordedOrigin {
  const lsn = view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
  // No time is 0, which is what 2000-01-01 is: nothing was replicated then.
  return { id: origin, lsn, time: readTimestamp(view, at + 8) };
}

/** What XLOG_XACT_PREPARE says. */
export interface PreparedTransaction {
  readonly xid: number;
  readonly databaseOid: number;
  /** prepared_at. */
  readonly time: TimestampMicros;
  readonly gid: string;
  readonly subxids: readonly number[];
  /** Undefined when it was written here; 10 does not say where else. */
  readonly origin?: RecordedOrigin;
}

/**
 * Reads a prepare record: xl_xact_prepare (TwoPhaseFileHeader in twophase.c until 11 and by that name since): magic 4, total_len 4,
 * xid 4, database 4, prepared_at 8, owner 4, nsubxacts 4, ncommitrels 4, nabortrels 4, then (15) ncommitstats, nabortstats; ninvalmsgs 4,
 * initfileinval 1, gidlen 2; the header is MAXALIGNed, the gid follows, MAXALIGNed, then the subxids.
 */
export function parsePrepare(record: RecordCursor, version: RecordVersion): PreparedTransaction {
  const { view, mainOffset } = record;
  const end = mainOffset + record.mainLength;
  const subxidCount = view.getUint32(mainOffset + 28, true);
  const statsBytes = version.droppedStatsItemSize > 0 ? 8 : 0;
  // 40: after ncommitrels (32) and nabortrels (36), and the statistics counts where there are any.
  const gidLengthAt = mainOffset + 40 + statsBytes + 4 + 2;
  const gidLength = view.getUint16(gidLengthAt, true);
  // origin_lsn and origin_timestamp (11 and later) follow gidlen, aligned to eight.
  const headerSize = alignTo8(gidLengthAt + 2 - mainOffset) + version.prepareOriginSize;
  const gidAt = mainOffset + headerSize;
  if (gidLength === 0 || gidAt + gidLength > end)
    throw new RangeError('prepare record holds no global identifier');
  const subxids: number[] = [];
  let at = gidAt + alignTo8(gidLength);
  if (at + subxidCount * 4 > end)
    throw new RangeError(`prepare record claims ${subxidCount} subtransactions`);
  for (let i = 0; i < subxidCount; i++, at += 4) subxids.push(view.getUint32(at, true));
  return {
    xid: view.getUint32(mainOffset + 8, true),
    databaseOid: view.getUint32(mainOffset + 12, true),
    time: readTimestamp(view, mainOffset + 16),
    gid: record.buffer.toString('utf8', gidAt, gidAt + gidLength - 1),
    subxids,
    ...(record.origin !== 0 &&
      version.prepareOriginSize > 0 && { origin: readOrigin(record, gidAt - version.prepareOriginSize) }),
  };
}

function alignTo8(size: number): number {
  return Math.ceil(size / 8) * 8;
}
