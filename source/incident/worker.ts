/** The worker: an incident that answers questions from the thread that draws. */
import { isDeepStrictEqual } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { noteLeftovers } from '../bytes/leftovers.js';
import { LocalClient } from './local-client.js';
import type { IncidentOverview, IncidentRequest } from './model.js';
import { type Call, type Reply, tell, type WorkerData } from './rpc.js';

const port = parentPort;
if (!port) throw new Error('this file runs in a worker thread');
const { leftovers, begin } = workerData as WorkerData;
noteLeftovers(leftovers);

const client = new LocalClient();
const send = (reply: Reply) => port.postMessage(reply);
client.onProgress((progress) => send({ kind: 'progress', progress }));
/** Being opened before anybody has asked for it. */
let begun = begin && { request: begin, overview: client.open(begin) };
// Whoever asks for it hears of it.
begun?.overview.catch(() => undefined);

function open(request: IncidentRequest): Promise<IncidentOverview> {
  const asked = isDeepStrictEqual(begun?.request, request) ? begun?.overview : undefined;
  begun = undefined;
  return asked ?? client.open(request);
}

async function answer({ id, method, args }: Call): Promise<unknown> {
  if (method === 'open') return open(args[0] as IncidentRequest);
  if (method === 'export') {
    return client.export(args[0] as Parameters<LocalClient['export']>[0], (bytes, transactions) =>
      send({ kind: 'exporting', id, bytes, transactions }),
    );
  }
  return (client[method] as (...args: readonly unknown[]) => Promise<unknown>).apply(client, [...args]);
}

port.on('message', async ({ id, method, args }: Call) => {
  try {
    send({ kind: 'result', id, value: await answer({ id, method, args }) });
  } catch (error) {
    send({ kind: 'error', id, error: tell(error) });
  }
});
