/** The worker: an incident that answers questions from the thread that draws. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { ForkpointError } from '../bytes/errors.js';
import { noteLeftovers } from '../bytes/leftovers.js';
import { LocalClient } from './local-client.js';
import type { Call, Reply } from './rpc.js';

const port = parentPort;
if (!port) throw new Error('this file runs in a worker thread');
noteLeftovers(workerData as MessagePort);

const client = new LocalClient();
const send = (reply: Reply) => port.postMessage(reply);
client.onProgress((progress) => send({ kind: 'progress', progress }));

port.on('message', async ({ id, method, args }: Call) => {
  try {
    const value =
      method === 'export'
        ? await client.export(args[0] as Parameters<LocalClient['export']>[0], (bytes, transactions) =>
            send({ kind: 'exporting', id, bytes, transactions }),
          )
        : await (client[method] as (...args: readonly unknown[]) => Promise<unknown>).apply(client, [
            ...args,
          ]);
    send({ kind: 'result', id, value });
  } catch (error) {
    send({
      kind: 'error',
      id,
      message: error instanceof Error ? error.message : String(error),
      complaint: error instanceof ForkpointError ? error.complaint : undefined,
    });
  }
});
