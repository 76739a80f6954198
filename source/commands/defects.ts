/** Errors of forkpoint's own that were met while the screen was up: told when the terminal is given back. */
export class Defects {
  #first: Error | undefined;

  /** One was met. What comes after the first mostly follows from it. */
  readonly note = (defect: Error): void => {
    this.#first ??= defect;
  };

  /** Throws the first, if there was one. */
  throwFirst(): void {
    if (this.#first) throw this.#first;
  }
}
