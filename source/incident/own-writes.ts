/** What one lost transaction has written so far: its own later changes go on from there, and other transactions after it. */
import type { RowChange, Table } from '../rows/row-change.js';
import { type Key, kept, keyOf } from './change-keys.js';
import type { LostTouches } from './lost-touches.js';
import type { RowVerdict } from './model.js';
import { type KeySet, keysOf, neverTaken, tableKey } from './row-keys.js';

/** Where a chain of changes stands. */
export interface Link {
  /** The verdict of the chain so far: its first change's, unless a later one ran into something worse. */
  readonly verdict: RowVerdict;
  /** See Touch. */
  readonly intact: boolean;
}

interface KeyLink extends Link {
  readonly tableName: string;
  readonly setName: string;
  readonly key: string;
}

function linkName(tableName: string, set: KeySet, key: Key): string {
  return `${tableName}\0${set.name}\0${key.text}`;
}

/** The writes of one transaction. */
export class OwnWrites {
  readonly #links = new Map<string, KeyLink>();
  readonly #emptied = new Map<string, Link>();
  readonly #untold = new Set<string>();
  readonly #freed: { readonly tableName: string; readonly setName: string }[] = [];

  /** What it did last under a key, if it wrote it. */
  link(table: Table, set: KeySet, key: Key): Link | undefined {
    return this.#links.get(linkName(tableKey(table), set, key));
  }

  /** Its TRUNCATE of the table, if there was one. */
  emptied(table: Table): Link | undefined {
    return this.#emptied.get(tableKey(table));
  }

  noteTruncate(table: Table, link: Link): void {
    this.#emptied.set(tableKey(table), link);
  }

  /** Notes which keys a change gave up and took; `oldIntact` and `newIntact` are about the two (see Touch). */
  note(change: RowChange, verdict: RowVerdict, oldIntact: boolean, newIntact: boolean): void {
    const { table, operation } = change;
    const tableName = tableKey(table);
    const { identity, others } = keysOf(table);
    const note = (set: KeySet, key: Key, intact: boolean): void => {
      const link = { tableName, setName: set.name, key: key.text, verdict, intact };
      this.#links.set(linkName(tableName, set, key), link);
    };
    const old = operation === 'insert' ? undefined : keyOf(table, identity, change.before);
    const fresh = operation === 'delete' ? undefined : keyOf(table, identity, change.after);
    if ((operation !== 'insert' && !old) || (operation !== 'delete' && !fresh)) this.#untold.add(tableName);
    // Of equal rows in a table without key, taking one away leaves the others as they were.
    if (old && !identity.wholeRow) note(identity, old, oldIntact);
    if (fresh) note(identity, fresh, newIntact);
    for (const set of others) {
      if (operation === 'update' && kept(change, set)) continue;
      const left = operation === 'insert' ? undefined : keyOf(table, set, change.before);
      if (left && !neverTaken(set, left.values)) note(set, left, oldIntact);
      else if (!left && operation !== 'insert') this.#freed.push({ tableName, setName: set.name });
      const taken = operation === 'delete' ? undefined : keyOf(table, set, change.after);
      if (taken && !neverTaken(set, taken.values)) note(set, taken, newIntact);
    }
  }

  /** Hands everything to those who remember it for later transactions. */
  record(touches: LostTouches, index: number): void {
    for (const [tableName, { intact }] of this.#emptied) touches.recordTruncate(tableName, { index, intact });
    for (const { tableName, setName, key, intact } of this.#links.values()) {
      touches.record(tableName, setName, key, { index, intact });
    }
    for (const tableName of this.#untold) touches.recordUntold(tableName, index);
    for (const { tableName, setName } of this.#freed) touches.recordFreed(tableName, setName, index);
  }
}
