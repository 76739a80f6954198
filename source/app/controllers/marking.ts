/** Marking lost transactions for an export: one, a range, all that is shown, all that touch a table. */
import { printable } from '../../bytes/printable.js';
import type { IncidentClient } from '../../incident/client.js';
import { plural } from '../../incident/figures.js';
import { MarkSet } from '../../incident/marks.js';
import type { ListedTransaction, ListOrder } from '../../incident/model.js';
import { errorText, type Host } from './host.js';
import type { ListWindow } from './list-window.js';
import { MarkTotals } from './mark-totals.js';

/** The order of the WAL itself. */
export const COMMIT_ORDER: ListOrder = { key: 'commit', descending: false };

/** Of what only a first look was had, nothing can be asked. */
export const NOT_REACHED = 'the reading has not reached it: it can be neither opened nor marked yet';

/** The view that marking is about. */
export interface MarkedView {
  readonly filter: string;
  readonly order: ListOrder;
  readonly length: number;
  /** How many views the client has refused so far. */
  readonly refusals: number;
  /** The client's view is turned for a moment: what is under way is about another one. */
  turned(): void;
}

/** A table's name as the filter language takes it. */
function tableTerm(name: string): string {
  return /[\s"|]/.test(name) ? `table:"${name.replaceAll('"', '""')}"` : `table:${name}`;
}

/** The marks, and what sets many of them at once. */
export class Marking {
  readonly marks = new MarkSet();
  readonly totals: MarkTotals;
  #client: IncidentClient;
  #window: ListWindow;
  #view: MarkedView;
  #host: Host;

  constructor(client: IncidentClient, window: ListWindow, view: MarkedView, host: Host) {
    this.#client = client;
    this.#window = window;
    this.#view = view;
    this.#host = host;
    this.totals = new MarkTotals(client, this.marks, () => host.redraw());
  }

  /** Marks or unmarks one transaction. */
  set(transaction: ListedTransaction, marked: boolean): void {
    if (transaction.firstLook) {
      this.#host.say(NOT_REACHED, 'warning');
      return;
    }
    if (this.marks.has(transaction.index) === marked) return;
    if (marked) this.marks.add(transaction.index);
    else this.marks.remove(transaction.index);
    this.totals.toggled(transaction, marked);
    this.#host.remember();
    this.#host.redraw();
  }

  /** Marks it, or takes the mark away. */
  toggle(transaction: ListedTransaction): void {
    this.set(transaction, !this.marks.has(transaction.index));
  }

  /** Marks or unmarks the lines from `first` to `last`. */
  async setRange(first: number, last: number, marked: boolean): Promise<void> {
    await this.#change(
      () => this.#client.indexes(first, last - first + 1),
      () => marked,
      (count) => `${marked ? 'marked' : 'unmarked'} ${plural(count, 'transaction')}`,
    );
  }

  /** Marks all that is shown. */
  async markShown(): Promise<void> {
    await this.#setShown(() => true, 'marked all that is shown');
  }

  /** Marks of all that is shown what was not marked, and unmarks the rest. */
  async invertShown(): Promise<void> {
    await this.#setShown((index) => !this.marks.has(index), 'inverted the marks of all that is shown');
  }

  /** Marks what the filter and the table both let through, by turning the client's view for a moment. */
  async markTable(table: string): Promise<void> {
    const { filter, order } = this.#view;
    const both = async (): Promise<readonly number[]> => {
      this.#view.turned();
      try {
        const shown = filter ? new Set(await this.#client.indexes(0, this.#view.length)) : undefined;
        const view = await this.#client.setView(tableTerm(table), COMMIT_ORDER);
        const indexes = await this.#client.indexes(0, view.length);
        return shown ? indexes.filter((index) => shown.has(index)) : indexes;
      } finally {
        await this.#client.setView(filter, order);
      }
    };
    await this.#change(
      () => this.#window.hold(both),
      () => true,
      (count) => `marked ${plural(count, 'transaction')} that touch ${printable(table)}`,
    );
  }

  /** Takes all marks away; asks first. */
  clear(): void {
    this.#host.confirm([`Take the marks from ${plural(this.marks.count, 'transaction')}?`], () => {
      this.marks.clear();
      this.totals.recount();
      this.#host.remember();
      this.#host.redraw();
    });
  }

  async #setShown(decide: (index: number) => boolean, verb: string): Promise<void> {
    await this.#change(
      () => this.#client.indexes(0, this.#view.length),
      decide,
      (count) => `${verb}: ${plural(count, 'transaction')}`,
    );
  }

  async #change(
    which: () => Promise<readonly number[]>,
    decide: (index: number) => boolean,
    done: (count: number) => string,
  ): Promise<void> {
    const { refusals } = this.#view;
    try {
      // A filter may be on its way: what it will show is meant, and nothing when it is refused.
      await this.#window.released();
      if (refusals !== this.#view.refusals) return;
      const indexes = await which();
      for (const index of indexes) {
        if (decide(index)) this.marks.add(index);
        else this.marks.remove(index);
      }
      this.totals.recount();
      this.#host.say(done(indexes.length));
      this.#host.remember();
      this.#host.redraw();
    } catch (error) {
      this.#host.say(errorText(error), 'error');
    }
  }
}
