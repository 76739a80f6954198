/** The one door from the program to Ink and React: behind it lies everything that only drawing needs. */
import './production.js';

import { type Instance, render } from 'ink';
import { createElement } from 'react';
import { App } from './app.js';
import type { AppController } from './controllers/app.js';
import type { LineStore } from './line-store.js';
import type { ScreenWriter } from './screen-writer.js';
import type { Theme } from './theme.js';

/** What is drawn, and where. */
export interface Drawing {
  readonly app: AppController;
  readonly lines: LineStore;
  readonly theme: Theme;
  readonly writer: ScreenWriter;
  readonly stdin: NodeJS.ReadStream;
}

/** Draws the whole screen, and draws it again whenever the controller says so. */
export function draw({ app, lines, theme, writer, stdin }: Drawing): Instance {
  return render(createElement(App, { app, lines, theme }), {
    stdout: writer as unknown as NodeJS.WriteStream,
    stdin,
    // One whole frame a write: see ScreenWriter.
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
}
