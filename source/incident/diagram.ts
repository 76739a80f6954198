/**
 * The picture of an incident: both timelines as a branching line, each side in a few lines, the loss in figures.
 * The same lines serve the TUI (with colour, by role), `inspect`, and whoever pastes them into a channel.
 */
import { formatLsn } from '../bytes/lsn.js';
import { printable } from '../bytes/printable.js';
import { fit, textWidth, truncateMiddle, wrapWords } from '../bytes/text-width.js';
import { coverageLines } from './coverage-lines.js';
import { formatBytes, formatCount, formatDuration, formatTime, plural } from './figures.js';
import type { ForkPoint, IncidentOverview, LossFigures, SideOverview, WalGap } from './model.js';
import { gapName } from './wal-gaps.js';

/** What a part of the picture is about: faces give it a colour, plain text does without. */
export type DiagramRole =
  | 'plain'
  | 'title'
  | 'muted'
  | 'shared'
  | 'old'
  | 'new'
  | 'fork'
  | 'loss'
  | 'warning';

/** A piece of a line in one role. */
export interface DiagramSpan {
  readonly text: string;
  readonly role: DiagramRole;
}

/** One line of the picture. */
export type DiagramLine = readonly DiagramSpan[];

/** Columns from which the two sides stand next to each other. */
const TWO_COLUMNS_FROM = 140;
/** Columns of a field's name in a side's block. */
const FIELD_WIDTH = 11;

function line(text: string, role: DiagramRole = 'plain'): DiagramLine {
  return [{ text, role }];
}

function lineWidth(spans: DiagramLine): number {
  return spans.reduce((width, span) => width + textWidth(span.text), 0);
}

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

function branchLines(overview: IncidentOverview, loss: LossFigures, width: number): DiagramLine[] {
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

const KIND_TEXT: Readonly<Record<SideOverview['kind'], string>> = {
  'data-directory': 'data directory',
  'wal-directory': 'WAL directory, no data',
  server: 'live server',
};

function sideLines(name: string, role: 'old' | 'new', side: SideOverview, width: number): DiagramLine[] {
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

function warningLines(text: string, width: number): DiagramLine[] {
  return wrapWords(printable(text), width - 2).map((part, at) =>
    line(`${at === 0 ? '! ' : '  '}${part}`, 'warning'),
  );
}

/** What is missing and what it would give back: what an operator can still do something about. */
function gapLines(gaps: readonly WalGap[], width: number): DiagramLine[] {
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

/** Two blocks next to each other, `width` columns each, two apart. */
function sideBySide(
  left: readonly DiagramLine[],
  right: readonly DiagramLine[],
  width: number,
): DiagramLine[] {
  const lines: DiagramLine[] = [];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const spans = left[at] ?? [];
    const gap = ' '.repeat(Math.max(0, width - lineWidth(spans)) + 2);
    lines.push([...spans, { text: gap, role: 'plain' }, ...(right[at] ?? [])]);
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

function lossLines(overview: IncidentOverview, loss: LossFigures, width: number): DiagramLine[] {
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

/**
 * The picture with its roles, in lines of at most `width` columns (80 and more; narrower is drawn for 60).
 * `loss` grows while WAL is read; the picture can be drawn at any time.
 */
export function forkDiagramSpans(
  overview: IncidentOverview,
  loss: LossFigures,
  width: number,
): DiagramLine[] {
  const columns = Math.max(60, width);
  const drawn = Math.min(columns, 160);
  const lines: DiagramLine[] = [
    [
      {
        text: `PostgreSQL ${overview.old.majorVersion} cluster ${overview.old.systemIdentifier}`,
        role: 'title',
      },
      { text: overview.fork.diverged || overview.fork.untold ? '' : ', nothing diverged', role: 'plain' },
    ],
    [],
    ...branchLines(overview, loss, drawn),
    [],
    ...lossLines(overview, loss, drawn),
    [],
    ...gapLines(overview.gaps, drawn),
  ];
  if (columns >= TWO_COLUMNS_FROM) {
    const half = Math.floor((columns - 2) / 2);
    lines.push(
      ...sideBySide(
        sideLines('OLD', 'old', overview.old, half),
        sideLines('NEW', 'new', overview.new, half),
        half,
      ),
    );
  } else {
    lines.push(...sideLines('OLD', 'old', overview.old, columns), []);
    lines.push(...sideLines('NEW', 'new', overview.new, columns));
  }
  const warnings = [
    ...(overview.swapped ? [`old and new look swapped: ${overview.swapped}`] : []),
    ...overview.warnings,
  ];
  if (warnings.length > 0) lines.push([]);
  for (const warning of warnings) lines.push(...warningLines(warning, columns));
  if (overview.fork.evidence.length > 0) {
    lines.push([], line('How the fork was found', 'title'));
    for (const sentence of overview.fork.evidence) {
      wrapWords(printable(sentence), columns - 2).forEach((text, at) => {
        lines.push(line(`${at === 0 ? '- ' : '  '}${text}`, 'muted'));
      });
    }
  }
  return lines;
}

/** The same as plain text, without trailing spaces: what `inspect` prints and what is pasted into a channel. */
export function forkDiagram(overview: IncidentOverview, loss: LossFigures, width: number): string[] {
  return forkDiagramSpans(overview, loss, width).map((spans) =>
    spans
      .map((span) => span.text)
      .join('')
      .trimEnd(),
  );
}
