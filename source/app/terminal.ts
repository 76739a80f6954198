/** Takes the terminal over and gives it back exactly as it was, however the program ends. */
import type { TerminalOutput } from './screen-writer.js';

/**
 * Alternate screen (DECSET 1049), hidden cursor, bracketed paste, no automatic wrap (a character the terminal draws
 * wider than we counted must not push the frame down); cleared.
 */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?7l\x1b[2J';
/** The same undone, with styles reset first. */
const LEAVE = '\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?2004l\x1b[?25h\x1b[?1049l';

/** Exit codes shells give to a program ended by a signal: 128 and its number. */
const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that ends the program. */
export type EndingSignal = keyof typeof SIGNAL_EXIT_CODES;

/** All of them. */
export const ENDING_SIGNALS: readonly EndingSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Exit code after `signal`. */
export function signalExitCode(signal: EndingSignal): number {
  return SIGNAL_EXIT_CODES[signal];
}

/**
 * Has writes return at once. Node has those to a terminal wait until they are done: where the line has come to a stand (a connection that
 * is stuck, a multiplexer that is stopped) nothing would be heard any more, neither a key nor a signal.
 */
function waitForNobody(output: TerminalOutput): void {
  const { _handle: handle } = output as { _handle?: { setBlocking?(blocking: boolean): void } };
  handle?.setBlocking?.(false);
}

/** Waits until what was written has reached the terminal, as many milliseconds at most. */
export function reachedTerminal(stdout: NodeJS.WriteStream, patience: number): Promise<void> {
  // What only looks like a stream has nothing that waits.
  if (!(stdout.writableLength > 0)) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience);
    stdout.write('', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The terminal while the program has it. */
export class Terminal {
  #output: TerminalOutput;
  #entered = false;

  constructor(output: TerminalOutput) {
    this.#output = output;
  }

  /** Switches to the alternate screen. */
  enter(): void {
    if (this.#entered) return;
    this.#entered = true;
    waitForNobody(this.#output);
    this.#output.write(ENTER);
  }

  /** Switches back. Safe to call twice, and when the terminal is already gone. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    try {
      this.#output.write(LEAVE);
    } catch {
      // The line was lost: there is no terminal left to restore.
    }
  }
}
