/** Opens the TUI on a terminal and gives the terminal back, whatever happens. */
import { whenHolding } from '../bytes/leftovers.js';
import type { IncidentClient } from '../incident/client.js';
import type { IncidentRequest } from '../incident/model.js';
import type { SessionStore } from '../incident/session.js';
import type { Preserving } from '../preserve/preserving.js';
import { AppController } from './controllers/app.js';
import { draw } from './draw.js';
import { LineStore } from './line-store.js';
import type { Probing } from './probing.js';
import { ScreenWriter } from './screen-writer.js';
import { ENDING_SIGNALS, reachedTerminal, signalExitCode, Terminal } from './terminal.js';
import { themeFor } from './theme.js';

/** What the TUI needs from outside. */
export interface RunAppOptions {
  /** A fresh client each time sides are opened; the app closes what it opened. */
  readonly connect: () => IncidentClient;
  readonly probing: Probing;
  readonly preserving: Preserving;
  readonly sessions: SessionStore;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly workingDirectory: string;
  /** Sides given as arguments: what they answer is not asked. */
  readonly request?: Partial<IncidentRequest>;
  /** See AppOptions. */
  readonly begun?: IncidentRequest;
  /** A filter for the list to begin with. */
  readonly initialFilter?: string;
}

/** Milliseconds that a terminal which does not take what is written is waited for: at the end, and where a signal ends the program. */
const PATIENCE = 2000;
const LITTLE_PATIENCE = 30;

/**
 * Runs until the operator quits; resolves to the exit code. Marks are saved and the terminal restored when a signal
 * or an error ends it, too; an unexpected error rejects, after the terminal is restored. After a signal threads have been told to end
 * and are not waited for.
 */
export async function runApp(options: RunAppOptions): Promise<number> {
  const { stdin, stdout } = options;
  const terminal = new Terminal(stdout);
  const lines = new LineStore();
  const writer = new ScreenWriter(stdout, lines);
  let finish: (code: number) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const ended = new Promise<number>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const app = new AppController({
    connect: options.connect,
    probing: options.probing,
    preserving: options.preserving,
    sessions: options.sessions,
    workingDirectory: options.workingDirectory,
    request: options.request,
    begun: options.begun,
    initialFilter: options.initialFilter,
    send: (sequence) => writer.send(sequence),
    size: { columns: writer.width, rows: writer.rows },
    exit: (code) => finish(code),
  });
  const resized = (): void => {
    writer.forget();
    app.resize({ columns: writer.width, rows: writer.rows });
    writer.emit('resize');
  };
  const signalled = ENDING_SIGNALS.map((signal) => {
    const listener = (): void => finish(signalExitCode(signal));
    process.on(signal, listener);
    return { signal, listener };
  });
  // A lost connection shows as an error of the stream before (or without) SIGHUP.
  const streamLost = (): void => finish(signalExitCode('SIGHUP'));
  const crashed = (error: unknown): void => fail(error);
  stdout.on('resize', resized);
  stdout.on('error', streamLost);
  stdin.on('end', streamLost);
  process.on('uncaughtException', crashed);
  process.on('unhandledRejection', crashed);
  whenHolding(() => {});
  terminal.enter();
  const ink = draw({ app, lines, theme: themeFor(options.env), writer, stdin });
  // Ink leaves by itself only when a component throws.
  ink.waitUntilExit().then(() => finish(0), crashed);
  let isHurried = false;
  try {
    const code = await ended;
    isHurried = ENDING_SIGNALS.some((signal) => signalExitCode(signal) === code);
    return code;
  } finally {
    // Where the terminal is gone, each write to it fails, later and by an event: that is no news any more.
    stdout.on('error', () => {});
    stdin.on('error', () => {});
    writer.close();
    terminal.leave();
    app.flush();
    ink.unmount();
    stdout.off('resize', resized);
    stdout.off('error', streamLost);
    stdin.off('end', streamLost);
    for (const { signal, listener } of signalled) process.off(signal, listener);
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
    const farewell = app.farewell();
    if (farewell) stdout.write(`${farewell}\n`);
    const closed = app.close();
    if (isHurried) closed.catch(() => {});
    else await closed;
    await reachedTerminal(stdout, isHurried ? LITTLE_PATIENCE : PATIENCE);
  }
}
