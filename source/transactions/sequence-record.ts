/** A sequence's new state (XLOG_SEQ_LOG: commands/sequence.h, xl_seq_rec followed by the sequence's whole tuple). */
import type { RecordCursor } from '../wal/record-cursor.js';

/** RelFileLocator. */
const LOCATOR_SIZE = 12;
/** t_hoff within HeapTupleHeaderData. */
const HOFF = 22;

/**
 * Reads last_value (int8, as text) and is_called: FormData_pg_sequence_data is last_value 8, log_cnt 8, is_called 1, without nulls.
 * The value runs ahead of what was handed out by up to 32 (SEQ_LOG_VALS), as it does after any crash.
 */
export function parseSequence(record: RecordCursor): {
  readonly lastValue: string;
  readonly isCalled: boolean;
} {
  const tuple = record.mainOffset + LOCATOR_SIZE;
  const data = tuple + record.view.getUint8(tuple + HOFF);
  return {
    lastValue: record.view.getBigInt64(data, true).toString(),
    isCalled: record.view.getUint8(data + 16) !== 0,
  };
}
