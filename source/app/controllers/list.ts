/** The list of lost transactions: its cursor, filter, order and marks. Nothing here waits for an answer. */
import { formatLsn } from '../../bytes/lsn.js';
import type { IncidentClient, ListView } from '../../incident/client.js';
import type { MarkSet } from '../../incident/marks.js';
import type { FirstSight, ListedTransaction, ListOrder, SortKey } from '../../incident/model.js';
import type { Context } from '../bindings/binding.js';
import type { KeyPress } from '../keys.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { errorText, type Host } from './host.js';
import { ListWindow } from './list-window.js';
import type { MarkTotals } from './mark-totals.js';
import { COMMIT_ORDER, Marking, NOT_REACHED } from './marking.js';

/** Keys whose first order of interest is the largest first. */
const LARGEST_FIRST: ReadonlySet<SortKey> = new Set<SortKey>(['rows', 'size']);

type Mode = 'browse' | 'filter' | 'jump' | 'sort' | 'tables';

const CONTEXTS: Readonly<Record<Mode, Context>> = {
  browse: 'list',
  filter: 'list-filter',
  jump: 'list-jump',
  sort: 'list-sort',
  tables: 'list-tables',
};

/** What the list asks of the application. */
export interface ListExits {
  open(line: number): void;
  back(): void;
  export(): void;
}

/** Lines of a view, those of a first look included. */
function lines({ length, firstLook = 0 }: ListView): number {
  return length + firstLook;
}

/** State and actions of the list. */
export class ListController {
  readonly marking: Marking;
  readonly window: ListWindow;
  cursor = 0;
  top = 0;
  total = 0;
  filter = '';
  order: ListOrder = COMMIT_ORDER;
  mode: Mode = 'browse';
  field: TextField = textField();
  fieldProblem: string | undefined;
  /** Line where a range was begun. */
  rangeStart: number | undefined;
  /** Tables to choose from, and the one under the cursor. */
  tables: readonly string[] = [];
  tableCursor = 0;
  /** The client is working out what is to be shown. */
  arranging = true;
  /** Lines of the list on the screen. */
  height = 10;
  #client: IncidentClient;
  #host: Host;
  #exits: ListExits;
  /** Lines at the end of which only a first look was had. */
  #firstLook = 0;
  #asking = false;
  #askAgain = false;
  #viewVersion = 0;
  /** Views the client has refused. */
  refusals = 0;

  constructor(client: IncidentClient, host: Host, exits: ListExits) {
    this.#client = client;
    this.#host = host;
    this.#exits = exits;
    this.window = new ListWindow(client, () => host.redraw());
    this.marking = new Marking(client, this.window, this, host);
  }

  /** The marked transactions, and what they amount to. */
  get marks(): MarkSet {
    return this.marking.marks;
  }

  get totals(): MarkTotals {
    return this.marking.totals;
  }

  get context(): Context {
    return CONTEXTS[this.mode];
  }

  get length(): number {
    return this.window.length;
  }

  /** Lines that are known for certain; behind them are those of which only a first look was had. */
  get certain(): number {
    return this.length - this.#firstLook;
  }

  /** The transaction under the cursor, when its line is known. */
  get current(): ListedTransaction | undefined {
    return this.window.at(this.cursor);
  }

  /** Lines that stand on the screen were asked for and have not come. */
  get isWaiting(): boolean {
    return this.arranging || !this.window.isKnown;
  }

  /** First and last line of the range being made. */
  get range(): readonly [number, number] | undefined {
    if (this.rangeStart === undefined) return undefined;
    return [Math.min(this.rangeStart, this.cursor), Math.max(this.rangeStart, this.cursor)];
  }

  /** Called when the screen's size or the lines above the list have changed. */
  resize(height: number): void {
    const lines = Math.max(1, height);
    if (lines === this.height) return;
    this.height = lines;
    this.#keepInSight();
  }

  /** Shows how the list begins, before anything of it is certain. */
  begin({ lines, length }: FirstSight): void {
    this.#firstLook = length;
    this.arranging = false;
    this.window.begin(length, lines);
    this.#keepInSight();
  }

  /** The client's view is turned for a moment: answers that are under way are about another one. */
  turned(): void {
    this.#viewVersion++;
  }

