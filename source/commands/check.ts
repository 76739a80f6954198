/**
 * `forkpoint check`: what the running new primary makes of the lost transactions. Verdicts by the rows it holds now and, with
 * `--dry-run`, what its constraints and triggers say to the SQL itself, all of which is rolled back.
 */

import { formatCount } from '../bytes/count.js';
import { formatLsn } from '../bytes/lsn.js';
import { printable } from '../bytes/printable.js';
import { breathe } from '../incident/breathe.js';
import { plural } from '../incident/figures.js';
import { type Filter, parseFilter } from '../incident/filter.js';
import type { ListedTransaction, RowVerdict, Verdict } from '../incident/model.js';
import { VERDICTS } from '../incident/model.js';
import { selectTransactions } from '../incident/select.js';
import { type Change, tableLabel } from '../rows/row-change.js';
import type { Arguments } from './arguments.js';
import { DryRunner, type Tried, triedAs } from './dry-run.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { textLine } from './list.js';
import { jsonObject } from './list-json.js';
import { ProgressLine, type ReadIncident, sayWhatIsMissing, withIncident } from './reading.js';
import { StandardLines } from './standard-lines.js';

/** Rows whose verdicts are written out for one transaction; the others are counted. */
const ROWS_TOLD = { json: 1000, text: 5 };

/** Changes of one transaction whose verdicts are looked at one by one: they are held in memory together. */
const LOOKED_AT = 20_000;

/** A change that is not simply clean, and why. */
interface RowFinding {
  /** Position among the transaction's changes, from 1. */
  readonly change: number;
  readonly operation: string;
  readonly table: string;
  readonly verdict: Verdict;
  readonly reason: string;
}

function findingOf(change: Change, position: number, row: RowVerdict): RowFinding {
  const [operation, table] =
    change.kind === 'row'
      ? [change.operation, tableLabel(change.table)]
      : change.kind === 'undecodable'
        ? [change.operation, change.relation]
        : [change.kind, ''];
  return { change: position, operation, table, verdict: row.verdict, reason: row.reason };
}

/** The changes of a transaction that are not clean: the first `most` of them, and how many there are among those looked at. */
async function findings(
  { incident }: ReadIncident,
  transaction: ListedTransaction,
  most: number,
): Promise<{ told: RowFinding[]; count: number }> {
  const told: RowFinding[] = [];
  if (transaction.verdict === 'clean') return { told, count: 0 };
  const verdicts = await incident.verdicts(transaction.index, 0, LOOKED_AT);
  let count = 0;
  let position = 0;
  for (const change of incident.changes(transaction.index)) {
    if (position >= verdicts.length) break;
    const row = verdicts[position++];
    if (row && row.verdict !== 'clean' && count++ < most) told.push(findingOf(change, position, row));
  }
  return { told, count };
}

/** How many of what came of it, for the last lines. */
class Summary {
  transactions = 0;
  readonly verdicts = new Map<Verdict, number>();
  readonly tried = new Map<Tried['outcome'], number>();
  /** Transactions of databases that the dry run is not connected to. */
  readonly elsewhere = new Map<string, number>();

  add(transaction: ListedTransaction, tried: Tried | undefined): void {
    this.transactions++;
    this.verdicts.set(transaction.verdict, (this.verdicts.get(transaction.verdict) ?? 0) + 1);
    if (!tried) return;
    this.tried.set(tried.outcome, (this.tried.get(tried.outcome) ?? 0) + 1);
    if (tried.outcome === 'not tried' && tried.elsewhere !== undefined) {
      this.elsewhere.set(tried.elsewhere, (this.elsewhere.get(tried.elsewhere) ?? 0) + 1);
    }
  }

  /** Something would fail, or meet another row than it expects. */
  get bad(): boolean {
    const conflicts: readonly Verdict[] = ['changed', 'missing', 'exists', 'unique'];
    return (
      this.tried.has('error') || this.tried.has('missed') || conflicts.some((each) => this.verdicts.has(each))
    );
  }

