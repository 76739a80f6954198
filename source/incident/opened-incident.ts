/**
 * An incident with both sides open: the old primary's lost transactions, read and decoded in this thread, and what the new primary
 * has written since.
 */
import { totalmem } from 'node:os';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import type { BranchableCatalog } from '../catalog/catalog.js';
import type { DamagedPages } from '../catalog/damaged-pages.js';
import type { Gathering } from '../gather/gathering.js';
import type { Change } from '../rows/row-change.js';
import type { ClusterReader, ForwardOptions } from '../transactions/cluster-reader.js';
import { type LostBesides, NOTHING_BESIDES, withoutWalNotes } from '../transactions/lost-besides.js';
import type { StartingPoint } from '../transactions/starting-point.js';
import { rowCount, type TransactionSummary } from '../transactions/transaction.js';
import type { TransactionIndex } from '../transactions/transaction-index.js';
import { LONG_PAGE_HEADER_SIZE } from '../wal/page-header.js';
import type { WalPlaces } from '../wal/wal-places.js';
import { type CurrentRows, WrittenSinceFork } from './current-rows.js';
import type { Incident } from './incident.js';
import { Judge, type LostTransaction } from './judge.js';
import { LossCounter } from './loss-counter.js';
import { LostTouches } from './lost-touches.js';
import {
  type IncidentOverview,
  type ListedTransaction,
  type Progress,
  type RowVerdict,
  type SegmentDisagreement,
  VERDICTS,
  type Verdict,
  type WalGap,
} from './model.js';
import { ReadingRate } from './reading-rate.js';
import { disagreementText, type WalFindings } from './side-overview.js';
import { NOTHING_TOLD, type ToldVerdicts, toldVerdicts } from './undisturbed.js';
import { walGaps } from './wal-gaps.js';

/** One side as it is read. */
export interface OpenedSide {
  readonly reader: ClusterReader;
  readonly catalog: BranchableCatalog;
  readonly start: StartingPoint;
  readonly segments: WalPlaces;
  /** Pages of its files with a wrong checksum met so far; undefined when it has no data checksums. */
  readonly damagedPages: DamagedPages | undefined;
  /** Where its WAL can end at the latest: the end of its last segment. */
  readonly lastPossibleLsn: Lsn;
}

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

/** Many transactions with their changes, asked for run by run. */
export interface TransactionRuns {
  /**
   * One run, in the order in which the transactions are named: all ascending, also from run to run, or all descending. No transaction of
   * this run or a later one began before `keepFrom`, but for those that are too long.
   */
  of(
    indexes: Uint32Array,
    keepFrom: Lsn,
  ): Iterable<{ readonly transaction: ListedTransaction; readonly changes: Iterable<Change> }>;
  /** Lets go of files. */
  close(): void;
}

/** What an incident is made of. */
export interface IncidentParts {
  readonly overview: IncidentOverview;
  /** Undefined when the two sides never parted (then nothing is lost and nothing need be read), and when it cannot be read. */
  readonly old: OpenedSide | undefined;
  /** The old side's WAL, readable or not. */
  readonly oldSegments: WalPlaces;
  /** Why the old side cannot be read although the two parted. */
  readonly unreadable?: string;
  /** The new primary's data directory, when it is one. */
  readonly fresh: OpenedSide | undefined;
  /** The new primary's rows, when it is a running server. */
  readonly live: CurrentRows | undefined;
  /** Which WAL is there, as of now. */
  readonly findings: () => { readonly old: WalFindings; readonly new: WalFindings | undefined };
  /** Places that have to be asked for segments. */
  readonly gathering: Gathering;
  /** See IncidentRequest. */
  readonly maxMemory?: number;
  readonly close: () => void;
}

/** Transactions judged at once: enough for a live server to be asked about many rows in one query. */
const JUDGED_TOGETHER = 256;
/** Without one to ask: what is held is soon let go. */
const JUDGED_ALONE = 8;
/** Milliseconds of judging between two breaths then. */
const BREATH_AFTER = 8;
/** Changes held at once for that, at most. */
const CHANGES_JUDGED_TOGETHER = 2048;
/** How each row of one transaction was left has to be held until its end, in so many bytes. */
const BYTES_A_ROW_JUDGED = 1024;

export class OpenedIncident implements Incident {
  readonly #parts: IncidentParts;
  readonly #rate = new ReadingRate();
  readonly #loss = new LossCounter();
  #counted = 0;
  #begunBefore = 0;
  #verdicts = new Uint8Array(1024).fill(PENDING);
  #judge: Judge | undefined;
  #phase: Progress['phase'] = 'old';
  #besides: LostBesides | undefined;
  #told: ToldVerdicts = NOTHING_TOLD;

