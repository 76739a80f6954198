import { Box } from 'ink';
import type { ReactElement } from 'react';
import { formatCount } from '../../bytes/count.js';
import { formatLsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import { wrapWords } from '../../bytes/text-width.js';
import { plural } from '../../incident/figures.js';
import type { Progress } from '../../incident/model.js';
import { fieldLine } from '../components/field-line.js';
import { LineView } from '../components/line-view.js';
import { LinesView } from '../components/lines-view.js';
import type { ListController } from '../controllers/list.js';
import { type Line, spread } from '../span.js';
import { aboutLine, headingLine, listColumns, transactionLine } from './list-columns.js';

/** Props of {@link ListScreen}. */
export interface ListScreenProps {
  readonly list: ListController;
  readonly progress: Progress;
  /** Marks of an earlier session that the reading has not reached yet. */
  readonly pendingMarks: number;
  readonly width: number;
  readonly height: number;
}

const ORDER_NAMES: Readonly<Record<string, string>> = {
  commit: 'commit order',
  time: 'by commit time',
  xid: 'by xid',
  rows: 'by rows',
  size: 'by size',
  database: 'by database',
  table: 'by table',
  verdict: 'by verdict',
};

function topLines(list: ListController, width: number): Line[] {
  const problem: Line[] = list.fieldProblem
    ? wrapWords(printable(list.fieldProblem), width)
        .slice(0, 3)
        .map((text): Line => [{ text, style: 'error' }])
    : [];
  if (list.mode === 'filter') return [fieldLine('filter', list.field, width), ...problem];
  if (list.mode === 'jump') return [fieldLine('jump to xid, LSN or time', list.field, width), ...problem];
  if (list.mode === 'sort') return [[{ text: 'sort by: press one of the keys below', style: 'key' }]];
  if (list.mode === 'tables') {
    return [
      [{ text: 'mark all that is shown of which table?', style: 'key' }],
      ...list.tables.slice(0, 8).map(
        (table, at): Line => [
          { text: at === list.tableCursor ? ' ▸ ' : '   ', style: 'key' },
          { text: printable(table), style: at === list.tableCursor ? 'title' : 'plain' },
        ],
      ),
    ];
  }
  const order = `${ORDER_NAMES[list.order.key]}${list.order.descending ? ', backwards' : ''}`;
  const shown = list.filter
    ? `${formatCount(list.length)} of ${formatCount(list.total)}`
    : list.certain === list.length
      ? plural(list.length, 'transaction')
      : `${formatCount(list.certain)} and more`;
  const filter: Line = list.filter
    ? [
        { text: 'filter ', style: 'key' },
        { text: printable(list.filter), style: 'title' },
      ]
    : [{ text: 'all lost transactions', style: 'muted' }];
  const position = list.cursor < list.certain ? `${formatCount(list.cursor + 1)}/` : '';
  return [
    spread(
      filter,
      [{ text: list.arranging ? '  arranging …' : `  ${position}${shown}, ${order}`, style: 'muted' }],
      width,
    ),
  ];
}

/** Marks, always to be seen. */
function marksLine(list: ListController, pending: number): Line {
  const { rows } = list.totals;
  const marked: Line =
    list.marks.count === 0
      ? [{ text: '  nothing marked', style: 'muted' }]
      : [
          { text: ' ● ', style: 'mark' },
          {
            text: `${plural(list.marks.count, 'transaction')} marked, ${rows === undefined ? '…' : plural(rows, 'row')}`,
            style: 'title',
          },
        ];
  const range = list.range;
  return [
    ...marked,
    ...(range
      ? [
          {
            text: `   range of ${formatCount(range[1] - range[0] + 1)}: Space marks it`,
            style: 'key' as const,
          },
        ]
      : []),
    ...(pending > 0
      ? [
          {
            text: `   ${plural(pending, 'mark')} ${pending === 1 ? 'comes back when the reading reaches it' : 'come back when the reading reaches them'}`,
            style: 'warning' as const,
          },
        ]
      : []),
  ];
}

function emptyLines(list: ListController, progress: Progress): Line[] {
  if (list.window.problem) return [[{ text: printable(list.window.problem), style: 'error' }]];
  if (progress.phase === 'failed') return [[{ text: printable(progress.error ?? ''), style: 'error' }]];
  if (list.arranging) return [[{ text: '  …', style: 'muted' }]];
  if (list.filter) return [[{ text: '  nothing passes this filter', style: 'muted' }]];
  return [
    [
      {
        text: progress.phase === 'done' ? '  nothing was lost' : '  nothing lost so far, still reading',
        style: 'muted',
      },
    ],
  ];
}

/** The list of lost transactions: only the lines on the screen exist. */
export function ListScreen({ list, progress, pendingMarks, width, height }: ListScreenProps): ReactElement {
  const top = topLines(list, width);
  const failed: Line[] =
    progress.phase === 'failed' && list.length > 0
      ? wrapWords(printable(progress.error ?? 'reading failed'), width)
          .slice(0, 3)
          .map((text): Line => [{ text, style: 'error' }])
      : [];
  list.resize(height - top.length - 3 - failed.length);
  const range = list.range;
  const shown = Array.from({ length: list.height }, (_, at) => list.window.at(list.top + at));
  const longestXid = Math.max(...shown.map((transaction) => String(transaction?.xid ?? '').length));
  const columns = listColumns(width, progress.loss, longestXid);
  const lines = Array.from(
    { length: Math.min(list.height, Math.max(0, list.length - list.top)) },
    (_, at) => {
      const line = list.top + at;
      const transaction = shown[at];
      return transactionLine(transaction, columns, {
        cursor: line === list.cursor,
        marked: transaction !== undefined && list.marks.has(transaction.index),
        inRange: range !== undefined && line >= range[0] && line <= range[1],
      });
    },
  );
  const { current } = list;
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      <LinesView lines={top} width={width} height={top.length} />
      <LineView line={headingLine(columns, list.order.key, list.order.descending)} width={width} />
      <LinesView
        lines={list.length > 0 ? lines : emptyLines(list, progress)}
        width={width}
        height={list.height}
        selected={list.length > 0 ? list.cursor - list.top : undefined}
      />
      <LinesView lines={failed} width={width} height={failed.length} />
      <LineView line={aboutLine(current, current ? formatLsn(current.commitLsn) : '')} width={width} />
      <LineView line={marksLine(list, pendingMarks)} width={width} />
    </Box>
  );
}
