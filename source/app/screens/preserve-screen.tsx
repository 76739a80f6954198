import type { ReactElement } from 'react';
import { printable } from '../../bytes/printable.js';
import { truncateMiddle, wrapWords } from '../../bytes/text-width.js';
import { plural } from '../../incident/figures.js';
import { checkingCommand, outcomeText, progressText } from '../../preserve/words.js';
import { fieldLine } from '../components/field-line.js';
import { LinesView } from '../components/lines-view.js';
import type { PreserveController } from '../controllers/preserve.js';
import type { Line } from '../span.js';
import type { Style } from '../theme.js';

/** Props of {@link PreserveScreen}. */
export interface PreserveScreenProps {
  readonly preserve: PreserveController;
  readonly width: number;
  readonly height: number;
}

/** Ways to go on that are shown under the box. */
const MOST_CANDIDATES = 4;

/** A text under a sign, in as many lines as it takes. */
function paragraph(sign: string, text: string, style: Style, width: number): Line[] {
  return wrapWords(printable(text), width - 2 - sign.length).map(
    (part, at): Line => [{ text: `${at === 0 ? sign : ' '.repeat(sign.length)}${part}`, style }],
  );
}

function formLines(preserve: PreserveController, width: number): Line[] {
  const { risks, candidates, problem, stopped } = preserve;
  const more = candidates.length - MOST_CANDIDATES;
  const why: Line[] =
    risks.length > 0
      ? [
          [{ text: 'Preserve what was lost before anything else:', style: 'warning' }],
          ...risks.flatMap((risk) => paragraph('! ', risk, 'warning', width)),
        ]
      : [[{ text: 'Preserve what was lost', style: 'title' }]];
  return [
    ...why,
    [],
    ...paragraph(
      '',
      'Copies the WAL that only the old side has, and the files it takes to read it. The copy is read back, gets a list of sha256 sums, and opens as OLD later. Best kept on another disk.',
      'plain',
      width,
    ),
    [],
    fieldLine('Copy to', preserve.field, width),
    ...(problem ? paragraph('✗ ', problem, 'error', width) : []),
    ...(stopped
      ? paragraph('! ', 'Stopped: what is whole stays there, and Enter goes on from it.', 'warning', width)
      : []),
    ...candidates
      .slice(0, MOST_CANDIDATES)
      .map((path): Line => [{ text: `  ${truncateMiddle(printable(path), width - 2)}`, style: 'muted' }]),
    ...(more > 0 ? [[{ text: `  and ${more} more`, style: 'muted' as const }]] : []),
  ];
}

function copyingLines(preserve: PreserveController, width: number): Line[] {
  const { progress, stopping } = preserve;
  const share = progress && progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
  const barWidth = Math.max(10, Math.min(40, width - 50));
  const filled = Math.round(share * barWidth);
  const doing = stopping ? 'stopping…' : progress ? progressText(progress) : 'looking at both sides…';
  return [
    [{ text: 'Preserving what was lost', style: 'title' }],
    [],
    [{ text: `to ${truncateMiddle(printable(preserve.output), width - 4)}` }],
    [],
    [
      { text: '█'.repeat(filled) + '░'.repeat(barWidth - filled), style: 'new' },
      { text: ` ${doing}`, style: stopping ? 'warning' : 'plain' },
    ],
    [{ text: `${plural(progress?.files ?? 0, 'file')} so far`, style: 'muted' }],
  ];
}

function doneLines(preserve: PreserveController, width: number): Line[] {
  const { preserved, command } = preserve;
  if (!preserved) return [];
  const { directory, warnings } = preserved;
  if (directory === undefined || command === undefined) {
    return paragraph(
      '✓ ',
      'Nothing was lost: the new primary has everything the old one had. Nothing was written.',
      'good',
      width,
    );
  }
  const indented = (text: string): Line[] => paragraph('  ', text, 'plain', width);
  return [
    [
      { text: warnings.length > 0 ? '! ' : '✓ ', style: warnings.length > 0 ? 'warning' : 'good' },
      { text: 'Preserved in', style: 'title' },
    ],
    ...indented(directory),
    ...indented(`${outcomeText(preserved)}.`),
    ...warnings.flatMap((warning) => paragraph('! ', warning, 'warning', width)),
    [],
    [{ text: 'It opens as OLD: o does so now, this command later', style: 'title' }],
    ...indented(command),
    [],
    [{ text: 'Checked at any time by', style: 'title' }],
    ...indented(checkingCommand(directory)),
  ];
}

/** Preserving: the reasons and a directory to copy to; then how far it is; then where it is. */
export function PreserveScreen({ preserve, width, height }: PreserveScreenProps): ReactElement {
  const draw = { form: formLines, copying: copyingLines, done: doneLines }[preserve.state];
  return <LinesView lines={draw(preserve, width)} width={width} height={height} />;
}
