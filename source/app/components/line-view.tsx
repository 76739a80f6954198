import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import { useTheme } from '../hooks/use-theme.js';
import { fitLine, type Line } from '../span.js';

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
  const spans = fitLine(line, width).filter((span) => span.text !== '');
  return (
    <Box height={1} flexShrink={0}>
      <Text wrap="truncate" inverse={selected}>
        {spans.map((span, at) => (
          <Text
            // biome-ignore lint/suspicious/noArrayIndexKey: a span is its place in the line
            key={at}
            {...(selected ? { bold: theme[span.style ?? 'plain'].bold } : theme[span.style ?? 'plain'])}
          >
            {span.text}
          </Text>
        ))}
      </Text>
    </Box>
  );
}
