/**
 * An incident with both sides open: the old primary's lost transactions, read and decoded in this thread, and what the new primary
 * has written since.
 */

import type { Lsn } from '../bytes/lsn.js';
import type { Change } from '../rows/row-change.js';
import type { RowsTo } from '../transactions/ahead-rows.js';
import type { ClusterReader } from '../transactions/cluster-reader.js';
import type { LostBesides } from '../transactions/lost-besides.js';
import type { TemporaryRoom } from '../transactions/temporary-room.js';
import type { TransactionSummary } from '../transactions/transaction.js';
import { TransactionIndex } from '../transactions/transaction-index.js';
import type { Incident } from './incident.js';
import { type IncidentParts, oldReader } from './incident-parts.js';
import { Judging } from './judging.js';
import { LossCounter } from './loss-counter.js';
import type { IncidentOverview, ListedTransaction, Progress, RowVerdict, Verdict } from './model.js';
import { OverviewAsRead } from './overview-as-read.js';
import { ReadingRate } from './reading-rate.js';
import { rowsSinceFork } from './rows-since-fork.js';
import {
  type TransactionRuns,
  type TransactionWithChanges,
  transactionRuns,
  type WrittenTransactions,
  withChanges,
  withWritten,
} from './transaction-runs.js';

/** What was read of the old side, in a few words. */
export interface ReadingFacts {
  readonly forkLsn: Lsn;
  readonly transactions: number;
  /** Of the transactions: see TransactionIndex. */
  readonly fingerprint: number;
  readonly endLsn: Lsn;
  readonly endReason: string;
  /** Why the temporary file could not be written. */
  readonly failure: string | undefined;
}

/** Reads both sides step by step, and answers from what was read by then. Whatever decodes throws ForkpointError. */
export class OpenedIncident implements Incident {
  readonly #parts: IncidentParts;
  readonly #rate = new ReadingRate();
  #loss = new LossCounter();
  readonly #judging: Judging;
  readonly #overview: OverviewAsRead;
  #counted = 0;
  #phase: Progress['phase'] = 'old';

  constructor(parts: IncidentParts) {
    this.#parts = parts;
    this.#judging = new Judging(parts);
    this.#overview = new OverviewAsRead(parts, () => this.#loss, this.#judging);
    if (!parts.old) this.#phase = 'done';
  }

  overview(): IncidentOverview {
    return this.#overview.tell();
  }