  constructor(parts: IncidentParts) {
    this.#parts = parts;
    if (!parts.old) this.#phase = 'done';
  }

  overview(): IncidentOverview {
    const { overview, old, fresh } = this.#parts;
    const findings = this.#parts.findings();
    const asRead = (
      side: IncidentOverview['old'],
      opened: OpenedSide | undefined,
      found: WalFindings | undefined,
    ) => {
      const end = opened?.reader.scan.reader.end;
      const damaged = found?.disagreements.filter(({ kind }) => kind === 'damaged') ?? [];
      const warnings = [...side.warnings, ...damaged.map(disagreementText)];
      const ended = end ? { endLsn: end.lsn, endReason: end.reason } : {};
      return { ...side, ...ended, ...found, warnings };
    };
    const time = old?.reader.scan.lastCommitTimeBefore || undefined;
    return {
      ...overview,
      old: asRead(overview.old, old, findings.old),
      new: asRead(overview.new, fresh, findings.new),
      fork: { ...this.#fork(), time: overview.fork.time ?? time },
      gaps: this.#gaps(),
      warnings: [...overview.warnings, ...this.#warnings()],
    };
  }

  /** Which WAL is missing, and what it would give back. */
  #gaps(): WalGap[] {
    const { old, oldSegments, fresh, overview } = this.#parts;
    const { fork } = overview;
    if (!fork.diverged) return [];
    const forkLsn = fork.lsn;
    const oldGaps = walGaps({
      side: 'old',
      segments: oldSegments,
      startLsn: old?.start.startLsn,
      shortfall: old?.start.shortfall !== undefined,
      end: old?.reader.scan.finished ? old.reader.scan.reader.end : undefined,
      written: Math.max(overview.old.checkpointLsn, forkLsn),
      forkLsn,
      loss: this.#loss.figures(),
      begunBefore: this.#begunBefore,
      unfinished: old?.reader.scan.unfinished(),
    });
    if (!fresh) return oldGaps;
    const newGaps = walGaps({
      side: 'new',
      segments: fresh.segments,
      startLsn: fresh.start.startLsn,
      shortfall: false,
      end: fresh.reader.scan.finished ? fresh.reader.scan.reader.end : undefined,
      written: Math.max(overview.new.checkpointLsn, forkLsn),
      forkLsn,
    });
    return [...oldGaps, ...newGaps];
  }

  /** The fork, with the checkpoint before it that opening the old side's WAL came by. */
  #fork(): IncidentOverview['fork'] {
    const { fork } = this.#parts.overview;
    const checkpoint = this.#parts.old?.start.lastCheckpoint;
    if (!checkpoint) return fork;
    const { lsn, timeline } = checkpoint;
    const sentence = `The last checkpoint both share is at ${formatLsn(lsn)} on timeline ${timeline}: pg_rewind would begin there.`;
    return {
      ...fork,
      lastCommonCheckpoint: { lsn, timeline },
      evidence: [...fork.evidence, sentence],
    };
  }

