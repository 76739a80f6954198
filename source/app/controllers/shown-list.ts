/** The list of lost transactions as it is shown: its filter and order, its cursor, what of it is on the screen, and its marks. */
import { formatLsn } from '../../bytes/lsn.js';
import type { IncidentClient, ListView } from '../../incident/client.js';
import type { MarkSet } from '../../incident/marks.js';
import type { FirstSight, ListedTransaction, ListOrder } from '../../incident/model.js';
import { errorText, type Host } from './host.js';
import { ListWindow } from './list-window.js';
import type { MarkTotals } from './mark-totals.js';
import { COMMIT_ORDER, Marking } from './marking.js';

/** Lines of a view, those of a first look included. */
function lines({ length, firstLook = 0 }: ListView): number {
  return length + firstLook;
}

/** The list without its keys. */
export class ShownList {
  readonly marking: Marking;
  readonly window: ListWindow;
  cursor = 0;
  top = 0;
  total = 0;
  filter = '';
  order: ListOrder = COMMIT_ORDER;
  /** Line where a range was begun. */
  rangeStart: number | undefined;
  /** The client is working out what is to be shown. */
  arranging = true;
  /** Lines of the list on the screen. */
  height = 10;
  protected readonly client: IncidentClient;
  protected readonly host: Host;
  /** Lines at the end of which only a first look was had. */
  #firstLook = 0;
  #asking = false;
  #askAgain = false;
  #viewVersion = 0;
  /** Views the client has refused. */
  refusals = 0;

  constructor(client: IncidentClient, host: Host) {
    this.client = client;
    this.host = host;
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
        const view = await this.client.view();
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
        this.host.redraw();
      } while (this.#askAgain);
    } catch (error) {
      this.host.say(errorText(error), 'error');
    } finally {
      this.#asking = false;
    }
  }

  /** By how many lines the transaction under the cursor moves when reading takes the first look's place. */
  async #movedTo(view: ListView): Promise<number> {
    const { current, cursor } = this;
    if (!current?.firstLook || lines(view) === 0) return 0;
    const line = await this.client.locate(formatLsn(current.commitLsn));
    return line === undefined || this.cursor !== cursor ? 0 : line - cursor;
  }

  /** Puts the cursor on a line of the view. */
  moveTo(line: number): void {
    this.cursor = Math.max(0, Math.min(this.length - 1, line));
    this.#keepInSight();
    this.host.remember();
    this.host.redraw();
  }

  /** Shows another view, what a session remembers for one; why the client refused is said. */
  async restore(filter: string, order: ListOrder): Promise<void> {
    const problem = await this.setView(filter, order);
    if (problem !== undefined) this.host.say(problem, 'error');
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

  /** Why the client refused, if it did. The cursor stays on its transaction when that is still shown. */
  protected async setView(filter: string, order: ListOrder): Promise<string | undefined> {
    const stayOn = this.current;
    const version = ++this.#viewVersion;
    this.arranging = true;
    this.host.redraw();
    try {
      const view = await this.window.hold(() => this.client.setView(filter, order));
      if (version !== this.#viewVersion) return undefined;
      this.filter = filter;
      this.order = order;
      this.arranging = false;
      this.rangeStart = undefined;
      this.#take(view);
      this.window.reset(lines(view));
      this.cursor = 0;
      if (stayOn && lines(view) > 0) {
        const line = await this.client.locate(formatLsn(stayOn.commitLsn));
        if (version === this.#viewVersion && line !== undefined) this.cursor = line;
      }
      this.top = Math.max(0, this.cursor - Math.floor(this.height / 2));
      this.#keepInSight();
      this.host.remember();
      return undefined;
    } catch (error) {
      this.refusals++;
      return errorText(error);
    } finally {
      if (version === this.#viewVersion) this.arranging = false;
      this.host.redraw();
    }
  }
}
