/** `forkpoint [OLD] [NEW]` and `forkpoint demo`: the full-screen program. */
import { homedir } from 'node:os';
import { ForkpointError } from '../bytes/errors.js';
import { holdNothingYet } from '../bytes/leftovers.js';
import type { IncidentRequest } from '../incident/model.js';
import { createWorkerClient } from '../incident/worker-client.js';
import { isServerUrl } from '../server/connection.js';
import { resolveTypedPath } from '../timeline/find-directories.js';
import type { Arguments } from './arguments.js';
import { Defects } from './defects.js';
import type { ExitCode } from './exit-code.js';

/** The request as it will be asked, where opening it does nothing but read this machine's files. */
function filesAlone(request: Partial<IncidentRequest>): IncidentRequest | undefined {
  const { old, new: fresh, oldWal = [], newWal = [], restoreCommand, runRestoreCommand, against } = request;
  if (old === undefined || fresh === undefined) return undefined;
  if ([old, fresh, ...oldWal, ...newWal].some(isServerUrl)) return undefined;
  if (restoreCommand !== undefined || runRestoreCommand || against !== undefined) return undefined;
  const resolved = (path: string): string => resolveTypedPath(path, homedir(), process.cwd());
  return { ...request, old: resolved(old), new: resolved(fresh) };
}

/** Runs the TUI until the operator leaves. Throws ForkpointError where there is no terminal. */
export async function app(options: Arguments): Promise<ExitCode> {
  // Where both sides are named, the thread that is to read them begins while this one loads all that a screen takes.
  const { old, new: fresh } = options.request;
  const begun = filesAlone(options.request);
  const defects = new Defects();
  holdNothingYet();
  const ready = old && fresh ? { client: createWorkerClient(begun, defects.note), begun } : undefined;
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    await ready?.client.close();
    throw new ForkpointError({
      what: 'the full-screen program needs a terminal',
      next: 'in a script use forkpoint inspect, list or export; see forkpoint --help',
    });
  }
  const { fullScreen } = await import('./full-screen.js');
  return fullScreen(options, ready, defects);
}
