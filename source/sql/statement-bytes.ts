/** Statements of rows as bytes, one behind the other: those that can be had without a string for the row. */
import type { TextSink } from '../bytes/text-sink.js';
import { isOfTheValue, type RowDecoder } from '../rows/row-decoder.js';
import type { StoredRow } from '../rows/stored-row.js';
import { type RowBytes, rowBytes } from './row-bytes.js';

export const INSERT = 0;
export const UPDATE = 1;
export const DELETE = 2;

export class StatementBytes {
  #decoder: RowDecoder | undefined;
  #rows: RowBytes | undefined;

  /** Writes the statement that puts `to` in, takes it out, or makes it of `from`; false where it leaves no trace, as it has to be written otherwise. */
  write(sink: TextSink, kind: number, from: StoredRow, to: StoredRow): boolean {
    const { decoder } = to;
    if (decoder !== this.#decoder) {
      this.#rows = rowBytes(decoder);
      this.#decoder = decoder;
    }
    const rows = this.#rows;
    if (rows === undefined) return false;
    const mark = sink.length;
    try {
      const written =
        kind === INSERT
          ? rows.insert(sink, to)
          : kind === UPDATE
            ? rows.update(sink, from, to)
            : rows.delete(sink, to);
      if (!written) sink.length = mark;
      return written;
    } catch (error) {
      sink.length = mark;
      // The change itself tells what is wrong with its value.
      if (isOfTheValue(error)) return false;
      throw error;
    }
  }
}
