/** How a signal ends a command. */
import { constants } from 'node:os';

import { removeLeftovers, whenHolding } from '../bytes/leftovers.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** Milliseconds that a thread is waited for that holds something. */
const PATIENCE = 60;

/**
 * From when there is something that must not outlive the process, a signal ends it through its `exit` handlers, which remove that. Until
 * then the signal's own way is quicker: it waits for no work to be done.
 */
export function endOnSignals(): void {
  whenHolding(() => {
    for (const signal of SIGNALS) process.once(signal, () => process.exit(128 + constants.signals[signal]));
  });
}

/** From now on signals go to `listener` instead. Returns the way back. */
export function takeSignals(listener: NodeJS.SignalsListener): () => void {
  whenHolding(() => {});
  for (const signal of SIGNALS) {
    process.removeAllListeners(signal);
    process.once(signal, listener);
  }
  return () => {
    for (const signal of SIGNALS) process.removeListener(signal, listener);
    endOnSignals();
  };
}

/**
 * Ends the process by that signal, which somebody has listened to until now, and leaves nothing behind. No thread is asked or waited for
 * unless it holds something: taking down what a thread has in memory takes longer than all else.
 */
export async function endBySignal(signal: (typeof SIGNALS)[number]): Promise<never> {
  await removeLeftovers(PATIENCE);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
  // Where signals are not what ends a process.
  process.exit(128 + constants.signals[signal]);
}
