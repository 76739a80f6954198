import { Box } from 'ink';
import type { ReactElement } from 'react';
import { printable } from '../../bytes/printable.js';
import { wrapWords } from '../../bytes/text-width.js';
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
  const under = [...failed, ...box];
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
