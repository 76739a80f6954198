/** Keeps marks, filter and place of an opened incident on disk, and brings them back when it is opened again. */
import { formatLsn } from '../../bytes/lsn.js';
import type { IncidentClient } from '../../incident/client.js';
import { plural } from '../../incident/figures.js';
import type { MarkedRange } from '../../incident/marks.js';
import type { IncidentOverview, IncidentRequest, ListedTransaction } from '../../incident/model.js';
import {
  type SavedSession,
  type SessionStore,
  sessionKey,
  type TransactionCheck,
} from '../../incident/session.js';
import { errorText, type Host } from './host.js';
import type { ListController } from './list.js';

/** Changes are written after this much quiet: a key that is held down must not wait for a disk. */
const QUIET_MILLISECONDS = 400;
/** Never later than this after the first of them. */
const LONGEST_MILLISECONDS = 5000;
/** Marked transactions kept to recognise the rest by. */
const MOST_CHECKS = 200;

function spreadSample(ranges: readonly MarkedRange[]): number[] {
  const stride = Math.max(1, Math.ceil(ranges.length / (MOST_CHECKS / 2)));
  const indexes = new Set<number>();
  for (let at = 0; at < ranges.length; at += stride) for (const index of ranges[at]) indexes.add(index);
  const last = ranges.at(-1);
  if (last) indexes.add(last[1]);
  return [...indexes].sort((a, b) => a - b);
}

/** There is more in it than a place in a list. */
export function worthOffering(session: SavedSession): boolean {
  return session.markedTransactions > 0 || session.filter !== '';
}

/** The session of one opened incident. */
export class SessionKeeper {
  #store: SessionStore;
  #client: IncidentClient;
  #overview: IncidentOverview;
  #request: IncidentRequest;
  #list: ListController;
  #host: Host;
  #timer: NodeJS.Timeout | undefined;
  /** When the first change came that is not written. */
  #changedAt = 0;
  #checks = new Map<number, TransactionCheck>();
  /** Marks waiting for the reading to reach them. */
  #pending: SavedSession | undefined;
  #pendingCursor: TransactionCheck | undefined;
  /** Commit LSNs of what is marked, while the incident is being opened again, and from then until all is read. */
  #noted: { readonly marks: readonly number[]; readonly cursor: TransactionCheck | undefined } | undefined;
  #moving: readonly number[] | undefined;
  #verifying = false;
  #failed = false;

  constructor(
    store: SessionStore,
    client: IncidentClient,
    overview: IncidentOverview,
    request: IncidentRequest,
    list: ListController,
    host: Host,
  ) {
    this.#store = store;
    this.#client = client;
    this.#overview = overview;
    this.#request = request;
    this.#list = list;
    this.#host = host;
  }

  /** What was kept of this incident, if it is worth offering. */
  saved(): SavedSession | undefined {
    const session = this.#store.load(sessionKey(this.#overview));
    return session && worthOffering(session) ? session : undefined;
  }

  /** How many marks are still to come back. */
  get pendingMarks(): number {
    return this.#pending?.markedTransactions ?? this.#moving?.length ?? 0;
  }

  /** The transaction under the cursor, when it is known for certain. */
  get current(): ListedTransaction | undefined {
    const { current } = this.#list;
    return current?.firstLook ? undefined : current;
  }

