/**
 * The records of one transaction, however many: found by walking over WAL between its first record and its commit, a sheet of some
 * thousands at a time. Of a sheet that was left only its beginning is kept, so that any can be walked to again.
 */
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import type { WalReader } from '../wal/reader.js';
import { RecordSieve, type SpeculativeInsert } from './record-sieve.js';
import type { Relations } from './relations.js';

/** Records on a sheet, at most. */
const SHEET = 4096;

/** Changes after which a sheet ends: who wants to see one has to go through those before it on its sheet. */
const FULL_AT = 4096;

/** Bytes of WAL walked over for one sheet: others may have written between two of its records, and somebody waits. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Sheets held of one transaction, since a reader leafs back and forth. */
const HELD_SHEETS = 3;

/** Where the LSNs of a sheet are put while it is walked over: most transactions are small, and come by the hundred thousand. */
const sheetRoom = new Float64Array(SHEET);

/** Some consecutive records of a transaction. */
export interface Sheet {
  readonly lsns: Float64Array;
  /** How many changes they hold: exactly so many, or at most. */
  readonly changes: number;
  readonly exact: boolean;
}

/** Where a sheet begins. */
interface SheetStart {
  /** Where to walk from. */
  readonly lsn: Lsn;
  /** What waited for its confirmation there. */
  readonly speculative: ReadonlyMap<number, SpeculativeInsert>;
}

/** Everything a walk needs to know. */
export interface TransactionRecordsOptions {
  readonly relations: Relations;
  /** Nobody relies on where it stands between two calls. */
  readonly walker: WalReader;
  readonly firstLsn: Lsn;
  /** Where its commit (or prepare) record begins. */
  readonly commitLsn: Lsn;
  /** Itself and its committed children. */
  readonly xids: ReadonlySet<number>;
  /** Not all that its records hold is told where they stand: how many changes a sheet has is known when it was decoded. */
  readonly uncounted: boolean;
}

/** Records by the sheet. */
export interface SheetedRecords {
  /** The sheet with this number, counted from 0; undefined behind the last. */
  sheet(number: number): Sheet | undefined;
  /** How many sheets there are. Walks over the whole transaction once. */
  readonly sheetCount: number;
  /** How many changes there are at most, as far as counting has come. */
  readonly changeCount: number;
  /** Counts on for about `milliseconds`, or until there are more than `enough`; true when all are counted. */
  countOn(enough: number, milliseconds: number): boolean;
  /** How many changes a sheet holds when that is certain and was found before; else undefined. */
  exactChanges(number: number): number | undefined;
  /** A sheet was decoded and turned out to hold so many changes. */
  counted(number: number, changes: number): void;
}

/** A record that stands for itself. */
export class OneRecord implements SheetedRecords {
  readonly #sheet: Sheet;
  readonly sheetCount = 1;
  readonly changeCount = 1;

  constructor(lsn: Lsn) {
    this.#sheet = { lsns: Float64Array.of(lsn), changes: 1, exact: true };
  }

  sheet(number: number): Sheet | undefined {
    return number === 0 ? this.#sheet : undefined;
  }

  countOn(): boolean {
    return true;
  }

  exactChanges(number: number): number | undefined {
    return this.sheet(number)?.changes;
  }

  counted(): void {}
}

export class TransactionRecords implements SheetedRecords {
  readonly #options: TransactionRecordsOptions;
  readonly #starts: SheetStart[];
  readonly #changes: number[] = [];
  readonly #exact: boolean[] = [];
  readonly #held = new Map<number, Sheet>();
  /** Set when every sheet's beginning is known. */
  #complete = false;

  constructor(options: TransactionRecordsOptions) {
    this.#options = options;
    this.#starts = [{ lsn: options.firstLsn, speculative: new Map() }];
  }

  sheet(number: number): Sheet | undefined {
    const held = this.#held.get(number);
    if (held) return held;
    for (let next = this.#changes.length; next <= number && !this.#complete; next++) this.#walk(next);
    if (number >= this.#changes.length) return undefined;
    return this.#held.get(number) ?? this.#walk(number);
  }

  get sheetCount(): number {
    this.#discover();
    return this.#changes.length;
  }

  get changeCount(): number {
    let total = 0;
    for (const changes of this.#changes) total += changes;
    return total;
  }

  countOn(enough: number, milliseconds: number): boolean {
    const deadline = performance.now() + milliseconds;
    let total = this.changeCount;
    while (!this.#complete && total <= enough && performance.now() < deadline)
      total += this.#walk(this.#changes.length).changes;
    return this.#complete;
  }

  exactChanges(number: number): number | undefined {
    return this.#exact[number] ? this.#changes[number] : undefined;
  }

  counted(number: number, changes: number): void {
    this.#changes[number] = changes;
    this.#exact[number] = true;
  }

  #discover(): void {
    while (!this.#complete) this.#walk(this.#changes.length);
  }

  #walk(number: number): Sheet {
    const { relations, walker, commitLsn, xids } = this.#options;
    const start = this.#starts[number];
    let length = 0;
    let changes = 0;
    let exact = !this.#options.uncounted;
    const isNew = number === this.#changes.length;
    const sieve = new RecordSieve(
      relations,
      {
        changes: (_xid, _order, lsn, count, isExact) => {
          sheetRoom[length++] = lsn;
          changes += count;
          exact &&= isExact;
        },
        catalog: () => {},
      },
      xids,
    );
    sieve.speculative = new Map(start.speculative);
    walker.seek(start.lsn);
    while (
      length < SHEET &&
      changes < FULL_AT &&
      walker.position < commitLsn &&
      walker.position - start.lsn < MOST_BYTES
    ) {
      if (!walker.next()) throw lostRecord(walker.position, walker.end?.reason);
      sieve.add(walker);
    }
    const sheet = { lsns: sheetRoom.slice(0, length), changes, exact };
    if (isNew) {
      this.#changes.push(changes);
      this.#exact.push(exact);
      if (walker.position < commitLsn)
        this.#starts.push({ lsn: walker.position, speculative: sieve.speculative });
      else this.#complete = true;
    }
    if (this.#held.size >= HELD_SHEETS) this.#held.delete(this.#held.keys().next().value as number);
    this.#held.set(number, sheet);
    return sheet;
  }
}

/** The files changed under the reader's hands. */
export function lostRecord(lsn: Lsn, reason: string | undefined): ForkpointError {
  return new ForkpointError({
    what: `a record that was read before cannot be read again: ${reason ?? 'unknown reason'}`,
    where: formatLsn(lsn),
    next: 'something changes these files while forkpoint reads: make sure that no server is started on them, then begin again',
  });
}
