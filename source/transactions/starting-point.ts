/**
 * Where to begin reading so that everything committed after a given LSN can be told whole: at a checkpoint's redo pointer, from
 * which on every page's first change carries its image (or, with full_page_writes off, as far back as WAL goes), and before which
 * every transaction then running had not yet begun.
 */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { xidAfter, xidPrecedes } from '../heap/tuple.js';
import { type CheckpointRecord, isCheckpoint, parseCheckpoint } from '../wal/checkpoint-record.js';
import { WalReader } from '../wal/reader.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { recordVersion } from '../wal/record-versions.js';
import { ResourceManager, StandbyOperation, TransactionOperation } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { parseTransactionEnd } from '../wal/transaction-record.js';

/** How much WAL is searched at a time: some milliseconds' worth. */
const BYTES_BETWEEN_PAUSES = 1024 * 1024;

/** Where reading begins, and what the transaction ids meant there. */
export interface StartingPoint {
  readonly startLsn: Lsn;
  /** The checkpoint it belongs to; undefined when the WAL that is there holds none before the wanted LSN. */
  readonly checkpoint: CheckpointRecord | undefined;
  /** The last checkpoint before the wanted LSN: where pg_rewind would begin. Reading begins earlier when a transaction needs it. */
  readonly lastCheckpoint: CheckpointRecord | undefined;
  /** Transaction ids from here on had not been given out. */
  readonly nextXid: number;
  /** Those below that had not ended. */
  readonly runningXids: ReadonlySet<number>;
  /** Set when something that began before the starting point may commit after the wanted LSN: what would help. */
  readonly shortfall?: string;
}

/** Finds the starting point for everything that commits after `wanted`. Undefined when there is no WAL at `wanted` at all. */
export function findStartingPoint(
  segments: WalSegments,
  wanted: Lsn,
  blockSize: number,
): StartingPoint | undefined {
  const search = searchStartingPoint(segments, wanted, blockSize);
  for (;;) {
    const { done, value } = search.next();
    if (done) return value;
  }
}

/** The same in slices, for who has something else to do meanwhile: gives the bytes read so far, every few milliseconds. */
export function* searchStartingPoint(
  segments: WalSegments,
  wanted: Lsn,
  blockSize: number,
): Generator<number, StartingPoint | undefined> {
  const reader = new WalReader(segments, { blockSize });
  try {
    const { checkpoints, first } = yield* checkpointsBefore(reader, wanted);
    const nearest = checkpoints[0];
    if (nearest === undefined) {
      if (first === undefined) return undefined;
      const snapshot = snapshotAt(reader, first);
      const shortfall = `the WAL that is there begins at ${formatLsn(first)} and holds no checkpoint before ${formatLsn(wanted)}: old rows that were last written earlier cannot be rebuilt, and transactions that began earlier may be incomplete; add the segments before it`;
      return { startLsn: first, checkpoint: undefined, lastCheckpoint: undefined, ...snapshot, shortfall };
    }
    const reaches = checkpoints.find((each) => !xidPrecedes(nearest.oldestActiveXid, each.nextXid));
    // Without images a row is only told by the record that wrote it, so everything there is will be read.
    const oldest = checkpoints[checkpoints.length - 1];
    const chosen = nearest.fullPageWrites ? (reaches ?? oldest) : oldest;
    const runningXids = chosen.shutdown ? new Set<number>() : snapshotAt(reader, chosen.redoLsn).runningXids;
    const shortfall = reaches
      ? undefined
      : `transaction ${nearest.oldestActiveXid} was running at the checkpoint before ${formatLsn(wanted)} and may have begun before the WAL that is there (${formatLsn(chosen.redoLsn)}): add the segments before it`;
    return {
      startLsn: chosen.redoLsn,
      checkpoint: chosen,
      lastCheckpoint: nearest,
      nextXid: chosen.nextXid,
      runningXids,
      shortfall,
    };
  } finally {
    reader.closeFile();
  }
}

/**
 * Checkpoints before `wanted` whose redo pointer can be read, newest first, as far back as is needed to reach one that was taken before
 * the oldest transaction of the newest began (or as WAL goes); and the first record seen.
 */
