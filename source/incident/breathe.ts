/** Taking turns: work that goes on for long is done in slices. */

/** Lets messages and signals through between two slices of work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
