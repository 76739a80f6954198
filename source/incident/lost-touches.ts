/** Which lost transaction wrote which key: most of it in the temporary file, since the lost part can hold any number of rows. */

import { KeyDigest } from './key-digest.js';
import type { KeyFile } from './key-run.js';
import { SpilledKeys } from './spilled-keys.js';
import { TouchLog } from './touch-log.js';

/** A lost transaction that wrote a key. */
export interface Touch {
  /** Its position in commit order. */
  readonly index: number;
  /** The new primary still held what it started from (or what an earlier lost transaction had started from) under this key. */
  readonly intact: boolean;
}

interface TouchedTable {
  /** See space(), by the key set's name. */
  readonly spaces: Map<string, number>;
  /** TRUNCATEs, in commit order, encoded like a touch. */
  readonly truncated: number[];
  /** The first transaction that wrote a row which cannot be told. */
  firstUntold: number;
  /** The first transaction of whose writes not all are remembered. */
  firstForgotten: number;
  /** Under a key set's name: the first transaction that gave up a key which cannot be told. */
  readonly firstFreed: Map<string, number>;
}

const NONE = 0xffff_ffff;

/** What a touch takes at most where all are in memory, while the tables grow. */
const BYTES_A_TOUCH = 80;

/** How much of the touches is remembered, and where. */
export interface TouchLimits {
  /** So many touches, at most. */
  readonly most?: number;
  /** What does not fit into memory goes there; without it nothing does. */
  readonly file?: KeyFile;
}

/** The touches of all lost transactions, recorded in commit order. */
export class LostTouches {
  readonly #tables = new Map<string, TouchedTable>();
  /** The latest touch of each key: itself, twice, where it is the only one; else twice its number in the log, plus 1. */
  readonly #latest: SpilledKeys;
  /** Of keys that were written again, what was written then: twice the transaction's index, plus 1 when intact. */
  readonly #log: TouchLog;
  #recorded = 0;
  #spaces = 0;
  readonly #digest = new KeyDigest();
  /** The first transaction of which not everything was remembered. */
  firstForgotten: number | undefined;
  readonly #most: number;

  /** What comes when there is no room any more is forgotten. */
  constructor({ most = Number.POSITIVE_INFINITY, file }: TouchLimits = {}) {
    this.#most = most;
    this.#latest = new SpilledKeys(file);
    this.#log = new TouchLog(file);
  }

  /** As many touches as fit into so many bytes; undefined: as many as the file takes. */
  static within(bytes: number | undefined, file: KeyFile): LostTouches {
    return new LostTouches({ most: bytes && Math.floor(bytes / BYTES_A_TOUCH), file });
  }

  #table(name: string): TouchedTable {
    let table = this.#tables.get(name);
    if (!table) {
      table = {
        spaces: new Map(),
        truncated: [],
        firstUntold: Number.POSITIVE_INFINITY,
        firstForgotten: Number.POSITIVE_INFINITY,
        firstFreed: new Map(),
      };
      this.#tables.set(name, table);
    }
    return table;
  }

  /** A number for the key set of a table: no two of any table have the same. */
  space(tableName: string, setName: string): number {
    const { spaces } = this.#table(tableName);
    let space = spaces.get(setName);
    if (space === undefined) {
      space = ++this.#spaces;
      spaces.set(setName, space);
    }
    return space;
  }

  /** A transaction wrote this key. */
  record(tableName: string, setName: string, key: string, touch: Touch): void {
    this.recordDigest(tableName, this.#digest.ofText(this.space(tableName, setName), key), touch);
  }

  /** The same for a key by its digest in the space of its set. */
  recordDigest(tableName: string, key: KeyDigest, touch: Touch): void {
    const previous = this.#latest.get(key);
    const latest = previous === undefined ? encode(touch) * 2 : this.#log.length * 2 + 1;
    if (this.#recorded >= this.#most || !this.#latest.set(key, latest)) this.forget(tableName, touch.index);
    else {
      this.#recorded++;
      if (previous !== undefined) this.#log.add(encode(touch), previous);
    }
  }

  /** Was the key ever written, by its digest in the space of its set? */
  isTouched(key: KeyDigest): boolean {
    return this.#latest.has(key);
  }

  recordTruncate(tableName: string, touch: Touch): void {
    this.#table(tableName).truncated.push(encode(touch));
  }

  /** A transaction wrote a row of which not even the key is known. */
  recordUntold(tableName: string, index: number): void {
    const table = this.#table(tableName);
    table.firstUntold = Math.min(table.firstUntold, index);
  }

  /** What a transaction wrote to the table is not remembered. */
  forget(tableName: string, index: number): void {
    this.firstForgotten = Math.min(this.firstForgotten ?? index, index);
    const table = this.#table(tableName);
    table.firstForgotten = Math.min(table.firstForgotten, index);
  }

  /** Is all remembered that transactions before `index` wrote to the table? */
  remembersAll(tableName: string, index: number): boolean {
    return index <= (this.#tables.get(tableName)?.firstForgotten ?? Number.POSITIVE_INFINITY);
  }

  /** A transaction took away a key of this set, and it is not known which. */
  recordFreed(tableName: string, setName: string, index: number): void {
    const { firstFreed } = this.#table(tableName);
    if (!firstFreed.has(setName)) firstFreed.set(setName, index);
  }

  /** The last transaction before `index` that wrote the key, by name or by emptying the table. */
  before(tableName: string, setName: string, key: string, index: number): Touch | undefined {
    const table = this.#tables.get(tableName);
    if (!table) return undefined;
    const space = table.spaces.get(setName);
    let at = space === undefined ? NONE : (this.#latest.get(this.#digest.ofText(space, key)) ?? NONE);
    while (at !== NONE && this.#touch(at) >>> 1 >= index)
      at = at % 2 === 0 ? NONE : this.#log.previous((at - 1) / 2);
    const byKey = at === NONE ? -1 : this.#touch(at);
    const byTruncate = table.truncated.findLast((touch) => touch >>> 1 < index) ?? -1;
    // Halves are indexes; -1 (none) halved and rounded down stays below all of them.
    const last = Math.floor(byTruncate / 2) > Math.floor(byKey / 2) ? byTruncate : byKey;
    return last < 0 ? undefined : { index: Math.floor(last / 2), intact: last % 2 === 1 };
  }

  /** See #latest. */
  #touch(latest: number): number {
    return latest % 2 === 0 ? latest / 2 : this.#log.touch((latest - 1) / 2);
  }

  /** The first transaction before `index` that may have written this key without our knowing. */
  untoldBefore(tableName: string, setName: string, index: number): number | undefined {
    const table = this.#tables.get(tableName);
    if (!table) return undefined;
    const first = Math.min(table.firstUntold, table.firstFreed.get(setName) ?? Number.POSITIVE_INFINITY);
    return first < index ? first : undefined;
  }
}

function encode(touch: Touch): number {
  return touch.index * 2 + (touch.intact ? 1 : 0);
}
