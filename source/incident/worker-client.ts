/** The client's door with the incident in a worker thread behind it: whatever it does, the thread that draws stays free. */
import { Worker } from 'node:worker_threads';
import { followThread } from '../bytes/leftovers.js';
import type { IncidentClient } from './client.js';
import type { ExportRequest, ExportSummary, IncidentRequest, Progress } from './model.js';
import { type Call, type Question, type Reply, revive, type WorkerData } from './rpc.js';
import { Superseded } from './superseded.js';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
  readonly onExporting?: (bytesWritten: number, transactionsDone: number) => void;
}

/**
 * Starts a worker and returns the door to it. `begin`: what it is going to be asked to open, as it begins to do before it is asked.
 * `onDefect` hears of every error that is no ForkpointError, with the stack it had there.
 */
export function createWorkerClient(
  begin?: IncidentRequest,
  onDefect: (defect: Error) => void = () => {},
): IncidentClient {
  const thread = followThread();
  const workerData: WorkerData = { leftovers: thread.notes, begin };
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData,
    transferList: thread.notes.ports,
  });
  const waiting = new Map<number, Waiting>();
  const listeners = new Set<(progress: Progress) => void>();
  let calls = 0;
  let ended: Error | undefined;
  /** What was reported before anybody listened. */
  let unheard: Progress | undefined;

  worker.on('message', (reply: Reply) => {
    if (reply.kind === 'progress') {
      const { error = '', stack } = reply.progress;
      if (stack !== undefined) revive({ message: error, stack }, onDefect);
      if (listeners.size === 0) unheard = reply.progress;
      for (const listener of listeners) listener(reply.progress);
      return;
    }
    const call = waiting.get(reply.id);
    if (!call) return;
    if (reply.kind === 'exporting') {
      call.onExporting?.(reply.bytes, reply.transactions);
      return;
    }
    waiting.delete(reply.id);
    if (reply.kind === 'result') call.resolve(reply.value as never);
    else call.reject(revive(reply.error, onDefect));
  });
  const end = (error: Error) => {
    ended = error;
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  };
  worker.on('error', (error: Error) => {
    onDefect(error);
    end(error);
  });
  worker.on('exit', () => {
    thread.undo();
    end(new Superseded('the reading thread has ended'));
  });

  function ask<Method extends Question>(
    method: Method,
    args: Parameters<IncidentClient[Method]> | readonly unknown[],
    onExporting?: Waiting['onExporting'],
  ): ReturnType<IncidentClient[Method]> {
    const id = ++calls;
    const answer = new Promise((resolve, reject) => {
      if (ended) {
        reject(ended);
        return;
      }
      waiting.set(id, { resolve, reject, onExporting });
      const call: Call = { id, method, args };
      worker.postMessage(call);
    });
    return answer as ReturnType<IncidentClient[Method]>;
  }

  return {
    open: (...args) => ask('open', args),
    onProgress(listener) {
      listeners.add(listener);
      const progress = unheard;
      unheard = undefined;
      if (progress) queueMicrotask(() => listeners.has(listener) && listener(progress));
      return () => listeners.delete(listener);
    },
    overview: () => ask('overview', []),
    setView: (...args) => ask('setView', args),
    view: () => ask('view', []),
    rows: (...args) => ask('rows', args),
    indexes: (...args) => ask('indexes', args),
    transactions: (...args) => ask('transactions', args),
    locate: (...args) => ask('locate', args),
    changes: (...args) => ask('changes', args),
    searchChanges: (...args) => ask('searchChanges', args),
    stopSearch: () => ask('stopSearch', []),
    sql: (...args) => ask('sql', args),
    preview: (...args) => ask('preview', args),
    export: (request: ExportRequest, onProgress): Promise<ExportSummary> =>
      ask('export', [request], onProgress),
    stopExport: () => ask('stopExport', []),
    commitLsns: (...args) => ask('commitLsns', args),
    indexesOf: (...args) => ask('indexesOf', args),
    totals: (...args) => ask('totals', args),
    async close() {
      // Whatever it is doing: what it would leave behind is known here.
      await worker.terminate();
    },
  };
}