  step(milliseconds: number): boolean {
    const { old } = this.#parts;
    if (!old || this.#phase !== 'old') return false;
    const more = old.reader.scan.step(milliseconds) || old.reader.isWriting(milliseconds);
    if (!more && this.reshaped) {
      this.#loss = new LossCounter();
      this.#counted = 0;
    }
    for (; this.#counted < old.reader.length; this.#counted++) {
      this.#loss.add(old.reader.scan.index, this.#counted);
    }
    this.#rate.note(old.reader.scan.reader.bytesRead);
    if (!more) this.#phase = 'new';
    return more;
  }

  /** Transactions are not all what they seemed to be while they were found: the catalog was put right further on in WAL. */
  get reshaped(): boolean {
    return (this.#parts.old?.reader.scan.index.reshaped ?? 0) > 0;
  }

  besides(): LostBesides {
    return this.#overview.besides();
  }

  async readNewSide(): Promise<void> {
    const { fresh } = this.#parts;
    while (fresh?.reader.scan.step(1000)) await this.fetch();
  }

  /** How far the old side has been read; undefined when that is over. */
  get readTo(): Lsn | undefined {
    return this.#phase === 'old' ? this.#parts.old?.reader.scan.reader.position : undefined;
  }

  /** Something is to be fetched before reading can go on. */
  get waiting(): boolean {
    return this.#parts.gathering.waiting;
  }

  async fetch(): Promise<void> {
    await this.#parts.gathering.fetch();
  }

  progress(): Progress {
    const { old, fresh } = this.#parts;
    const reading = this.#phase === 'old';
    const side = this.#phase === 'new' ? fresh : old;
    const bytesRead = side?.reader.scan.reader.bytesRead ?? 0;
    const bytesTotal =
      side && (reading || side === fresh)
        ? Math.max(bytesRead, side.lastPossibleLsn - side.start.startLsn)
        : bytesRead;
    const rate = reading ? this.#rate.bytesPerSecond : 0;
    return {
      phase: this.#phase,
      bytesRead,
      bytesTotal,
      rate,
      fetching: this.#parts.gathering.fetching,
      givenUp: old?.reader.scan.file.failure,
      secondsLeft: rate > 0 ? (bytesTotal - bytesRead) / rate : 0,
      judged: this.#judging.progress,
      loss: this.#loss.figures(),
    };
  }

  get temporaryBytes(): number {
    return this.room.taken;
  }

  /** What temporary files may take, and take. */
  get room(): TemporaryRoom {
    return this.#parts.room;
  }

  /** What came after damage or a gap is not in the list, a lost transaction began before the WAL that is there, or its WAL is gone. */
  get incomplete(): boolean {
    return this.#overview.incomplete;
  }

  get length(): number {
    return this.#parts.old?.reader.length ?? 0;
  }

  transaction(index: number): ListedTransaction {
    // A new object each time: what is missing goes into it as it is.
    const summary: TransactionSummary & { verdict?: Verdict; definitions?: readonly string[] } =
      this.#reader.summary(index);
    summary.verdict = this.#judging.verdict(index);
    if (summary.changesCatalog) summary.definitions = this.#judging.descriptions(index);
    return summary as ListedTransaction;
  }

  /** The verdict of the transaction at `index`, `pending` until it is judged. */
  verdict(index: number): Verdict {
    return this.#judging.verdict(index);
  }

  changes(index: number, backwards = false, from = 0): Iterable<Change> {
    return this.#reader.changes(index, backwards, from);
  }

  /** Changes [from, from + count) of a transaction. */
  *changeSlice(index: number, from: number, count: number): Generator<Change> {
    if (count <= 0) return;
    let told = 0;
    for (const change of this.#reader.changes(index, false, from)) {
      yield change;
      if (++told >= count) return;
    }
  }

  /** How many changes a transaction has at most, without decoding them. */
  countChanges(index: number, enough: number, milliseconds: number): { total: number; more: boolean } {
    return this.#reader.countChanges(index, enough, milliseconds);
  }

  /** Has transactions written down while they are read; to be called before step(), which calls `gaveUp` when that turns out not to pay. */
  writeAhead(rowsTo: RowsTo, gaveUp: () => void): void {
    this.#parts.old?.reader.writeAhead(rowsTo, gaveUp);
  }

  /** Was the greater part of what is lost written down while it was read? To be asked when all is read. */
  get wroteMostAhead(): boolean {
    return this.#parts.old?.reader.writtenAhead?.wroteMost ?? false;
  }

  /** Many transactions in commit order: what was written ahead of them, and the others with their changes. */
  written(indexes: Uint32Array): Iterable<TransactionWithChanges | WrittenTransactions> {
    return withWritten(this.#reader, (index) => this.transaction(index), indexes);
  }

  *transactionsWithChanges(indexes: Iterable<number>, backwards = false): Generator<TransactionWithChanges> {
    const wanted = Uint32Array.from(indexes);
    if (wanted.length === 0) return;
    if (backwards) wanted.reverse();
    yield* withChanges(this.#reader, (index) => this.transaction(index), wanted, backwards);
  }

  /** Many transactions with their changes, asked for run by run; those that lie over more than `longest` bytes of WAL one by one. */
  runs(backwards: boolean, longest: number): TransactionRuns {
    return transactionRuns(this.#reader, (index) => this.transaction(index), backwards, longest);
  }

  /** Where transactions lie in WAL: nowhere, when nothing was lost. */
  places(): TransactionIndex {
    return this.#parts.old?.reader.scan.index ?? new TransactionIndex();
  }

  /** What was read of the old side: of two who read the same, it is the same. To be asked when it is read to its end. */
  facts(): ReadingFacts {
    const { scan } = this.#reader;
    const { end } = scan.reader;
    return {
      forkLsn: this.#parts.overview.fork.lsn,
      transactions: scan.index.length,
      fingerprint: scan.index.fingerprint,
      endLsn: end?.lsn ?? 0,
      endReason: end?.reason ?? '',
      failure: scan.file.failure,
    };
  }

  /** Reads the old side's WAL for about `milliseconds` for another thread, whose index places().lend() then brings; false at its end. */
  readAsHelper(milliseconds: number): boolean {
    return this.#reader.scan.step(milliseconds);
  }

  /** Pages of the old side's files with a wrong checksum that were met so far. */
  damagedPages(): readonly string[] {
    return this.#parts.old?.damagedPages?.list ?? [];
  }

  /** Others met these. */
  noteDamagedPages(places: Iterable<string>): void {
    this.#parts.old?.damagedPages?.note(places);
  }

  /** Bytes of WAL behind the fork, at most. */
  get lostBytes(): number {
    const { old, overview } = this.#parts;
    return old ? Math.max(0, old.lastPossibleLsn - overview.fork.lsn) : 0;
  }

  /** Some of its WAL has to be asked for, somewhere else than in directories. */
  get remote(): boolean {
    return this.#parts.gathering.remote;
  }

  /** Where the transaction's commit (or prepare) record begins. */
  commitLsn(index: number): Lsn {
    return this.#reader.scan.index.commitLsn(index);
  }

  /** The transaction whose commit (or prepare) record begins there. */
  indexOf(commitLsn: Lsn): number | undefined {
    const { length } = this;
    const at = this.atOrAfter(commitLsn);
    if (at < length && this.commitLsn(at) === commitLsn) return at;
    // What is in doubt stands behind all that committed, whenever it was prepared.
    for (let index = length - 1; index >= 0 && this.transaction(index).state === 'prepared'; index--)
      if (this.commitLsn(index) === commitLsn) return index;
    return undefined;
  }

  /** Positions in commit order of transactions near a place, for jumping to an LSN. */
  atOrAfter(lsn: Lsn): number {
    return this.#parts.old?.reader.scan.index.atOrAfter(lsn) ?? 0;
  }

  async judge(onProgress?: () => void): Promise<void> {
    if (this.#phase === 'done') return;
    while (this.step(1000)) await this.fetch();
    const current = await rowsSinceFork(this.#parts, onProgress);
    this.#phase = 'judging';
    await this.#judging.run(current, onProgress);
    this.#phase = 'done';
  }

  /** Earlier lost transactions that this one builds upon; empty until judged. */
  dependencies(index: number): readonly number[] {
    return this.#judging.dependencies(index);
  }

  async verdicts(
    index: number,
    from = 0,
    count = Number.POSITIVE_INFINITY,
  ): Promise<(RowVerdict | undefined)[]> {
    if (!this.#judging.isJudged(index)) return [];
    const changes = [...this.changeSlice(index, 0, from + count)];
    return (await this.#judging.rowVerdicts(index, changes)).slice(from);
  }

  close(): void {
    this.#parts.old?.reader.close();
    this.#parts.fresh?.reader.close();
    this.#parts.close();
  }

  get #reader(): ClusterReader {
    return oldReader(this.#parts);
  }
}
