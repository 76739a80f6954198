/** How a signal ends a command. */
import { constants } from 'node:os';

import { whenHolding } from '../bytes/leftovers.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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
