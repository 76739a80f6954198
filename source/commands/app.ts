/** `forkpoint [OLD] [NEW]` and `forkpoint demo`: the full-screen program. */
import { homedir } from 'node:os';
import { fileSystemProbing } from '../app/probing.js';
import { runApp } from '../app/run-app.js';
import { signalExitCode } from '../app/terminal.js';
import { ForkpointError } from '../bytes/errors.js';
import type { IncidentClient } from '../incident/client.js';
import { openSessionStore, stateDirectory } from '../incident/session.js';
import { createWorkerClient } from '../incident/worker-client.js';
import { threadedPreserving } from '../preserve/preserving.js';
import type { Arguments } from './arguments.js';
import type { ExitCode } from './exit-code.js';

/** Runs the TUI until the operator leaves. Throws ForkpointError where there is no terminal. */
export async function app(options: Arguments): Promise<ExitCode> {
  const { stdin, stdout, env } = process;
  if (!stdin.isTTY || !stdout.isTTY) {
    throw new ForkpointError({
      what: 'the full-screen program needs a terminal',
      next: 'in a script use forkpoint inspect, list or export; see forkpoint --help',
    });
  }
  const workingDirectory = process.cwd();
  // Where both sides are named, the thread that will read them loads its modules while this one loads the screen's.
  let ready = options.request.old && options.request.new ? createWorkerClient() : undefined;
  const connect = (): IncidentClient => {
    const client = ready ?? createWorkerClient();
    ready = undefined;
    return client;
  };
  const code = await runApp({
    connect,
    probing: fileSystemProbing(env, workingDirectory, homedir()),
    preserving: threadedPreserving(),
    sessions: openSessionStore(stateDirectory(env)),
    stdin,
    stdout,
    env,
    workingDirectory,
    request: options.request,
    initialFilter: options.filter,
  });
  await (ready as IncidentClient | undefined)?.close();
  if (code === signalExitCode('SIGHUP')) {
    // Its terminal is gone, and exiting would have Node restore that terminal's modes and abort over it: let the signal do its work.
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }
  // Nothing is waited for any more.
  process.exit(code);
}
