/** Both timelines as a branching line. */
import { formatLsn } from '../bytes/lsn.js';
import { printable } from '../bytes/printable.js';
import { fit, wrapWords } from '../bytes/text-width.js';
import { type DiagramLine, line } from './diagram-line.js';
import { formatBytes, formatTime } from './figures.js';
import type { ForkPoint, IncidentOverview, LossFigures, SideOverview } from './model.js';

/** `timeline 1`, `timelines 1 → 2 → 3`; a long past is shortened at its beginning. */
function timelinesText(timelines: readonly number[]): string {
  const distinct = timelines.filter((timeline, at) => timelines.indexOf(timeline) === at);
  const shown = distinct.length > 5 ? ['…', ...distinct.slice(-4)] : distinct;
  return `timeline${distinct.length === 1 ? '' : 's'} ${shown.join(' → ')}`;
}

/** Timelines of one side up to the fork, and from it on. */
function sideTimelines(side: SideOverview, fork: ForkPoint): { shared: number[]; own: number[] } {
  const ended = side.history.map((entry) => entry.timeline);
  const all = [...ended, side.timeline];
  const at = all.indexOf(fork.timeline);
  if (at < 0) return { shared: [fork.timeline], own: [side.timeline] };
  const switchedAtFork = side.history[at] !== undefined && side.history[at].lsn <= fork.lsn;
  return { shared: all.slice(0, at + 1), own: all.slice(switchedAtFork ? at + 1 : at) };
}

/** A horizontal stretch with an optional mark for a checkpoint, `width` columns wide. */
function stretch(width: number, glyph: string, checkpoint: boolean, at: number): string {
  if (!checkpoint || width < at + 2) return glyph.repeat(Math.max(0, width));
  return `${glyph.repeat(at)}◆${glyph.repeat(width - at - 1)}`;
}

/** The branching line, `width` columns wide. */
export function branchLines(overview: IncidentOverview, loss: LossFigures, width: number): DiagramLine[] {
  const { fork } = overview;
  const margin = 2;
  const forkColumn = margin + Math.floor((width - margin) * 0.36);
  const oldEnd = overview.old.endLsn > 0 ? formatLsn(overview.old.endLsn) : 'not yet read';
  const newEnd =
    overview.new.endLsn > 0 ? formatLsn(overview.new.endLsn) : formatLsn(overview.new.checkpointLsn);
  const endWidth = Math.max(oldEnd.length, newEnd.length) + 3;
  const trunkWidth = forkColumn - margin;
  const branchWidth = Math.max(4, width - forkColumn - 1 - endWidth);
  const old = sideTimelines(overview.old, fork);
  const fresh = sideTimelines(overview.new, fork);
  const checkpointShared = overview.old.checkpointLsn <= fork.lsn;
  const pad = ' '.repeat(forkColumn);

  const trunkLabel = fit(`${' '.repeat(margin)}${timelinesText(old.shared)}`, forkColumn - 1);
  const forkText = `fork at ${formatLsn(fork.lsn)}`;
  const forkTime = fork.time === undefined ? '' : `${formatTime(fork.time)} UTC`;
  const head: DiagramLine[] = forkTime
    ? [
        [{ text: `${pad}${forkText}`, role: 'fork' }],
        [
          { text: trunkLabel, role: 'shared' },
          { text: ` ${forkTime}`, role: 'fork' },
        ],
      ]
    : [
        [
          { text: trunkLabel, role: 'shared' },
          { text: ` ${forkText}`, role: 'fork' },
        ],
      ];

  const trunk: DiagramLine = [
    {
      text: ' '.repeat(margin) + stretch(trunkWidth, '━', checkpointShared, Math.max(2, trunkWidth - 8)),
      role: 'shared',
    },
    { text: fork.diverged ? '┳' : '┓', role: 'fork' },
    ...(fork.diverged
      ? [
          { text: stretch(branchWidth, '━', !checkpointShared, 6), role: 'old' as const },
          { text: `╳ ${oldEnd}`, role: 'old' as const },
        ]
      : [{ text: '  the old primary ends here', role: 'old' as const }]),
  ];
  const lines: DiagramLine[] = [...head, trunk];
  if (fork.diverged) {
    const only = loss.walBytes > 0 ? `, ${formatBytes(loss.walBytes)} only here` : '';
    for (const text of wrapWords(`OLD primary, ${timelinesText(old.own)}${only}`, width - forkColumn - 3)) {
      lines.push([
        { text: `${pad}┃`, role: 'fork' },
        { text: `  ${text}`, role: 'old' },
      ]);
    }
    lines.push([{ text: `${pad}┃`, role: 'fork' }]);
  }
  const newCheckpoint = overview.new.checkpointLsn >= fork.lsn;
  lines.push([
    { text: `${pad}┗`, role: 'fork' },
    { text: stretch(branchWidth, '─', newCheckpoint, 6), role: 'new' },
    { text: `▶ ${newEnd}`, role: 'new' },
  ]);
  const promotion = promotionOf(overview);
  for (const text of wrapWords(`NEW primary, ${timelinesText(fresh.own)}`, width - forkColumn - 3)) {
    lines.push(line(`${pad}   ${text}`, 'new'));
  }
  if (promotion) {
    for (const text of wrapWords(`promoted: ${promotion}`, width - forkColumn - 3)) {
      lines.push(line(`${pad}   ${text}`, 'muted'));
    }
  }
  lines.push(line(`${pad}   ◆ last checkpoint`, 'muted'));
  return lines;
}

/** The reason in the new primary's history file for leaving the shared timeline. */
function promotionOf(overview: IncidentOverview): string | undefined {
  const entry =
    overview.new.history.find(
      (item) => item.timeline === overview.fork.timeline && item.lsn === overview.fork.lsn,
    ) ?? overview.new.history.at(-1);
  return entry && printable(entry.reason);
}
