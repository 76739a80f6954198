/**
 * Judging the whole list of lost transactions: those whose verdict is told without their rows first, then the others in batches, in commit
 * order. What the verdicts come from is in undisturbed.ts, judge.ts and row-rules.ts.
 */
import type { Change } from '../rows/row-change.js';
import { rowCount } from '../transactions/transaction.js';
import type { TransactionIndex } from '../transactions/transaction-index.js';
import { breathe } from './breathe.js';
import type { CurrentRows } from './current-rows.js';
import { type IncidentParts, oldReader } from './incident-parts.js';
import { Judge, type LostTransaction } from './judge.js';
import { LostTouches } from './lost-touches.js';
import type { RowVerdict, Verdict } from './model.js';
import { NOTHING_TOLD, type ToldVerdicts, toldVerdicts } from './undisturbed.js';
import { VerdictList } from './verdict-list.js';

/** Transactions judged at once: enough for a live server to be asked about many rows in one query. */
const JUDGED_TOGETHER = 256;
/** Without one to ask: milliseconds of judging between two breaths. */
const BREATH_AFTER = 8;
/** Changes held at once for that, at most. */
const CHANGES_JUDGED_TOGETHER = 2048;
/** How each row of one transaction was left has to be held until its end, in so many bytes. */
const BYTES_A_ROW_JUDGED = 1024;

/** Judges the lost transactions of an incident, and keeps their verdicts. */
export class Judging {
  readonly #parts: IncidentParts;
  readonly #verdicts = new VerdictList();
  #judge: Judge | undefined;
  #told: ToldVerdicts = NOTHING_TOLD;
  /** Rows of transactions whose verdict has to be found out by them, and how many of them were looked at, about. */
  #rowsToJudge = 0;
  #rowsJudged = 0;

  constructor(parts: IncidentParts) {
    this.#parts = parts;
  }

