/**
 * Updates that were stored as the difference from their old row (log_heap_update() in heapam.c): the bytes that both rows share at their
 * ends are left out of the record.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { HeaderlessTuple } from '../heap/deform.js';
import { Infomask2, TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import type { LoggedTuple } from '../wal/heap-record.js';
import type { TupleRemoval } from '../wal/tuple-removal.js';
import type { FoundTuple } from './found-tuple.js';
import type { TuplePlaceInRelation, TupleWriting } from './past-tuples.js';

/** An update's new tuple as its record has it, in bytes of its own. */
export interface Difference {
  /** What the record holds: null bitmap and padding up to t_hoff, then the columns' bytes between prefix and suffix. */
  readonly bytes: Buffer;
  /** Offsets are in `bytes`. */
  readonly logged: LoggedTuple;
}

/** One update of a chain, stored as the difference from the row before. */
export interface Step extends Difference {
  readonly lsn: Lsn;
  /** Where its new tuple came to stand, by which record, and what took it away. */
  readonly place: TuplePlaceInRelation;
  readonly writing: TupleWriting;
  readonly removed: TupleRemoval;
}

/** The difference that `logged`, which lies in `buffer`, is; copied. */
export function differenceOf(buffer: Buffer, logged: LoggedTuple): Difference {
  const bytes = Buffer.from(buffer.subarray(logged.data, logged.end));
  return { bytes, logged: { ...logged, data: 0, end: bytes.length } };
}

/** Bytes of the new tuple behind its fixed header; -1 when `old` has fewer than the update says that it shares with it. */
export function lengthAfter(old: HeaderlessTuple, logged: LoggedTuple): number {
  const { hoff, data, end, prefix, suffix } = logged;
  const bitmapLength = hoff - TUPLE_HEADER_SIZE;
  const shared = old.end - (old.data + old.hoff - TUPLE_HEADER_SIZE);
  const isPossible = bitmapLength >= 0 && bitmapLength <= end - data && prefix <= shared && suffix <= shared;
  return isPossible ? end - data + prefix + suffix : -1;
}

/**
 * Puts the new tuple together at `at` of `target`: bitmap and padding from the record, then the old row's prefix, the record's middle, the
 * old row's suffix (heap_xlog_update()). `logged` lies in `bytes`.
 */
export function applyDifference(
  old: FoundTuple,
  bytes: Buffer,
  logged: LoggedTuple,
  target: Buffer,
  at: number,
): void {
  const { hoff, data, end, prefix, suffix } = logged;
  const middle = data + hoff - TUPLE_HEADER_SIZE;
  const shared = old.data + old.hoff - TUPLE_HEADER_SIZE;
  let to = copyBytes(target, at, bytes, data, middle);
  to = copyBytes(target, to, old.buffer, shared, shared + prefix);
  to = copyBytes(target, to, bytes, middle, end);
  copyBytes(target, to, old.buffer, old.end - suffix, old.end);
}

/** Is the whole tuple what its update's record says of it? */
export function fits(tuple: Buffer, bytes: Buffer, logged: LoggedTuple): boolean {
  const { infomask2, hoff, data, end, prefix, suffix } = logged;
  const afterBitmap = data + hoff - TUPLE_HEADER_SIZE;
  return (
    tuple[22] === hoff &&
    tuple.length === TUPLE_HEADER_SIZE + end - data + prefix + suffix &&
    (tuple.readUInt16LE(18) & Infomask2.attributeCountMask) === (infomask2 & Infomask2.attributeCountMask) &&
    tuple.subarray(TUPLE_HEADER_SIZE, hoff).equals(bytes.subarray(data, afterBitmap)) &&
    tuple.subarray(hoff + prefix, tuple.length - suffix).equals(bytes.subarray(afterBitmap, end))
  );
}

/** Copies up to this size are done byte by byte: calling into the engine costs more. */
const SHORT_COPY = 40;

/** Copies source[start, end) to `at` of `target`; where the copy ends there. */
export function copyBytes(target: Buffer, at: number, source: Buffer, start: number, end: number): number {
  if (end - start > SHORT_COPY) source.copy(target, at, start, end);
  else for (let from = start, to = at; from < end; from++, to++) target[to] = source[from];
  return at + end - start;
}
