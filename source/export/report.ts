/** The incident report for people who were not there: Markdown that reads well as plain text too. */

import { formatCount } from '../bytes/count.js';
import { formatLsn } from '../bytes/lsn.js';
import { printable } from '../bytes/printable.js';
import { forkDiagram } from '../incident/diagram.js';
import { formatBytes, formatTime, plural } from '../incident/figures.js';
import { type ListedTransaction, VERDICTS, type Verdict } from '../incident/model.js';
import type { CatalogChange } from '../rows/row-change.js';
import { rowCount } from '../transactions/transaction.js';
import type { FileContext, FormatWriter } from './format.js';

/** Columns of the picture. */
const WIDTH = 80;
/** In-doubt transactions that are listed one by one. */
const IN_DOUBT_LISTED = 100;
/** And changed definitions. */
const DEFINITIONS_LISTED = 500;

const MEANINGS: Readonly<Record<Verdict, string>> = {
  clean: 'the rows are still what these transactions started from: they can be repeated as they are',
  applied: 'the new primary already has the result',
  dependency: 'they build on an earlier lost transaction and go with it',
  changed: 'the new primary has written one of their rows since: somebody has to decide',
  missing: 'a row they changed is not on the new primary any more',
  exists: 'a row they inserted is on the new primary already, with other values',
  unique: 'another row on the new primary holds a unique key they need',
  unknown: 'it cannot be told: no key, or the old row is not known',
  pending: 'not compared with the new primary',
};

