/**
 * Drives the whole TUI by keys and reads what stands on the screen, in sentences: `press`, `type`, `see`. The program's
 * own output goes through a real terminal emulator, so what is read is what an operator would see.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import xterm from '@xterm/headless';
import type { Probing } from '../../source/app/probing.js';
import { runApp } from '../../source/app/run-app.js';
import type { IncidentClient } from '../../source/incident/client.js';
import type { IncidentRequest } from '../../source/incident/model.js';
import { openSessionStore, type SessionStore } from '../../source/incident/session.js';
import { type Preserving, threadedPreserving } from '../../source/preserve/preserving.js';
import { fakeProbing } from './fake-probing.js';
import { scratchDirectory } from './scratch.js';

/** What terminals send for the keys that have names. */
export const KEY_SEQUENCES: Readonly<Record<string, string>> = {
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  home: '\x1b[H',
  end: '\x1b[F',
  pageup: '\x1b[5~',
  pagedown: '\x1b[6~',
  enter: '\r',
  escape: '\x1b',
  tab: '\t',
  'shift-tab': '\x1b[Z',
  space: ' ',
  backspace: '\x7f',
};

/** The bytes of a key by its name in the keymap. */
export function keySequence(name: string): string {
  if (name.startsWith('ctrl-')) return String.fromCharCode(name.charCodeAt(5) - 0x60);
  return KEY_SEQUENCES[name] ?? name;
}

/** A terminal's text, from an emulator fed with everything the program wrote. */
export class ScreenReader {
  readonly terminal: xterm.Terminal;
  /** Everything written, unparsed. */
  raw = '';
  #parsed: Promise<void> = Promise.resolve();

  constructor(columns: number, rows: number) {
    this.terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1000 });
  }

  write(text: string): void {
    this.raw += text;
    this.#parsed = new Promise((resolve) => this.terminal.write(text, resolve));
  }

  /** The screen's lines, without trailing spaces. */
  async lines(): Promise<string[]> {
    await this.#parsed;
    const { active } = this.terminal.buffer;
    return Array.from({ length: this.terminal.rows }, (_, row) =>
      (active.getLine(active.baseY + row)?.translateToString(true) ?? '').trimEnd(),
    );
  }

  /** Lines scrolled out of the screen: none, while the program draws only on its own screen. */
  get scrolledOut(): number {
    return this.terminal.buffer.active.baseY;
  }
}

class FakeStdin extends EventEmitter {
  readonly isTTY = true;
  #chunks: string[] = [];

  send(text: string): void {
    this.#chunks.push(text);
    this.emit('readable');
  }

  read(): string | null {
    return this.#chunks.shift() ?? null;
  }

  setEncoding(): void {}
  setRawMode(): void {}
  ref(): void {}
  unref(): void {}
}

class FakeStdout extends EventEmitter {
  readonly isTTY = true;
  /** How often something was written, and how much. */
  writes = 0;
  bytes = 0;
  #screen: ScreenReader;

  constructor(screen: ScreenReader) {
    super();
    this.#screen = screen;
  }

  get columns(): number {
    return this.#screen.terminal.cols;
  }

  get rows(): number {
    return this.#screen.terminal.rows;
  }

  write(text: string): boolean {
    this.writes++;
    this.bytes += Buffer.byteLength(text);
    this.#screen.write(text);
    return true;
  }
}

/** How the TUI is started. */
export interface TuiOptions {
  readonly client: IncidentClient | (() => IncidentClient);
  readonly columns?: number;
  readonly rows?: number;
  readonly request?: Partial<IncidentRequest>;
  /** The request is being opened already: see AppOptions. */
  readonly begun?: boolean;
  readonly probing?: Probing;
  readonly sessions?: SessionStore;
  /** Otherwise the real one, on a disk that has room. */
  readonly preserving?: Preserving;
  readonly workingDirectory?: string;
  readonly initialFilter?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds to wait for what is expected: more where real WAL is read in a thread of its own. */
  readonly patience?: number;
}

