import type { ReactElement } from 'react';
import { formatCount } from '../../bytes/count.js';
import { formatBytes, formatDuration, plural } from '../../incident/figures.js';
import type { Progress } from '../../incident/model.js';
import type { Line } from '../span.js';
import { spread } from '../span.js';
import { LineView } from './line-view.js';

/** Props of {@link Header}. */
export interface HeaderProps {
  /** Where the operator is: `transactions`, `xid 738` … */
  readonly title: string;
  readonly progress?: Progress;
  readonly width: number;
}

/** What is being read, as a line: bytes, rate and time left; empty when all is read. */
export function progressLine(progress: Progress): Line {
  switch (progress.phase) {
    case 'opening':
      return [{ text: 'looking for where to begin reading …', style: 'muted' }];
    case 'done':
      return [{ text: `all WAL read, ${formatBytes(progress.bytesRead)}`, style: 'muted' }];
    case 'judging':
      return [{ text: `comparing with the new primary${judgedText(progress)}`, style: 'warning' }];
    case 'failed':
      return [{ text: 'reading failed', style: 'error' }];
    default: {
      const share =
        progress.bytesTotal > 0 ? Math.floor((progress.bytesRead / progress.bytesTotal) * 100) : 0;
      const rate = progress.rate > 0 ? `, ${formatBytes(progress.rate)}/s` : '';
      const left = progress.rate > 0 ? `, ${formatDuration(progress.secondsLeft)} left` : '';
      return [
        {
          text: `reading the ${progress.phase} primary’s WAL: ${share}% of ${formatBytes(progress.bytesTotal)}${rate}${left}`,
          style: 'warning',
        },
      ];
    }
  }
}

function judgedText({ judged }: Progress): string {
  if (!judged || judged.total === 0) return ' …';
  const share = Math.floor((judged.done / judged.total) * 100);
  return `: ${share}% of ${plural(judged.total, 'row')}`;
}

/** The first line of the screen: where one is, and how the reading goes. */
export function Header({ title, progress, width }: HeaderProps): ReactElement {
  const left: Line = [
    { text: ' forkpoint ', style: 'bar' },
    { text: ` ${title}`, style: 'title' },
  ];
  const lost: Line =
    progress && progress.phase !== 'opening' && width >= 120
      ? [{ text: `  ${formatCount(progress.loss.transactions)} lost `, style: 'loss' }]
      : [];
  const right: Line = progress ? [...lost, { text: '  ' }, ...progressLine(progress)] : [];
  return <LineView line={spread(left, right, width)} width={width} />;
}