  /** The client has read more: asks how long the view is now. `contents`: lines may have changed too (verdicts). */
  async grown(contents: boolean): Promise<void> {
    if (this.#asking) {
      this.#askAgain = true;
      return;
    }
    this.#asking = true;
    try {
      do {
        this.#askAgain = false;
        await this.window.released();
        const version = this.#viewVersion;
        const view = await this.#client.view();
        // The answer may be about a view that is gone, or one that is there for a moment only.
        if (version !== this.#viewVersion || this.window.held) {
          this.#askAgain = true;
          continue;
        }
        const reordered =
          view.length !== this.length && (this.order.key !== 'commit' || this.order.descending);
        const replaced = this.#firstLook > 0;
        const moved = await this.#movedTo(view);
        if (version !== this.#viewVersion || this.window.held) {
          this.#askAgain = true;
          continue;
        }
        this.cursor += moved;
        this.top += moved;
        this.#take(view);
        this.arranging = false;
        this.window.grow(lines(view), contents || reordered || replaced);
        this.#keepInSight();
        this.#host.redraw();
      } while (this.#askAgain);
    } catch (error) {
      this.#host.say(errorText(error), 'error');
    } finally {
      this.#asking = false;
    }
  }

  /** By how many lines the transaction under the cursor moves when reading takes the first look's place. */
  async #movedTo(view: ListView): Promise<number> {
    const { current, cursor } = this;
    if (!current?.firstLook || lines(view) === 0) return 0;
    const line = await this.#client.locate(formatLsn(current.commitLsn));
    return line === undefined || this.cursor !== cursor ? 0 : line - cursor;
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = field;
    this.fieldProblem = undefined;
    this.#host.redraw();
    return true;
  }

  run(action: string): void {
    if (action.startsWith('sort-')) {
      void this.#sortBy(action.slice(5) as SortKey);
      return;
    }
    const actions: Record<string, () => void> = {
      down: () => this.#move(1),
      up: () => this.#move(-1),
      'half-down': () => this.#move(Math.ceil(this.height / 2)),
      'half-up': () => this.#move(-Math.ceil(this.height / 2)),
      'page-down': () => this.#move(this.height),
      'page-up': () => this.#move(-this.height),
      home: () => this.moveTo(0),
      end: () => this.moveTo(this.length - 1),
      open: () => this.#exits.open(this.cursor),
      export: () => this.#exits.export(),
      mark: () => (this.rangeStart === undefined ? this.#toggle() : void this.#markRange(true)),
      unmark: () =>
        this.rangeStart === undefined
          ? this.#withCurrent((transaction) => this.marking.set(transaction, false))
          : void this.#markRange(false),
      range: () => this.#toggleRange(),
      'mark-all': () => void this.marking.markShown(),
      invert: () => void this.marking.invertShown(),
      'unmark-all': () => this.marking.clear(),
      'next-mark': () => this.#nextMark(),
      'mark-table': () => this.#withCurrent((transaction) => this.#chooseTable(transaction)),
      filter: () => this.#enter('filter', this.filter),
      'clear-filter': () => void this.#applyFilter(''),
      jump: () => this.#enter('jump', ''),
      sort: () => this.#enter('sort', ''),
      reverse: () => void this.#arrange(this.filter, { ...this.order, descending: !this.order.descending }),
      accept: () => this.#accept(),
      back: () => this.#back(),
    };
    if (this.mode === 'tables' && (action === 'up' || action === 'down')) {
      const step = action === 'down' ? 1 : -1;
      this.tableCursor = Math.max(0, Math.min(this.tables.length - 1, this.tableCursor + step));
      this.#host.redraw();
      return;
    }
    actions[action]?.();
  }

  /** Puts the cursor on a line of the view. */
  moveTo(line: number): void {
    this.cursor = Math.max(0, Math.min(this.length - 1, line));
    this.#keepInSight();
    this.#host.remember();
    this.#host.redraw();
  }

  /** Restores what a session remembers; a filter that no longer parses is said and left out. */
  async restore(filter: string, order: ListOrder): Promise<void> {
    await this.#arrange(filter, order);
  }

  #enter(mode: Mode, text: string): void {
    this.mode = mode;
    this.field = textField(text);
    this.fieldProblem = undefined;
    this.#host.redraw();
  }