  /** How many rows were judged, about, and how many there are to be judged. */
  get progress(): { readonly done: number; readonly total: number } {
    return { done: Math.min(this.#rowsJudged, this.#rowsToJudge), total: this.#rowsToJudge };
  }

  /** The verdict of the transaction at a position in commit order; `pending` until it is judged. */
  verdict(index: number): Verdict {
    return this.#verdicts.of(index);
  }

  /** The first transaction that was too much to remember: verdicts of those after it may be unknown for it. */
  get firstForgotten(): number | undefined {
    return this.#judge?.firstForgotten;
  }

  /**
   * Judges all of the old side, which was read to its end, against the new primary's rows. Throws what decoding and asking throw
   * (ForkpointError).
   */
  async run(current: CurrentRows, onProgress: () => void = () => {}): Promise<void> {
    const reader = oldReader(this.#parts);
    const { maxMemory } = this.#parts;
    const { file } = reader.scan;
    const byRows = await this.#tell(current);
    const judge = new Judge(
      current,
      (index) => reader.summary(index),
      LostTouches.within(maxMemory && maxMemory / 2, file),
      {
        judgedBy: (tableName) => this.#told.judgedBy(tableName),
        lastTaker: (tableName) => this.#told.lastTaker(tableName),
        isOthers: (lsn) => reader.scan.oldRows.isOthers(lsn),
        builtOn: (lsn, index) => reader.builtOn(lsn, index),
      },
      file,
    );
    this.#judge = judge;
    const most = maxMemory === undefined ? Number.MAX_VALUE : maxMemory / 2 / BYTES_A_ROW_JUDGED;
    if (this.#parts.live) await this.#runAsking(judge, byRows, most, onProgress);
    else await this.#runAlone(judge, byRows, most, onProgress);
  }

  /** Judges transactions one by one: all that the new primary has written is known. */
  async #runAlone(judge: Judge, byRows: Uint32Array, most: number, onProgress: () => void): Promise<void> {
    const reader = oldReader(this.#parts);
    const rowsOf = rowsByTransaction(reader.scan.index);
    let breathed = performance.now();
    for (const { index, changes } of reader.forward(byRows)) {
      const rowsBefore = this.#rowsJudged;
      let isTooMuch = false;
      for (const _ of judge.beginAlone(index, changes, this.#told.inPlace(index))) {
        isTooMuch = judge.heldAlone > most;
        if (isTooMuch) break;
        this.#rowsJudged = rowsBefore + judge.seenAlone;
        onProgress();
        await breathe();
      }
      this.#rowsJudged = rowsBefore + rowsOf(index);
      this.#verdicts.set(index, isTooMuch ? this.#tooMuch(judge, index) : judge.endAlone());
      if (performance.now() - breathed < BREATH_AFTER) continue;
      onProgress();
      await breathe();
      breathed = performance.now();
    }
  }

  /** Judges transactions together, for a server to be asked about all their rows at once. */
  async #runAsking(judge: Judge, byRows: Uint32Array, most: number, onProgress: () => void): Promise<void> {
    const reader = oldReader(this.#parts);
    let batch: LostTransaction[] = [];
    let held = 0;
    const flush = async () => {
      const outcomes = await judge.judge(batch);
      outcomes.forEach((outcome, i) => {
        if (!batch[i].goesOn) this.#verdicts.set(batch[i].index, outcome.verdict);
      });
      this.#rowsJudged += held;
      onProgress();
      batch = [];
      held = 0;
      await breathe();
    };
    for (const { index, changes } of reader.forward(byRows)) {
      if (rowCount(reader.summary(index)) > most) {
        if (batch.length > 0) await flush();
        this.#verdicts.set(index, this.#tooMuch(judge, index));
        continue;
      }
      let some: Change[] = [];
      for (const change of changes) {
        if (held >= CHANGES_JUDGED_TOGETHER) {
          batch.push({ index, changes: some, goesOn: true });
          some = [];
          await flush();
        }
        some.push(change);
        held++;
      }
      batch.push({ index, changes: some });
      if (batch.length >= JUDGED_TOGETHER) await flush();
    }
    if (batch.length > 0) await flush();
  }

  /** The verdict of a transaction whose rows are too many to be judged. */
  #tooMuch(judge: Judge, index: number): Verdict {
    const { database, tables } = oldReader(this.#parts).summary(index);
    judge.passOver(index, database, tables);
    return 'unknown';
  }

  /** Is it judged, so that verdicts of its rows can be told? */
  isJudged(index: number): boolean {
    return this.#judge !== undefined && this.#verdicts.of(index) !== 'pending';
  }

  /** What a transaction did to the catalog, the first few things of it; undefined until judged. */
  descriptions(index: number): readonly string[] | undefined {
    return this.#judge?.descriptions(index);
  }

  /** Earlier lost transactions that this one builds upon; empty until judged. */
  dependencies(index: number): readonly number[] {
    const judge = this.#judge;
    if (!judge || !this.isJudged(index)) return [];
    if (this.#parts.live) return judge.dependencies(index);
    return judge.dependenciesOf(index, oldReader(this.#parts).changes(index));
  }

  /** Verdicts of a transaction's first changes, in their order; empty until judged. */
  async rowVerdicts(index: number, changes: readonly Change[]): Promise<(RowVerdict | undefined)[]> {
    if (!this.#judge || !this.isJudged(index)) return [];
    const verdicts = await this.#judge.rowVerdicts(index, changes);
    // Its verdict may have been told without its rows: if one of them cannot be read, that is to be seen in the list too.
    if (changes.some((change) => change.kind === 'row' && change.problem !== undefined))
      this.#verdicts.set(index, 'unknown');
    return verdicts;
  }

  /** Sets the verdicts that are told without decoding rows; gives the transactions that have to be judged by theirs. */
  async #tell(current: CurrentRows): Promise<Uint32Array> {
    const { old, fresh } = this.#parts;
    const whole = old?.start.shortfall === undefined && old?.reader.scan.file.failure === undefined;
    if (old && fresh && whole) this.#told = await toldVerdicts(old.reader, current, breathe);
    const reader = oldReader(this.#parts);
    const rowsOf = rowsByTransaction(reader.scan.index);
    const byRows = new Uint32Array(reader.length);
    let count = 0;
    for (let index = 0; index < byRows.length; index++) {
      const verdict = this.#told.verdict(index);
      if (verdict === undefined) {
        byRows[count++] = index;
        this.#rowsToJudge += rowsOf(index);
      } else this.#verdicts.set(index, verdict);
    }
    return byRows.slice(0, count);
  }
}

/** Tells how many rows a transaction changed, by its index. */
function rowsByTransaction(index: TransactionIndex): (number: number) => number {
  const rows = Array.from({ length: index.shapeCount }, (_, shape) => rowCount(index.shape(shape)));
  return (number) => rows[index.shapeNumber(number)];
}