  /** What reading found out that the operator must know: damage, gaps, transactions that may be cut short. */
  #warnings(): string[] {
    const { old, fresh } = this.#parts;
    const warnings = this.#conflicts().map(disagreementText);
    if (old?.start.shortfall) warnings.push(`old primary: ${old.start.shortfall}`);
    const end = old?.reader.scan.reader.end;
    if (end && end.kind !== 'end')
      warnings.push(
        `old primary: reading stopped at ${formatLsn(end.lsn)}: ${end.reason}${end.path ? ` (${end.path})` : ''}`,
      );
    for (const [side, name] of [
      [old, 'old primary'],
      [fresh, 'new primary'],
    ] as const) {
      const failure = side?.reader.scan.file.failure;
      if (failure !== undefined)
        warnings.push(
          `${name}: ${failure}: which record wrote which old row could not be remembered any more, and rows that need it are not known; free some space there or name another place with --temp-dir`,
        );
    }
    const damagedPages = old?.damagedPages?.list ?? [];
    if (damagedPages.length > 0) {
      const more = damagedPages.length > 1 ? ` and ${damagedPages.length - 1} more` : '';
      warnings.push(
        `old primary: wrong checksum on a page of its own files (${damagedPages[0]}${more}): nothing on it is believed, and rows that need it cannot be told`,
      );
    }
    const forgotten = this.#judge?.firstForgotten;
    if (forgotten !== undefined)
      warnings.push(
        `verdicts: more rows were lost than may be remembered; from xid ${this.#reader().summary(forgotten).xid} on some are unknown for that alone: allow more with --max-memory`,
      );
    const tooEarly = this.#endsTooEarly();
    if (tooEarly) warnings.push(tooEarly);
    warnings.push(...withoutWalNotes(this.besides().withoutWal).map((note) => `old primary: ${note}`));
    const incomplete = this.#freshIncomplete();
    if (fresh && incomplete) warnings.push(`new primary: ${incomplete}`);
    if (old && !fresh && !this.#parts.live) {
      warnings.push(
        `new primary: its WAL from the fork at ${formatLsn(this.#parts.overview.fork.lsn)} on is not there, so verdicts are unknown: add it with --new-wal, or ask the running server (forkpoint check)`,
      );
    }
    return warnings;
  }

  /** Places that hold valid WAL of different histories under one name. */
  #conflicts(): SegmentDisagreement[] {
    const { old, new: fresh } = this.#parts.findings();
    return [...old.disagreements, ...(fresh?.disagreements ?? [])].filter(({ kind }) => kind === 'conflict');
  }

  step(milliseconds: number): boolean {
    const { old } = this.#parts;
    if (!old || this.#phase !== 'old') return false;
    const more = old.reader.scan.step(milliseconds);
    for (; this.#counted < old.reader.length; this.#counted++) {
      const summary = old.reader.summary(this.#counted);
      if (summary.beginningMissing) this.#begunBefore++;
      this.#loss.add(summary);
    }
    this.#rate.note(old.reader.scan.reader.bytesRead);
    if (!more) this.#phase = 'new';
    return more;
  }

  besides(): LostBesides {
    const { old } = this.#parts;
    if (!old?.reader.scan.finished) return NOTHING_BESIDES;
    this.#besides ??= old.reader.besides(new Set(this.#loss.figures().databases));
    return this.#besides;
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
    const { old } = this.#parts;
    const bytesRead = old?.reader.scan.reader.bytesRead ?? 0;
    const reading = this.#phase === 'old';
    const bytesTotal =
      old && reading ? Math.max(bytesRead, old.lastPossibleLsn - old.start.startLsn) : bytesRead;
    const rate = this.#rate.bytesPerSecond;
    return {
      phase: this.#phase,
      bytesRead,
      bytesTotal,
      rate,
      fetching: this.#parts.gathering.fetching,
      givenUp: old?.reader.scan.file.failure,
      secondsLeft: reading && rate > 0 ? (bytesTotal - bytesRead) / rate : 0,
      loss: this.#loss.figures(),
    };
  }

  /** Bytes in the temporary files of both sides. */
  get temporaryBytes(): number {
    const { old, fresh } = this.#parts;
    return (old?.reader.scan.file.size ?? 0) + (fresh?.reader.scan.file.size ?? 0);
  }

  /** What came after damage or a gap is not in the list, a lost transaction began before the WAL that is there, or its WAL is gone. */
  get incomplete(): boolean {
    const end = this.#parts.old?.reader.scan.reader.end;
    return (
      this.#parts.overview.fork.untold !== undefined ||
      this.#parts.overview.old.running ||
      (this.#parts.old?.damagedPages?.list.length ?? 0) > 0 ||
      this.#parts.old?.reader.scan.file.failure !== undefined ||
      (end !== undefined && end.kind !== 'end') ||
      this.#begunBefore > 0 ||
      this.#judge?.firstForgotten !== undefined ||
      this.#conflicts().length > 0 ||
      this.#endsTooEarly() !== undefined
    );
  }

  /** The old primary wrote further than what can be read of it: its own control file, or the fork, says so. */
  #endsTooEarly(): string | undefined {
    const { old, overview } = this.#parts;
    const { fork } = overview;
    if (!old) {
      if (!fork.diverged) return undefined;
      return `old primary: what it wrote from the fork at ${formatLsn(fork.lsn)} on cannot be read: ${this.#parts.unreadable ?? 'its WAL is not there'}`;
    }
    const end = old.reader.scan.reader.end;
    if (end?.kind !== 'end') return undefined;
    const { checkpointLsn } = overview.old;
    // A place at a page's beginning may be told with or without the page's header.
    const reached = end.lsn + LONG_PAGE_HEADER_SIZE;
    const [written, witness] =
      checkpointLsn > fork.lsn
        ? [checkpointLsn, 'its control file names a checkpoint']
        : [fork.lsn, 'it parted from the new primary'];
    if (reached >= written) return undefined;
    return `old primary: WAL is missing: what can be read ends at ${formatLsn(end.lsn)} (${end.reason}), but ${witness} at ${formatLsn(written)}${end.path ? ` (${end.path})` : ''}`;
  }

  get length(): number {
    return this.#parts.old?.reader.length ?? 0;
  }

  transaction(index: number): ListedTransaction {
    // A new object each time: what is missing goes into it as it is.
    const summary: TransactionSummary & { verdict?: Verdict } = this.#reader().summary(index);
    summary.verdict = this.#verdictOf(index);
    return summary as ListedTransaction;
  }

  changes(index: number, backwards = false, from = 0): Iterable<Change> {
    return this.#reader().changes(index, backwards, from);
  }

  /** Changes [from, from + count) of a transaction. */
  *changeSlice(index: number, from: number, count: number): Generator<Change> {
    if (count <= 0) return;
    let told = 0;
    for (const change of this.#reader().changes(index, false, from)) {
      yield change;
      if (++told >= count) return;
    }
  }

  /** How many changes a transaction has at most, without decoding them. */
  countChanges(index: number, enough: number, milliseconds: number): { total: number; more: boolean } {
    return this.#reader().countChanges(index, enough, milliseconds);
  }

  *transactionsWithChanges(
    indexes: Iterable<number>,
    backwards = false,
  ): Generator<{ transaction: ListedTransaction; changes: Iterable<Change> }> {
    const wanted = Uint32Array.from(indexes);
    if (wanted.length === 0) return;
    if (backwards) {
      for (let i = wanted.length - 1; i >= 0; i--) {
        yield {
          transaction: this.transaction(wanted[i]),
          changes: this.#reader().visitable(wanted[i], true),
        };
      }
      return;
    }
    for (const { index, changes } of this.#reader().forward(wanted)) {
      yield { transaction: this.transaction(index), changes };
    }
  }

  /** Many transactions with their changes, asked for run by run; those that lie over more than `longest` bytes of WAL one by one. */
  runs(backwards: boolean, longest: number): TransactionRuns {
    const reader = this.#reader();
    const walk = reader.walk();
    const run = (indexes: Uint32Array, keepFrom: Lsn) =>
      this.#run(indexes, backwards, { walk, keepFrom, longest });
    return { of: run, close: () => walk.close() };
  }

  *#run(
    indexes: Uint32Array,
    backwards: boolean,
    how: ForwardOptions,
  ): Generator<{ transaction: ListedTransaction; changes: Iterable<Change> }> {
    const reader = this.#reader();
    if (backwards) {
      for (const index of indexes)
        yield { transaction: this.transaction(index), changes: reader.visitable(index, true) };
      return;
    }
    for (const { index, changes } of reader.forward(indexes, how)) {
      yield { transaction: this.transaction(index), changes };
    }
  }

  /** Where transactions lie in WAL. */
  places(): TransactionIndex {
    return this.#reader().scan.index;
  }

  /** What was read of the old side: of two who read the same, it is the same. To be asked when it is read to its end. */
  facts(): ReadingFacts {
    const { scan } = this.#reader();
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
    return this.#reader().scan.step(milliseconds);
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
    return this.#reader().scan.index.commitLsn(index);
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

  async judge(onProgress?: (done: number, total: number) => void): Promise<void> {
    if (this.#phase === 'done') return;
    while (this.step(1000)) await this.fetch();
    const memory = this.#parts.maxMemory ?? totalmem() / 4;
    const current = await this.#currentRows();
    const byRows = await this.#tell(current);
    const judge = new Judge(
      current,
      (index) => this.#reader().summary(index),
      LostTouches.within(memory / 2),
      {
        judgedBy: (tableName) => this.#told.judgedBy(tableName),
        isOthers: (lsn) => this.#reader().scan.oldRows.isOthers(lsn),
        builtOn: (lsn, index) => this.#reader().builtOn(lsn, index),
      },
    );
    const mostRows = memory / 2 / BYTES_A_ROW_JUDGED;
    this.#judge = judge;
    const total = this.length;
    let batch: LostTransaction[] = [];
    let held = 0;
    const asks = this.#parts.live !== undefined;
    const together = asks ? JUDGED_TOGETHER : JUDGED_ALONE;
    let breathed = performance.now();
    const flush = async () => {
      const outcomes = await judge.judge(batch, asks);
      outcomes.forEach((outcome, i) => {
        if (!batch[i].goesOn) this.#setVerdict(batch[i].index, outcome.verdict);
      });
      const last = batch[batch.length - 1].index;
      batch = [];
      held = 0;
      if (!asks && performance.now() - breathed < BREATH_AFTER) return;
      onProgress?.(last + 1, total);
      await breathe();
      breathed = performance.now();
    };
    for (const { transaction, changes } of this.transactionsWithChanges(byRows)) {
      if (rowCount(transaction) > mostRows) {
        if (batch.length > 0) await flush();
        judge.passOver(transaction.index, transaction.database, transaction.tables);
        this.#setVerdict(transaction.index, 'unknown');
        continue;
      }
      let some: Change[] = [];
      for (const change of changes) {
        if (held >= CHANGES_JUDGED_TOGETHER) {
          batch.push({ index: transaction.index, changes: some, goesOn: true });
          some = [];
          await flush();
        }
        some.push(change);
        held++;
      }
      batch.push({ index: transaction.index, changes: some });
      if (batch.length >= together) await flush();
    }
    if (batch.length > 0) await flush();
    this.#phase = 'done';
  }

  /** Sets the verdicts that are told without decoding rows; gives the transactions that have to be judged by theirs. */
  async #tell(current: CurrentRows): Promise<Uint32Array> {
    const { old, fresh } = this.#parts;
    const whole = old?.start.shortfall === undefined && old?.reader.scan.file.failure === undefined;
    if (old && fresh && whole) this.#told = await toldVerdicts(old.reader, current, breathe);
    const byRows = new Uint32Array(this.length);
    let count = 0;
    for (let index = 0; index < byRows.length; index++) {
      const verdict = this.#told.verdict(index);
      if (verdict === undefined) byRows[count++] = index;
      else this.#setVerdict(index, verdict);
    }
    return byRows.slice(0, count);
  }

  /** Earlier lost transactions that this one builds upon; empty until judged. */
  dependencies(index: number): readonly number[] {
    const judge = this.#judge;
    if (!judge || this.#verdictOf(index) === 'pending') return [];
    if (this.#parts.live) return judge.dependencies(index);
    return judge.dependenciesOf(index, this.changes(index));
  }

  async verdicts(
    index: number,
    from = 0,
    count = Number.POSITIVE_INFINITY,
  ): Promise<(RowVerdict | undefined)[]> {
    if (!this.#judge || this.#verdictOf(index) === 'pending') return [];
    const changes = [...this.changeSlice(index, 0, from + count)];
    return (await this.#judge.rowVerdicts(index, changes)).slice(from);
  }

  close(): void {
    this.#parts.old?.reader.close();
    this.#parts.fresh?.reader.close();
    this.#parts.close();
  }

  #reader(): ClusterReader {
    const { old } = this.#parts;
    if (!old) throw new RangeError('nothing was lost, so there is nothing to read');
    return old.reader;
  }

  /** Reads what the new primary has written since the fork, all of it. */
  async #currentRows(): Promise<CurrentRows> {
    const { fresh, live } = this.#parts;
    if (live) return live;
    if (!fresh) {
      return new WrittenSinceFork(
        'there is no WAL of the new primary to tell what it has written since the fork',
      );
    }
    while (fresh.reader.scan.step(50)) {
      await this.fetch();
      await breathe();
    }
    const written = new WrittenSinceFork(
      this.#freshIncomplete(),
      (table) => fresh.reader.tableNow(table.database, table.schema, table.name),
      (database, subject) => fresh.reader.hasDefinition(database, subject),
    );
    let sinceBreath = 0;
    for (const { changes } of fresh.reader.forward(range(fresh.reader.length))) {
      for (const change of changes) written.add(change);
      if (++sinceBreath % JUDGED_TOGETHER === 0) await breathe();
    }
    // The old side's rows come next, and its own pages.
    fresh.reader.scan.tuples.forgetKept();
    return written;
  }

  #freshIncomplete(): string | undefined {
    const { fresh } = this.#parts;
    const end = fresh?.reader.scan.reader.end;
    if (end && end.kind !== 'end') return `what it wrote after ${end.reason} is not known`;
    return undefined;
  }

  #verdictOf(index: number): Verdict {
    const code = index < this.#verdicts.length ? this.#verdicts[index] : PENDING;
    return code === PENDING ? 'pending' : VERDICTS[code];
  }

  #setVerdict(index: number, verdict: Verdict): void {
    if (index >= this.#verdicts.length) {
      const grown = new Uint8Array(Math.max(index + 1, this.#verdicts.length * 2)).fill(PENDING);
      grown.set(this.#verdicts);
      this.#verdicts = grown;
    }
    this.#verdicts[index] = verdict === 'pending' ? PENDING : VERDICTS.indexOf(verdict);
  }
}

const PENDING = 255;

function range(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => index);
}

/** Lets messages and signals through between two slices of work. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