/** Text of strangers inside a table cell or sentence. */
function cell(text: string): string {
  return printable(text).replace(/[\\`*_|<>[\]#]/g, '\\$&');
}

/** SQL between as many backticks as it takes. */
function codeSpan(sql: string): string {
  const text = printable(sql);
  const fence = '`'.repeat(1 + Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length)));
  const space = /^`|`$/.test(text) ? ' ' : '';
  return `${fence}${space}${text}${space}${fence}`;
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |\n`;
}

function* figuresByTable({ selection }: FileContext): Generator<string> {
  yield '## By table\n\n';
  if (selection.tables.size === 0) {
    yield 'No rows were changed.\n\n';
    return;
  }
  yield tableRow(['Database', 'Table', 'Transactions', 'Inserted', 'Updated', 'Deleted', 'Truncated']);
  yield tableRow(['---', '---', '---:', '---:', '---:', '---:', '---:']);
  const rows = (one: { insert: number; update: number; delete: number }) =>
    one.insert + one.update + one.delete;
  for (const one of [...selection.tables.values()].sort((a, b) => rows(b) - rows(a))) {
    const counts = [one.transactions, one.insert, one.update, one.delete, one.truncate].map(formatCount);
    yield tableRow([cell(one.database), cell(one.table), ...counts]);
  }
  yield '\n';
}

function* verdictLines({ selection }: FileContext): Generator<string> {
  yield '## Against the new primary\n\n';
  for (const verdict of [...VERDICTS, 'pending'] as const) {
    const count = selection.verdicts.get(verdict) ?? 0;
    if (count > 0) yield `- **${verdict}** ${plural(count, 'transaction')}: ${MEANINGS[verdict]}.\n`;
  }
  yield '\n';
}

function* summary({ overview, selection, request }: FileContext): Generator<string> {
  const rows = selection.inserts + selection.updates + selection.deletes;
  const { firstCommitTime, lastCommitTime } = selection;
  if (!overview.fork.diverged) {
    yield 'The old primary wrote nothing after the point where the new primary took over: nothing was lost.\n\n';
  } else if (selection.transactions === 0) {
    yield 'No transaction was found that the old primary committed and the new primary does not have.\n\n';
  } else {
    yield `${plural(selection.transactions, 'transaction')} that the old primary had committed ${selection.transactions === 1 ? 'is' : 'are'} not on the new primary: `;
    yield `${plural(rows, 'row change')} (${formatCount(selection.inserts)} inserted, ${formatCount(selection.updates)} updated, ${formatCount(selection.deletes)} deleted) in ${plural(selection.tables.size, 'table')} of ${plural(selection.databases.size, 'database')}`;
    yield `${selection.truncates > 0 ? `, and ${plural(selection.truncates, 'truncated table')}` : ''}.\n\n`;
  }
  if (firstCommitTime !== undefined && lastCommitTime !== undefined) {
    yield `- First lost commit: ${formatTime(firstCommitTime)} UTC\n- Last lost commit: ${formatTime(lastCommitTime)} UTC\n`;
  }
  yield `- Bytes of WAL they take: ${formatBytes(selection.walBytes)}\n`;
  if (selection.straddling > 0)
    yield `- Begun before the fork, committed after it: ${formatCount(selection.straddling)}\n`;
  if (selection.changingCatalog > 0) {
    yield `- Changed table definitions or other catalog entries: ${formatCount(selection.changingCatalog)}\n`;
  }
  if (selection.undecodable > 0) {
    yield `- **Could not be decoded exactly, and are in no export: ${plural(selection.undecodable, 'row change')}**\n`;
  }
  if (request.transactions) yield '- Only transactions marked by hand are counted here.\n';
  else if (request.filter)
    yield `- Only what this filter lets through is counted here: ${cell(request.filter)}\n`;
  yield '\n';
}

/** Opens the report: mostly from summaries; only transactions that changed definitions are looked into. */
export function writeReport(context: FileContext): FormatWriter {
  const { overview, loss, version } = context;
  const inDoubt: ListedTransaction[] = [];
  const definitions: { readonly transaction: ListedTransaction; readonly change: CatalogChange }[] = [];
  let definitionCount = 0;
  return {
    *header() {
      yield '# What the failover lost\n\n';
      yield* summary(context);
      yield '## The fork\n\n```text\n';
      for (const line of forkDiagram(overview, loss, WIDTH)) yield `${line.replaceAll('```', "'''")}\n`;
      yield '```\n\n';
      yield* figuresByTable(context);
      yield* verdictLines(context);
    },
    transaction(transaction, changes) {
      if (transaction.state === 'prepared' && inDoubt.length < IN_DOUBT_LISTED) inDoubt.push(transaction);
      if (transaction.changesCatalog) {
        for (const change of changes) {
          if (change.kind !== 'catalog') continue;
          if (definitions.length < DEFINITIONS_LISTED) definitions.push({ transaction, change });
          definitionCount++;
        }
      }
      return [];
    },
    *footer() {
      if (definitionCount > 0) {
        yield '## Definitions changed\n\nReconstructed from the rows of the system catalogs, in commit order.\n\n';
        for (const { transaction, change } of definitions) {
          const what =
            change.statement === undefined ? cell(change.description) : codeSpan(`${change.statement};`);
          yield `- xid ${transaction.xid}: ${what}${change.reason === undefined ? '' : `: **${cell(change.reason)}**`}\n`;
        }
        const more = definitionCount - definitions.length;
        yield more > 0 ? `- and ${formatCount(more)} more\n\n` : '\n';
      }
      if (inDoubt.length > 0) {
        yield '## In doubt\n\nPrepared and never committed nor rolled back: whoever coordinates them has to say. They are in no export unless chosen.\n\n';
        for (const one of inDoubt) {
          yield `- xid ${one.xid}, gid ${cell(one.gid ?? '?')}, prepared ${formatTime(one.commitTime)} UTC at ${formatLsn(one.commitLsn)}: ${plural(rowCount(one), 'row change')}\n`;
        }
        const more = context.selection.inDoubt - inDoubt.length;
        yield more > 0 ? `- and ${formatCount(more)} more\n\n` : '\n';
      }
      const warnings = [...overview.warnings, ...overview.old.warnings, ...overview.new.warnings];
      if (warnings.length > 0) yield `## Warnings\n\n${warnings.map((one) => `- ${cell(one)}\n`).join('')}\n`;
      yield `Written by forkpoint ${version}, which read both servers' files and changed neither.\n`;
    },
  };
}
