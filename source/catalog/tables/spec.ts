/**
 * What a catalog that is read from files is: by what its rows are looked up, and how a tuple becomes a row. Columns are found by name, so
 * what moved between majors needs no word here; what came or went reads as absent.
 */
import type { Oid } from '../model.js';
import type { TupleReader } from '../tuple-reader.js';

/** Turns a name's or label's bytes into text, in the database's encoding. */
export type DecodeText = (bytes: Uint8Array) => string;

/** One catalog. */
export interface CatalogTableSpec<Row> {
  readonly oid: Oid;
  /** The oid columns by which rows are looked up. */
  readonly keyColumns: readonly string[];
  /** Rows can be told without it: when its file is missing, only what it would add is not known (names of functions). */
  readonly optional?: true;
  /** Rows that are not even kept. */
  readonly wanted?: (reader: TupleReader) => boolean;
  /** Makes a row of the tuple that the reader looks at. */
  readonly decode: (reader: TupleReader, text: DecodeText) => Row;
}

/** typalign and attalign, in bytes. */
const ALIGNMENTS: Readonly<Record<string, 1 | 2 | 4 | 8>> = { c: 1, s: 2, i: 4, d: 8 };

/** attalign or typalign, in bytes. */
export function alignment(letter: string): 1 | 2 | 4 | 8 {
  return ALIGNMENTS[letter] ?? 1;
}

/** A text or pg_node_tree column. */
export function longText(reader: TupleReader, column: string, text: DecodeText): string | undefined {
  const bytes = reader.varlena(column);
  return bytes && text(bytes);
}

/** A text[] column without nulls; empty when it is null or absent. */
export function texts(reader: TupleReader, column: string, text: DecodeText): string[] {
  return reader.textArray(column).map(text);
}

/** What a privileges column holds, only to tell whether it changed. */
export function hexadecimal(reader: TupleReader, column: string): string {
  return reader.varlena(column)?.toString('hex') ?? '';
}
