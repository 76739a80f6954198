/**
 * Judges a lost transaction by its rows as they lie in their tuples. Nearly all of them meet nobody: what they started from is as it was
 * at the fork, and their keys are neither among those that the new primary has written nor among those that lost transactions gave up.
 * That is told by digests of their keys. A row that may meet somebody, or of which that cannot be told so, is decoded and judged by the
 * rules (row-rules.ts); the others take no part in that:
 *
 * - what they did says nothing to later rows with the same keys: under a key that nobody else wrote, a row that goes on from the
 *   transaction's own is as clean as that one was, or hangs on the same dependency;
 * - of tables judged by rows' places (undisturbed.ts), later transactions ask only for keys that were given up, and the new primary's.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Change } from '../rows/row-change.js';
import { isOfTheValue, type RowDecoder } from '../rows/row-decoder.js';
import type { KeyVisitor, RowVisitor } from '../rows/row-visitor.js';
import type { StoredRow } from '../rows/stored-row.js';
import type { CurrentRows } from './current-rows.js';
import { KeyDigest } from './key-digest.js';
import { KeyTable } from './key-table.js';
import type { LostTouches } from './lost-touches.js';
import type { Verdict } from './model.js';
import { type KeySet, keysOf, tableKey } from './row-keys.js';
import { type TransactionJudge, worse } from './row-rules.js';
import { StoredKey } from './stored-key.js';
import type { RowPlaces } from './touches-and-places.js';

/** Milliseconds between two breaths, and rows between two looks at the clock. */
const BREATH_AFTER = 8;
const ROWS_BETWEEN_LOOKS = 256;

interface SievedKeys {
  /** See KeySet. */
  readonly name: string;
  readonly key: StoredKey;
}

/** One version of a table. */
interface SievedTable {
  readonly name: string;
  /** No key of it can meet anybody. */
  readonly isPlain: boolean;
  /** See RowPlaces. */
  readonly lastTaker: number;
  readonly identity: SievedKeys;
  readonly others: readonly SievedKeys[];
  /** The transaction for which `isTold` was found out. */
  index: number;
  /** All is known that transactions before that one wrote to it. */
  isTold: boolean;
}

/** What rows are held against. */
export interface SieveEvidence {
  readonly current: CurrentRows;
  readonly touches: LostTouches;
  readonly places: RowPlaces;
}

/** Takes the rows of one transaction after the other. */
export class RowSieve implements RowVisitor, KeyVisitor {
  readonly #evidence: SieveEvidence;
  readonly #judgeOf: (index: number) => TransactionJudge;
  readonly #tables = new WeakMap<RowDecoder, { readonly table: SievedTable | undefined }>();
  #lastDecoder: RowDecoder | undefined;
  #lastTable: SievedTable | undefined;
  /** What the new primary has written, under the spaces of LostTouches. */
  readonly #written = new KeyTable();
  readonly #spaces = new Set<number>();
  #index = 0;
  #judge: TransactionJudge | undefined;
  #verdict: Verdict = 'clean';
  #rows = 0;
  #rowsBefore = 0;
  #breathed = performance.now();

  /** `judgeOf` makes the judge of a transaction, should one of its rows need it. */
  constructor(evidence: SieveEvidence, judgeOf: (index: number) => TransactionJudge) {
    this.#evidence = evidence;
    this.#judgeOf = judgeOf;
  }

  /** From here on rows are of the transaction at `index`. */
  begin(index: number): void {
    this.#index = index;
    this.#judge = undefined;
    this.#verdict = 'clean';
    this.#rowsBefore = this.#rows;
  }

  /** How many rows of the transaction were shown so far, about. */
  get seen(): number {
    return this.#rows - this.#rowsBefore;
  }

  /** The worst of the transaction's rows so far. */
  get verdict(): Verdict {
    return this.#verdict;
  }

  /** Of those rows that met somebody, if any did. */
  get judge(): TransactionJudge | undefined {
    return this.#judge;
  }

  /** How many of its rows met somebody. */
  get held(): number {
    return this.#judge?.held ?? 0;
  }

