/** `forkpoint list`: a line for each lost transaction, in commit order. */
import { printable } from '../bytes/printable.js';
import { fit } from '../bytes/text-width.js';
import { formatTime, plural } from '../incident/figures.js';
import { type Filter, parseFilter } from '../incident/filter.js';
import type { ListedTransaction } from '../incident/model.js';
import { tableLabel } from '../rows/row-change.js';
import { originText } from '../transactions/transaction.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { JsonLines } from './list-json.js';
import { eachChosen, type ReadIncident, sayWhatIsMissing, withIncident } from './reading.js';
import { StandardLines } from './standard-lines.js';

const HEADINGS = ['commit time (UTC)', 'xid', 'database', 'rows', 'verdict', 'tables'] as const;
/** Columns of all but the last. */
const WIDTHS = [26, 10, 12, 18, 10] as const;

function tableLine(cells: readonly string[]): string {
  return cells.map((cell, at) => (at < WIDTHS.length ? fit(cell, WIDTHS[at]) : cell)).join('  ');
}

/** A transaction as a line for people. */
export function textLine(t: ListedTransaction): string {
  const counts = [`+${t.inserts}`, `~${t.updates}`, `-${t.deletes}`];
  if (t.truncates > 0) counts.push(`0${t.truncates}`);
  const notes = t.tables.map(({ schema, table }) => printable(tableLabel({ schema, name: table })));
  if (t.changesCatalog) notes.push(printable(`(DDL${t.definitions ? `: ${t.definitions.join(', ')}` : ''})`));
  if (t.messages > 0)
    notes.push(t.state === 'message' ? '(a message, sent at once)' : `(${plural(t.messages, 'message')})`);
  if (t.tables.length === 0 && t.movesSequences) notes.push('(moves a sequence)');
  if (t.origin) notes.push(`(${printable(originText(t.origin))})`);
  if (t.straddlesFork) notes.push('(began before the fork)');
  if (t.state === 'prepared') notes.push(`(IN DOUBT: prepared as ${printable(t.gid ?? '?')})`);
  if (t.undecodable > 0) notes.push(`(${t.undecodable} UNDECODABLE)`);
  return tableLine([
    formatTime(t.commitTime),
    String(t.xid),
    printable(t.database),
    counts.join(' '),
    t.verdict,
    notes.join(' '),
  ]);
}

/** Runs the command. Throws ForkpointError. */
export async function list(options: Arguments): Promise<ExitCode> {
  const filter = parseFilter(options.filter ?? '');
  return withIncident(options, true, (read) => write(options, filter, read));
}

async function write(options: Arguments, filter: Filter, read: ReadIncident): Promise<ExitCode> {
  const { incident, incomplete } = read;
  const lines = new StandardLines();
  if (!options.json) lines.write(tableLine(HEADINGS));
  const json = new JsonLines(lines.sink, incident);
  await eachChosen(incident, filter, (index) => {
    if (!options.json) return lines.write(textLine(incident.transaction(index)));
    json.write(index);
    return lines.drain();
  });
  lines.end();
  sayWhatIsMissing(read);
  return incomplete ? EXIT.incomplete : EXIT.done;
}
