/** One side of an incident in a few lines: what it is, how far its history goes, what is there of its WAL. */
import { formatLsn } from '../bytes/lsn.js';
import { printable } from '../bytes/printable.js';
import { truncateMiddle, wrapWords } from '../bytes/text-width.js';
import { coverageLines } from './coverage-lines.js';
import { type DiagramLine, warningLines } from './diagram-line.js';
import { formatTime } from './figures.js';
import type { SideOverview } from './model.js';

/** Columns of a field's name in a side's block. */
const FIELD_WIDTH = 11;

const KIND_TEXT: Readonly<Record<SideOverview['kind'], string>> = {
  'data-directory': 'data directory',
  'wal-directory': 'WAL directory, no data',
  server: 'live server',
};

/** The block of one side, `width` columns wide. */
export function sideLines(
  name: string,
  role: 'old' | 'new',
  side: SideOverview,
  width: number,
): DiagramLine[] {
  const indent = ' '.repeat(name.length + 2);
  const room = Math.max(10, width - indent.length);
  const lines: DiagramLine[] = [
    [
      { text: `${name}  `, role },
      { text: truncateMiddle(printable(side.path), room), role: 'title' },
    ],
  ];
  const field = (label: string, texts: readonly string[]): void => {
    texts.forEach((text, at) => {
      lines.push([
        { text: indent + (at === 0 ? label : '').padEnd(FIELD_WIDTH), role: 'muted' },
        { text, role: 'plain' },
      ]);
    });
  };
  const prose = (text: string): string[] => wrapWords(printable(text), room - FIELD_WIDTH);
  field('what', prose(`${KIND_TEXT[side.kind]}, PostgreSQL ${side.majorVersion}, ${side.state}`));
  const switches = side.history.slice(-3).map((entry) => `left ${entry.timeline} at ${formatLsn(entry.lsn)}`);
  field('timeline', prose([String(side.timeline), ...switches].join(', ')));
  if (side.checkpointLsn > 0) {
    const time = side.checkpointTime ? `, ${formatTime(side.checkpointTime).slice(0, 19)} UTC` : '';
    field('checkpoint', prose(`${formatLsn(side.checkpointLsn)}, redo ${formatLsn(side.redoLsn)}${time}`));
  }
  if (side.endLsn > 0) {
    field('WAL ends', prose(`${formatLsn(side.endLsn)}${side.endReason ? `, ${side.endReason}` : ''}`));
  }
  const { restoreCommand, directory } = side.archive ?? {};
  if (restoreCommand) {
    const run = restoreCommand.used ? 'run' : 'not run';
    field('restore', prose(`${restoreCommand.command} (${restoreCommand.where}, ${run})`));
  }
  if (directory) field('archive', prose(`${directory.path}, by its ${directory.setting}`));
  if (side.kind !== 'server') field('segments', coverageLines(side.segments, room - FIELD_WIDTH));
  if (side.running) {
    lines.push(...warningLines('a server is running there: its WAL may still grow or be recycled', width));
  }
  for (const warning of side.warnings) lines.push(...warningLines(warning, width));
  return lines;
}
