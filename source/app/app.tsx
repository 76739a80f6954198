import { Box } from 'ink';
import type { ReactElement } from 'react';
import { printable } from '../bytes/printable.js';
import { truncateMiddle, wrapWords } from '../bytes/text-width.js';
import { Dialog } from './components/dialog.js';
import { Footer } from './components/footer.js';
import { Header } from './components/header.js';
import { LinesView } from './components/lines-view.js';
import type { AppController } from './controllers/app.js';
import { useKeys } from './hooks/use-keys.js';
import { LineStoreContext } from './hooks/use-line-store.js';
import { useRedraw } from './hooks/use-redraw.js';
import { ThemeContext } from './hooks/use-theme.js';
import type { LineStore } from './line-store.js';
import { DetailScreen } from './screens/detail-screen.js';
import { ExportScreen } from './screens/export-screen.js';
import { HelpScreen } from './screens/help-screen.js';
import { ListScreen } from './screens/list-screen.js';
import { PickScreen } from './screens/pick-screen.js';
import { PreserveScreen } from './screens/preserve-screen.js';
import { TimelineScreen } from './screens/timeline-screen.js';
import { maskPassword } from './server-url.js';
import type { Line } from './span.js';
import type { Style, Theme } from './theme.js';

/** Props of {@link App}. */
export interface AppProps {
  readonly app: AppController;
  readonly theme: Theme;
  readonly lines: LineStore;
}

/** The least the screens are laid out for. */
const LEAST = { columns: 60, rows: 12 } as const;

const MESSAGE_STYLES: Readonly<Record<string, Style>> = { info: 'good', warning: 'warning', error: 'error' };

function screenTitle(app: AppController): string {
  if (app.help) return 'keys';
  switch (app.screen) {
    case 'pick':
      return 'choose two sides of a failover';
    case 'opening':
      return 'opening';
    case 'timeline':
      return 'the fork';
    case 'list':
      return 'lost transactions';
    case 'detail':
      return `xid ${app.detail?.transaction.xid ?? ''}`;
    case 'export':
      return 'export';
    case 'preserve':
      return 'preserve';
  }
}

function OpeningView({ app, width, height }: ScreenProps): ReactElement {
  const request = app.opening;
  const lines: Line[] = [
    [],
    [{ text: 'Opening', style: 'title' }],
    [{ text: '  OLD  ', style: 'old' }, { text: truncateMiddle(printable(request?.old ?? ''), width - 7) }],
    [
      { text: '  NEW  ', style: 'new' },
      { text: truncateMiddle(printable(maskPassword(request?.new ?? '')), width - 7) },
    ],
  ];
  return <LinesView lines={lines} width={width} height={height} />;
}

interface ScreenProps {
  readonly app: AppController;
  readonly width: number;
  readonly height: number;
}

function Body({ app, width, height }: ScreenProps): ReactElement {
  if (app.confirmation) return <Dialog confirmation={app.confirmation} width={width} height={height} />;
  if (app.help) return <HelpScreen help={app.help} width={width} height={height} />;
  const { incident, detail, exporting, preserving } = app;
  if (app.screen === 'pick') return <PickScreen pick={app.pick} width={width} height={height} />;
  if (!incident) return <OpeningView app={app} width={width} height={height} />;
  if (app.screen === 'detail' && detail) {
    const marked = incident.list.marks.has(detail.transaction.index);
    return <DetailScreen detail={detail} marked={marked} width={width} height={height} />;
  }
  if (app.screen === 'export' && exporting)
    return <ExportScreen exporting={exporting} width={width} height={height} />;
  if (app.screen === 'preserve' && preserving)
    return <PreserveScreen preserve={preserving} width={width} height={height} />;
  if (app.screen === 'list') {
    return (
      <ListScreen
        list={incident.list}
        progress={app.progress}
        pendingMarks={incident.keeper.pendingMarks}
        width={width}
        height={height}
      />
    );
  }
  const problem = app.progress.phase === 'failed' ? (app.progress.error ?? 'reading failed') : undefined;
  return <TimelineScreen timeline={incident.timeline} problem={problem} width={width} height={height} />;
}

function tooSmall({ size }: AppController): Line {
  const least = `${LEAST.columns}×${LEAST.rows}`;
  return [{ text: `${size.columns}×${size.rows} is too small: forkpoint needs ${least}. q quits.` }];
}

/** Rows of a message at most: what is wrong, where and what to do next takes more than one of 80 columns. */
const MOST_SAID = 4;

/** What is said above the keys: one row that may be empty, or as many as the message takes. */
function saidLines(
  { message, incident, screen, exporting, preserving }: AppController,
  width: number,
): Line[] {
  if (message)
    return wrapWords(printable(message.text), width - 2)
      .slice(0, MOST_SAID)
      .map((part): Line => [{ text: ` ${part}`, style: MESSAGE_STYLES[message.kind] }]);
  if (incident && exporting?.state === 'writing' && screen !== 'export')
    return [[{ text: ' an export is being written: e shows it', style: 'warning' }]];
  if (incident && preserving?.state === 'copying' && screen !== 'preserve')
    return [
      [{ text: ' the old side is being preserved: c on the fork’s screen shows it', style: 'warning' }],
    ];
  return [[]];
}

/** The whole screen: a line above, a body, what is said, the keys. Exactly as large as the terminal. */
export function App({ app, theme, lines }: AppProps): ReactElement {
  useRedraw(app.redrawer);
  useKeys((press) => app.press(press));
  const { columns, rows } = app.size;
  const said = saidLines(app, columns);
  return (
    <ThemeContext.Provider value={theme}>
      <LineStoreContext.Provider value={lines}>
        {columns < LEAST.columns || rows < LEAST.rows ? (
          <LinesView lines={[tooSmall(app)]} width={columns} height={rows} />
        ) : (
          <Box flexDirection="column" width={columns} height={rows} flexShrink={0} overflow="hidden">
            <Header
              title={screenTitle(app)}
              progress={app.incident ? app.progress : undefined}
              width={columns}
            />
            <Body app={app} width={columns} height={rows - 2 - said.length} />
            <LinesView lines={said} width={columns} height={said.length} />
            <Footer context={app.context} facts={app.facts} width={columns} />
          </Box>
        )}
      </LineStoreContext.Provider>
    </ThemeContext.Provider>
  );
}
