/** What is about to be exported, in figures: known from summaries, before a single row is decoded. */
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { ListedTransaction, Verdict } from '../incident/model.js';
import { tableLabel } from '../rows/row-change.js';
import type { TableCounts } from '../transactions/transaction.js';

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
    this.transactions++;
    this.inserts += t.inserts;
    this.updates += t.updates;
    this.deletes += t.deletes;
    this.truncates += t.truncates;
    this.undecodable += t.undecodable;
    this.walBytes += t.walBytes;
    if (t.straddlesFork) this.straddling++;
    if (t.changesCatalog) this.changingCatalog++;
    this.verdicts.set(t.verdict, (this.verdicts.get(t.verdict) ?? 0) + 1);
    this.firstCommitTime = Math.min(this.firstCommitTime ?? t.commitTime, t.commitTime);
    this.lastCommitTime = Math.max(this.lastCommitTime ?? t.commitTime, t.commitTime);
    const figures = this.#figuresOf(t);
    for (let i = 0; i < figures.length; i++) {
      const sums = figures[i];
      const counts = t.tables[i];
      sums.transactions++;
      sums.insert += counts.insert;
      sums.update += counts.update;
      sums.delete += counts.delete;
      sums.truncate += counts.truncate;
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

  /** Counts one more. */
  add(transaction: ListedTransaction): void {
    this.all.add(transaction);
    if (transaction.database === '') return;
    let one = this.byDatabase.get(transaction.database);
    if (!one) this.byDatabase.set(transaction.database, (one = new Selection()));
    one.add(transaction);
  }
}

/** Adds the chosen transactions up. */
export function selectionOf(transactions: Iterable<ListedTransaction>): Selections {
  const sums = new SelectionSums();
  for (const transaction of transactions) sums.add(transaction);
  return sums;
}
