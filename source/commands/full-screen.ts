/** The full-screen program with what it needs from this machine. Loading it takes longer than anything else in a start. */
import { homedir } from 'node:os';
import { fileSystemProbing } from '../app/probing.js';
import { runApp } from '../app/run-app.js';
import { ENDING_SIGNALS, signalExitCode } from '../app/terminal.js';
import type { IncidentClient } from '../incident/client.js';
import type { IncidentRequest } from '../incident/model.js';
import { openSessionStore, stateDirectory } from '../incident/session.js';
import { createWorkerClient } from '../incident/worker-client.js';
import { threadedPreserving } from '../preserve/preserving.js';
import type { Arguments } from './arguments.js';
import type { Defects } from './defects.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { endBySignal } from './signals.js';

/** A client that the first sides opened are to be read by. */
export interface ReadyClient {
  readonly client: IncidentClient;
  /** What it has begun to open. */
  readonly begun: IncidentRequest | undefined;
}

/** Runs the TUI on the process's terminal until the operator leaves. Throws then what `defects` has heard of meanwhile. */
export async function fullScreen(
  options: Arguments,
  ready: ReadyClient | undefined,
  defects: Defects,
): Promise<ExitCode> {
  const { stdin, stdout, env } = process;
  const workingDirectory = process.cwd();
  let unused = ready?.client;
  const connect = (): IncidentClient => {
    const client = unused ?? createWorkerClient(undefined, defects.note);
    unused = undefined;
    return client;
  };
  const code = await runApp({
    connect,
    probing: fileSystemProbing(env, workingDirectory, homedir()),
    preserving: threadedPreserving(undefined, defects.note),
    sessions: openSessionStore(stateDirectory(env)),
    stdin,
    stdout,
    env,
    workingDirectory,
    request: options.request,
    begun: ready?.begun,
    initialFilter: options.filter,
  });
  const signal = ENDING_SIGNALS.find((each) => signalExitCode(each) === code);
  if (signal) return endBySignal(signal);
  await unused?.close();
  defects.throwFirst();
  return EXIT.done;
}
