/** Which lost transactions made or altered which definitions: rows of a table that was lost too stand on the one that made it. */
import type { CatalogChange, Table } from '../rows/row-change.js';
import { definitionKey } from './current-rows.js';

/** What lost transactions did to one definition, by their positions in commit order. */
interface Touched {
  /** Made it, or gave it this name. */
  readonly made: number[];
  readonly altered: number[];
}

/** Of so many transactions at most it is remembered what they did to the catalog, and of each so many statements. */
const MOST_DESCRIBED = 64 * 1024;
const MOST_DESCRIPTIONS = 4;

export class LostDefinitions {
  readonly #touched = new Map<string, Touched>();
  readonly #descriptions = new Map<number, string[]>();

  /** Remembers in a few words what the transaction at `index` did to the catalog; told again, nothing changes. */
  describe({ description }: CatalogChange, index: number): void {
    let known = this.#descriptions.get(index);
    if (!known) {
      if (this.#descriptions.size >= MOST_DESCRIBED) return;
      known = [];
      this.#descriptions.set(index, known);
    }
    if (known.length < MOST_DESCRIPTIONS && !known.includes(description)) known.push(description);
  }

  /** The first things it did to the catalog, `creates table public.orders`; undefined when nothing is known of that. */
  descriptions(index: number): readonly string[] | undefined {
    return this.#descriptions.get(index);
  }

  /** Notes DDL of the transaction at `index`; asked for again, nothing changes. */
  note(change: CatalogChange, index: number): void {
    const { subject, database = '' } = change;
    if (!subject) return;
    const { to = subject, effect, kind } = subject;
    const made = subject.to !== undefined || (effect === 'create' && kind !== 'column');
    const touched = this.#of(definitionKey(database, to));
    const list = made ? touched.made : touched.altered;
    if (list.at(-1) !== index && !list.includes(index)) list.push(index);
  }

  /** The last lost transaction up to `index` that made the definition of this name; undefined when none did. */
  maker(database: string, definition: Pick<Table, 'schema' | 'name'>, index: number): number | undefined {
    return this.#touched.get(definitionKey(database, definition))?.made.findLast((each) => each <= index);
  }

  /** The last one up to `index` that altered it otherwise. */
  alterer(database: string, definition: Pick<Table, 'schema' | 'name'>, index: number): number | undefined {
    return this.#touched.get(definitionKey(database, definition))?.altered.findLast((each) => each <= index);
  }

  #of(key: string): Touched {
    let touched = this.#touched.get(key);
    if (!touched) {
      touched = { made: [], altered: [] };
      this.#touched.set(key, touched);
    }
    return touched;
  }
}
