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

/** Exit code after `signal`. */
export function signalExitCode(signal: EndingSignal): number {
  return SIGNAL_EXIT_CODES[signal];
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
