/** What goes between the thread that draws and the worker that reads. */
import { type Complaint, ForkpointError } from '../bytes/errors.js';
import type { LeftoverNotes } from '../bytes/leftovers.js';
import type { IncidentClient } from './client.js';
import type { IncidentRequest, Progress } from './model.js';
import { Superseded } from './superseded.js';

/** Methods that are a question and an answer. */
export type Question = Exclude<keyof IncidentClient, 'onProgress'>;

/** What the worker is started with. */
export interface WorkerData {
  /** See noteLeftovers. */
  readonly leftovers: LeftoverNotes;
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
  | { readonly kind: 'error'; readonly id: number; readonly error: ToldError }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | {
      readonly kind: 'exporting';
      readonly id: number;
      readonly bytes: number;
      readonly transactions: number;
    };

/** An error as it crosses. */
export interface ToldError {
  readonly message: string;
  readonly complaint?: Complaint;
  /** Of a defect: for the report about it. */
  readonly stack?: string;
}

/** What is to be told of an error. */
export function tell(error: unknown): ToldError {
  if (error instanceof ForkpointError) return { message: error.message, complaint: error.complaint };
  if (error instanceof Superseded) return { message: error.message };
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? error.message };
  return { message: String(error), stack: String(error) };
}

/** The error as it was before it crossed. `onDefect` hears of those that are nobody's but forkpoint's own. */
export function revive({ message, complaint, stack }: ToldError, onDefect: (defect: Error) => void): Error {
  if (complaint) return new ForkpointError(complaint);
  if (stack === undefined) return new Superseded(message);
  const defect = new Error(message);
  defect.stack = stack;
  onDefect(defect);
  return defect;
}
