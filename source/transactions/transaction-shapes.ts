/** What many transactions have in common, kept once: database, tables, numbers of rows by operation. */
import type { TableCounts } from './transaction.js';

/** What a transaction did, without saying which one did it. */
export interface TransactionShape {
  readonly database: string;
  readonly tables: readonly TableCounts[];
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  readonly messages: number;
  readonly movesSequences: boolean;
  readonly undecodable: number;
  /** Some of its relations were not known when it was made: the number by which it is made again (Shapes.again). */
  readonly unsettled?: number;
}

/** Shapes by number; two that say the same have the same number. */
export class TransactionShapes {
  #shapes: TransactionShape[] = [];
  readonly #numbers = new Map<string, number>();
  /** The same, by the very object: most transactions come with one that was seen before. */
  readonly #numberOfObject = new WeakMap<TransactionShape, number>();
  #last: TransactionShape | undefined;
  #lastNumber = 0;

  /** How many different ones there are. */
  get length(): number {
    return this.#shapes.length;
  }

  /** The shape that has a number. */
  at(number: number): TransactionShape {
    return this.#shapes[number];
  }

  /** The number of a shape, which gets one when it is new. */
  numberOf(shape: TransactionShape): number {
    if (shape !== this.#last) {
      this.#lastNumber = this.#find(shape);
      this.#last = shape;
    }
    return this.#lastNumber;
  }

  /** Is there one that is to be made again? */
  get areUnsettled(): boolean {
    return this.#shapes.some(({ unsettled }) => unsettled !== undefined);
  }

  /** All of them, in the order of their numbers. */
  all(): readonly TransactionShape[] {
    return this.#shapes;
  }

  /** Takes those of another thread, numbers and all. */
  lend(shapes: readonly TransactionShape[]): void {
    this.#shapes = [...shapes];
  }

  #find(shape: TransactionShape): number {
    const known = this.#numberOfObject.get(shape);
    if (known !== undefined) return known;
    let key = `${shape.database}\u0000${shape.undecodable} ${shape.messages} ${shape.movesSequences} ${shape.unsettled}`;
    for (const { schema, table, insert, update, delete: deleted, truncate } of shape.tables) {
      key += `\u0000${schema}\u0000${table}\u0000${insert},${update},${deleted},${truncate}`;
    }
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#shapes.length;
      this.#shapes.push(shape);
      this.#numbers.set(key, number);
    }
    this.#numberOfObject.set(shape, number);
    return number;
  }
}
