/** What keys do in the list of lost transactions, and the box that some of them open. Nothing here waits for an answer. */
import type { IncidentClient } from '../../incident/client.js';
import type { ListedTransaction, SortKey } from '../../incident/model.js';
import type { Context } from '../bindings/binding.js';
import type { KeyPress } from '../keys.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { errorText, type Host } from './host.js';
import { NOT_REACHED } from './marking.js';
import { ShownList } from './shown-list.js';

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

/** The list and its keys. */
export class ListController extends ShownList {
  mode: Mode = 'browse';
  field: TextField = textField();
  fieldProblem: string | undefined;
  /** Tables to choose from, and the one under the cursor. */
  tables: readonly string[] = [];
  tableCursor = 0;
  readonly #exits: ListExits;

  constructor(client: IncidentClient, host: Host, exits: ListExits) {
    super(client, host);
    this.#exits = exits;
  }

  get context(): Context {
    return CONTEXTS[this.mode];
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = field;
    this.fieldProblem = undefined;
    this.host.redraw();
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
      reverse: () => void this.restore(this.filter, { ...this.order, descending: !this.order.descending }),
      accept: () => this.#accept(),
      back: () => this.#back(),
    };
    if (this.mode === 'tables' && (action === 'up' || action === 'down')) {
      const step = action === 'down' ? 1 : -1;
      this.tableCursor = Math.max(0, Math.min(this.tables.length - 1, this.tableCursor + step));
      this.host.redraw();
      return;
    }
    actions[action]?.();
  }

  #enter(mode: Mode, text: string): void {
    this.mode = mode;
    this.field = textField(text);
    this.fieldProblem = undefined;
    this.host.redraw();
  }

  #leave(): void {
    this.mode = 'browse';
    this.fieldProblem = undefined;
    this.host.redraw();
  }

  #back(): void {
    if (this.mode !== 'browse') this.#leave();
    else if (this.rangeStart !== undefined) {
      this.rangeStart = undefined;
      this.host.redraw();
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

  /** The box closes at once; it opens again, with the reason, when the filter is refused. */
  async #applyFilter(filter: string): Promise<void> {
    this.#leave();
    const problem = await this.setView(filter, this.order);
    if (problem === undefined) return;
    this.#enter('filter', filter);
    this.fieldProblem = problem;
  }

  async #sortBy(key: SortKey): Promise<void> {
    this.#leave();
    const descending = this.order.key === key ? !this.order.descending : LARGEST_FIRST.has(key);
    await this.restore(this.filter, { key, descending });
  }

  async #jump(text: string): Promise<void> {
    if (!text) {
      this.#leave();
      return;
    }
    try {
      const line = await this.client.locate(text);
      if (line === undefined) {
        this.fieldProblem = `nothing fits ${text}: type an xid (738), an LSN (0/A016F40) or a time (12:00:03)`;
        this.host.redraw();
        return;
      }
      this.#leave();
      this.moveTo(line);
    } catch (error) {
      this.fieldProblem = errorText(error);
      this.host.redraw();
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
    void this.client.rows(cursor, 1).then(
      ([transaction]) => {
        if (transaction) work(transaction);
      },
      (error) => this.host.say(errorText(error), 'error'),
    );
  }

  #toggleRange(): void {
    this.rangeStart = this.rangeStart === undefined ? this.cursor : undefined;
    this.host.redraw();
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
    this.host.say('no marked transaction further down on the pages at hand');
  }

  #chooseTable(transaction: ListedTransaction): void {
    this.tables = transaction.tables.map((table) => `${table.schema}.${table.table}`);
    this.tableCursor = 0;
    if (transaction.firstLook) this.host.say(NOT_REACHED, 'warning');
    else if (this.tables.length === 0) this.host.say('this transaction changed no table');
    else if (this.tables.length === 1) void this.marking.markTable(this.tables[0]);
    else this.#enter('tables', '');
  }
}
