/** One row of a TOAST table: chunk_id oid, chunk_seq int4, chunk_data bytea (access/common/toast_internals.c). */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { inlineVarlenaData } from '../bytes/varlena.js';
import { TUPLE_HEADER_SIZE } from '../heap/tuple.js';

/** A chunk of a value. */
export interface ToastChunk {
  readonly valueId: number;
  /** Position in the value, from 0. */
  readonly sequence: number;
  readonly data: Buffer;
}

/** Reads a TOAST table's whole tuple. Throws CorruptDatumError when it is none. */
export function readToastChunk(tuple: Buffer): ToastChunk {
  const data = tuple[22];
  if (data < TUPLE_HEADER_SIZE || data + 9 > tuple.length)
    throw new CorruptDatumError('a TOAST chunk is shorter than its header');
  return {
    valueId: tuple.readUInt32LE(data),
    sequence: tuple.readInt32LE(data + 4),
    data: inlineVarlenaData(tuple, data + 8, tuple.length),
  };
}