  /** Something could not be checked. */
  get open(): boolean {
    return this.verdicts.has('unknown') || this.tried.has('not tried') || this.tried.has('in part');
  }
}

function counts<Name extends string>(names: readonly Name[], of: ReadonlyMap<Name, number>): string {
  return names
    .filter((name) => of.has(name))
    .map((name) => `${formatCount(of.get(name) as number)} ${name}`)
    .join(', ');
}

const TRIED: readonly Tried['outcome'][] = ['ok', 'error', 'missed', 'in part', 'not tried'];

/** What a rolled back transaction leaves behind all the same (sequence functions are not transactional). */
const TRACES =
  'Rolled back. What PostgreSQL does not roll back: values that defaults and triggers took from sequences are used up. Sequences are not set and messages not sent in a dry run.';

function summaryText(summary: Summary, dryRun: boolean): string[] {
  const lines = [
    `${plural(summary.transactions, 'transaction')}: ${counts(VERDICTS, summary.verdicts) || 'nothing to check'}`,
  ];
  if (!dryRun) return lines;
  lines.push(`dry run: ${counts(TRIED, summary.tried) || 'nothing tried'}`);
  for (const [database, count] of summary.elsewhere) {
    lines.push(
      `  database ${printable(database)}: ${plural(count, 'transaction')} not tried; run it again with a URL of that database`,
    );
  }
  lines.push(TRACES);
  return lines;
}

function summaryJson(summary: Summary, dryRun: boolean): object {
  const object = <Name extends string>(names: readonly Name[], of: ReadonlyMap<Name, number>) =>
    Object.fromEntries(names.map((name) => [name, of.get(name) ?? 0]));
  return {
    summary: {
      transactions: summary.transactions,
      verdicts: object(VERDICTS, summary.verdicts),
      dryRun: dryRun
        ? { ...object(TRIED, summary.tried), notTriedDatabases: [...summary.elsewhere.keys()] }
        : undefined,
    },
  };
}

/** Runs the command. Throws ForkpointError. */
export async function check(options: Arguments): Promise<ExitCode> {
  const filter = parseFilter(options.filter ?? '');
  return withIncident(options, true, (read) => write(options, filter, read));
}

async function write(options: Arguments, filter: Filter, read: ReadIncident): Promise<ExitCode> {
  const { incident, incomplete } = read;
  const lines = new StandardLines();
  const summary = new Summary();
  const progress = new ProgressLine();
  const runner =
    options.dryRun && incident.length > 0
      ? await DryRunner.open(incident, options.request.against as string)
      : undefined;
  try {
    for (const transaction of selectTransactions(incident, filter)) {
      const tried = await runner?.run(transaction);
      summary.add(transaction, tried);
      const { told, count } = await findings(read, transaction, ROWS_TOLD[options.json ? 'json' : 'text']);
      if (options.json) {
        lines.write(
          JSON.stringify({ ...jsonObject(transaction), rows: told, rowsCount: count, dryRun: tried }),
        );
      } else {
        lines.write(textLine(transaction));
        for (const row of told) {
          lines.write(
            `    ${row.verdict.padEnd(10)} ${printable(`${row.operation} ${row.table}: ${row.reason}`)}`,
          );
        }
        if (count > told.length)
          lines.write(`    and ${plural(count - told.length, 'more change')} not clean`);
        if (tried) for (const line of triedAs(tried)) lines.write(`    ${line}`);
      }
      progress.show(() => `checked ${summary.transactions}, up to ${formatLsn(transaction.commitLsn)}`);
      await breathe();
    }
  } finally {
    progress.clear();
    await runner?.close();
  }
  if (options.json) lines.write(JSON.stringify(summaryJson(summary, options.dryRun)));
  else for (const line of summaryText(summary, options.dryRun)) lines.write(line);
  lines.end();
  sayWhatIsMissing(read);
  if (summary.bad) return EXIT.failed;
  return incomplete || summary.open ? EXIT.incomplete : EXIT.done;
}
