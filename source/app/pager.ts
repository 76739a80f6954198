/**
 * Scrolls line by line through items of any height, of which only those near the screen are known: the changes of
 * a transaction, or the lines of its SQL. Cost and memory do not grow with how many there are.
 */
import type { Line } from './span.js';

/** Where items come from and how they look. */
export interface PagerSource<Item> {
  /** Items [from, from+count), and how many there are in all; `more`: as far as they were counted. */
  fetch(
    from: number,
    count: number,
  ): Promise<{ readonly items: readonly Item[]; readonly total: number; readonly more?: boolean }>;
  /** Counting costs little: it goes on to the end although nobody goes there. */
  readonly countsAhead?: boolean;
  /** One item as lines of at most `width` columns; at least one line. */
  layout(item: Item, index: number, width: number): readonly Line[];
}

/** Items fetched at once. */
const WINDOW = 32;
/** Items counted at once beyond those known. */
const LEAP = 16_384;
/** Windows kept. */
const MOST_WINDOWS = 24;

/** A window onto a long sequence of items. */
export class Pager<Item> {
  /** How many items there are; undefined until the first answer. */
  total: number | undefined;
  /** Why items could not be had. */
  problem: string | undefined;
  #source: PagerSource<Item>;
  #changed: () => void;
  #item = 0;
  #line = 0;
  #width = 80;
  #height = 20;
  #windows = new Map<number, readonly Item[]>();
  #layouts = new Map<number, readonly Line[]>();
  #fetching = false;
  #more = false;
  #stickToEnd = false;
  #closed = false;
  #begun = false;

  constructor(source: PagerSource<Item>, changed: () => void) {
    this.#source = source;
    this.#changed = changed;
  }

  /** The first item on the screen. */
  get item(): number {
    return this.#item;
  }

  /** There are more than `total`: they were counted so far. */
  get more(): boolean {
    return this.#more;
  }

