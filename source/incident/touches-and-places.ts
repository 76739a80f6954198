/** What earlier lost transactions wrote: by key, and where keys need not be remembered by the places of rows. */
import type { RowChange } from '../rows/row-change.js';
import { keyOf } from './change-keys.js';
import type { CurrentRows } from './current-rows.js';
import type { LostTouches, Touch } from './lost-touches.js';
import { keysOf } from './row-keys.js';
import type { EarlierTouches } from './row-rules.js';
import type { JudgedBy } from './undisturbed.js';

/** How rows of the lost part go on from each other where that need not be found out by their keys. */
export interface RowPlaces {
  /** By what rows of the table of that name (see tableKey) are judged. */
  judgedBy(tableName: string): JudgedBy;
  /** See ToldVerdicts. */
  lastTaker(tableName: string): number;
  /** Did the update or delete at an LSN go on from a row of another lost transaction? */
  isOthers(lsn: number): boolean;
  /** Which one it was, if it can be told: one before `index`. */
  builtOn(lsn: number, index: number): number | undefined;
}

export const NO_PLACES: RowPlaces = {
  judgedBy: () => 'keys',
  lastTaker: () => Number.POSITIVE_INFINITY,
  isOthers: () => false,
  builtOn: () => undefined,
};

/** Earlier writes by key, and where keys need not be remembered those of the very row that a change met. */
export class TouchesAndPlaces implements EarlierTouches {
  readonly #touches: LostTouches;
  readonly #places: RowPlaces;
  readonly #current: CurrentRows;
  /** The earlier transaction is to be named. */
  readonly #named: boolean;

  constructor(touches: LostTouches, places: RowPlaces, current: CurrentRows, named: boolean) {
    this.#touches = touches;
    this.#places = places;
    this.#current = current;
    this.#named = named;
  }

  /** Is it remembered that the transaction at `index` wrote the key, `given`: by giving it up? */
  remembers(tableName: string, setName: string, key: string, given: boolean, index: number): boolean {
    switch (this.#places.judgedBy(tableName)) {
      case 'plain':
        return false;
      case 'placed':
        if (given && index < this.#places.lastTaker(tableName)) return true;
        return this.#isWritten(tableName, setName, key);
      default:
        return true;
    }
  }

  #isWritten(tableName: string, setName: string, key: string): boolean {
    return this.#current.isWritten?.(tableName, setName, key) ?? true;
  }

  space(tableName: string, setName: string): number {
    return this.#touches.space(tableName, setName);
  }

  before(
    tableName: string,
    setName: string,
    key: string,
    index: number,
    change: RowChange | undefined,
  ): Touch | undefined {
    if (change && change.operation !== 'insert' && this.#places.judgedBy(tableName) !== 'keys') {
      const { identity } = keysOf(change.table);
      const isItsOwn =
        setName === identity.name && keyOf(change.table, identity, change.before)?.text === key;
      if (isItsOwn && !this.#isWritten(tableName, setName, key)) {
        if (!this.#places.isOthers(change.lsn)) return undefined;
        const earlier = this.#named ? this.#places.builtOn(change.lsn, index) : UNNAMED;
        return earlier === undefined ? undefined : { index: earlier, intact: true };
      }
    }
    return this.#touches.before(tableName, setName, key, index);
  }

  writerOf({ operation, lsn }: RowChange, index: number): number | undefined {
    return operation !== 'insert' && this.#places.isOthers(lsn)
      ? this.#places.builtOn(lsn, index)
      : undefined;
  }

  remembersAll(tableName: string, index: number): boolean {
    return this.#places.judgedBy(tableName) === 'plain' || this.#touches.remembersAll(tableName, index);
  }

  untoldBefore(tableName: string, setName: string, index: number): number | undefined {
    if (this.#places.judgedBy(tableName) === 'plain') return undefined;
    return this.#touches.untoldBefore(tableName, setName, index);
  }
}

/** Some earlier lost transaction. */
const UNNAMED = -1;
