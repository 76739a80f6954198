/**
 * Lost changes applied to tables in memory, row by row: what redo and undo do on a server, without one. A table without a key is a bag
 * of rows, and so is every other: a change finds its old row by all of its values or the replay fails.
 */
import assert from 'node:assert/strict';
import { isUnknown, type Row, type RowChange, tableLabel } from '../../source/rows/row-change.js';
import type { TableRows } from '../servers/truth.js';
import { comparableFloat } from './against-the-server.js';
import type { DatabaseRows } from './recorded.js';

const FLOAT_NAMES: Readonly<Record<number, string>> = { 700: 'real', 701: 'double precision' };

/** A value as it is compared. */
export function comparable(text: string | null, typeOid: number): string | null {
  return comparableFloat(FLOAT_NAMES[typeOid] ?? '', text);
}

/** One table's rows: how many there are of each. */
class Bag {
  readonly columns: readonly string[];
  readonly #counts = new Map<string, number>();

  constructor({ columns, types, rows }: TableRows) {
    this.columns = columns;
    for (const row of rows) this.add(row.map((value, i) => comparable(value, types[i])));
  }

  add(row: readonly (string | null)[]): void {
    const key = JSON.stringify(row);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  take(row: readonly (string | null)[], what: string): void {
    const key = JSON.stringify(row);
    const count = this.#counts.get(key) ?? 0;
    assert.ok(count > 0, `${what}: there is no such row: ${key}`);
    if (count === 1) this.#counts.delete(key);
    else this.#counts.set(key, count - 1);
  }

  clear(): void {
    this.#counts.clear();
  }

  /** Its rows with their numbers, in one order. */
  list(): string[] {
    return [...this.#counts].map(([key, count]) => `${count} × ${key}`).sort();
  }
}

/** Tables in memory. */
export class Replay {
  readonly #tables = new Map<string, Bag>();

  constructor(contents: DatabaseRows) {
    for (const [database, tables] of Object.entries(contents)) {
      for (const [table, rows] of Object.entries(tables)) {
        this.#tables.set(`${database}: ${table}`, new Bag(rows));
      }
    }
  }

  /** Applies one change. Fails when it has no such table, its old row is not there, or a value is not known. */
  redo(change: RowChange): void {
    this.#apply(change, change.before, change.after);
  }

  /** Takes one change back. A truncation cannot be. */
  undo(change: RowChange): void {
    if (change.operation !== 'truncate') this.#apply(change, change.after, change.before);
  }

  #apply(change: RowChange, from: Row | undefined, to: Row | undefined): void {
    const { table, operation, problem } = change;
    const what = `${operation} of ${tableLabel(table)} at ${change.lsn}`;
    assert.equal(problem, undefined, what);
    const bag = this.#tables.get(`${table.database}: ${tableLabel(table)}`);
    assert.ok(bag, `${what}: no such table`);
    assert.deepEqual(
      table.columns.map(({ name }) => name),
      bag.columns,
      what,
    );
    if (operation === 'truncate') {
      bag.clear();
      return;
    }
    const known = (row: Row) =>
      row.map((value, i) => {
        if (isUnknown(value)) assert.fail(`${what}: ${table.columns[i].name} is ${JSON.stringify(value)}`);
        return comparable(value, table.columns[i].typeOid);
      });
    assert.equal(from !== undefined, operation !== (to === change.after ? 'insert' : 'delete'), what);
    if (from) bag.take(known(from), what);
    if (to) bag.add(known(to));
  }

  /** Every table's rows, those of `except` (`schema.table`) left out. */
  rows(except: readonly string[] = []): Record<string, string[]> {
    return Object.fromEntries(
      [...this.#tables]
        .filter(([name]) => !except.some((table) => name.endsWith(`: ${table}`)))
        .map(([name, bag]) => [name, bag.list()]),
    );
  }
}
