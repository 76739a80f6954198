import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import { useLineStore } from '../hooks/use-line-store.js';
import { useTheme } from '../hooks/use-theme.js';
import type { Line } from '../span.js';
import { styledLine } from '../styled-line.js';

/** Props of {@link LinesView}. */
export interface LinesViewProps {
  readonly lines: readonly Line[];
  /** Columns; every line takes exactly these. */
  readonly width: number;
  /** Rows taken; lines beyond are not drawn, missing ones stay empty. */
  readonly height: number;
  /** The cursor stands on this one of `lines`: it is all inverted. Its glyph is the caller's. */
  readonly selected?: number;
}

/** Lines one under the other, in exactly `height` rows. */
export function LinesView({ lines, width, height, selected }: LinesViewProps): ReactElement {
  const theme = useTheme();
  const store = useLineStore();
  const rows = Math.max(0, height);
  const drawn = lines.slice(0, rows).map((line, at) => styledLine(line, width, theme, at === selected));
  return (
    <Box height={rows} flexShrink={0} overflow="hidden">
      {drawn.length > 0 && <Text wrap="truncate">{store ? store.tokenOf(drawn) : drawn.join('\n')}</Text>}
    </Box>
  );
}
