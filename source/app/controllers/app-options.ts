/** What the application needs of the world around it. */
import type { IncidentClient } from '../../incident/client.js';
import type { IncidentRequest } from '../../incident/model.js';
import type { SessionStore } from '../../incident/session.js';
import type { Preserving } from '../../preserve/preserving.js';
import type { Probing } from '../probing.js';
import type { ScreenSize } from './host.js';

/** What the application is started with. */
export interface AppOptions {
  /** A fresh client; called again when other sides are chosen. */
  readonly connect: () => IncidentClient;
  readonly probing: Probing;
  readonly preserving: Preserving;
  readonly sessions: SessionStore;
  readonly workingDirectory: string;
  /** Sides given as arguments. */
  readonly request?: Partial<IncidentRequest>;
  /** The same, when opening them has begun already: what stands in its way is heard of without looking at them here before. */
  readonly begun?: IncidentRequest;
  readonly initialFilter?: string;
  /** Puts a control sequence (the clipboard's) on the terminal. */
  readonly send: (sequence: string) => void;
  readonly size: ScreenSize;
  /** The operator has left; the exit code. */
  readonly exit: (code: number) => void;
}
