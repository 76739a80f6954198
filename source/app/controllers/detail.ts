/** One transaction opened: its changes, its redo and its undo SQL, each in a pager of its own. */
import { formatCount } from '../../bytes/count.js';
import { printable } from '../../bytes/printable.js';
import { breakLines } from '../../bytes/text-width.js';
import { searchableText } from '../../incident/changes-text.js';
import type { IncidentClient } from '../../incident/client.js';
import type { ListedChange, ListedTransaction } from '../../incident/model.js';
import { rowCount } from '../../transactions/transaction.js';
import type { Context } from '../bindings/binding.js';
import { changeLines, highlight } from '../change-block.js';
import type { KeyPress } from '../keys.js';
import { Pager } from '../pager.js';
import type { Line } from '../span.js';
import { editField, fieldText, type TextField, textField } from '../text-field.js';
import { errorText, type Host } from './host.js';

/** The three ways to look at a transaction. */
export const DETAIL_TABS = ['rows', 'redo', 'undo'] as const;
export type DetailTab = (typeof DETAIL_TABS)[number];

/** Items looked through at a time while searching where the client cannot. */
const SEARCH_STRIDE = 256;

/** A search that takes longer is said to be under way. */
const LONG_SEARCH_MILLISECONDS = 200;

/** Hears now and then which item a search has come to. */
type Reached = (at: number) => void;

/** What the detail asks of the application. */
export interface DetailExits {
  back(): void;
  export(): void;
  /** Opens the transaction `step` lines further down the list. */
  neighbour(step: 1 | -1): void;
  mark(transaction: ListedTransaction): void;
}

/** State and actions of an opened transaction. */
export class DetailController {
  readonly transaction: ListedTransaction;
  tab: DetailTab = 'rows';
  searching = false;
  field: TextField = textField();
  needle = '';
  whole = false;
  readonly pagers: Readonly<Record<DetailTab, Pager<ListedChange> | Pager<string>>>;
  #client: IncidentClient;
  #host: Host;
  #exits: DetailExits;
  #changes: Pager<ListedChange>;
  /** The item the search stands on. */
  #hit: number | undefined;
  #searchVersion = 0;
  /** A search is under way. */
  #seeking = false;

  constructor(client: IncidentClient, transaction: ListedTransaction, host: Host, exits: DetailExits) {
    this.#client = client;
    this.transaction = transaction;
    this.#host = host;
    this.#exits = exits;
    const redraw = (): void => host.redraw();
    this.#changes = new Pager<ListedChange>(
      {
        fetch: async (from, count) => {
          const { changes, total, more } = await client.changes(transaction.index, from, count);
          return { items: changes, total, more };
        },
        countsAhead: true,
        layout: (change, index, width) =>
          changeLines(change, {
            width,
            index,
            total: this.total ?? 0,
            whole: this.whole,
            needle: this.needle,
            found: this.#hit === index,
          }),
      },
      redraw,
    );
    const sql = (direction: 'redo' | 'undo'): Pager<string> =>
      new Pager<string>(
        {
          fetch: async (from, count) => {
            const { lines, total, more } = await client.sql(transaction.index, direction, from, count);
            return { items: lines, total, more };
          },
          layout: (text, index, width) => this.#sqlLines(text, index, width),
        },
        redraw,
      );
    this.pagers = { rows: this.#changes, redo: sql('redo'), undo: sql('undo') };
  }

  get context(): Context {
    return this.searching ? 'detail-search' : 'detail';
  }

  get pager(): Pager<ListedChange> | Pager<string> {
    return this.pagers[this.tab];
  }

  /** How many items there are as far as that is known; undefined before anything is. Rows were counted when WAL was read. */
  get total(): number | undefined {
    const { total, more } = this.pager;
    const isCounted = this.tab === 'rows' && total !== undefined && more;
    return isCounted ? Math.max(total, rowCount(this.transaction)) : total;
  }

  resize(width: number, height: number): void {
    this.pager.resize(width, height);
  }

  close(): void {
    this.#stopSearch();
    for (const pager of Object.values(this.pagers)) pager.close();
  }

  edit(press: KeyPress): boolean {
    const field = editField(this.field, press);
    if (!field) return false;
    this.field = field;
    this.#host.redraw();
    return true;
  }

  run(action: string): void {
    const actions: Record<string, () => void> = {
      down: () => this.pager.scroll(1),
      up: () => this.pager.scroll(-1),
      'half-down': () => this.pager.page(0.5),
      'half-up': () => this.pager.page(-0.5),
      'page-down': () => this.pager.page(1),
      'page-up': () => this.pager.page(-1),
      home: () => this.pager.home(),
      end: () => this.pager.end(),
      'next-change': () => this.pager.toItem(this.pager.item + 1),
      'previous-change': () => this.pager.toItem(this.pager.item - 1),
      'next-tab': () => this.#turn(1),
      'previous-tab': () => this.#turn(-1),
      'next-transaction': () => this.#exits.neighbour(1),
      'previous-transaction': () => this.#exits.neighbour(-1),
      mark: () => this.#exits.mark(this.transaction),
      export: () => this.#exits.export(),
      whole: () => {
        this.whole = !this.whole;
        this.pager.relayout();
      },
      search: () => {
        this.searching = true;
        this.field = textField(this.needle);
      },
      'search-next': () => void this.#search((this.#hit ?? this.pager.item - 1) + 1, 1),
      'search-previous': () => void this.#search((this.#hit ?? this.pager.item) - 1, -1),
      accept: () => this.#beginSearch(),
      back: () => this.#back(),
    };
    actions[action]?.();
    this.#host.redraw();
  }

