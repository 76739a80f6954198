/**
 * es-toolkit/compat's throttle(), for ink, which imports it by name and would load some four hundred modules with it: more than half of
 * what starting the full-screen program takes. package.json's `overrides` puts this in its place.
 */

/** Calls `work` at most once in `wait` milliseconds: at once for the first call, and after that with the latest arguments. */
export function throttle(work, wait = 0, { leading = true, trailing = true } = {}) {
  let timer;
  let waiting;
  const run = () => {
    const args = waiting;
    waiting = undefined;
    work(...args);
  };
  const tick = () => {
    timer = undefined;
    if (!trailing || waiting === undefined) return;
    timer = setTimeout(tick, wait);
    run();
  };
  const throttled = (...args) => {
    waiting = args;
    if (timer !== undefined) return;
    timer = setTimeout(tick, wait);
    if (leading) run();
  };
  throttled.cancel = () => {
    clearTimeout(timer);
    timer = undefined;
    waiting = undefined;
  };
  throttled.flush = () => {
    if (waiting !== undefined) run();
  };
  return throttled;
}
