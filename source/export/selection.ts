/** What is about to be exported, in figures: known from summaries, before a single row is decoded. */
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { ListedTransaction, Verdict } from '../incident/model.js';
import { tableLabel } from '../rows/row-change.js';

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
    for (const counts of t.tables) {
      const table = tableLabel({ schema: counts.schema, name: counts.table });
      const key = `${t.database}\0${table}`;
      let figures = this.tables.get(key);
      if (!figures) {
        figures = {
          database: t.database,
          table,
          transactions: 0,
          insert: 0,
          update: 0,
          delete: 0,
          truncate: 0,
        };
        this.tables.set(key, figures);
      }
      figures.transactions++;
      for (const operation of ['insert', 'update', 'delete', 'truncate'] as const)
        figures[operation] += counts[operation];
    }
  }
}

/** A selection in all, and by database. A transaction that wrote in no database counts in all only. */
export interface Selections {
  readonly all: Selection;
  readonly byDatabase: ReadonlyMap<string, Selection>;
}

/** Adds the chosen transactions up. */
export function selectionOf(transactions: Iterable<ListedTransaction>): Selections {
  const all = new Selection();
  const byDatabase = new Map<string, Selection>();
  for (const transaction of transactions) {
    all.add(transaction);
    if (transaction.database === '') continue;
    let one = byDatabase.get(transaction.database);
    if (!one) byDatabase.set(transaction.database, (one = new Selection()));
    one.add(transaction);
  }
  return { all, byDatabase };
}
