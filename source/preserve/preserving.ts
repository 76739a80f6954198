/** Preserving for a face that draws meanwhile: in a thread of its own, with a way to stop it. */
import { Worker } from 'node:worker_threads';
import { followThread } from '../bytes/leftovers.js';
import type { IncidentRequest, SideOverview } from '../incident/model.js';
import { revive } from '../incident/rpc.js';
import { Superseded } from '../incident/superseded.js';
import type { Preserved, PreserveProgress } from './preserve.js';
import { type DiskRoom, diskRoom, preservationRisks } from './risks.js';
import type { PreserveReply, PreserveTask } from './worker.js';

/** Preserving under way. */
export interface PreserveRun {
  /** Rejects with ForkpointError when it could not be done, or was stopped. */
  readonly done: Promise<Preserved>;
  /** Has it end soon; what is whole stays, and preserving to the same directory goes on from there. */
  stop(): void;
  /** Ends it at once, without a word; what is whole stays. */
  end(): Promise<void>;
}

/** What a face needs to offer it. */
export interface Preserving {
  /** Reasons to do it first, one sentence each; none when none is known. */
  risks(old: SideOverview): readonly string[];
  /** Begins. Progress comes at most ten times a second. */
  begin(
    request: IncidentRequest,
    output: string,
    onProgress: (progress: PreserveProgress) => void,
  ): PreserveRun;
}

/**
 * Preserving in worker threads. `room` tells what a disk has left, `onDefect` hears of every error that is no ForkpointError, with the
 * stack it had there.
 */
export function threadedPreserving(
  room: (path: string) => DiskRoom | undefined = diskRoom,
  onDefect: (defect: Error) => void = () => {},
): Preserving {
  return {
    risks: (old) => preservationRisks(old, room),
    begin: (request, output, onProgress) => begin(request, output, onProgress, onDefect),
  };
}

function begin(
  request: IncidentRequest,
  output: string,
  onProgress: (progress: PreserveProgress) => void,
  onDefect: (defect: Error) => void,
): PreserveRun {
  const thread = followThread();
  const task: PreserveTask = { request, output, leftovers: thread.notes };
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: task,
    transferList: thread.notes.ports,
  });
  const done = new Promise<Preserved>((resolve, reject) => {
    worker.on('message', (reply: PreserveReply) => {
      if (reply.kind === 'progress') onProgress(reply.progress);
      else if (reply.kind === 'done') resolve(reply.preserved);
      else reject(revive(reply.error, onDefect));
    });
    worker.on('error', (error: Error) => {
      onDefect(error);
      reject(error);
    });
    worker.on('exit', () => {
      thread.undo();
      reject(new Superseded('the preserving thread has ended'));
    });
  });
  return {
    done,
    stop: () => worker.postMessage('stop'),
    end: async () => {
      await worker.terminate();
    },
  };
}
