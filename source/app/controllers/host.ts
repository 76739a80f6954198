/** What every screen's controller gets from the application around it. */

/** Columns and rows of the terminal. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** The screens there are. */
export type Screen = 'pick' | 'opening' | 'timeline' | 'list' | 'detail' | 'export' | 'preserve';

/** How a message to the operator is meant. */
export type MessageKind = 'info' | 'warning' | 'error';

/** The application as its controllers see it. */
export interface Host {
  readonly size: ScreenSize;
  /** Something changed on the screen. */
  redraw(): void;
  /** Says one thing in the status line, until the next key. */
  say(text: string, kind?: MessageKind): void;
  /** Asks before something that cannot be taken back; Enter and Escape mean no. */
  confirm(question: readonly string[], yes: () => void): void;
  /** Something worth remembering has changed: marks, filter, place. */
  remember(): void;
}

/** An error as one sentence for the status line. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
