/** What is about to be exported, in figures: known from summaries, before a single row is decoded. */
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { ListedTransaction, Verdict } from '../incident/model.js';
import { tableLabel } from '../rows/row-change.js';
import type { TableCounts } from '../transactions/transaction.js';
import type { TransactionIndex } from '../transactions/transaction-index.js';

/** Changes of one table. */
export interface TableFigures {
  readonly database: string;
  readonly table: string;
  transactions: number;
  insert: number;
  update: number;
  delete: number;
  truncate: number;
}

/** Transactions that did the same as another one, and have its verdict: how many, and what they do not share. */
class Alike {
  /** The other one, which was counted by itself. */
  readonly transaction: ListedTransaction;
  times = 0;
  walBytes = 0;
  firstCommitTime: TimestampMicros;
  lastCommitTime: TimestampMicros;

  constructor(transaction: ListedTransaction) {
    this.transaction = transaction;
    this.firstCommitTime = transaction.commitTime;
    this.lastCommitTime = transaction.commitTime;
  }
}

/** Sums over the chosen transactions, of one database or of all. */
export class Selection {
  transactions = 0;
  inserts = 0;
  updates = 0;
  deletes = 0;
  truncates = 0;
  undecodable = 0;
  inDoubt = 0;
  straddling = 0;
  changingCatalog = 0;
  walBytes = 0;
  firstCommitTime: TimestampMicros | undefined;
  lastCommitTime: TimestampMicros | undefined;
  readonly databases = new Set<string>();
  readonly verdicts = new Map<Verdict, number>();
  /** By database and label. */
  readonly tables = new Map<string, TableFigures>();
  readonly #byTables = new WeakMap<
    readonly TableCounts[],
    { readonly database: string; readonly figures: TableFigures[] }
  >();

  /**
   * Somebody chose transactions in doubt by hand, and nothing else: only then are they written as if they had been committed. Among
   * others they are too easily marked without being meant.
   */
  get onlyInDoubt(): boolean {
    return this.inDoubt > 0 && this.transactions === 0;
  }

  /** Counts one more. */
  add(t: ListedTransaction): void {
    if (t.database !== '') this.databases.add(t.database);
    if (t.state === 'prepared') {
      // Neither lost nor kept so far: its rows are nobody's yet.
      this.inDoubt++;
      return;
    }
    if (t.state === 'message') return;
    if (t.straddlesFork) this.straddling++;
    if (t.changesCatalog) this.changingCatalog++;
    this.#add(t, 1, t.walBytes, t.commitTime, t.commitTime);
  }

  /** Counts those that did the same as one that was added: no others than ordinary ones. */
  addAlike({ transaction, times, walBytes, firstCommitTime, lastCommitTime }: Alike): void {
    this.#add(transaction, times, walBytes, firstCommitTime, lastCommitTime);
  }

  #add(
    t: ListedTransaction,
    times: number,
    walBytes: number,
    firstCommitTime: TimestampMicros,
    lastCommitTime: TimestampMicros,
  ): void {
    this.transactions += times;
    this.inserts += t.inserts * times;
    this.updates += t.updates * times;
    this.deletes += t.deletes * times;
    this.truncates += t.truncates * times;
    this.undecodable += t.undecodable * times;
    this.walBytes += walBytes;
    this.verdicts.set(t.verdict, (this.verdicts.get(t.verdict) ?? 0) + times);
    this.firstCommitTime = Math.min(this.firstCommitTime ?? firstCommitTime, firstCommitTime);
    this.lastCommitTime = Math.max(this.lastCommitTime ?? lastCommitTime, lastCommitTime);
    const figures = this.#figuresOf(t);
    for (let i = 0; i < figures.length; i++) {
      const sums = figures[i];
      const counts = t.tables[i];
      sums.transactions += times;
      sums.insert += counts.insert * times;
      sums.update += counts.update * times;
      sums.delete += counts.delete * times;
      sums.truncate += counts.truncate * times;
    }
  }

  /** The sums that a transaction's tables add to, in their order. Transactions that did the same share one list of tables. */
  #figuresOf({ database, tables }: ListedTransaction): TableFigures[] {
    const known = this.#byTables.get(tables);
    if (known?.database === database) return known.figures;
    const figures = tables.map((counts) => this.#figuresOfTable(database, counts));
    this.#byTables.set(tables, { database, figures });
    return figures;
  }

  #figuresOfTable(database: string, counts: TableCounts): TableFigures {
    const table = tableLabel({ schema: counts.schema, name: counts.table });
    const key = `${database}\0${table}`;
    let figures = this.tables.get(key);
    if (!figures) {
      figures = { database, table, transactions: 0, insert: 0, update: 0, delete: 0, truncate: 0 };
      this.tables.set(key, figures);
    }
    return figures;
  }
}

/** A selection in all, and by database. A transaction that wrote in no database counts in all only. */
export interface Selections {
  readonly all: Selection;
  readonly byDatabase: ReadonlyMap<string, Selection>;
}

/** Selections while they are added up. */
export class SelectionSums implements Selections {
  readonly all = new Selection();
  readonly byDatabase = new Map<string, Selection>();
  /** By shape. */
  readonly #alike: (Alike | undefined)[] = [];

  /** Counts one more. */
  add(transaction: ListedTransaction): void {
    this.all.add(transaction);
    if (transaction.database !== '') this.#of(transaction.database).add(transaction);
  }

  /**
   * Counts the transaction at `at` of `index`, without an object for it where one that did the same was counted before; `transactionOf`
   * makes that. What was counted so is in the sums once settle() was called.
   */
  addAt(
    at: number,
    verdict: Verdict,
    index: TransactionIndex,
    transactionOf: (at: number) => ListedTransaction,
  ): void {
    if (!index.isPlain(at)) return this.add(transactionOf(at));
    const shape = index.shapeNumber(at);
    const alike = this.#alike[shape];
    if (alike?.transaction.verdict !== verdict) {
      const transaction = transactionOf(at);
      this.add(transaction);
      if (alike === undefined) this.#alike[shape] = new Alike(transaction);
      return;
    }
    const time = index.commitTime(at);
    alike.times++;
    alike.walBytes += index.walBytes(at);
    if (time < alike.firstCommitTime) alike.firstCommitTime = time;
    if (time > alike.lastCommitTime) alike.lastCommitTime = time;
  }

  /** To be called when all are counted. */
  settle(): void {
    for (const alike of this.#alike) {
      if (alike === undefined || alike.times === 0) continue;
      this.all.addAlike(alike);
      const { database } = alike.transaction;
      if (database !== '') this.#of(database).addAlike(alike);
    }
    this.#alike.length = 0;
  }

  #of(database: string): Selection {
    let one = this.byDatabase.get(database);
    if (!one) this.byDatabase.set(database, (one = new Selection()));
    return one;
  }
}

/** Adds the chosen transactions up. */
export function selectionOf(transactions: Iterable<ListedTransaction>): Selections {
  const sums = new SelectionSums();
  for (const transaction of transactions) sums.add(transaction);
  return sums;
}
