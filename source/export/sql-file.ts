/** A file of SQL: header, one BEGIN … COMMIT per lost transaction, a closing line that counts. */

import { formatCount } from '../bytes/count.js';
import { formatLsn } from '../bytes/lsn.js';
import type { TextSink } from '../bytes/text-sink.js';
import { formatTime, plural } from '../incident/figures.js';
import type { SideOverview } from '../incident/model.js';
import { comment } from '../sql/comments.js';
import { fileHeader } from '../sql/file-header.js';
import { sequenceLines } from '../sql/sequence.js';
import type { Tally } from '../sql/tally.js';
import { TransactionBytes } from '../sql/transaction-bytes.js';
import { type SqlOptions, transactionLines } from '../sql/transaction-sql.js';
import { withoutWalNotes } from '../transactions/lost-besides.js';
import type { BodyContext, FileContext, FormatWriter, TransactionWriter } from './format.js';

function sideFact(name: string, side: SideOverview): string {
  return `${name}: ${side.path} (system identifier ${side.systemIdentifier}, PostgreSQL ${side.majorVersion}, timeline ${side.timeline})`;
}

/** What the file is, as lines of its first comment. */
function facts({
  version,
  overview,
  request,
  database,
  selection,
  inDoubtChosen,
  besides,
}: FileContext): string[] {
  const lines = [
    `forkpoint ${version}: ${request.undo ? 'undo' : 'redo'} of transactions that the failover lost${request.guard ? ', guarded' : ''}`,
    sideFact('old primary', overview.old),
    sideFact('new primary', overview.new),
    `fork: ${formatLsn(overview.fork.lsn)}, the end of what both share on timeline ${overview.fork.timeline}`,
  ];
  if (database !== undefined) lines.push(`database: ${database}`);
  lines.push(
    request.transactions
      ? 'selection: transactions marked by hand'
      : `selection: ${request.filter ? `filter ${request.filter}` : 'everything lost'}`,
    `${plural(selection.transactions, 'transaction')}: ${plural(selection.inserts, 'row')} inserted, ${formatCount(selection.updates)} updated, ${formatCount(selection.deletes)} deleted, ${plural(selection.truncates, 'table')} truncated`,
  );
  if (selection.changingCatalog > 0) {
    const how = request.ddl
      ? 'reconstructed statements stand in their place'
      : 'it is written as comments, and rows that need it will fail (--ddl writes it as statements)';
    lines.push(`${plural(selection.changingCatalog, 'transaction')} with DDL: ${how}`);
  }
  if (selection.inDoubt > 0) {
    const fate = inDoubtChosen && !request.undo ? 'written as if committed' : 'left out';
    lines.push(`${plural(selection.inDoubt, 'transaction')} in doubt (prepared, never resolved): ${fate}`);
  }
  lines.push(
    ...withoutWalNotes(
      besides.withoutWal.filter((each) => database === undefined || each.database === database),
    ),
  );
  if (selection.firstCommitTime !== undefined && selection.lastCommitTime !== undefined) {
    lines.push(
      `committed from ${formatTime(selection.firstCommitTime)} to ${formatTime(selection.lastCommitTime)} UTC`,
    );
  }
  lines.push(
    request.undo
      ? 'To be run in that database on the OLD primary: it takes these transactions back, the last one first.'
      : 'To be run in that database on the NEW primary: it repeats these transactions in the order they committed.',
  );
  return lines;
}

/** Writes transactions as SQL, each with an empty line behind it. */
export function sqlTransactions(
  { request, inDoubtChosen, blockSize }: BodyContext,
  tally: Tally,
): TransactionWriter {
  const options: SqlOptions = {
    direction: request.undo ? 'undo' : 'redo',
    guard: request.guard,
    ddl: request.ddl,
    inDoubt: inDoubtChosen,
    blockSize,
  };
  let bytes: { readonly sink: TextSink; readonly writer: TransactionBytes } | undefined;
  return {
    *transaction(transaction, changes) {
      for (const line of transactionLines(transaction, changes, options, tally)) yield `${line}\n`;
      yield '\n';
    },
    // A guard is a block of its own around every statement, and seldom asked for.
    write: request.guard
      ? undefined
      : (transaction, changes, sink) => {
          if (bytes?.sink !== sink) bytes = { sink, writer: new TransactionBytes(sink, options, tally) };
          return bytes.writer.write(transaction, changes);
        },
  };
}

/** Opens the SQL format. */
export function writeSql(context: FileContext, tally: Tally): FormatWriter {
  const { request } = context;
  const inFile = (name: string) => context.database === undefined || name === context.database;
  return {
    *header() {
      for (const line of fileHeader(facts(context))) yield `${line}\n`;
    },
    ...sqlTransactions(context, tally),
    *footer() {
      if (!request.undo && request.transactions === undefined && !request.filter) {
        const sequences = context.besides.sequences.filter(({ change }) => inFile(change.database));
        for (const line of sequenceLines(sequences, request.ddl, tally)) yield `${line}\n`;
      }
      for (const reason of tally.reasons()) yield `${comment(`LEFT OUT: ${reason}`)}\n`;
      const missing =
        tally.leftOut === 0 ? 'nothing left out' : `${plural(tally.leftOut, 'change')} LEFT OUT`;
      yield `${comment(`end: ${plural(context.selection.transactions, 'transaction')}, ${plural(tally.statements, 'statement')}, ${missing}`)}\n`;
    },
  };
}