  #leave(): void {
    this.mode = 'browse';
    this.fieldProblem = undefined;
    this.#host.redraw();
  }

  #back(): void {
    if (this.mode !== 'browse') this.#leave();
    else if (this.rangeStart !== undefined) {
      this.rangeStart = undefined;
      this.#host.redraw();
    } else if (this.filter) void this.#applyFilter('');
    else this.#exits.back();
  }

  #accept(): void {
    if (this.mode === 'filter') void this.#applyFilter(fieldText(this.field).trim());
    else if (this.mode === 'jump') void this.#jump(fieldText(this.field).trim());
    else if (this.mode === 'tables') {
      const table = this.tables[this.tableCursor];
      this.#leave();
      void this.marking.markTable(table);
    }
  }

  #move(lines: number): void {
    this.moveTo(this.cursor + lines);
  }

  #keepInSight(): void {
    this.cursor = Math.max(0, Math.min(this.length - 1, this.cursor));
    if (this.cursor < this.top) this.top = this.cursor;
    if (this.cursor >= this.top + this.height) this.top = this.cursor - this.height + 1;
    this.top = Math.max(0, Math.min(this.top, Math.max(0, this.length - this.height)));
    this.window.show(this.top, this.top + this.height);
  }

  #take(view: ListView): void {
    this.total = view.total;
    this.#firstLook = view.firstLook ?? 0;
  }

  /** The box closes at once; it opens again, with the reason, when the filter is refused. */
  async #applyFilter(filter: string): Promise<void> {
    this.#leave();
    const problem = await this.#setView(filter, this.order);
    if (problem === undefined) return;
    this.#enter('filter', filter);
    this.fieldProblem = problem;
  }

  /** Why the client refused, if it did. The cursor stays on its transaction when that is still shown. */
  async #setView(filter: string, order: ListOrder): Promise<string | undefined> {
    const stayOn = this.current;
    const version = ++this.#viewVersion;
    this.arranging = true;
    this.#host.redraw();
    try {
      const view = await this.window.hold(() => this.#client.setView(filter, order));
      if (version !== this.#viewVersion) return undefined;
      this.filter = filter;
      this.order = order;
      this.arranging = false;
      this.rangeStart = undefined;
      this.#take(view);
      this.window.reset(lines(view));
      this.cursor = 0;
      if (stayOn && lines(view) > 0) {
        const line = await this.#client.locate(formatLsn(stayOn.commitLsn));
        if (version === this.#viewVersion && line !== undefined) this.cursor = line;
      }
      this.top = Math.max(0, this.cursor - Math.floor(this.height / 2));
      this.#keepInSight();
      this.#host.remember();
      return undefined;
    } catch (error) {
      this.refusals++;
      return errorText(error);
    } finally {
      if (version === this.#viewVersion) this.arranging = false;
      this.#host.redraw();
    }
  }

  async #arrange(filter: string, order: ListOrder): Promise<void> {
    const problem = await this.#setView(filter, order);
    if (problem !== undefined) this.#host.say(problem, 'error');
  }

  async #sortBy(key: SortKey): Promise<void> {
    this.#leave();
    const descending = this.order.key === key ? !this.order.descending : LARGEST_FIRST.has(key);
    await this.#arrange(this.filter, { key, descending });
  }

  async #jump(text: string): Promise<void> {
    if (!text) {
      this.#leave();
      return;
    }
    try {
      const line = await this.#client.locate(text);
      if (line === undefined) {
        this.fieldProblem = `nothing fits ${text}: type an xid (738), an LSN (0/A016F40) or a time (12:00:03)`;
        this.#host.redraw();
        return;
      }
      this.#leave();
      this.moveTo(line);
    } catch (error) {
      this.fieldProblem = errorText(error);
      this.#host.redraw();
    }
  }

  #toggle(): void {
    this.#withCurrent((transaction) => this.marking.toggle(transaction));
    if (!this.current?.firstLook) this.#move(1);
  }

  /** Does something with the transaction under the cursor: at once when its line is known, else when it is answered. */
  #withCurrent(work: (transaction: ListedTransaction) => void): void {
    const { current, cursor } = this;
    if (current) {
      work(current);
      return;
    }
    void this.#client.rows(cursor, 1).then(
      ([transaction]) => {
        if (transaction) work(transaction);
      },
      (error) => this.#host.say(errorText(error), 'error'),
    );
  }

  #toggleRange(): void {
    this.rangeStart = this.rangeStart === undefined ? this.cursor : undefined;
    this.#host.redraw();
  }

  async #markRange(marked: boolean): Promise<void> {
    const range = this.range;
    if (!range) return;
    this.rangeStart = undefined;
    await this.marking.setRange(...range, marked);
  }

  #nextMark(): void {
    for (const [line, transaction] of this.window.knownFrom(this.cursor + 1)) {
      if (this.marks.has(transaction.index)) {
        this.moveTo(line);
        return;
      }
    }
    this.#host.say('no marked transaction further down on the pages at hand');
  }

  #chooseTable(transaction: ListedTransaction): void {
    this.tables = transaction.tables.map((table) => `${table.schema}.${table.table}`);
    this.tableCursor = 0;
    if (transaction.firstLook) this.#host.say(NOT_REACHED, 'warning');
    else if (this.tables.length === 0) this.#host.say('this transaction changed no table');
    else if (this.tables.length === 1) void this.marking.markTable(this.tables[0]);
    else this.#enter('tables', '');
  }
}
