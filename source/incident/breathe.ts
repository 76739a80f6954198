/** Taking turns: work that goes on for long is done in slices. */

/** Lets messages and signals through between two slices of work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Does something with each of many, with a pause after about `milliseconds` of it. */
export async function eachOf(
  indexes: ArrayLike<number>,
  work: (index: number) => void,
  milliseconds: number,
  pause: () => Promise<void>,
): Promise<void> {
  let paused = performance.now();
  for (let at = 0; at < indexes.length; at++) {
    work(indexes[at]);
    if ((at & 63) !== 0 || performance.now() - paused < milliseconds) continue;
    await pause();
    paused = performance.now();
  }
}
