/** Runs the real program on a real pseudo-terminal and reads its screen through a terminal emulator. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { type IPty, spawn } from '@lydell/node-pty';
import { keySequence, ScreenReader } from './tui-driver.js';

/** What to run, and where. */
export interface PtyOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** How long an expectation may take, in milliseconds. */
  readonly patience?: number;
}

/** How a program ended. */
export interface PtyExit {
  readonly exitCode: number;
  readonly signal?: number;
}

/** A program on a pseudo-terminal. */
export interface Pty {
  readonly screen: ScreenReader;
  readonly pid: number;
  readonly ended: Promise<PtyExit>;
  press(...names: string[]): Promise<void>;
  type(text: string): Promise<void>;
  see(...expected: (string | RegExp)[]): Promise<void>;
  lines(): Promise<string[]>;
  resize(columns: number, rows: number): void;
  /** Nothing reads the terminal any more: as where a connection is stuck. */
  stopReading(): void;
  /** Ends the program with a signal: as the operator's shell would, or the kernel when the line is lost. */
  kill(signal: NodeJS.Signals): void;
}

/** A test that fails leaves its program running, and a running program keeps the test file from ending. */
const running = new Set<IPty>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Starts a program on a pseudo-terminal of its own. */
export function startPty(options: PtyOptions): Pty {
  const columns = options.columns ?? 80;
  const rows = options.rows ?? 24;
  const screen = new ScreenReader(columns, rows);
  const child = spawn(options.file, [...options.args], {
    name: 'xterm-256color',
    cols: columns,
    rows,
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  });
  child.onData((data) => screen.write(data));
  running.add(child);
  const ended = new Promise<PtyExit>((resolve) => child.onExit(resolve));
  let exit: PtyExit | undefined;
  void ended.then((how) => {
    exit = how;
    running.delete(child);
  });
  const patience = options.patience ?? 20_000;
  return {
    screen,
    pid: child.pid,
    ended,
    async press(...names) {
      for (const name of names) {
        child.write(keySequence(name));
        await pause(30);
      }
    },
    async type(text) {
      child.write(text);
      await pause(30);
    },
    async see(...expected) {
      const deadline = Date.now() + patience;
      for (;;) {
        const lines = await screen.lines();
        const text = lines.join('\n');
        const missing = expected.filter((one) =>
          typeof one === 'string' ? !text.includes(one) : !one.test(text),
        );
        if (missing.length === 0) return;
        if (exit || Date.now() > deadline) {
          assert.fail(
            `expected ${missing.join(' and ')}${exit ? ` but it ended with ${exit.exitCode}` : ''}\non the screen:\n${text}`,
          );
        }
        await pause(20);
      }
    },
    lines: () => screen.lines(),
    resize(newColumns, newRows) {
      screen.terminal.resize(newColumns, newRows);
      child.resize(newColumns, newRows);
    },
    stopReading: () => child.pause(),
    kill: (signal) => child.kill(signal),
  };
}
