import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import { useLineStore } from '../hooks/use-line-store.js';
import { useTheme } from '../hooks/use-theme.js';
import type { Line } from '../span.js';
import { styledLine } from '../styled-line.js';

/** Props of {@link LineView}. */
export interface LineViewProps {
  readonly line: Line;
  /** Columns; the line takes exactly these. */
  readonly width: number;
  /** The cursor stands here: the whole line is inverted. Its glyph is the caller's. */
  readonly selected?: boolean;
}

/** One line of the screen, exactly one row high and `width` columns wide. */
export function LineView({ line, width, selected = false }: LineViewProps): ReactElement {
  const theme = useTheme();
  const store = useLineStore();
  const text = styledLine(line, width, theme, selected);
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate">{store && text !== '' ? store.tokenOf(text) : text}</Text>
    </Box>
  );
}
