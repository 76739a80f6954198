/** What goes between the thread that writes an export and the threads that make parts of it. */
import type { LeftoverNotes } from '../bytes/leftovers.js';
import type { BodyContext } from '../export/format.js';
import type { IncidentRequest } from '../incident/model.js';
import type { ReadingFacts } from '../incident/opened-incident.js';
import type { TallyFigures } from '../sql/tally.js';
import type { LentRoom } from '../transactions/temporary-room.js';
import type { LentIndex } from '../transactions/transaction-index.js';

/** What a thread begins with. */
export interface ThreadStart {
  /** Without the server that verdicts are asked of: nothing is judged there. */
  readonly request: IncidentRequest;
  /** See noteLeftovers. */
  readonly leftovers: LeftoverNotes;
  /** For its temporary files. */
  readonly room: LentRoom;
  /** Somebody draws on a screen: he goes first, wherever that can be said. */
  readonly yields: boolean;
}

/** A part to be made. */
export interface PartOrder {
  readonly number: number;
  readonly indexes: Uint32Array;
  readonly keepFrom: number;
}

/** What all parts of an export have in common. */
export interface ExportOrder {
  readonly context: BodyContext;
  /** Databases of the files, in their order; undefined for a file that holds all. */
  readonly databases: readonly (string | undefined)[];
  readonly longest: number;
}

/** What a part was, when all of its bytes have been told. By file, in their order. */
export interface PartFigures {
  readonly tallies: readonly TallyFigures[];
  readonly transactions: readonly number[];
}

/** To a thread. */
export type ToThread =
  /** Once, when the thread has read what this one has. */
  | { readonly kind: 'index'; readonly index: LentIndex }
  | { readonly kind: 'export'; readonly order: ExportOrder }
  | { readonly kind: 'part'; readonly order: PartOrder }
  /** So many bytes were written: as many more may be made ahead, in the memory where they were. */
  | { readonly kind: 'written'; readonly bytes: number; readonly memory: ArrayBufferLike };

/** From a thread. */
export type FromThread =
  | { readonly kind: 'ready'; readonly facts: ReadingFacts }
  | { readonly kind: 'piece'; readonly number: number; readonly file: number; readonly bytes: Uint8Array }
  | {
      readonly kind: 'done';
      readonly number: number;
      readonly figures: PartFigures;
      /** Pages on disk with a wrong checksum that it met so far. */
      readonly damagedPages: readonly string[];
    };
