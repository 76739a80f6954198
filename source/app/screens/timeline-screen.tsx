import { Box } from 'ink';
import type { ReactElement } from 'react';
import { printable } from '../../bytes/printable.js';
import { truncateMiddle, wrapWords } from '../../bytes/text-width.js';
import { fieldLine } from '../components/field-line.js';
import { LinesView } from '../components/lines-view.js';
import type { TimelineController } from '../controllers/timeline.js';
import type { Line } from '../span.js';

/** Props of {@link TimelineScreen}. */
export interface TimelineScreenProps {
  readonly timeline: TimelineController;
  /** Why the reading stopped, if it failed. */
  readonly problem?: string;
  readonly width: number;
  readonly height: number;
}

/** Ways to go on that are shown under the box. */
const MOST_CANDIDATES = 4;

/** The box for a place of WAL. */
function placeBox(timeline: TimelineController, width: number): Line[] {
  if (!timeline.adding) return [];
  const { candidates } = timeline;
  const more = candidates.length - MOST_CANDIDATES;
  return [
    fieldLine(
      `WAL of the ${timeline.adding.toUpperCase()} side, directory or postgres://`,
      timeline.field,
      width,
    ),
    ...(timeline.fieldProblem
      ? wrapWords(printable(timeline.fieldProblem), width)
          .slice(0, 4)
          .map((text): Line => [{ text, style: 'error' }])
      : []),
    ...(timeline.busy ? [[{ text: 'looking there…', style: 'muted' as const }]] : []),
    ...candidates
      .slice(0, MOST_CANDIDATES)
      .map((path): Line => [{ text: `  ${truncateMiddle(printable(path), width - 2)}`, style: 'muted' }]),
    ...(more > 0 ? [[{ text: `  and ${more} more`, style: 'muted' as const }]] : []),
  ];
}

/** The picture of the incident, and under it the box for a file's name while that is typed. */
export function TimelineScreen({ timeline, problem, width, height }: TimelineScreenProps): ReactElement {
  const failed: Line[] = problem
    ? wrapWords(printable(problem), width)
        .slice(0, 4)
        .map((text): Line => [{ text, style: 'error' }])
    : [];
  const box: Line[] = timeline.saving
    ? [
        fieldLine('write to', timeline.field, width),
        ...(timeline.fieldProblem
          ? [[{ text: printable(timeline.fieldProblem), style: 'error' as const }]]
          : []),
      ]
    : [];
  const lines = timeline.lines(width);
  const { advice } = timeline;
  const advised: Line[] = advice ? [[{ text: advice, style: 'warning' }]] : [];
  const under = [...failed, ...advised, ...placeBox(timeline, width), ...box];
  timeline.height = height - under.length - 1;
  const top = Math.max(0, Math.min(timeline.top, lines.length - timeline.height));
  const below = lines.length - top - timeline.height;
  const more: Line =
    below > 0
      ? [{ text: `↓ ${below} more lines`, style: 'muted' }]
      : top > 0
        ? [{ text: '↑ more above', style: 'muted' }]
        : [];
  return (
    <Box flexDirection="column" height={height} flexShrink={0}>
      <LinesView lines={lines.slice(top)} width={width} height={timeline.height} />
      <LinesView lines={[more, ...under]} width={width} height={1 + under.length} />
    </Box>
  );
}
