/** `forkpoint [OLD] [NEW]` and `forkpoint demo`: the full-screen program. */
import { ForkpointError } from '../bytes/errors.js';
import { createWorkerClient } from '../incident/worker-client.js';
import type { Arguments } from './arguments.js';
import type { ExitCode } from './exit-code.js';

/** Runs the TUI until the operator leaves. Throws ForkpointError where there is no terminal. */
export async function app(options: Arguments): Promise<ExitCode> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    throw new ForkpointError({
      what: 'the full-screen program needs a terminal',
      next: 'in a script use forkpoint inspect, list or export; see forkpoint --help',
    });
  }
  // Where both sides are named, the thread that will read them loads its modules while this one loads the screen's.
  const { old, new: fresh } = options.request;
  const ready = old && fresh ? createWorkerClient() : undefined;
  const { fullScreen } = await import('./full-screen.js');
  return fullScreen(options, ready);
}
