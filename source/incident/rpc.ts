/** What goes between the thread that draws and the worker that reads. */
import type { MessagePort } from 'node:worker_threads';
import { type Complaint, ForkpointError } from '../bytes/errors.js';
import type { IncidentClient } from './client.js';
import type { IncidentRequest, Progress } from './model.js';

/** Methods that are a question and an answer. */
export type Question = Exclude<keyof IncidentClient, 'onProgress'>;

/** What the worker is started with. */
export interface WorkerData {
  /** See noteLeftovers; transferred. */
  readonly leftovers: MessagePort;
  /** What will be asked to be opened first. */
  readonly begin?: IncidentRequest;
}

/** To the worker. */
export interface Call {
  readonly id: number;
  readonly method: Question;
  readonly args: readonly unknown[];
}

/** From the worker. */
export type Reply =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly complaint?: Complaint }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | {
      readonly kind: 'exporting';
      readonly id: number;
      readonly bytes: number;
      readonly transactions: number;
    };

/** An error as it was before it crossed. */
export function revive(message: string, complaint: Complaint | undefined): Error {
  return complaint ? new ForkpointError(complaint) : new Error(message);
}
