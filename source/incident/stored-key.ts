/** Keys of rows that lie in their tuples: their digests, without a string or an object for each. */
import { TextSink } from '../bytes/text-sink.js';
import type { ColumnTexts, RowDecoder } from '../rows/row-decoder.js';
import { NULL_VALUE } from '../rows/row-places.js';
import { areSameBytes, type StoredRow } from '../rows/stored-row.js';
import { KeyDigest } from './key-digest.js';
import { heldKey, type KeySet, LONGEST_KEY, NUMERIC } from './row-keys.js';

const NUL = 0;
const V = 0x56;
const N = 0x4e;
const ZERO = 0x30;
const POINT = 0x2e;

/** One key set of one version of a table. */
export class StoredKey {
  readonly #set: KeySet;
  readonly #space: number;
  readonly #append: readonly ColumnTexts['append'][];
  /** By column of the set: is 1.0 the same as 1.00? */
  readonly #isNumeric: readonly boolean[];
  readonly #text = new TextSink(256);
  readonly #digest = new KeyDigest();

  /** `space`: see KeyDigest. */
  constructor(decoder: RowDecoder, set: KeySet, space: number) {
    this.#set = set;
    this.#space = space;
    this.#append = set.columns.map((column) => decoder.textsOf(column).append);
    this.#isNumeric = set.columns.map((column) => decoder.table.columns[column].typeOid === NUMERIC);
  }

  /** The digest of what keyText() gives for the row's values. Good until the next one is asked for. Throws what values' output functions throw. */
  of(row: StoredRow): KeyDigest {
    const { columns } = this.#set;
    const text = this.#text;
    text.length = 0;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const start = row.starts[column];
      text.byte(NUL);
      text.byte(start === NULL_VALUE ? N : V);
      if (start === NULL_VALUE) continue;
      const from = text.length;
      this.#append[i](text, row.bytesOf(column), start, row.ends[column]);
      if (this.#isNumeric[i]) dropZeros(text, from);
    }
    const { bytes, length } = text;
    const digest = this.#digest;
    if (length > LONGEST_KEY || !digest.ofAscii(this.#space, bytes, length))
      digest.ofText(this.#space, heldKey(bytes.toString('utf8', 0, length)));
    return digest;
  }

  /** Have both rows the very same values in it? */
  isSame(a: StoredRow, b: StoredRow): boolean {
    const { columns } = this.#set;
    for (let i = 0; i < columns.length; i++) if (!areSameBytes(a, b, columns[i])) return false;
    return true;
  }

  /** See neverTaken() in row-keys.ts. */
  isNeverTaken(row: StoredRow): boolean {
    const { columns, nullsNotDistinct } = this.#set;
    if (nullsNotDistinct) return false;
    for (let i = 0; i < columns.length; i++) if (row.starts[columns[i]] === NULL_VALUE) return true;
    return false;
  }
}

/** Takes zeros behind the decimal point away, and the point itself, as keyText() does. */
function dropZeros(text: TextSink, from: number): void {
  const { bytes } = text;
  if (bytes.subarray(from, text.length).indexOf(POINT) < 0) return;
  let end = text.length;
  while (bytes[end - 1] === ZERO) end--;
  if (end < text.length && bytes[end - 1] === POINT) end--;
  text.length = end;
}
