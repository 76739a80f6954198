/**
 * One transaction's SQL as lines, made on as far as somebody scrolls. Only some blocks of them are held: of the others it is known with
 * which change they begin, and they are made again.
 */
import type { Change } from '../rows/row-change.js';
import { ChangeLines, type SqlOptions } from '../sql/change-lines.js';
import { isLargeObjectTable } from '../sql/large-object.js';
import { Tally } from '../sql/tally.js';
import { ENDING, transactionLines } from '../sql/transaction-sql.js';
import type { ListedTransaction } from './model.js';
import type { OpenedIncident } from './opened-incident.js';

/** Lines after which a block ends as soon as one can begin. */
const BLOCK = 1024;
/** Blocks held. */
const MOST_BLOCKS = 8;
/** Milliseconds of work between two pauses. */
const SLICE = 8;

/** Where a block begins. */
interface BlockStart {
  readonly line: number;
  /** The change that its first line is of, counted in the order of writing. */
  readonly change: number;
}

export class SqlLines {
  readonly #incident: OpenedIncident;
  readonly #transaction: ListedTransaction;
  readonly #options: SqlOptions;
  readonly #starts: BlockStart[] = [{ line: 0, change: 0 }];
  readonly #held = new Map<number, readonly string[]>();
  /** The block being made, and what makes it. */
  #block: string[] = [];
  readonly #source: Iterator<string>;
  #total = 0;
  #done = false;

  constructor(incident: OpenedIncident, index: number, direction: 'redo' | 'undo') {
    this.#incident = incident;
    this.#transaction = incident.transaction(index);
    const { blockSize } = incident.overview().old;
    this.#options = { direction, guard: false, ddl: false, inDoubt: true, blockSize };
    this.#source = this.#from(0);
  }

  /**
   * Lines [from, from + count), and how many there are; `more` while not all have been made. `pause` is waited for now and then, and may
   * throw to end it.
   */
  async slice(
    from: number,
    count: number,
    pause: () => Promise<void>,
  ): Promise<{ lines: string[]; total: number; more: boolean }> {
    let paused = performance.now();
    while (!this.#done && this.#total <= from + count) {
      this.#make();
      if (performance.now() - paused < SLICE) continue;
      await pause();
      paused = performance.now();
    }
    const lines: string[] = [];
    for (let at = from; at < Math.min(from + count, this.#total); ) {
      const block = this.#blockOf(at);
      const { line } = this.#starts[block];
      const some = this.#linesOf(block).slice(at - line, from + count - line);
      lines.push(...some);
      at += some.length;
    }
    return { lines, total: this.#total, more: !this.#done };
  }

  /** Makes some lines more. */
  #make(): void {
    for (let i = 0; i < 16; i++) {
      const next = this.#source.next();
      if (next.done) {
        this.#done = true;
        return;
      }
      const lines = next.value.split('\n');
      this.#block.push(...lines);
      this.#total += lines.length;
    }
  }

  /** All lines from a block's first change on. Blocks are counted off on the way by who makes the lines for the first time. */
  *#from(change: number): Generator<string> {
    const { index, xid } = this.#transaction;
    const changes = this.#incident.changes(index, this.#options.direction === 'undo', change);
    if (change === 0) {
      yield* transactionLines(this.#transaction, this.#counted(changes), this.#options, new Tally());
      return;
    }
    const lines = new ChangeLines(xid, this.#options, new Tally());
    for (const each of changes) yield* lines.take(each);
    yield* lines.finish();
    yield ENDING;
  }

  *#counted(changes: Iterable<Change>): Generator<Change> {
    let number = 0;
    let previous: Change | undefined;
    for (const change of changes) {
      if (previous && this.#block.length >= BLOCK && !mayHoldBack(previous)) this.#endBlock(number);
      yield change;
      previous = change;
      number++;
    }
  }

  /** A block ends before the change with this number; those that make one again are past it then, and count no more. */
  #endBlock(change: number): void {
    if (change <= this.#starts[this.#starts.length - 1].change) return;
    this.#hold(this.#starts.length - 1, this.#block);
    this.#starts.push({ line: this.#total, change });
    this.#block = [];
  }

  #hold(block: number, lines: readonly string[]): void {
    this.#held.delete(block);
    this.#held.set(block, lines);
    if (this.#held.size > MOST_BLOCKS) this.#held.delete(this.#held.keys().next().value as number);
  }

  #blockOf(line: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#starts[middle].line <= line) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #linesOf(block: number): readonly string[] {
    if (block === this.#starts.length - 1) return this.#block;
    const held = this.#held.get(block) ?? this.#again(block);
    this.#hold(block, held);
    return held;
  }

  #again(block: number): readonly string[] {
    const { line, change } = this.#starts[block];
    const length = this.#starts[block + 1].line - line;
    const lines: string[] = [];
    for (const text of this.#from(change)) {
      lines.push(...text.split('\n'));
      if (lines.length >= length) break;
    }
    return lines;
  }
}

/** Can something of the change be written later, with its neighbours? */
function mayHoldBack(change: Change): boolean {
  return change.kind === 'row' && (change.operation === 'truncate' || isLargeObjectTable(change.table));
}