function* checkpointsBefore(
  reader: WalReader,
  wanted: Lsn,
): Generator<number, { checkpoints: CheckpointRecord[]; first: Lsn | undefined }> {
  const { segments } = reader;
  const version = recordVersion(segments.majorVersion);
  const { segmentSize } = segments;
  const checkpoints: CheckpointRecord[] = [];
  let first: Lsn | undefined;
  const canRead = (lsn: Lsn) => !('missing' in segments.at(lsn));
  for (let start = wanted - (wanted % segmentSize); start >= 0; start -= segmentSize) {
    if (!canRead(start)) break;
    const found: CheckpointRecord[] = [];
    if (!reader.seekFirstRecord(start)) break;
    first = reader.position;
    const end = Math.min(start + segmentSize, wanted);
    let paused = reader.position;
    while (reader.position < end && reader.next()) {
      if (isCheckpoint(reader)) found.push(parseCheckpoint(reader, version));
      if (reader.position - paused < BYTES_BETWEEN_PAUSES) continue;
      paused = reader.position;
      yield reader.bytesRead;
    }
    checkpoints.push(...found.reverse());
    const usable = checkpoints.filter((each) => canRead(each.redoLsn));
    const nearest = usable[0];
    if (nearest?.fullPageWrites && usable.some((each) => !xidPrecedes(nearest.oldestActiveXid, each.nextXid)))
      break;
  }
  return { checkpoints: checkpoints.filter((each) => canRead(each.redoLsn)), first };
}

/**
 * A transaction id that had not been given out at `lsn`, as `segments` tell: the first that is met behind it. Undefined when there is none.
 * Asked of the new primary's WAL at the fork it divides those who may have begun before the fork from those who cannot.
 */
export function xidNotGivenOutAt(segments: WalSegments, lsn: Lsn, blockSize: number): number | undefined {
  const reader = new WalReader(segments, { blockSize });
  const version = recordVersion(segments.majorVersion);
  try {
    reader.seek(lsn);
    while (reader.next()) {
      if (reader.xid !== 0) return reader.xid;
      if (isCheckpoint(reader)) return parseCheckpoint(reader, version).nextXid;
      if (isRunningTransactions(reader)) return reader.view.getUint32(reader.mainOffset + 12, true);
    }
    return undefined;
  } finally {
    reader.closeFile();
  }
}

function isRunningTransactions(record: RecordCursor): boolean {
  return (
    record.rmid === ResourceManager.standby && (record.info & 0xf0) === StandbyOperation.runningTransactions
  );
}

/** Walks from `start` to the first record of running transactions: those, and every one that wrote or ended on the way. */
function snapshotAt(reader: WalReader, start: Lsn): { nextXid: number; runningXids: Set<number> } {
  const runningXids = new Set<number>();
  const version = recordVersion(reader.segments.majorVersion);
  let highest = 0;
  reader.seek(start);
  while (reader.next()) {
    const { view, mainOffset } = reader;
    if (isRunningTransactions(reader)) {
      // xl_running_xacts: xcnt, subxcnt, subxid_overflow, nextXid, oldestRunningXid, latestCompletedXid, xids.
      const count = view.getUint32(mainOffset, true) + view.getUint32(mainOffset + 4, true);
      for (let i = 0; i < count; i++) runningXids.add(view.getUint32(mainOffset + 24 + i * 4, true));
      return { nextXid: view.getUint32(mainOffset + 12, true), runningXids };
    }
    if (reader.xid !== 0) {
      runningXids.add(reader.xid);
      if (highest === 0 || xidPrecedes(highest, reader.xid)) highest = reader.xid;
    }
    if (
      reader.rmid === ResourceManager.transaction &&
      (reader.info & TransactionOperation.mask) <= TransactionOperation.abortPrepared
    ) {
      if ((reader.info & TransactionOperation.mask) === TransactionOperation.prepare) continue;
      const end = parseTransactionEnd(reader, version);
      runningXids.add(end.xid);
      for (const xid of end.subxids) runningXids.add(xid);
    }
  }
  return { nextXid: xidAfter(highest), runningXids };
}