  /** Sets the size of the window, in columns and lines, and fetches what it shows. */
  resize(width: number, height: number): void {
    // Called with every frame: nothing may happen, not even another frame, when nothing has changed.
    if (this.#begun && width === this.#width && Math.max(1, height) === this.#height) return;
    this.#begun = true;
    if (width !== this.#width) this.#layouts.clear();
    this.#width = width;
    this.#height = Math.max(1, height);
    this.#settle();
  }

  /** Lays everything out anew: how items look has changed. */
  relayout(): void {
    this.#layouts.clear();
    this.#settle();
  }

  /** The lines to show; fewer than the height when there are no more. */
  lines(): Line[] {
    const lines: Line[] = [];
    let item = this.#item;
    let skip = this.#line;
    const total = this.total ?? 0;
    while (lines.length < this.#height && item < total) {
      lines.push(...this.#layout(item).slice(skip, skip + this.#height - lines.length));
      skip = 0;
      item++;
    }
    return lines;
  }

  /** Moves by lines; negative is up. */
  scroll(lines: number): void {
    this.#stickToEnd = false;
    if (lines > 0) this.#down(lines);
    else this.#up(-lines);
    this.#settle();
  }

  /** Moves by parts of the screen's height. */
  page(screens: number): void {
    this.scroll(Math.trunc(screens * this.#height) || Math.sign(screens));
  }

  home(): void {
    this.#stickToEnd = false;
    this.#item = 0;
    this.#line = 0;
    this.#settle();
  }

  end(): void {
    this.#stickToEnd = true;
    this.#settle();
  }

  /** Puts an item at the top of the screen (or as near as the end allows). */
  toItem(index: number): void {
    this.#stickToEnd = false;
    this.#item = Math.max(0, Math.min(index, (this.total ?? index + 1) - 1));
    this.#line = 0;
    this.#settle();
  }

  /** Stops fetching. */
  close(): void {
    this.#closed = true;
  }

  #known(index: number): Item | undefined {
    return this.#windows.get(Math.floor(index / WINDOW))?.[index % WINDOW];
  }

  #layout(index: number): readonly Line[] {
    const cached = this.#layouts.get(index);
    if (cached) return cached;
    const item = this.#known(index);
    if (item === undefined) return [[{ text: '  …', style: 'muted' }]];
    const lines = this.#source.layout(item, index, this.#width);
    this.#layouts.set(index, lines);
    return lines;
  }

  #down(lines: number): void {
    let left = lines;
    while (left > 0) {
      const rest = this.#layout(this.#item).length - this.#line;
      if (left < rest) {
        this.#line += left;
        return;
      }
      if (this.#item + 1 >= (this.total ?? 0)) {
        this.#line += rest - 1;
        return;
      }
      left -= rest;
      this.#item++;
      this.#line = 0;
    }
  }

  #up(lines: number): void {
    let left = lines;
    while (left > 0) {
      if (left <= this.#line) {
        this.#line -= left;
        return;
      }
      left -= this.#line;
      if (this.#item === 0) {
        this.#line = 0;
        return;
      }
      this.#item--;
      this.#line = this.#layout(this.#item).length;
    }
    if (this.#line === this.#layout(this.#item).length) {
      // Past the last line of an item is the first line of the next.
      this.#item++;
      this.#line = 0;
    }
  }

  /** No emptiness below the last line while there is something above the first. */
  #clamp(): void {
    const total = this.total;
    if (total === undefined || total === 0) return;
    if (this.#stickToEnd || this.#item >= total) {
      this.#item = total - 1;
      this.#line = Math.max(0, this.#layout(total - 1).length - 1);
    }
    // An item that was laid out anew may have become shorter: its beginning is shown.
    if (this.#line >= this.#layout(this.#item).length) this.#line = 0;
    let shown = -this.#line;
    for (let item = this.#item; item < total && shown < this.#height; item++)
      shown += this.#layout(item).length;
    if (shown < this.#height) this.#up(this.#height - shown);
  }

  #settle(): void {
    this.#clamp();
    this.#changed();
    void this.#fetchMissing();
  }

  #missingWindow(): number | undefined {
    if (this.total === undefined) return Math.floor(this.#item / WINDOW);
    const first = Math.floor(this.#item / WINDOW);
    // Items take at least a line each, so one screen's height of them is enough; one window more for what comes next.
    const last = Math.floor(Math.min(this.total - 1, this.#item + this.#height) / WINDOW);
    for (let window = first; window <= last; window++) if (!this.#windows.has(window)) return window;
    for (const window of [last + 1, first - 1]) {
      if (window >= 0 && window * WINDOW < this.total && !this.#windows.has(window)) return window;
    }
    return undefined;
  }

  async #fetchMissing(): Promise<void> {
    if (this.#fetching) return;
    this.#fetching = true;
    try {
      for (;;) {
        const window = this.#missingWindow();
        const leaps = this.#more && (this.#stickToEnd || (this.#source.countsAhead && window === undefined));
        if (window === undefined && !leaps) return;
        // To the end it goes by counting alone, and nothing is fetched on the way.
        const { items, total, more } = await (leaps
          ? this.#source.fetch((this.total ?? 0) + LEAP, 0)
          : this.#source.fetch(window! * WINDOW, WINDOW));
        if (this.#closed) return;
        // An item may tell of how many it is one.
        if (total !== this.total || (more ?? false) !== this.#more) this.#layouts.clear();
        this.total = total;
        this.#more = more ?? false;
        if (!leaps) {
          this.#windows.set(window!, items);
          this.#forgetFar(window!);
        }
        this.#clamp();
        this.#changed();
      }
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      this.#changed();
    } finally {
      this.#fetching = false;
    }
  }

  #forgetFar(near: number): void {
    if (this.#windows.size <= MOST_WINDOWS) return;
    const farthest = [...this.#windows.keys()].reduce((a, b) =>
      Math.abs(a - near) >= Math.abs(b - near) ? a : b,
    );
    this.#windows.delete(farthest);
    for (let index = farthest * WINDOW; index < (farthest + 1) * WINDOW; index++) this.#layouts.delete(index);
  }
}
