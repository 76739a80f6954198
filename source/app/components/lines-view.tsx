import { Box } from 'ink';
import type { ReactElement } from 'react';
import type { Line } from '../span.js';
import { LineView } from './line-view.js';

/** Props of {@link LinesView}. */
export interface LinesViewProps {
  readonly lines: readonly Line[];
  readonly width: number;
  /** Rows taken; lines beyond are not drawn, missing ones stay empty. */
  readonly height: number;
  /** Which of `lines` is inverted. */
  readonly selected?: number;
}

/** Lines one under the other, in exactly `height` rows. */
export function LinesView({ lines, width, height, selected }: LinesViewProps): ReactElement {
  return (
    <Box flexDirection="column" height={Math.max(0, height)} flexShrink={0} overflow="hidden">
      {lines.slice(0, Math.max(0, height)).map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line of the screen is its place
        <LineView key={at} line={line} width={width} selected={at === selected} />
      ))}
    </Box>
  );
}
