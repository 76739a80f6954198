/** The dry run of `forkpoint check`: the SQL that an export would write, tried transaction by transaction on the new primary. */
import { constants } from 'node:os';
import { printable } from '../bytes/printable.js';
import { plural } from '../incident/figures.js';
import type { Incident } from '../incident/incident.js';
import type { ListedTransaction } from '../incident/model.js';
import { type Change, tableLabel } from '../rows/row-change.js';
import { DryRun, type DryRunError, type DryRunMiss } from '../server/dry-run.js';
import { SETTINGS } from '../sql/file-header.js';
import { Tally } from '../sql/tally.js';
import { transactionLines } from '../sql/transaction-sql.js';
import { takeSignals } from './signals.js';

/** What came of trying one lost transaction. */
export type Tried =
  | { readonly outcome: 'ok'; readonly statements: number; readonly note?: string }
  /** It would fail. */
  | ({ readonly outcome: 'error'; readonly note?: string } & DryRunError)
  /** It would pass, but some of its statements meet no row. */
  | {
      readonly outcome: 'missed';
      readonly statements: number;
      readonly missed: readonly DryRunMiss[];
      readonly missedCount: number;
    }
  /** What could be written of it passed; the rest of it cannot be written. */
  | { readonly outcome: 'in part'; readonly statements: number; readonly leftOut: readonly string[] }
  | {
      readonly outcome: 'not tried';
      readonly reason: string /** Its database. */;
      readonly elsewhere?: string;
    };

const LONGEST_SQL = 160;

function shortened(sql: string): string {
  return sql.length > LONGEST_SQL ? `${sql.slice(0, LONGEST_SQL)}…` : sql;
}

/** The outcome in lines for people. */
export function triedAs(tried: Tried): string[] {
  const lines: string[] = [];
  switch (tried.outcome) {
    case 'ok':
      lines.push(
        `dry run: ok, ${plural(tried.statements, 'statement')}${tried.note ? `; ${tried.note}` : ''}`,
      );
      break;
    case 'error': {
      const { sqlstate, message, detail, statement, sql, note } = tried;
      lines.push(`dry run: ERROR ${sqlstate}: ${message}${detail ? ` (${detail})` : ''}`);
      lines.push(
        sql === undefined
          ? '  in a constraint that is checked at the end'
          : `  statement ${statement}: ${shortened(sql)}`,
      );
      if (note) lines.push(`  ${note}`);
      break;
    }
    case 'missed':
      lines.push(
        `dry run: it passes, but ${plural(tried.missedCount, 'statement')} of ${tried.statements} met another number of rows than one`,
      );
      for (const { statement, sql, rows } of tried.missed)
        lines.push(`  statement ${statement} met ${plural(rows, 'row')}: ${shortened(sql)}`);
      break;
    case 'in part':
      lines.push(
        `dry run: ok as far as it can be written, ${plural(tried.statements, 'statement')}; LEFT OUT:`,
      );
      for (const reason of tried.leftOut) lines.push(`  ${reason}`);
      break;
    case 'not tried':
      lines.push(`dry run: not tried: ${tried.reason}`);
  }
  return lines.map((line) => printable(line));
}

/** All but what a rollback would not take back. */
function* undoable(changes: Iterable<Change>): Generator<Change> {
  for (const change of changes) if (change.kind !== 'sequence') yield change;
}

/** Tries lost transactions one after the other, in commit order, in the URL's database. */
export class DryRunner {
  readonly #incident: Incident;
  readonly #run: DryRun;
  readonly #giveSignalsBack: () => void;
  readonly #blockSize: number;
  /** Lost transactions whose changes are not there for those that build on them: by index, their xid. */
  readonly #absent = new Map<number, number>();
  /** Tables whose truncation was taken back at once, by the xid that truncated them. */
  readonly #truncated = new Map<string, number>();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const end = () => process.exit(128 + constants.signals[signal]);
    process.stderr.write('forkpoint: interrupted; rolling back\n');
    // A server that does not answer must not keep us: it rolls back by itself when the connection is gone.
    setTimeout(end, 2000).unref();
    this.#run
      .interrupt()
      .then(() => this.#run.close())
      .then(end, end);
  };

