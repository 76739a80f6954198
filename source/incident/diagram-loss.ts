/** The loss in figures, and what WAL that is missing would give back. */

import { formatCount } from '../bytes/count.js';
import { printable } from '../bytes/printable.js';
import { wrapWords } from '../bytes/text-width.js';
import { type DiagramLine, type DiagramRole, line } from './diagram-line.js';
import { formatBytes, formatDuration, formatTime, plural } from './figures.js';
import type { IncidentOverview, LossFigures, WalGap } from './model.js';
import { gapName } from './wal-gaps.js';

/** What was lost so far, `width` columns wide. */
export function lossLines(overview: IncidentOverview, loss: LossFigures, width: number): DiagramLine[] {
  const indent = '      ';
  const room = width - indent.length;
  const lines: DiagramLine[] = [];
  const rows = loss.inserts + loss.updates + loss.deletes;
  const headline =
    loss.transactions === 0
      ? overview.fork.diverged
        ? 'no transactions (so far)'
        : overview.fork.untold === undefined
          ? 'nothing: the old history continues into the new one'
          : 'cannot be told from what is left: see below'
      : plural(loss.transactions, 'transaction');
  lines.push(line(`LOST  ${headline}`, 'loss'));
  const put = (text: string, role: DiagramRole = 'plain'): void => {
    for (const part of wrapWords(text, room)) lines.push(line(indent + part, role));
  };
  if (loss.transactions > 0) {
    const operations = `+${formatCount(loss.inserts)} ~${formatCount(loss.updates)} −${formatCount(loss.deletes)}`;
    const truncates = loss.truncates > 0 ? `, ${plural(loss.truncates, 'TRUNCATE')}` : '';
    put(`${plural(rows, 'row change')}: ${operations}${truncates}`, 'loss');
  }
  if (loss.firstCommitTime !== undefined && loss.lastCommitTime !== undefined) {
    const seconds = (loss.lastCommitTime - loss.firstCommitTime) / 1e6;
    put(
      `committed from ${formatTime(loss.firstCommitTime)} to ${formatTime(loss.lastCommitTime)} UTC (${formatDuration(Math.max(0, seconds))})`,
    );
  }
  if (loss.walBytes > 0) put(`${formatBytes(loss.walBytes)} of WAL after the fork`);
  if (loss.tables.length > 0) {
    put(
      `${plural(loss.tables.length, 'table')} in ${plural(loss.databases.length, 'database')} (${nameLines(loss.databases, room, 1).join(' ')}):`,
    );
    for (const text of nameLines(loss.tables, room - 2, 3)) lines.push(line(`${indent}  ${text}`));
  }
  if (loss.inDoubt > 0) {
    put(`! ${plural(loss.inDoubt, 'transaction')} in doubt: prepared and never resolved`, 'warning');
  }
  if (loss.messages > 0) put(plural(loss.messages, 'logical message'));
  if (loss.undecodable > 0) {
    put(
      `! ${plural(loss.undecodable, 'change')} cannot be decoded exactly and ${loss.undecodable === 1 ? 'is' : 'are'} left out of exports`,
      'warning',
    );
  }
  return lines;
}

/** Names in a sentence's width, at most `most` lines of them. */
function nameLines(names: readonly string[], width: number, most: number): string[] {
  const safe = names.map((name) => printable(name));
  for (let count = safe.length; count > 0; count--) {
    const rest = safe.length - count;
    const lines = wrapWords(safe.slice(0, count).join(', ') + (rest > 0 ? ` and ${rest} more` : ''), width);
    if (lines.length <= most) return lines;
    // A list of thousands is shortened in strides, not name by name.
    if (count > 50) count = 50;
  }
  return [`${safe.length}`];
}

/** What is missing and what it would give back: what an operator can still do something about. */
export function gapLines(gaps: readonly WalGap[], width: number): DiagramLine[] {
  if (gaps.length === 0) return [];
  const lines: DiagramLine[] = [line('WAL MISSING', 'warning')];
  const put = (text: string, indent: string, role: DiagramRole): void => {
    for (const part of wrapWords(text, width - indent.length)) lines.push(line(indent + part, role));
  };
  for (const gap of gaps) {
    put(`□ ${gapName(gap)}, of the ${gap.side} primary`, '      ', 'warning');
    for (const text of gap.givesBack) put(`gives back ${text}`, '        ', 'plain');
  }
  return [...lines, []];
}
