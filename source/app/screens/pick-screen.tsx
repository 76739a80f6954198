import { Box } from 'ink';
import type { ReactElement } from 'react';
import { formatLsn } from '../../bytes/lsn.js';
import { printable } from '../../bytes/printable.js';
import { textWidth, truncateMiddle, wrapWords } from '../../bytes/text-width.js';
import { formatBytes, formatTime, plural } from '../../incident/figures.js';
import type { SavedSession } from '../../incident/session.js';
import type { DataDirectoryProbe, DirectoryProbe } from '../../timeline/side-probe.js';
import { fieldLine } from '../components/field-line.js';
import { LinesView } from '../components/lines-view.js';
import type { PickController } from '../controllers/pick.js';
import type { PickEntry } from '../controllers/pick-list.js';
import { type PickedSide, sideLabel } from '../controllers/picked-sides.js';
import { fitLine, type Line } from '../span.js';
import type { Style } from '../theme.js';

/** Props of {@link PickScreen}. */
export interface PickScreenProps {
  readonly pick: PickController;
  readonly width: number;
  readonly height: number;
}

function prose(text: string, width: number, style: Style = 'plain', indent = ''): Line[] {
  return wrapWords(printable(text), Math.max(8, width - indent.length)).map((part) => [
    { text: indent + part, style },
  ]);
}

function fieldLines(name: string, value: string, width: number): Line[] {
  return wrapWords(printable(value), Math.max(8, width - 12)).map((part, at) => [
    { text: (at === 0 ? name : '').padEnd(12), style: 'muted' },
    { text: part },
  ]);
}

function directoryLines(probe: DirectoryProbe, width: number): Line[] {
  const { segments } = probe;
  const wal =
    segments.count === 0
      ? 'none'
      : `${plural(segments.count, 'segment')}, ${formatBytes(segments.bytes)}${segments.partial ? `, ${segments.partial} partial` : ''}`;
  const checkpoint =
    probe.checkpointLsn > 0
      ? [
          ...fieldLines('checkpoint', formatLsn(probe.checkpointLsn), width),
          ...fieldLines('', `${formatTime(probe.checkpointTime).slice(0, 19)} UTC`, width),
        ]
      : [];
  return [
    [
      { text: `PostgreSQL ${probe.majorVersion}`, style: 'title' },
      { text: probe.kind === 'wal-directory' ? ', WAL only' : ' data directory' },
    ],
    ...fieldLines('system id', probe.systemIdentifier, width),
    ...fieldLines('state', `${probe.state}${probe.standby ? ', standby' : ''}`, width),
    ...fieldLines('timeline', String(probe.timeline), width),
    ...checkpoint,
    ...fieldLines('WAL', wal, width),
    ...(segments.first && segments.first !== segments.last
      ? fieldLines('', `${segments.first} …`, width)
      : []),
    ...(segments.last ? fieldLines('', segments.last, width) : []),
    ...fieldLines('wal_level', probe.walLevel, width),
    ...probe.warnings.flatMap((warning) => prose(`! ${warning}`, width, 'warning')),
  ];
}

function probeLines(probe: DataDirectoryProbe | undefined, width: number): Line[] {
  if (!probe) return [];
  return probe.ok ? directoryLines(probe, width) : prose(probe.reason, width, 'warning');
}

function sessionLines(session: SavedSession, width: number): Line[] {
  const when = new Date(session.savedAt).toISOString().slice(0, 16).replace('T', ' ');
  return [
    [{ text: 'Begun before', style: 'title' }],
    ...fieldLines('old', session.old, width),
    ...fieldLines('new', session.new, width),
    ...fieldLines('system id', session.systemIdentifier, width),
    ...fieldLines('fork', formatLsn(session.forkLsn), width),
    ...fieldLines(
      'marked',
      `${plural(session.markedTransactions, 'transaction')}, ${plural(session.markedRows, 'row')}`,
      width,
    ),
    ...(session.filter ? fieldLines('filter', session.filter, width) : []),
    ...fieldLines('left at', `${when} UTC`, width),
  ];
}

function entryLine(entry: PickEntry, cursor: boolean, width: number): Line {
  const lead = cursor ? '▸ ' : '  ';
  switch (entry.kind) {
    case 'heading':
      return [{ text: truncateMiddle(printable(entry.text), width), style: 'muted' }];
    case 'session': {
      const { session } = entry;
      const marked = session.markedTransactions > 0 ? `${session.markedTransactions} marked: ` : 'filtered: ';
      return [
        { text: lead, style: 'key' },
        { text: marked, style: 'mark' },
        { text: truncateMiddle(printable(session.old), width - 2 - textWidth(marked)) },
      ];
    }
    case 'parent':
      return [{ text: lead, style: 'key' }, { text: '..' }];
    case 'proposed':
      return [
        { text: lead, style: 'key' },
        { text: truncateMiddle(printable(entry.path), width - 2), style: 'title' },
      ];
    case 'directory': {
      const name = entry.path.slice(entry.path.lastIndexOf('/') + 1);
      return [{ text: lead, style: 'key' }, { text: `${truncateMiddle(printable(name), width - 3)}/` }];
    }
  }
}

