/** What one lost transaction has written so far: its own later changes go on from there, and other transactions after it. */
import type { RowChange, Table } from '../rows/row-change.js';
import { type Key, kept, keyOf } from './change-keys.js';
import { KeyDigest } from './key-digest.js';
import type { KeyFile } from './key-run.js';
import type { LostTouches } from './lost-touches.js';
import { type RowVerdict, VERDICTS, type Verdict } from './model.js';
import { type KeySet, keysOf, neverTaken, tableKey } from './row-keys.js';
import { SpilledKeys } from './spilled-keys.js';

/** Where a chain of changes stands. */
export interface Link {
  /** The verdict of the chain so far: its first change's, unless a later one ran into something worse. */
  readonly verdict: RowVerdict;
  /** See Touch. */
  readonly intact: boolean;
  /** The key was given up, and not taken again. */
  readonly given?: boolean;
}

/** Is it to be remembered for later transactions that the one at `index` wrote this key, `given`: gave it up? */
export type RemembersKey = (
  tableName: string,
  setName: string,
  key: string,
  given: boolean,
  index: number,
) => boolean;

/** Links kept with their own words; beyond, they share a few and are found by digests: a transaction may write millions of rows. */
const MOST_WORDED = 10_000;

/** How a link beyond is written down: the verdict's place in VERDICTS, what is true of it, and of which keys it is, in one number. */
const VERDICT = 15;
const INTACT = 16;
const GIVEN = 32;
const REMEMBERED = 64;
const SET = 128;

/** Keys of one set of one table. */
interface NamedSet {
  readonly tableName: string;
  /** See LostTouches.space(). */
  readonly space: number;
  readonly code: number;
}

/** What many links are written to. */
export interface LinkStore {
  /** See LostTouches.space(). */
  readonly space: (tableName: string, setName: string) => number;
  /** The position in commit order of the transaction. */
  readonly index: number;
  readonly remembers: RemembersKey;
  /** Without it all are in memory. */
  readonly file: KeyFile | undefined;
}

const NONE: ReadonlyMap<string, never> = new Map<string, never>();

/** The writes of one transaction. What few transactions need is made when they do. */
export class OwnWrites {
  readonly #store: LinkStore;
  /** By table and key set, under the key: the first ones. */
  readonly #links = new Map<string, Map<string, Map<string, Link>>>();
  #linkCount = 0;
  #wordless: Map<string, Link> | undefined;
  #emptied: Map<string, Link> | undefined;
  #untold: Set<string> | undefined;
  /** Key sets by table of which a key was given up that is not known. */
  #freed: Map<string, Set<string>> | undefined;

  /** Links beyond the first, coded. */
  #beyond: SpilledKeys | undefined;
  #digest: KeyDigest | undefined;
  readonly #sets: NamedSet[] = [];
  #isFull = false;

  constructor(store: LinkStore) {
    this.#store = store;
  }

  /** How often a key was noted; infinity when there is no room for more. */
  get noted(): number {
    return this.#isFull ? Number.POSITIVE_INFINITY : this.#linkCount;
  }