/** A running TUI. */
export interface Tui {
  readonly screen: ScreenReader;
  readonly stdout: FakeStdout;
  /** Resolves to the exit code. */
  readonly ended: Promise<number>;
  /** Presses keys by their names, one after the other. */
  press(...names: string[]): Promise<void>;
  /** Types text, as one chunk. */
  type(text: string): Promise<void>;
  /** Waits until the screen shows every expectation; fails with the screen when it never does. */
  see(...expected: (string | RegExp)[]): Promise<void>;
  /** Waits until the screen shows none of them. */
  seeNot(...unexpected: (string | RegExp)[]): Promise<void>;
  lines(): Promise<string[]>;
  /** The line that the list's cursor stands on. */
  cursorLine(): Promise<string>;
  resize(columns: number, rows: number): Promise<void>;
  /** Waits until nothing has been drawn for a while. */
  settled(): Promise<void>;
  quit(): Promise<number>;
}

const PATIENCE_MILLISECONDS = 4000;

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function holds(lines: readonly string[], expected: string | RegExp): boolean {
  const text = lines.join('\n');
  return typeof expected === 'string' ? text.includes(expected) : expected.test(text);
}

/** A session directory of its own, gone with the machine's temporary files. */
export function temporarySessions(): SessionStore {
  return openSessionStore(scratchDirectory('sessions'));
}

/** Starts the TUI; opened on `/srv/old` and `/srv/new` unless told otherwise. */
export async function startTui(options: TuiOptions): Promise<Tui> {
  const { client } = options;
  const screen = new ScreenReader(options.columns ?? 80, options.rows ?? 24);
  const stdin = new FakeStdin();
  const stdout = new FakeStdout(screen);
  const request = options.request ?? { old: '/srv/old', new: '/srv/new' };
  const ended = runApp({
    connect: typeof client === 'function' ? client : () => client,
    probing: options.probing ?? fakeProbing,
    preserving: options.preserving ?? threadedPreserving(() => ({ free: 2 ** 40, size: 2 ** 41 })),
    sessions: options.sessions ?? temporarySessions(),
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout: stdout as unknown as NodeJS.WriteStream,
    env: options.env ?? {},
    workingDirectory: options.workingDirectory ?? '/srv',
    request,
    begun: options.begun ? (request as IncidentRequest) : undefined,
    initialFilter: options.initialFilter,
  });
  ended.catch(() => undefined);

  const until = async (
    satisfied: (lines: readonly string[]) => boolean,
    what: () => string,
  ): Promise<void> => {
    const deadline = Date.now() + (options.patience ?? PATIENCE_MILLISECONDS);
    let lines = await screen.lines();
    while (!satisfied(lines)) {
      if (Date.now() > deadline) assert.fail(`${what()}\non the screen:\n${lines.join('\n')}`);
      await pause(5);
      lines = await screen.lines();
    }
  };

  const tui: Tui = {
    screen,
    stdout,
    ended,
    async press(...names) {
      for (const name of names) {
        stdin.send(keySequence(name));
        // Ink waits a turn to tell a lone escape from the beginning of a sequence.
        await pause(name === 'escape' ? 5 : 1);
      }
    },
    async type(text) {
      stdin.send(text);
      await pause(1);
    },
    async see(...expected) {
      await until(
        (lines) => expected.every((one) => holds(lines, one)),
        () => `expected ${expected.join(' and ')}`,
      );
    },
    async seeNot(...unexpected) {
      await until(
        (lines) => !unexpected.some((one) => holds(lines, one)),
        () => `did not expect ${unexpected.join(' or ')}`,
      );
    },
    lines: () => screen.lines(),
    async cursorLine() {
      return (await screen.lines()).find((line) => line.startsWith('▸')) ?? '';
    },
    async resize(columns, rows) {
      screen.terminal.resize(columns, rows);
      stdout.emit('resize');
      await tui.settled();
    },
    async settled() {
      let seen = -1;
      while (seen !== stdout.bytes) {
        seen = stdout.bytes;
        await pause(60);
      }
    },
    async quit() {
      await tui.press('ctrl-c');
      return ended;
    },
  };
  await until(
    (lines) => lines.some((line) => line.includes('forkpoint')),
    () => 'the program never drew anything',
  );
  return tui;
}
