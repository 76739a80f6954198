/**
 * An incident behind the client's door, in this thread: reads WAL in slices between which questions are answered. Runs inside the
 * worker for the TUI.
 */
import { ForkpointError } from '../bytes/errors.js';
import { parseLsn } from '../bytes/lsn.js';
import { rowCount } from '../transactions/transaction.js';
import { breathe, eachOf } from './breathe.js';
import { searchableText } from './changes-text.js';
import type { ChangeSearched, IncidentClient, ListView } from './client.js';
import { parseFilter } from './filter.js';
import { FirstLines } from './first-lines.js';
import { ListViewState } from './list-view.js';
import { locateTransaction } from './locate.js';
import { NOTHING_LOST } from './loss-counter.js';
import type {
  ExportRequest,
  ExportSummary,
  IncidentOverview,
  IncidentRequest,
  ListedChange,
  ListedTransaction,
  ListOrder,
  Progress,
} from './model.js';
import { type EarlySight, openIncident } from './open.js';
import type { OpenedIncident } from './opened-incident.js';
import { type ToldError, tell } from './rpc.js';
import type { SqlLines } from './sql-lines.js';
import { Superseded } from './superseded.js';
import { verdictFromAfar } from './verdict-from-afar.js';

/** Milliseconds of reading between two looks at the questions. */
const SLICE = 8;
/** Changes of one transaction that are compared again, one by one, for somebody who looks at them. */
const ROWS_JUDGED_AGAIN = 16_384;
/** Milliseconds of a search after which it is told how far it has come. */
const SEARCH_TOLD = 400;
/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 100;

const COMMIT_ORDER: ListOrder = { key: 'commit', descending: false };
/** Lines of the list that a first sight brings: more than a screen has. */
const FIRST_LINES = 64;
/** Both sides are known, and how far reading has to go is not. */
const OPENING: Progress = {
  phase: 'opening',
  bytesRead: 0,
  bytesTotal: 0,
  rate: 0,
  secondsLeft: 0,
  loss: NOTHING_LOST,
};

export class LocalClient implements IncidentClient {
  #opened: OpenedIncident | undefined;
  #request: IncidentRequest | undefined;
  /** What was seen early, while nothing is open yet. */
  #early: EarlySight | undefined;
  #firstLines: FirstLines | undefined;
  /** What the list is to show. */
  #wanted = { filter: '', order: COMMIT_ORDER };
  #view: ListViewState | undefined;
  readonly #listeners = new Set<(progress: Progress) => void>();
  #lastReport = 0;
  #failure: ToldError | undefined;
  #closed = false;
  #opening: Promise<IncidentOverview> | undefined;
  #stopOpening = new AbortController();
  #exporting: Promise<ExportSummary> | undefined;
  #stopping = false;
  /** The newest search, and the newest preview, are gone on with. */
  #searches = 0;
  #previews = 0;
  #sql: KnownSql | undefined;

  open(request: IncidentRequest): Promise<IncidentOverview> {
    this.#stopOpening.abort();
    this.#stopOpening = new AbortController();
    const opening = this.#open(request, this.#stopOpening.signal);
    this.#opening = opening;
    return opening;
  }

