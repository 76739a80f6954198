/** One row of a TOAST table: chunk_id oid, chunk_seq int4, chunk_data bytea (access/common/toast_internals.c). */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { inlineVarlenaData } from '../bytes/varlena.js';
import { TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import type { FoundTuple } from './found-tuple.js';

/** A chunk of a value. */
export interface ToastChunk {
  readonly valueId: number;
  /** Position in the value, from 0. */
  readonly sequence: number;
  readonly data: Buffer;
}

/** Reads a TOAST table's tuple. Throws CorruptDatumError when it is none. */
export function readToastChunk({ buffer, data, hoff, end }: FoundTuple): ToastChunk {
  const values = data + hoff - TUPLE_HEADER_SIZE;
  if (hoff < TUPLE_HEADER_SIZE || values + 9 > end)
    throw new CorruptDatumError('a TOAST chunk is shorter than its header');
  return {
    valueId: buffer.readUInt32LE(values),
    sequence: buffer.readInt32LE(values + 4),
    data: inlineVarlenaData(buffer, values + 8, end),
  };
}
