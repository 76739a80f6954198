/** A row where it lies in its tuple's bytes. */
import type { RowDecoder } from './row-decoder.js';

/** Stands in `starts` for SQL NULL. */
export const NULL_VALUE = -1;

const NOTHING = Buffer.alloc(0);

/**
 * One row of one version of a table: where each column's datum begins and ends (without its varlena header, fetched and decompressed, as
 * an output function wants it). Used again for the next row. Every value is there: a row with one that is unknown never gets here.
 */
export class StoredRow {
  /** Of what the row is: its table, and how its columns are read. */
  readonly decoder: RowDecoder;
  /** Where values lie that have no bytes of their own. */
  bytes: Buffer = NOTHING;
  /** By column: where its datum begins, or NULL_VALUE. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Values that lie elsewhere than in the tuple, by column: fetched, decompressed, or never stored. */
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
