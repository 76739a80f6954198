/** The columns of the transaction list: how wide each is, and what stands in it. */
import { formatLsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import { fit } from '../../bytes/text-width.js';
import {
  formatClock,
  formatDay,
  formatShortBytes,
  formatShortCount,
  formatTime,
  plural,
} from '../../incident/figures.js';
import type { ListedTransaction, LossFigures } from '../../incident/model.js';
import { originText } from '../../transactions/transaction.js';
import type { Line, Span } from '../span.js';
import { VERDICT_LOOKS } from '../verdicts.js';

/** Columns of one layout of the list; 0 hides one. */
export interface ListColumns {
  readonly time: number;
  readonly xid: number;
  readonly database: number;
  readonly tables: number;
  readonly count: number;
  readonly size: number;
  readonly verdict: number;
  /** The commit record's LSN, on wide screens. */
  readonly lsn: number;
}

/** Wider than this, the figures would stand too far from the names they belong to. */
const MOST_TABLES = 72;

/** Cursor, mark and flags in front of every line. */
const LEAD = 4;

/** The layout for a screen: whatever room there is goes to the tables. */
export function listColumns(width: number, loss: LossFigures, longestXid: number): ListColumns {
  const { firstCommitTime: first, lastCommitTime: last } = loss;
  const oneDay = first === undefined || last === undefined || formatDay(first) === formatDay(last);
  const time = width >= 120 ? 26 : oneDay ? 12 : 14;
  const longest = Math.max(8, ...loss.databases.slice(0, 100).map((name) => name.length));
  const database = Math.min(longest, width >= 120 ? 20 : 8);
  const fixed = { time, xid: Math.max(6, longestXid), database, count: 4, size: 4, verdict: 9 };
  const used = LEAD + time + fixed.xid + database + 3 * fixed.count + fixed.size + fixed.verdict + 8;
  const lsn = width >= 120 ? 17 : 0;
  const room = width - used - (lsn > 0 ? lsn + 1 : 0);
  return { ...fixed, lsn, tables: Math.min(MOST_TABLES, Math.max(6, room)) };
}

/** The columns' names, the one sorted by with its direction. */
export function headingLine(columns: ListColumns, sortKey: string, descending: boolean): Line {
  const arrow = descending ? '↓' : '↑';
  const name = (text: string, ...keys: string[]): string =>
    keys.includes(sortKey) ? `${text}${arrow}` : text;
  return [
    {
      text: [
        ' '.repeat(LEAD - 1),
        fit(name('commit time', 'commit', 'time'), columns.time),
        fit(name('xid', 'xid'), columns.xid, 'right'),
        fit(sortKey === 'database' ? `databas${arrow}` : 'database', columns.database),
        fit(name('tables', 'table'), columns.tables),
        fit(sortKey === 'rows' ? `row${arrow}` : '+ins', columns.count, 'right'),
        fit('~upd', columns.count, 'right'),
        fit('−del', columns.count, 'right'),
        fit(sortKey === 'size' ? `siz${arrow}` : 'size', columns.size, 'right'),
        fit(name('verdict', 'verdict'), columns.verdict),
        ...(columns.lsn > 0 ? [fit('commit LSN', columns.lsn)] : []),
      ].join(' '),
      style: 'muted',
    },
  ];
}

function timeText(transaction: ListedTransaction, width: number): string {
  if (width >= 26) return formatTime(transaction.commitTime);
  const clock = formatClock(transaction.commitTime);
  return width >= 14 ? `${formatDay(transaction.commitTime).slice(5)} ${clock.slice(0, 8)}` : clock;
}

/** The most important peculiarity of a transaction, as one glyph. */
function flag(transaction: ListedTransaction): Span {
  if (transaction.undecodable > 0 || transaction.beginningMissing) return { text: '!', style: 'error' };
  if (transaction.state === 'prepared') return { text: '¿', style: 'warning' };
  if (transaction.straddlesFork) return { text: '├', style: 'fork' };
  if (transaction.changesCatalog) return { text: '§', style: 'fork' };
  return { text: ' ' };
}

function tablesText(transaction: ListedTransaction): string {
  const names = transaction.tables.map((table) =>
    table.schema === 'public' ? table.table : `${table.schema}.${table.table}`,
  );
  if (transaction.truncates > 0) names.unshift('TRUNCATE');
  return printable(names.length > 1 ? `${names.join(', ')}` : (names[0] ?? withoutTables(transaction)));
}

/** What a transaction did that changed no row. */
function withoutTables(transaction: ListedTransaction): string {
  if (transaction.changesCatalog) {
    // In so little room the schema that goes without saying does.
    return transaction.definitions?.join(', ').replace(/\bpublic\./g, '') ?? 'catalog';
  }
  if (transaction.messages > 0) return transaction.messages === 1 ? 'message' : 'messages';
  return transaction.movesSequences ? 'sequence' : '';
}

/** How a line stands to the cursor and the marks. */
export interface LineState {
  readonly cursor: boolean;
  readonly marked: boolean;
  readonly inRange: boolean;
}

/** One transaction as a line of the list; a placeholder while it is not known. */
export function transactionLine(
  transaction: ListedTransaction | undefined,
  columns: ListColumns,
  state: LineState,
): Line {
  const lead: Span[] = [
    { text: state.cursor ? '▸' : ' ', style: 'key' },
    { text: state.marked ? '●' : state.inRange ? '○' : ' ', style: 'mark' },
  ];
  if (!transaction) return [...lead, { text: '  …', style: 'muted' }];
  if (transaction.firstLook) return [...lead, ...firstLookSpans(transaction, columns)];
  const look = VERDICT_LOOKS[transaction.verdict];
  const count = (value: number): string =>
    fit(value === 0 ? '·' : formatShortCount(value), columns.count, 'right');
  return [
    ...lead,
    flag(transaction),
    { text: ' ' },
    { text: `${fit(timeText(transaction, columns.time), columns.time)} ` },
    { text: `${fit(String(transaction.xid), columns.xid, 'right')} ` },
    { text: `${fit(printable(transaction.database || '(shared)'), columns.database)} `, style: 'muted' },
    { text: `${fit(tablesText(transaction), columns.tables)} ` },
    { text: `${count(transaction.inserts)} `, style: transaction.inserts ? 'insert' : 'muted' },
    { text: `${count(transaction.updates)} `, style: transaction.updates ? 'update' : 'muted' },
    { text: `${count(transaction.deletes)} `, style: transaction.deletes ? 'delete' : 'muted' },
    { text: `${fit(formatShortBytes(transaction.walBytes), columns.size, 'right')} `, style: 'muted' },
    { text: fit(`${look.glyph} ${look.word}`, columns.verdict), style: look.style },
    { text: columns.lsn > 0 ? ` ${formatLsn(transaction.commitLsn)}` : '', style: 'muted' },
  ];
}

/** What a first look tells: nothing of it stands out, and what it does not tell is not known. */
function firstLookSpans(transaction: ListedTransaction, columns: ListColumns): Line {
  const count = (value: number): string =>
    fit(value > 0 ? formatShortCount(value) : '…', columns.count, 'right');
  const text = [
    ' ',
    fit(timeText(transaction, columns.time), columns.time),
    fit(String(transaction.xid), columns.xid, 'right'),
    fit('…', columns.database),
    fit('…', columns.tables),
    count(transaction.inserts),
    count(transaction.updates),
    count(transaction.deletes),
    fit(formatShortBytes(transaction.walBytes), columns.size, 'right'),
    fit('…', columns.verdict),
    ...(columns.lsn > 0 ? [formatLsn(transaction.commitLsn)] : []),
  ].join(' ');
  return [{ text: ` ${text}`, style: 'muted' }];
}

/** What one line cannot say of a transaction. */
export function aboutLine(transaction: ListedTransaction | undefined, lsn: string): Line {
  if (!transaction) return [];
  const parts: Span[] = [
    { text: `  ${formatDay(transaction.commitTime)}, commit at ${lsn}`, style: 'muted' },
  ];
  if (transaction.firstLook) {
    const text = ', a first look: reading has not reached it';
    return [...parts, { text, style: 'muted' }];
  }
  const add = (text: string, style: Span['style']): void => {
    parts.push({ text: `, ${text}`, style });
  };
  if (transaction.state === 'prepared')
    add(`in doubt: prepared as ${printable(transaction.gid ?? '?')}`, 'warning');
  if (transaction.state === 'message') add('no transaction: a message that was sent at once', 'new');
  else if (transaction.messages > 0) add(plural(transaction.messages, 'message'), 'new');
  if (transaction.origin) add(printable(originText(transaction.origin)), 'shared');
  if (transaction.straddlesFork) add('began before the fork', 'fork');
  if (transaction.undecodable > 0) add(`${transaction.undecodable} cannot be decoded`, 'error');
  if (transaction.beginningMissing) add('its beginning is not in this WAL', 'error');
  if (transaction.changesCatalog)
    add(printable(transaction.definitions?.join(', ') ?? 'changed the catalog'), 'fork');
  if (transaction.truncates > 0) add(`${transaction.truncates} TRUNCATE`, 'loss');
  if (transaction.verdict !== 'pending') add(VERDICT_LOOKS[transaction.verdict].meaning, 'muted');
  return parts;
}
