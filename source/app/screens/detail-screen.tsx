import { Box } from 'ink';
import type { ReactElement } from 'react';
import { formatCount } from '../../bytes/count.js';
import { formatLsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import { formatBytes, formatTime, plural } from '../../incident/figures.js';
import { originText, rowCount } from '../../transactions/transaction.js';
import { fieldLine } from '../components/field-line.js';
import { LineView } from '../components/line-view.js';
import { LinesView } from '../components/lines-view.js';
import { DETAIL_TABS, type DetailController, type DetailTab } from '../controllers/detail.js';
import { type Line, type Span, spread } from '../span.js';
import { VERDICT_LOOKS } from '../verdicts.js';

/** Props of {@link DetailScreen}. */
export interface DetailScreenProps {
  readonly detail: DetailController;
  readonly marked: boolean;
  readonly width: number;
  readonly height: number;
}

const TAB_NAMES: Readonly<Record<DetailTab, string>> = { rows: 'Rows', redo: 'Redo SQL', undo: 'Undo SQL' };

const STATE_VERBS = { committed: 'committed', prepared: 'prepared', message: 'message after' } as const;

function summaryLine(detail: DetailController, marked: boolean, width: number): Line {
  const { transaction } = detail;
  const look = VERDICT_LOOKS[transaction.verdict];
  const verb = STATE_VERBS[transaction.state];
  const left: Line = [
    { text: marked ? '● ' : '  ', style: 'mark' },
    {
      text: `${verb} ${formatTime(transaction.commitTime)} UTC, ${printable(transaction.database || '(shared)')}`,
      style: 'title',
    },
    { text: `, ${formatLsn(transaction.commitLsn)}`, style: 'muted' },
  ];
  return spread(left, [{ text: ` ${look.glyph} ${look.word}`, style: look.style }], width);
}

function figuresLine(detail: DetailController): Line {
  const { transaction } = detail;
  const spans: Span[] = [
    { text: `  ${plural(rowCount(transaction), 'row')}: ` },
    { text: `+${formatCount(transaction.inserts)} `, style: 'insert' },
    { text: `~${formatCount(transaction.updates)} `, style: 'update' },
    { text: `−${formatCount(transaction.deletes)}`, style: 'delete' },
    { text: `, ${formatBytes(transaction.walBytes)} of WAL`, style: 'muted' },
  ];
  if (transaction.gid !== undefined) spans.push({ text: `, ${printable(transaction.gid)}`, style: 'muted' });
  if (transaction.state === 'prepared') spans.push({ text: ', in doubt: never resolved', style: 'warning' });
  if (transaction.straddlesFork) spans.push({ text: ', began before the fork', style: 'fork' });
  if (transaction.origin)
    spans.push({ text: `, ${printable(originText(transaction.origin))}`, style: 'shared' });
  if (transaction.undecodable > 0) {
    spans.push({
      text: `, !! ${formatCount(transaction.undecodable)} cannot be decoded exactly`,
      style: 'error',
    });
  }
  if (transaction.beginningMissing)
    spans.push({ text: ', !! its beginning is not in this WAL', style: 'error' });
  return spans;
}

function tabsLine(detail: DetailController, width: number): Line {
  const tabs = DETAIL_TABS.map(
    (tab): Span => ({
      text: tab === detail.tab ? ` [${TAB_NAMES[tab]}] ` : `  ${TAB_NAMES[tab]}  `,
      style: tab === detail.tab ? 'active' : 'muted',
    }),
  );
  const { total } = detail;
  const { item, more } = detail.pager;
  // Lines are made as somebody goes there: of how many they are is known at the end.
  const open = more && detail.tab !== 'rows' ? '…' : '';
  const place =
    total === undefined ? '' : `${formatCount(Math.min(item + 1, total))}/${formatCount(total)}${open}`;
  const needle: Line = detail.needle ? [{ text: `  /${printable(detail.needle)}`, style: 'key' }] : [];
  const unit = detail.tab === 'rows' ? 'change' : 'line';
  return spread(
    [...tabs, ...needle],
    [{ text: ` ${place ? `${unit} ${place}` : '…'}`, style: 'muted' }],
    width,
  );
}

/** One transaction opened. */
export function DetailScreen({ detail, marked, width, height }: DetailScreenProps): ReactElement {
  const box: Line[] = detail.searching ? [fieldLine('search', detail.field, width)] : [];
  const room = height - 3 - box.length;
  detail.resize(width, room);
  const { pager } = detail;
  const lines: Line[] = pager.problem
    ? [[{ text: printable(pager.problem), style: 'error' }]]
    : pager.total === 0
      ? [[{ text: '  nothing here', style: 'muted' }]]
      : pager.lines();
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      <LineView line={summaryLine(detail, marked, width)} width={width} />
      <LineView line={figuresLine(detail)} width={width} />
      <LineView line={tabsLine(detail, width)} width={width} />
      <LinesView lines={lines} width={width} height={room} />
      <LinesView lines={box} width={width} height={box.length} />
    </Box>
  );
}
