/** Records whose places are known, turned into changes: each is read again from WAL. */
import type { Lsn } from '../bytes/lsn.js';
import type { Change } from '../rows/row-change.js';
import type { RowVisitor } from '../rows/row-visitor.js';
import type { WalReader } from '../wal/reader.js';
import { ResourceManager } from '../wal/resource-managers.js';
import type { ChangeDecoder } from './changes.js';
import { NOTHING_BETWEEN, type StatementsBetween } from './statements-between.js';
import { lostRecord } from './transaction-records.js';

/** Changes by the LSNs of their records, as Change objects or shown to a visitor. Throws ForkpointError where a record is not there any more. */
export class RecordChanges {
  readonly #records: WalReader;
  readonly #decoder: ChangeDecoder;

  /** Nobody relies on where `records` stands between two calls. */
  constructor(records: WalReader, decoder: ChangeDecoder) {
    this.#records = records;
    this.#decoder = decoder;
  }

  /**
   * The changes of the records at `lsns`, what was said to the catalog between them; `ownXids`: whose changes of the catalog are seen, beside
   * those that were committed.
   */
  *decode(
    lsns: ArrayLike<number>,
    ownXids: ReadonlySet<number> | undefined,
    backwards: boolean,
    between: StatementsBetween,
  ): Generator<Change> {
    for (let i = 0; i < lsns.length; i++) {
      const lsn = lsns[backwards ? lsns.length - 1 - i : i];
      const told = between.before.get(lsn) ?? [];
      if (!backwards) yield* told;
      if (!this.#records.readAt(lsn)) throw lostRecord(lsn, this.#records.end?.reason);
      // Where sequences stand depends on what was said to the catalog, and is told there.
      if (between === NOTHING_BETWEEN || this.#records.rmid !== ResourceManager.sequence) {
        const changes = this.#decoder.decode(this.#records, ownXids);
        if (backwards) changes.reverse();
        yield* changes;
      }
      if (backwards) yield* told.toReversed();
    }
  }

  /** Shows the rows of the records at `lsns`, `ahead` before them. */
  *visit(
    lsns: ArrayLike<number>,
    ahead: readonly Change[],
    visitor: RowVisitor,
    backwards: boolean,
  ): Generator<void> {
    for (const change of ahead) visitor.change(change);
    for (let i = 0; i < lsns.length; i++) {
      this.visitRecord(lsns[backwards ? lsns.length - 1 - i : i], visitor, backwards);
      if (visitor.isFull) yield;
    }
  }

  /** Shows the rows of the record at `lsn`. */
  visitRecord(lsn: Lsn, visitor: RowVisitor, backwards: boolean): void {
    if (!this.#records.readAt(lsn)) throw lostRecord(lsn, this.#records.end?.reason);
    this.#decoder.visit(this.#records, undefined, visitor, backwards);
  }
}
