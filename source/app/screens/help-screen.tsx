import type { ReactElement } from 'react';
import { LinesView } from '../components/lines-view.js';
import type { HelpController } from '../controllers/help.js';

/** Props of {@link HelpScreen}. */
export interface HelpScreenProps {
  readonly help: HelpController;
  readonly width: number;
  readonly height: number;
}

/** The keymap of the screen below, in words. */
export function HelpScreen({ help, width, height }: HelpScreenProps): ReactElement {
  help.height = height - 1;
  const all = help.lines(width);
  const below = all.length - help.top - help.height;
  const lines = all.slice(help.top, help.top + help.height);
  const more = below > 0 ? [[{ text: `↓ ${below} more lines`, style: 'muted' as const }]] : [];
  return <LinesView lines={[...lines, ...more]} width={width} height={height} />;
}
