/** A row where it lies in its tuple's bytes. */
import type { RowDecoder } from './row-decoder.js';
import { NULL_VALUE, type RowPlaces } from './row-places.js';

/** Longer values than this are compared by the engine. */
const SHORT_VALUE = 32;

const NOTHING = Buffer.alloc(0);

/**
 * One row of one version of a table, where its values lie. Used again for the next row. Every value is there: a row with one that is
 * unknown never gets here.
 */
export class StoredRow implements RowPlaces {
  /** Of what the row is: its table, and how its columns are read. */
  readonly decoder: RowDecoder;
  bytes: Buffer = NOTHING;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly apart: (Buffer | undefined)[];
  hasApart = false;

  constructor(decoder: RowDecoder) {
    this.decoder = decoder;
    const count = decoder.table.columns.length;
    this.starts = new Int32Array(count);
    this.ends = new Int32Array(count);
    this.apart = new Array(count).fill(undefined);
  }

  /** The bytes that a column's `starts` and `ends` are places in. */
  bytesOf(column: number): Buffer {
    return this.hasApart ? (this.apart[column] ?? this.bytes) : this.bytes;
  }
}

/** Has the column the very same value in both? They are rows of one table. */
export function areSameBytes(a: StoredRow, b: StoredRow, column: number): boolean {
  const startA = a.starts[column];
  const startB = b.starts[column];
  if (startA === NULL_VALUE || startB === NULL_VALUE) return startA === startB;
  const size = a.ends[column] - startA;
  if (size !== b.ends[column] - startB) return false;
  const bytesA = a.bytesOf(column);
  const bytesB = b.bytesOf(column);
  if (size > SHORT_VALUE) return bytesA.compare(bytesB, startB, startB + size, startA, startA + size) === 0;
  for (let i = 0; i < size; i++) if (bytesA[startA + i] !== bytesB[startB + i]) return false;
  return true;
}