function headLines(pick: PickController, width: number): Line[] {
  const chosen: Line[] = pick.sides.old
    ? [
        [
          { text: 'old primary  ', style: 'old' },
          { text: truncateMiddle(sideLabel(pick.sides.old), width - 13) },
        ],
      ]
    : [];
  const question: Line =
    pick.stage === 'old'
      ? [
          { text: 'Which is the ' },
          { text: 'OLD', style: 'old' },
          { text: ' primary, the one that crashed? Its data directory, or its WAL.' },
        ]
      : [
          { text: 'Which is the ' },
          { text: 'NEW', style: 'new' },
          { text: ' primary, the promoted one? (p types a postgres:// URL.)' },
        ];
  const box: Line[] = pick.typing
    ? [
        fieldLine(pick.stage === 'new' ? 'path or postgres://' : 'path', pick.typing.field, width),
        ...(pick.typing.problem ? prose(pick.typing.problem, width, 'error').slice(0, 3) : []),
        ...pick.typing.candidates
          .slice(0, 6)
          .map((path): Line => [{ text: `  ${truncateMiddle(printable(path), width - 2)}`, style: 'muted' }]),
        ...(pick.typing.candidates.length > 6
          ? [[{ text: `  and ${pick.typing.candidates.length - 6} more`, style: 'muted' as const }]]
          : []),
      ]
    : [];
  return [...chosen, question, ...box, []];
}

function BrowseView({ pick, width, height }: PickScreenProps): ReactElement {
  const head = headLines(pick, width);
  const room = Math.max(1, height - head.length);
  pick.list.resize(room);
  const leftWidth = Math.min(Math.floor(width * 0.48), 80);
  const rightWidth = width - leftWidth - 3;
  const { entry } = pick.list;
  const about =
    entry?.kind === 'session' ? sessionLines(entry.session, rightWidth) : probeLines(pick.probed, rightWidth);
  const lines = Array.from({ length: room }, (_, at): Line => {
    const number = pick.list.top + at;
    const one = pick.list.entries[number];
    const left = one ? entryLine(one, number === pick.list.cursor, leftWidth) : [];
    return [...fitLine(left, leftWidth), { text: ' │ ', style: 'muted' }, ...(about[at] ?? [])];
  });
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      <LinesView lines={head} width={width} height={head.length} />
      <LinesView lines={lines} width={width} height={room} />
    </Box>
  );
}

function sideBlock(title: string, style: Style, side: PickedSide | undefined, width: number): Line[] {
  if (!side) return [];
  return [
    [
      { text: `${title}  `, style },
      { text: truncateMiddle(sideLabel(side), width - title.length - 2), style: 'title' },
    ],
    ...(side.probed
      ? probeLines(side.probed, width - 2).map((line): Line => [{ text: '  ' }, ...line])
      : prose('a live server: asked when it is opened', width, 'muted', '  ')),
    [],
  ];
}

/** The box for the fork, or what was named in it. */
function forkLines({ naming, fork }: PickController, width: number): Line[] {
  if (!naming) {
    if (fork === undefined) return [];
    return [
      ...prose(`The fork is named by hand: ${formatLsn(fork)}. The WAL has the last word.`, width, 'fork'),
      [],
    ];
  }
  return [
    fieldLine('fork (LSN)', naming.field, width),
    ...(naming.problem ? prose(naming.problem, width, 'error') : []),
    ...naming.candidates
      .slice(0, 6)
      .map(
        ({ lsn, what }): Line => [{ text: `  ${formatLsn(lsn).padEnd(18)}` }, { text: what, style: 'muted' }],
      ),
    [],
  ];
}

/** Both sides next to each other (or, on a narrow screen, one under the other), and what is to be said about the pair. */
function reviewLines(pick: PickController, width: number): Line[] {
  const said: Line[] = [
    ...pick.sides.comparison.refusals.flatMap((refusal) => prose(`✗ ${refusal}`, width, 'error')),
    ...(pick.sides.comparison.swapped
      ? prose(
          `! These look swapped: ${pick.sides.comparison.swapped}. Press s to exchange them.`,
          width,
          'warning',
        )
      : []),
    ...(pick.openProblem ? prose(`✗ ${pick.openProblem}`, width, 'error') : []),
  ];
  const verdict: Line[] =
    said.length > 0
      ? [...said, []]
      : [
          [
            {
              text: '✓ These two go together: Enter opens them. Nothing is written to either.',
              style: 'good',
            },
          ],
          [],
        ];
  const half = Math.floor((width - 2) / 2);
  const old = sideBlock('OLD', 'old', pick.sides.old, half);
  const fresh = sideBlock('NEW', 'new', pick.sides.fresh, half);
  const both = Array.from(
    { length: Math.max(old.length, fresh.length) },
    (_, at): Line => [...fitLine(old[at] ?? [], half), { text: '  ' }, ...(fresh[at] ?? [])],
  );
  return [...forkLines(pick, width), ...verdict, ...both];
}

/** The picker: one side after the other, then both. */
export function PickScreen({ pick, width, height }: PickScreenProps): ReactElement {
  if (pick.stage !== 'review') return <BrowseView pick={pick} width={width} height={height} />;
  const lines = reviewLines(pick, width);
  const top = Math.max(0, Math.min(pick.reviewTop, lines.length - height));
  return <LinesView lines={lines.slice(top)} width={width} height={height} />;
}
