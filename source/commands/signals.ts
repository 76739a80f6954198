/** How a signal ends a command. */
import { constants } from 'node:os';

/**
 * From now on a signal ends the process through its `exit` handlers, which remove temporary files. To be called when there may be some:
 * until then the signal's own way, which waits for nothing, is quicker.
 */
export function endOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
}