  async #open(request: IncidentRequest, stop: AbortSignal): Promise<IncidentOverview> {
    const early = this.#opened ? undefined : (sight: EarlySight) => !stop.aborted && this.#glimpsed(sight);
    let incident: OpenedIncident;
    try {
      incident = await openIncident(request, { stop, early });
    } catch (error) {
      if (!stop.aborted) this.#early = undefined;
      throw error;
    }
    if (stop.aborted) {
      incident.close();
      throw new Superseded('closed while opening');
    }
    if (this.#opened) {
      this.#opened.close();
      this.#firstLines = undefined;
      this.#wanted = { filter: '', order: COMMIT_ORDER };
    }
    this.#early = undefined;
    this.#failure = undefined;
    this.#sql = undefined;
    this.#opened = incident;
    this.#request = request;
    this.#view = new ListViewState(incident, this.#wanted.filter, this.#wanted.order);
    void this.#run(incident);
    return incident.overview();
  }

  #glimpsed(sight: EarlySight): void {
    if (this.#early?.look !== sight.look) {
      this.#firstLines = new FirstLines(sight.look);
      this.#lastReport = 0;
    }
    this.#early = sight;
    const at = performance.now();
    if (at - this.#lastReport < REPORT_EVERY) return;
    this.#lastReport = at;
    const first = this.#firstLines;
    const lines = first?.slice(0, FIRST_LINES) ?? [];
    const firstSight = { overview: sight.overview, lines, length: first?.length ?? 0 };
    for (const listener of this.#listeners) listener({ ...OPENING, firstSight });
  }

  onProgress(listener: (progress: Progress) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async overview(): Promise<IncidentOverview> {
    return !this.#opened && this.#early ? this.#early.overview : this.#incident().overview();
  }

  async setView(filter: string, order: ListOrder): Promise<ListView> {
    if (!this.#opened && this.#early) parseFilter(filter);
    else {
      this.#view = new ListViewState(this.#incident(), filter, order);
      this.#view.extend(SLICE * 2);
      void this.#catchUp(this.#view);
    }
    this.#wanted = { filter, order };
    return this.view();
  }

  async view(): Promise<ListView> {
    const firstLook = this.#unreached()?.length ?? 0;
    if (!this.#opened && this.#early) return { length: 0, total: 0, growing: true, firstLook };
    const incident = this.#incident();
    const view = this.#list();
    const growing = incident.progress().phase === 'old' || view.extend(0);
    return { length: view.length, total: incident.length, growing, firstLook };
  }

  async rows(from: number, count: number): Promise<ListedTransaction[]> {
    const length = this.#opened ? this.#list().length : 0;
    const behind = this.#unreached()?.slice(from - length, from + count - length) ?? [];
    if (!this.#opened && this.#early) return behind;
    const incident = this.#incident();
    const known = (await this.indexes(from, count)).map((index) => incident.transaction(index));
    return [...known, ...behind];
  }

  /** What a first look saw and reading has not reached, where the list shows it: it can be neither filtered nor sorted. */
  #unreached(): FirstLines | undefined {
    const { filter, order } = this.#wanted;
    if (!this.#firstLines || filter.trim() !== '' || order.key !== 'commit' || order.descending)
      return undefined;
    if (this.#opened) {
      const { readTo } = this.#opened;
      if (readTo === undefined) this.#firstLines = undefined;
      else this.#firstLines.reached(readTo);
    }
    return this.#firstLines;
  }

  async indexes(from: number, count: number): Promise<number[]> {
    if (!this.#opened && this.#early) return [];
    const view = this.#list();
    const end = Math.min(from + count, view.length);
    const indexes: number[] = [];
    for (let line = Math.max(0, from); line < end; line++) indexes.push(view.at(line));
    return indexes;
  }

  async transactions(indexes: readonly number[]): Promise<ListedTransaction[]> {
    if (!this.#opened && this.#early) return [];
    const incident = this.#incident();
    return indexes
      .filter((index) => index >= 0 && index < incident.length)
      .map((index) => incident.transaction(index));
  }

  async locate(text: string): Promise<number | undefined> {
    const behind = this.#unreached();
    const length = this.#opened ? this.#list().length : 0;
    // An LSN leads to the nearest line that there is: here it may be one that was only looked at.
    const line = behind?.locate(text);
    if (line !== undefined && (length === 0 || !this.#isReached(text))) return length + line;
    if (!this.#opened && this.#early) return undefined;
    const index = locateTransaction(this.#incident(), text);
    return index === undefined ? undefined : this.#list().lineOf(index);
  }

  /** Is what the text names behind what was read for certain? */
  #isReached(text: string): boolean {
    const lsn = parseLsn(text);
    const readTo = this.#opened?.readTo;
    if (lsn !== undefined) return readTo === undefined || lsn < readTo;
    return locateTransaction(this.#incident(), text) !== undefined;
  }

  async changes(
    index: number,
    from: number,
    count: number,
  ): Promise<{ changes: ListedChange[]; total: number; more: boolean }> {
    const incident = await this.#whenOpen();
    const counted = await this.#countChanges(incident, index, from + count);
    if (count === 0 || counted.total <= from) return { changes: [], ...counted };
    // Whoever asks for a row's verdict asks for all rows before it, too.
    const judged = from + count <= ROWS_JUDGED_AGAIN;
    const verdicts = judged ? await incident.verdicts(index, from, count) : [];
    const changes: ListedChange[] = [];
    const ofTransaction = incident.verdict(index);
    for (const change of incident.changeSlice(index, from, count)) {
      const verdict = judged ? verdicts[changes.length] : verdictFromAfar(change, ofTransaction);
      changes.push({ change, verdict });
    }
    return { changes, ...counted };
  }

  /** Counts a transaction's changes until there are more than `enough`, in slices. */
  async #countChanges(incident: OpenedIncident, index: number, enough: number) {
    for (;;) {
      const counted = incident.countChanges(index, enough, SLICE);
      if (!counted.more || counted.total > enough) return counted;
      await breathe();
      if (!this.#current(incident)) throw new Superseded('another incident was opened');
    }
  }

  async searchChanges(index: number, needle: string, from: number): Promise<ChangeSearched | undefined> {
    const incident = await this.#whenOpen();
    const search = ++this.#searches;
    const wanted = needle.toLowerCase();
    let at = from;
    const begun = performance.now();
    let breathed = begun;
    for (const change of incident.changeSlice(index, from, Number.POSITIVE_INFINITY)) {
      if (searchableText(change).includes(wanted)) return { at, found: true };
      at++;
      if ((at & 63) !== 0 || performance.now() - breathed < SLICE) continue;
      await breathe();
      if (search !== this.#searches || !this.#current(incident)) return undefined;
      breathed = performance.now();
      if (breathed - begun > SEARCH_TOLD) return { at, found: false };
    }
    return undefined;
  }

  async stopSearch(): Promise<void> {
    this.#searches++;
  }

  async sql(index: number, direction: 'redo' | 'undo', from: number, count: number) {
    const incident = await this.#whenOpen();
    const known: KnownSql = this.#sql?.index === index ? this.#sql : { index };
    this.#sql = known;
    // What is undone begins at the end: where that is has to be found first.
    if (direction === 'undo') await this.#countChanges(incident, index, Number.POSITIVE_INFINITY);
    const { SqlLines } = await import('./sql-lines.js');
    const lines = (known[direction] ??= new SqlLines(incident, index, direction));
    return lines.slice(from, count, async () => {
      await breathe();
      if (!this.#current(incident)) throw new Superseded('another incident was opened');
    });
  }

  async preview(request: ExportRequest, lines: number): Promise<{ lines: string[]; more: boolean }> {
    const incident = await this.#whenOpen();
    const preview = ++this.#previews;
    const { previewChosen } = await import('./exporting.js');
    return previewChosen(incident, request, lines, () => {
      if (preview !== this.#previews) throw new Superseded('another preview was asked for');
      if (!this.#current(incident)) throw new Superseded('another incident was opened');
    });
  }

  export(
    request: ExportRequest,
    onProgress?: (bytesWritten: number, transactionsDone: number) => void,
  ): Promise<ExportSummary> {
    this.#stopping = false;
    const running = this.#write(request, onProgress);
    this.#exporting = running;
    return running;
  }

  async #write(
    request: ExportRequest,
    onProgress?: (bytesWritten: number, transactionsDone: number) => void,
  ): Promise<ExportSummary> {
    const incident = await this.#whenOpen();
    const { exportChosen } = await import('./exporting.js');
    return exportChosen(incident, this.#request!, request, () => this.#goOnExporting(incident), onProgress);
  }

  /** Throws when the export under way is to be ended. */
  #goOnExporting(incident: OpenedIncident): void {
    if (this.#closed) throw new Superseded('closed while exporting');
    if (this.#stopping) throw new ForkpointError({ what: 'the export was stopped: nothing of it is kept' });
    if (!this.#current(incident)) throw new Superseded('another incident was opened');
  }

  async stopExport(): Promise<void> {
    this.#stopping = true;
    await this.#exporting?.catch(() => undefined);
  }

  async commitLsns(indexes: readonly number[]): Promise<number[]> {
    const incident = await this.#whenOpen();
    return indexes.map((index) => incident.commitLsn(index));
  }

  async indexesOf(commitLsns: readonly number[]): Promise<(number | undefined)[]> {
    const incident = await this.#whenOpen();
    return commitLsns.map((lsn) => incident.indexOf(lsn));
  }

  async totals(indexes: readonly number[]): Promise<{ transactions: number; rows: number }> {
    const incident = await this.#whenOpen();
    let rows = 0;
    await eachOf(indexes, (index) => (rows += rowCount(incident.transaction(index))), SLICE, breathe);
    return { transactions: indexes.length, rows };
  }

  /** Stops reading; an export under way takes back what it has written before this returns. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopOpening.abort();
    await this.#opening?.catch(() => undefined);
    await this.#exporting?.catch(() => undefined);
    this.#opened?.close();
    this.#opened = undefined;
    this.#early = undefined;
  }

  /** What needs more than a first look waits for it. */
  async #whenOpen(): Promise<OpenedIncident> {
    if (!this.#opened && this.#early) await this.#opening;
    return this.#incident();
  }

  #incident(): OpenedIncident {
    if (!this.#opened) throw new Superseded('no incident is open');
    return this.#opened;
  }

  #list(): ListViewState {
    if (!this.#view) throw new Superseded('no incident is open');
    return this.#view;
  }

  #current(incident: OpenedIncident): boolean {
    return this.#opened === incident && !this.#closed;
  }

  /** Reads the old side, then the new one, in slices. */
  async #run(incident: OpenedIncident): Promise<void> {
    try {
      for (let more = true; more; ) {
        await breathe();
        if (!this.#current(incident)) return;
        more = incident.step(SLICE);
        await this.#fetch(incident);
        if (!this.#current(incident)) return;
        this.#list().extend(SLICE);
        this.#report(incident, false);
      }
      this.#report(incident, true);
      await incident.judge(() => {
        if (!this.#current(incident)) throw new Superseded();
        this.#report(incident, false);
      });
      const view = this.#list();
      if (view.dependsOnVerdicts || incident.reshaped) {
        view.restart();
        await this.#catchUp(view);
      }
    } catch (error) {
      if (error instanceof Superseded || !this.#current(incident)) return;
      this.#failure = tell(error);
    }
    this.#report(incident, true);
  }

  /** Has asked for what is missing, and reports meanwhile. */
  async #fetch(incident: OpenedIncident): Promise<void> {
    if (!incident.waiting) return;
    const timer = setInterval(() => this.#report(incident, true), REPORT_EVERY);
    try {
      await incident.fetch();
    } finally {
      clearInterval(timer);
    }
  }

  /** Applies a filter to what has been read, in slices. */
  async #catchUp(view: ListViewState): Promise<void> {
    while (this.#view === view && this.#opened && view.extend(SLICE)) await breathe();
    if (this.#opened && this.#view === view) this.#report(this.#opened, true);
  }

  #report(incident: OpenedIncident, now: boolean): void {
    if (!this.#current(incident)) return;
    const at = performance.now();
    if (!now && at - this.#lastReport < REPORT_EVERY) return;
    this.#lastReport = at;
    const progress = this.#failure
      ? {
          ...incident.progress(),
          phase: 'failed' as const,
          error: this.#failure.message,
          stack: this.#failure.stack,
        }
      : incident.progress();
    for (const listener of this.#listeners) listener(progress);
  }
}

/** The SQL that somebody looks at. */
interface KnownSql {
  readonly index: number;
  redo?: SqlLines;
  undo?: SqlLines;
}
