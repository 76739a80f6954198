/** Lines to standard output, in large pieces. */
import { type Output, openOutput } from '../export/output.js';

/** Collects lines and writes them; a reader that has gone throws OutputClosedError. */
export class StandardLines {
  readonly #output: Output = openOutput('-', false);

  /** One line, without its end; true when a piece was just written and others might want their turn. */
  write(line: string): boolean {
    return this.#output.write(`${line}\n`);
  }

  /** Writes what is left. */
  end(): void {
    this.#output.finish();
  }
}
