/** Where the values of one row lie, by column. */

/** Stands in `starts` for SQL NULL. */
export const NULL_VALUE = -1;

/**
 * Where each column's datum begins and ends (without its varlena header, fetched and decompressed, as an output function wants it): what
 * locating a row in its tuple fills in.
 */
export interface RowPlaces {
  /** Where values lie that have no bytes of their own. */
  bytes: Buffer;
  /** By column: where its datum begins, or NULL_VALUE. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Values that lie elsewhere than in the tuple, by column: fetched, decompressed, or never stored. */
  readonly apart: (Buffer | undefined)[];
  hasApart: boolean;
}