  private constructor(incident: Incident, run: DryRun) {
    this.#incident = incident;
    this.#run = run;
    this.#blockSize = incident.overview().old.blockSize;
    this.#giveSignalsBack = takeSignals(this.#onSignal);
  }

  /** Connects, and takes signals over until closed. Throws ForkpointError. */
  static async open(incident: Incident, url: string): Promise<DryRunner> {
    return new DryRunner(
      incident,
      await DryRun.open(
        url,
        SETTINGS.map((line) => line.replace(/;$/, '')),
      ),
    );
  }

  /** Tries one. Throws ForkpointError when the server goes away. */
  async run(transaction: ListedTransaction): Promise<Tried> {
    const tried = await this.#try(transaction);
    if (tried.outcome === 'error' || tried.outcome === 'not tried') {
      this.#absent.set(transaction.index, transaction.xid);
    }
    return tried;
  }

  async #try(transaction: ListedTransaction): Promise<Tried> {
    const { database, state, truncates } = transaction;
    if (database !== '' && database !== this.#run.database) {
      return { outcome: 'not tried', reason: `it is in database ${database}`, elsewhere: database };
    }
    if (state === 'prepared')
      return { outcome: 'not tried', reason: 'it is in doubt: prepared, never resolved' };
    const emptied = transaction.tables
      .map(({ schema, table }) => tableLabel({ schema, name: table }))
      .find((table) => this.#truncated.has(table));
    if (emptied !== undefined) {
      return {
        outcome: 'not tried',
        reason: `xid ${this.#truncated.get(emptied)} truncated ${emptied} before, which was taken back at once because it locks the table`,
      };
    }
    const tally = new Tally();
    const { error, statements, missed, missedCount } = await this.#run.attempt(
      this.#statements(transaction, tally),
      truncates > 0,
    );
    if (error) return { outcome: 'error', ...error, note: this.#buildsOnAbsent(transaction) };
    if (truncates > 0) {
      for (const { schema, table, truncate } of transaction.tables) {
        if (truncate > 0) this.#truncated.set(tableLabel({ schema, name: table }), transaction.xid);
      }
      this.#absent.set(transaction.index, transaction.xid);
    }
    if (missedCount > 0) return { outcome: 'missed', statements, missed, missedCount };
    const leftOut = tally.reasons();
    if (transaction.changesCatalog && truncates === 0 && leftOut.length === 0)
      leftOut.push('its DDL, which is not run in a dry run');
    if (leftOut.length > 0) return { outcome: 'in part', statements, leftOut };
    const note = truncates > 0 ? 'taken back at once, because TRUNCATE locks the table' : undefined;
    return { outcome: 'ok', statements, note };
  }

  /** Rolls back and disconnects. */
  async close(): Promise<void> {
    this.#giveSignalsBack();
    await this.#run.close();
  }

  #buildsOnAbsent({ index }: ListedTransaction): string | undefined {
    const absent = this.#incident.dependencies(index).find((earlier) => this.#absent.has(earlier));
    return absent === undefined
      ? undefined
      : `it builds on xid ${this.#absent.get(absent)}, which is not there`;
  }

  /** Each line of a transaction that is not guarded is a whole statement, or a comment. */
  *#statements(transaction: ListedTransaction, tally: Tally): Generator<string> {
    const changes = undoable(this.#incident.changes(transaction.index));
    const options = {
      direction: 'redo',
      guard: false,
      ddl: false,
      inDoubt: false,
      blockSize: this.#blockSize,
    } as const;
    for (const line of transactionLines(transaction, changes, options, tally)) {
      if (line.startsWith('--') || FRAME.has(line)) continue;
      yield line.replace(/;$/, '');
    }
  }
}

/** Lines that open and close a transaction: the dry run has its own. */
const FRAME: ReadonlySet<string> = new Set(['BEGIN;', 'SET CONSTRAINTS ALL DEFERRED;', 'COMMIT;']);
