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

/** Where chunk_data begins, in bytes behind the first value. */
export const CHUNK_DATA = 8;

/** The value that a chunk is of, whose values begin at `start`. */
export function chunkValueId(bytes: Buffer, start: number): number {
  return bytes.readUInt32LE(start);
}

/** Its position in the value, from 0. */
export function chunkSequence(bytes: Buffer, start: number): number {
  return bytes.readInt32LE(start + 4);
}

/** Are these the values of a chunk? chunk_data is a plain varlena of four bytes' header: neither packed nor compressed. */
export function isWholeChunk(bytes: Buffer, start: number, end: number): boolean {
  const data = start + CHUNK_DATA;
  return data + 4 <= end && bytes.readUInt32LE(data) === (end - data) * 4;
}

/** Reads a TOAST table's tuple. Throws CorruptDatumError when it is none. */
export function readToastChunk({ buffer, data, hoff, end }: FoundTuple): ToastChunk {
  const values = data + hoff - TUPLE_HEADER_SIZE;
  if (hoff < TUPLE_HEADER_SIZE || values + CHUNK_DATA + 1 > end)
    throw new CorruptDatumError('a TOAST chunk is shorter than its header');
  return {
    valueId: chunkValueId(buffer, values),
    sequence: chunkSequence(buffer, values),
    data: inlineVarlenaData(buffer, values + CHUNK_DATA, end),
  };
}