  /** The incident is to be opened again with more WAL, which may shift positions: what is marked is noted by what stays. */
  async beforeOpeningAgain(): Promise<void> {
    const { current } = this;
    this.#noted = {
      marks: this.#moving ?? (await this.#client.commitLsns([...this.#list.marks])),
      cursor: current && { index: current.index, xid: current.xid, commitLsn: current.commitLsn },
    };
  }

  /** It was not: everything is as it was. */
  notOpenedAgain(): void {
    this.#noted = undefined;
  }

  /** It was: the marks come back once all is read, the place as soon as it is there. */
  async openedAgain(request: IncidentRequest, overview: IncidentOverview): Promise<void> {
    const noted = this.#noted;
    this.#noted = undefined;
    this.#request = request;
    this.#overview = overview;
    this.#checks.clear();
    if (noted) {
      this.#moving = noted.marks;
      this.#pendingCursor = noted.cursor;
    }
    this.#list.marks.clear();
    this.#list.totals.recount();
    await this.grown();
  }

  /** Something changed: written soon. */
  remember(): void {
    this.#pendingCursor = undefined;
    if (this.#timer) {
      if (performance.now() - this.#changedAt < LONGEST_MILLISECONDS) this.#timer.refresh();
      return;
    }
    this.#changedAt = performance.now();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#saveWithChecks();
    }, QUIET_MILLISECONDS);
  }

  /** Writes at once what is not written yet: at the end, and when the connection is lost. */
  flush(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#save();
  }

  /** Takes up a session: filter and order now, marks and place as soon as the reading has reached them. */
  async restore(session: SavedSession): Promise<void> {
    this.#pending = session;
    await this.#list.restore(session.filter, session.order);
    this.#pendingCursor = session.cursor;
    await this.grown();
  }

  /** More is read (or all of it is): what waits for it may be there now. */
  async grown(): Promise<void> {
    await this.#restoreMarks();
    await this.#moveCursor();
    await this.#moveMarks();
  }

  async #moveCursor(): Promise<void> {
    const cursor = this.#pendingCursor;
    if (!cursor || this.#list.total <= cursor.index) return;
    this.#pendingCursor = undefined;
    const line = await this.#client.locate(formatLsn(cursor.commitLsn)).catch(() => undefined);
    if (line !== undefined) this.#list.moveTo(line);
  }

  async #restoreMarks(): Promise<void> {
    const session = this.#pending;
    if (!session || this.#verifying) return;
    const last = Math.max(-1, ...session.marks.slice(-1).map((range) => range[1]));
    this.#verifying = true;
    try {
      const { total, growing } = await this.#client.view();
      if (total <= last && growing) return;
      this.#pending = undefined;
      if (total <= last || !(await this.#recognise(session.checks))) {
        this.#host.say('what is lost is not what it was last time: the marks are not taken up', 'warning');
        return;
      }
      for (const [first, end] of session.marks) {
        for (let index = first; index <= end; index++) this.#list.marks.add(index);
      }
      for (const check of session.checks) this.#checks.set(check.index, check);
      this.#list.totals.recount();
      if (session.markedTransactions > 0) {
        this.#host.say(`resumed: ${plural(session.markedTransactions, 'transaction')} marked`);
      }
    } catch (error) {
      this.#host.say(errorText(error), 'error');
    } finally {
      this.#verifying = false;
      this.#host.redraw();
    }
  }

  async #moveMarks(): Promise<void> {
    const moving = this.#moving;
    if (!moving || this.#verifying) return;
    this.#verifying = true;
    try {
      if ((await this.#client.view()).growing) return;
      const indexes = await this.#client.indexesOf(moving);
      if (this.#moving !== moving) return;
      this.#moving = undefined;
      const found = indexes.filter((index) => index !== undefined);
      for (const index of found) this.#list.marks.add(index);
      this.#list.totals.recount();
      const gone = moving.length - found.length;
      if (gone > 0)
        this.#host.say(
          `${plural(gone, 'mark')} could not be kept: with more WAL that is not a lost transaction any more`,
          'warning',
        );
      this.remember();
    } catch (error) {
      this.#host.say(errorText(error), 'error');
    } finally {
      this.#verifying = false;
      this.#host.redraw();
    }
  }

  async #recognise(checks: readonly TransactionCheck[]): Promise<boolean> {
    const found = await this.#client.transactions(checks.map((check) => check.index));
    return checks.every(
      (check, at) => found[at]?.xid === check.xid && found[at].commitLsn === check.commitLsn,
    );
  }

  async #saveWithChecks(): Promise<void> {
    try {
      const wanted = spreadSample(this.#list.marks.ranges()).filter((index) => !this.#checks.has(index));
      for (const { index, xid, commitLsn } of await this.#client.transactions(wanted)) {
        this.#checks.set(index, { index, xid, commitLsn });
      }
    } catch {
      // Without them the marks are saved all the same, and believed by the incident's identity alone.
    }
    this.#save();
  }

  #save(): void {
    // Marks that are still to come back must not be overwritten by their absence.
    if (this.#pending || this.#moving) return;
    const list = this.#list;
    const ranges = list.marks.ranges();
    const { current } = this;
    const session: SavedSession = {
      format: 1,
      ...sessionKey(this.#overview),
      savedAt: Date.now(),
      oldWal: this.#request.oldWal,
      newWal: this.#request.newWal,
      marks: ranges,
      checks: spreadSample(ranges).flatMap((index) => this.#checks.get(index) ?? []),
      markedTransactions: list.marks.count,
      markedRows: list.totals.rows ?? 0,
      filter: list.filter,
      order: list.order,
      // The place of last time stands until it is reached or left.
      cursor:
        this.#pendingCursor ??
        (current && { index: current.index, xid: current.xid, commitLsn: current.commitLsn }),
    };
    try {
      this.#store.save(session);
      this.#failed = false;
    } catch (error) {
      // Said once, not at every key.
      if (!this.#failed)
        this.#host.say(`marks cannot be kept for the next start: ${errorText(error)}`, 'warning');
      this.#failed = true;
    }
  }
}
