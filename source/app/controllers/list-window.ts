/** The lines of the list near the screen, fetched in pages and kept while they are worth keeping. */
import type { IncidentClient } from '../../incident/client.js';
import type { ListedTransaction } from '../../incident/model.js';

/** Lines fetched at once. */
const PAGE = 64;
/** Pages kept: some thousand lines, whatever the list's length. */
const MOST_PAGES = 48;

interface Page {
  readonly rows: readonly ListedTransaction[];
  /** How long the list was when this was asked: a short page is asked again only after growth. */
  readonly length: number;
  stale: boolean;
}

/** A cache over `IncidentClient.rows`: answers at once with what it has, and fetches what it has not. */
export class ListWindow {
  /** Lines in the view. */
  length = 0;
  problem: string | undefined;
  #client: IncidentClient;
  #changed: () => void;
  #pages = new Map<number, Page>();
  #version = 0;
  #from = 0;
  #to = 0;
  #fetching = false;
  #held: Promise<unknown> | undefined;

  constructor(client: IncidentClient, changed: () => void) {
    this.#client = client;
    this.#changed = changed;
  }

  /** The transaction on a line, if it is known already. */
  at(line: number): ListedTransaction | undefined {
    return this.#pages.get(Math.floor(line / PAGE))?.rows[line % PAGE];
  }

  /** Whether all lines on the screen are known, or cannot be had. */
  get isKnown(): boolean {
    if (this.problem !== undefined) return true;
    for (let line = this.#from; line < Math.min(this.#to, this.length); line++)
      if (!this.at(line)) return false;
    return true;
  }

  /** Known lines from `line` on in one direction, for a search among what is at hand. */
  *knownFrom(line: number): Generator<[line: number, transaction: ListedTransaction]> {
    for (let at = line; at < this.length; at++) {
      const transaction = this.at(at);
      if (!transaction) return;
      yield [at, transaction];
    }
  }

  /** Says which lines are on the screen; they and one screen to each side are fetched. */
  show(from: number, to: number): void {
    this.#from = from;
    this.#to = to;
    void this.#fetch();
  }

  /** The view is new, and these are its first lines, as many as a page has unless there are fewer. */
  begin(length: number, lines: readonly ListedTransaction[]): void {
    this.length = length;
    this.#pages.set(0, { rows: lines.slice(0, PAGE), length, stale: false });
  }

  /** The view is another one: nothing known holds any more. */
  reset(length: number): void {
    this.#version++;
    this.#pages.clear();
    this.length = length;
    void this.#fetch();
  }

  /** The view has grown, or its lines have changed their contents (`stale`): what is shown is fetched again. */
  grow(length: number, stale: boolean): void {
    this.length = length;
    if (stale) for (const page of this.#pages.values()) page.stale = true;
    void this.#fetch();
  }

  /** Fetches nothing until `work` is done: it turns the client's view to something else for a moment. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.released();
    this.#version++;
    const held = work();
    this.#held = held.catch(() => undefined);
    try {
      return await held;
    } finally {
      this.#held = undefined;
      void this.#fetch();
    }
  }

  /** The client's view is another one for a moment. */
  get held(): boolean {
    return this.#held !== undefined;
  }

  /** Resolves when the client's view is the list's again. */
  async released(): Promise<void> {
    while (this.#held) await this.#held;
  }

  #wanted(): number | undefined {
    const height = this.#to - this.#from;
    const ranges = [
      [this.#from, this.#to],
      [this.#to, this.#to + height],
      [this.#from - height, this.#from],
    ];
    for (const [from, to] of ranges) {
      const last = Math.floor((Math.min(to, this.length) - 1) / PAGE);
      for (let number = Math.floor(Math.max(0, from) / PAGE); number <= last; number++) {
        const page = this.#pages.get(number);
        if (!page || page.stale) return number;
        const expected = Math.min(PAGE, this.length - number * PAGE);
        if (page.rows.length < expected && page.length < this.length) return number;
      }
    }
    return undefined;
  }

  async #fetch(): Promise<void> {
    if (this.#fetching || this.#held) return;
    this.#fetching = true;
    try {
      for (let number = this.#wanted(); number !== undefined && !this.#held; number = this.#wanted()) {
        const version = this.#version;
        const length = this.length;
        const rows = await this.#client.rows(number * PAGE, PAGE);
        if (version !== this.#version) continue;
        this.#pages.delete(number);
        this.#pages.set(number, { rows, length, stale: false });
        if (this.#pages.size > MOST_PAGES) this.#pages.delete(this.#pages.keys().next().value!);
        this.problem = undefined;
        this.#changed();
      }
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#changed();
    } finally {
      this.#fetching = false;
    }
  }
}
