/** A row where it lies in its tuple's bytes. */
import type { RowDecoder } from './row-decoder.js';
import type { RowPlaces } from './row-places.js';

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
