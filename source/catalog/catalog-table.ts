/** One catalog as it is asked: versions of its rows, decoded when somebody wants them. */
import { isDeepStrictEqual } from 'node:util';
import type { CatalogTableSpec, DecodeText } from './tables/spec.js';
import type { TupleReader } from './tuple-reader.js';
import type { VersionStore } from './versions/version-store.js';

/** One catalog: its row versions, and the rows they decode to. */
export class CatalogTable<Row> {
  readonly spec: CatalogTableSpec<Row>;
  readonly store: VersionStore;
  readonly #reader: TupleReader;
  readonly #text: DecodeText;
  readonly #rows = new Map<number, Row>();

  constructor(spec: CatalogTableSpec<Row>, reader: TupleReader, store: VersionStore, text: DecodeText) {
    this.spec = spec;
    this.store = store;
    this.#reader = reader;
    this.#text = text;
  }

  /** The row of a version: the same object whenever it is asked for. Undefined when its page can no longer be read. */
  row(version: number): Row | undefined {
    const known = this.#rows.get(version);
    if (known !== undefined) return known;
    if (!this.store.look(version)) return undefined;
    const row = this.spec.decode(this.#reader, this.#text);
    this.#rows.set(version, row);
    return row;
  }

  /**
   * A version's data changed in place. Returns whether that shows in its row; mostly it was a statistic, and the row stays the
   * object it was.
   */
  refresh(version: number): boolean {
    const known = this.#rows.get(version);
    if (known === undefined) return false;
    this.#rows.delete(version);
    if (!isDeepStrictEqual(this.row(version), known)) return true;
    this.#rows.set(version, known);
    return false;
  }
}
