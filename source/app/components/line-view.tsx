import type { ReactElement } from 'react';
import type { Line } from '../span.js';
import { LinesView } from './lines-view.js';

/** Props of {@link LineView}. */
export interface LineViewProps {
  readonly line: Line;
  /** Columns; the line takes exactly these. */
  readonly width: number;
}

/** One line of the screen, exactly one row high and `width` columns wide. */
export function LineView({ line, width }: LineViewProps): ReactElement {
  return <LinesView lines={[line]} width={width} height={1} />;
}