  /** What it did last under a key, if it wrote it. */
  link(table: Table, set: KeySet, key: Key): Link | undefined {
    const tableName = tableKey(table);
    const found = this.#links.get(tableName)?.get(set.name)?.get(key.text);
    if (found !== undefined || this.#beyond === undefined) return found;
    const code = this.#beyond.get(this.#digestOf(this.#setOf(tableName, set.name), key.text));
    if (code === undefined) return undefined;
    const verdict = VERDICTS[code & VERDICT];
    return this.#wordlessLink(verdict, (code & INTACT) !== 0, (code & GIVEN) !== 0);
  }

  /** Its TRUNCATE of the table, if there was one. */
  emptied(table: Table): Link | undefined {
    return this.#emptied?.get(tableKey(table));
  }

  noteTruncate(table: Table, link: Link): void {
    this.#emptied ??= new Map();
    this.#emptied.set(tableKey(table), link);
  }

  /** Notes which keys a change gave up and took; `oldIntact` and `newIntact` are about the two (see Touch). */
  note(change: RowChange, verdict: RowVerdict, oldIntact: boolean, newIntact: boolean): void {
    const { table, operation } = change;
    const tableName = tableKey(table);
    const { identity, others } = keysOf(table);
    const note = (set: KeySet, key: Key, intact: boolean, given: boolean): void => {
      if (++this.#linkCount > MOST_WORDED)
        this.#noteBeyond(tableName, set.name, key.text, verdict, intact, given);
      else under(under(this.#links, tableName), set.name).set(key.text, { verdict, intact, given });
    };
    const old = operation === 'insert' ? undefined : keyOf(table, identity, change.before);
    const fresh = operation === 'delete' ? undefined : keyOf(table, identity, change.after);
    if ((operation !== 'insert' && !old) || (operation !== 'delete' && !fresh)) {
      this.#untold ??= new Set();
      this.#untold.add(tableName);
    }
    // Of equal rows in a table without key, taking one away leaves the others as they were.
    if (old && !identity.wholeRow) note(identity, old, oldIntact, true);
    if (fresh) note(identity, fresh, newIntact, false);
    for (const set of others) {
      if (operation === 'update' && kept(change, set)) continue;
      const left = operation === 'insert' ? undefined : keyOf(table, set, change.before);
      if (left && !neverTaken(set, left.values)) note(set, left, oldIntact, true);
      else if (!left && operation !== 'insert') this.#noteFreed(tableName, set.name);
      const taken = operation === 'delete' ? undefined : keyOf(table, set, change.after);
      if (taken && !neverTaken(set, taken.values)) note(set, taken, newIntact, false);
    }
  }

  #noteBeyond(
    tableName: string,
    setName: string,
    key: string,
    { verdict }: RowVerdict,
    intact: boolean,
    given: boolean,
  ): void {
    this.#links.get(tableName)?.get(setName)?.delete(key);
    const { index, remembers, file } = this.#store;
    this.#beyond ??= new SpilledKeys(file);
    const set = this.#setOf(tableName, setName);
    let code = set.code + VERDICTS.indexOf(verdict as (typeof VERDICTS)[number]);
    if (intact) code += INTACT;
    if (given) code += GIVEN;
    if (remembers(tableName, setName, key, given, index)) code += REMEMBERED;
    if (!this.#beyond.set(this.#digestOf(set, key), code)) this.#isFull = true;
  }

  #digestOf({ space }: NamedSet, key: string): KeyDigest {
    this.#digest ??= new KeyDigest();
    return this.#digest.ofText(space, key);
  }

  #setOf(tableName: string, setName: string): NamedSet {
    const space = this.#store.space(tableName, setName);
    let set = this.#sets.find((each) => each.space === space);
    if (!set) {
      set = { tableName, space, code: this.#sets.length * SET };
      this.#sets.push(set);
    }
    return set;
  }

  /** Links without words of their own are shared. */
  #wordlessLink(verdict: Verdict, intact: boolean, given: boolean): Link {
    const name = `${verdict} ${intact} ${given}`;
    this.#wordless ??= new Map();
    let link = this.#wordless.get(name);
    if (!link) {
      const reason = `an earlier change of this transaction wrote the same row, and that one is ${verdict}`;
      link = { verdict: { verdict, reason }, intact, given };
      this.#wordless.set(name, link);
    }
    return link;
  }

  #noteFreed(tableName: string, setName: string): void {
    this.#freed ??= new Map();
    const sets = this.#freed.get(tableName);
    if (sets) sets.add(setName);
    else this.#freed.set(tableName, new Set([setName]));
  }

  /** Hands what is to be remembered for later transactions to those who do. */
  record(touches: LostTouches): void {
    const { index, remembers } = this.#store;
    for (const [tableName, { intact }] of this.#emptied ?? NONE)
      touches.recordTruncate(tableName, { index, intact });
    for (const [tableName, sets] of this.#links) {
      for (const [setName, keys] of sets) {
        for (const [key, { intact, given }] of keys)
          if (remembers(tableName, setName, key, given === true, index))
            touches.record(tableName, setName, key, { index, intact });
      }
    }
    const digest = new KeyDigest();
    for (const code of this.#beyond?.all(digest) ?? []) {
      if ((code & REMEMBERED) === 0) continue;
      const { tableName } = this.#sets[Math.floor(code / SET)];
      touches.recordDigest(tableName, digest, { index, intact: (code & INTACT) !== 0 });
    }
    for (const tableName of this.#untold ?? []) touches.recordUntold(tableName, index);
    for (const [tableName, sets] of this.#freed ?? NONE) {
      for (const setName of sets) touches.recordFreed(tableName, setName, index);
    }
  }
}

/** The Map under a name, made when there is none. */
function under<Key, Value>(maps: Map<string, Map<Key, Value>>, name: string): Map<Key, Value> {
  let found = maps.get(name);
  if (!found) {
    found = new Map();
    maps.set(name, found);
  }
  return found;
}