  #stopSearch(): void {
    this.#searchVersion++;
    if (this.#seeking) void this.#client.stopSearch().catch(() => undefined);
    this.#seeking = false;
  }

  #back(): void {
    const seeking = this.#seeking;
    this.#stopSearch();
    if (seeking) this.#host.say('the search was stopped');
    else if (this.searching) this.searching = false;
    else if (this.needle) {
      this.needle = '';
      this.#hit = undefined;
      this.pager.relayout();
    } else this.#exits.back();
  }

  #turn(step: number): void {
    const at = DETAIL_TABS.indexOf(this.tab) + step + DETAIL_TABS.length;
    this.tab = DETAIL_TABS[at % DETAIL_TABS.length];
    this.#hit = undefined;
    this.pager.relayout();
  }

  #sqlLines(text: string, index: number, width: number): Line[] {
    const mark = this.#hit === index ? '» ' : '  ';
    const comment = text.startsWith('--');
    return breakLines(printable(text), width - 2).map((part, at) => [
      { text: at === 0 ? mark : '  ', style: 'mark' },
      ...highlight(part, comment ? 'muted' : 'plain', this.needle),
    ]);
  }

  #beginSearch(): void {
    this.searching = false;
    this.needle = fieldText(this.field).toLowerCase();
    this.#hit = undefined;
    this.pager.relayout();
    if (this.needle) void this.#search(this.pager.item, 1);
  }

  async #search(from: number, step: 1 | -1): Promise<void> {
    this.#stopSearch();
    const version = this.#searchVersion;
    const { needle, tab } = this;
    this.#seeking = true;
    const begun = performance.now();
    let said = false;
    const reached = (at: number): void => {
      if (version !== this.#searchVersion || performance.now() - begun < LONG_SEARCH_MILLISECONDS) return;
      said = true;
      this.#host.say(`searching for ${needle} …${this.#searchedTo(at)}  Esc stops`);
    };
    const sayIt = setTimeout(() => reached(from), LONG_SEARCH_MILLISECONDS);
    try {
      const find =
        tab === 'rows'
          ? this.#findChange(needle, from, step, reached)
          : this.#findLine(tab, needle, from, step, reached);
      const hit = await find;
      if (version !== this.#searchVersion) return;
      if (hit === undefined) {
        this.#host.say(`${needle} is not found ${step > 0 ? 'further down' : 'further up'}`, 'warning');
        return;
      }
      if (said) this.#host.say(`found ${needle}`);
      this.#hit = hit;
      this.pager.relayout();
      this.pager.toItem(hit);
    } catch (error) {
      this.#host.say(errorText(error), 'error');
    } finally {
      clearTimeout(sayIt);
      if (version === this.#searchVersion) this.#seeking = false;
    }
  }

  /** How far a search has come, for people: a share where it is known of how many, else a number. */
  #searchedTo(at: number): string {
    const { total } = this;
    const isWhole = this.tab === 'rows' || !this.pager.more;
    if (!total || !isWhole) return ` line ${formatCount(at + 1)}`;
    return ` ${Math.min(100, Math.floor((at / total) * 100))} %`;
  }

  async #findChange(
    needle: string,
    from: number,
    step: 1 | -1,
    reached: Reached,
  ): Promise<number | undefined> {
    if (step < 0) {
      const read = async (first: number, count: number) => {
        const { changes, total } = await this.#client.changes(this.transaction.index, first, count);
        return { texts: changes.map((listed) => searchableText(listed.change)), total };
      };
      return this.#scan(from, step, reached, read, needle);
    }
    const version = this.#searchVersion;
    for (let at = from; ; ) {
      const answer = await this.#client.searchChanges(this.transaction.index, needle, at);
      if (answer === undefined || answer.found) return answer?.at;
      if (version !== this.#searchVersion) return undefined;
      at = answer.at;
      reached(at);
    }
  }

  #findLine(
    tab: 'redo' | 'undo',
    needle: string,
    from: number,
    step: 1 | -1,
    reached: Reached,
  ): Promise<number | undefined> {
    const read = async (first: number, count: number) => {
      const { lines, total } = await this.#client.sql(this.transaction.index, tab, first, count);
      return { texts: lines.map((text) => text.toLowerCase()), total };
    };
    return this.#scan(from, step, reached, read, needle);
  }

  /** Looks through texts in strides, one way, until one holds the needle or the search is given up. */
  async #scan(
    from: number,
    step: 1 | -1,
    reached: Reached,
    read: (first: number, count: number) => Promise<{ texts: string[]; total: number }>,
    needle: string,
  ): Promise<number | undefined> {
    const version = this.#searchVersion;
    let at = from;
    let total = Number.POSITIVE_INFINITY;
    let told = performance.now();
    while (at >= 0 && at < total && version === this.#searchVersion) {
      const first = step > 0 ? at : Math.max(0, at - SEARCH_STRIDE + 1);
      const count = step > 0 ? SEARCH_STRIDE : at - first + 1;
      const answer = await read(first, count);
      total = answer.total;
      const hit =
        step > 0
          ? answer.texts.findIndex((text) => text.includes(needle))
          : answer.texts.findLastIndex((text) => text.includes(needle));
      if (hit >= 0) return first + hit;
      at = step > 0 ? first + count : first - 1;
      if (performance.now() - told < LONG_SEARCH_MILLISECONDS) continue;
      reached(at);
      told = performance.now();
    }
    return undefined;
  }
}
