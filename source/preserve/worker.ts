/** The thread that preserves: one directory, then it ends. Any message stops it. */
import { parentPort, workerData } from 'node:worker_threads';
import { type LeftoverNotes, noteLeftovers } from '../bytes/leftovers.js';
import type { IncidentRequest } from '../incident/model.js';
import { type ToldError, tell } from '../incident/rpc.js';
import { type Preserved, type PreserveProgress, preserve } from './preserve.js';

/** What the thread is started with. */
export interface PreserveTask {
  readonly request: IncidentRequest;
  readonly output: string;
  /** See noteLeftovers. */
  readonly leftovers: LeftoverNotes;
}

/** What it says. */
export type PreserveReply =
  | { readonly kind: 'progress'; readonly progress: PreserveProgress }
  | { readonly kind: 'done'; readonly preserved: Preserved }
  | { readonly kind: 'error'; readonly error: ToldError };

/** Milliseconds between two reports of progress. */
const REPORT_EVERY = 100;

const port = parentPort;
if (!port) throw new Error('this file runs in a worker thread');

const send = (reply: PreserveReply) => port.postMessage(reply);
const stop = new AbortController();
port.on('message', () => stop.abort());

const { request, output, leftovers } = workerData as PreserveTask;
noteLeftovers(leftovers);
let reported = 0;
try {
  const preserved = await preserve(request, output, {
    stop: stop.signal,
    onProgress: (progress) => {
      if (performance.now() - reported < REPORT_EVERY) return;
      reported = performance.now();
      send({ kind: 'progress', progress });
    },
  });
  send({ kind: 'done', preserved });
} catch (error) {
  send({ kind: 'error', error: tell(error) });
}
port.close();