  get isFull(): boolean {
    if (++this.#rows % ROWS_BETWEEN_LOOKS !== 0) return false;
    const now = performance.now();
    if (now - this.#breathed < BREATH_AFTER) return false;
    this.#breathed = now;
    return true;
  }

  get keys(): KeyVisitor {
    return this;
  }

  needs(decoder: RowDecoder): 'nothing' | 'keys' | 'rows' {
    const table = this.#tableOf(decoder);
    if (table === undefined) return 'rows';
    return table.isPlain ? 'nothing' : 'keys';
  }

  unseen(lsn: Lsn): void {
    this.#goesOnAt(lsn);
  }

  kept(after: StoredRow, lsn: Lsn): boolean {
    const table = this.#tableOf(after.decoder);
    if (table === undefined || !certainly(() => !this.#isWritten(table.identity, after))) return false;
    this.#goesOnAt(lsn);
    return true;
  }

  gone(row: StoredRow, lsn: Lsn): boolean {
    return this.deleted(row, lsn);
  }

  inserted(row: StoredRow): boolean {
    const table = this.#tableOf(row.decoder);
    return table !== undefined && certainly(() => this.#takesFreeKeys(table, row));
  }

  updated(before: StoredRow, after: StoredRow, lsn: Lsn): boolean {
    const table = this.#tableOf(before.decoder);
    if (table === undefined || !certainly(() => this.#keepsItsKeys(table, before, after))) return false;
    this.#goesOnAt(lsn);
    return true;
  }

  deleted(row: StoredRow, lsn: Lsn): boolean {
    const table = this.#tableOf(row.decoder);
    if (table === undefined || !certainly(() => this.#givesUpItsKeys(table, row))) return false;
    this.#goesOnAt(lsn);
    return true;
  }

  change(change: Change): void {
    if (change.kind === 'sequence' || change.kind === 'message') return;
    this.#judge ??= this.#judgeOf(this.#index);
    const verdict = this.#judge.judge(change);
    if (verdict) this.#verdict = worse(this.#verdict, verdict.verdict);
  }

  /** The change that goes on from another's row hangs on that one. */
  #goesOnAt(lsn: Lsn): void {
    const already = this.#verdict !== 'clean' && this.#verdict !== 'applied';
    if (!already && this.#evidence.places.isOthers(lsn)) this.#verdict = worse(this.#verdict, 'dependency');
  }

  #isWritten({ key }: SievedKeys, row: StoredRow): boolean {
    return this.#written.has(key.of(row));
  }

  /** May a row that takes the key find it taken, or given up by another lost transaction? */
  #meets(key: KeyDigest): boolean {
    return this.#written.has(key) || this.#evidence.touches.isTouched(key);
  }

  #takesFreeKeys({ identity, others }: SievedTable, row: StoredRow): boolean {
    if (this.#meets(identity.key.of(row))) return false;
    for (let i = 0; i < others.length; i++) {
      const { key } = others[i];
      if (!key.isNeverTaken(row) && this.#meets(key.of(row))) return false;
    }
    return true;
  }

  #keepsItsKeys({ identity, others }: SievedTable, before: StoredRow, after: StoredRow): boolean {
    if (!identity.key.isSame(before, after)) return false;
    for (let i = 0; i < others.length; i++) if (!others[i].key.isSame(before, after)) return false;
    return !this.#isWritten(identity, before);
  }

  /** Remembers them for later transactions that may take them, unless the row may meet somebody. */
  #givesUpItsKeys({ name, lastTaker, identity, others }: SievedTable, row: StoredRow): boolean {
    if (this.#isWritten(identity, row)) return false;
    if (this.#index >= lastTaker) return true;
    const { touches } = this.#evidence;
    const touch = { index: this.#index, intact: true };
    for (let i = 0; i < others.length; i++) {
      const { key } = others[i];
      if (!key.isNeverTaken(row)) touches.recordDigest(name, key.of(row), touch);
    }
    touches.recordDigest(name, identity.key.of(row), touch);
    return true;
  }

  /** What is known of the row's table; undefined when its rows are judged by the rules. */
  #tableOf(decoder: RowDecoder): SievedTable | undefined {
    if (decoder !== this.#lastDecoder) {
      let known = this.#tables.get(decoder);
      if (!known) {
        known = { table: this.#sieved(decoder) };
        this.#tables.set(decoder, known);
      }
      this.#lastDecoder = decoder;
      this.#lastTable = known.table;
    }
    const table = this.#lastTable;
    if (table === undefined || table.isPlain) return table;
    if (table.index !== this.#index) {
      const { touches } = this.#evidence;
      table.index = this.#index;
      table.isTold =
        touches.remembersAll(table.name, this.#index) &&
        [table.identity, ...table.others].every(
          ({ name }) => touches.untoldBefore(table.name, name, this.#index) === undefined,
        );
    }
    return table.isTold ? table : undefined;
  }

  #sieved(decoder: RowDecoder): SievedTable | undefined {
    const { current, places } = this.#evidence;
    const { table } = decoder;
    const name = tableKey(table);
    const judgedBy = places.judgedBy(name);
    if (judgedBy === 'keys') return undefined;
    // What the new primary's rows say to these keys is not known.
    if (table.conditionalKeys && current.touched(table) !== false) return undefined;
    const keys = keysOf(table);
    const isPlain = judgedBy === 'plain';
    const sets = isPlain ? [] : [keys.identity, ...keys.others];
    if (!sets.every((set) => this.#learn(name, set))) return undefined;
    const sievedKeys = (set: KeySet): SievedKeys => ({
      name: set.name,
      key: new StoredKey(decoder, set, this.#evidence.touches.space(name, set.name)),
    });
    return {
      name,
      isPlain,
      lastTaker: places.lastTaker(name),
      identity: sievedKeys(keys.identity),
      others: keys.others.map(sievedKeys),
      index: -1,
      isTold: true,
    };
  }

  /** Takes in the keys of the set that the new primary has written; false when it may have written any. */
  #learn(tableName: string, set: KeySet): boolean {
    const { current, touches } = this.#evidence;
    const keys = current.writtenKeys?.(tableName, set.name);
    if (keys === undefined) return false;
    const space = touches.space(tableName, set.name);
    if (this.#spaces.has(space)) return true;
    this.#spaces.add(space);
    const digest = new KeyDigest();
    for (const key of keys) this.#written.set(digest.ofText(space, key), 0);
    return true;
  }
}

/** Whether it is so; false where a value has no text: then only decoding its row tells. */
function certainly(tell: () => boolean): boolean {
  try {
    return tell();
  } catch (error) {
    if (isOfTheValue(error)) return false;
    throw error;
  }
}
