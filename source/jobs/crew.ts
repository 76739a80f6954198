/**
 * Threads that help with an export, and the parts they have made. They may be started before it is known what is to be exported: their
 * reading then goes on beside that of the thread that starts them.
 *
 * None of them is needed. One that fails, runs out of memory or has come upon other transactions is let go, its parts are given back, and
 * whoever writes the export makes them himself: what is wrong is found there again, and said as if there had been no threads.
 */
import { Worker } from 'node:worker_threads';
import { followThread } from '../bytes/leftovers.js';
import type { IncidentRequest } from '../incident/model.js';
import type { ReadingFacts } from '../incident/opened-incident.js';
import type { TemporaryRoom } from '../transactions/temporary-room.js';
import type { TransactionIndex } from '../transactions/transaction-index.js';
import type { ExportOrder, FromThread, PartFigures, PartOrder, ThreadStart, ToThread } from './messages.js';

/** Parts that a thread has at once: one to make, one to go on with. */
const PARTS_AT_ONCE = 2;
/** Most milliseconds that news() waits: whoever waits may want to look at other things. */
const WAIT_MS = 50;
/** Megabytes of a thread's young generation: it makes little that lives on. */
const YOUNG_MB = 3;

/** One piece of a part. */
export interface Piece {
  readonly file: number;
  readonly bytes: Uint8Array;
}

/** A part that was given to a thread. */
export interface GivenPart {
  /** Bytes told, in their order; to be taken out by who writes them, who then says so with written(). */
  readonly pieces: Piece[];
  /** Set when all of it has been told. */
  figures?: PartFigures;
}

interface Thread {
  readonly worker: Worker;
  readonly parts: Map<number, GivenPart>;
  facts?: ReadingFacts;
  /** It has read the same, and has the index. */
  agrees?: boolean;
  /** What it was told of the export. */
  order?: ExportOrder;
}

export class Crew {
  readonly #threads = new Set<Thread>();
  readonly #returned: number[] = [];
  readonly #byPart = new Map<number, Thread>();
  readonly #damagedPages = new Set<string>();
  #wake: (() => void) | undefined;
  #partsMade = 0;
  /** Grows with everything that threads say. */
  changes = 0;

  /**
   * Starts `count` threads on the same incident. `memory`: bytes that all of them together may take for what they find, besides what they
   * are making; `room`: for their temporary files. `yields`: somebody draws on a screen, and goes first.
   */
  constructor(request: IncidentRequest, count: number, memory: number, room: TemporaryRoom, yields = false) {
    const megabytes = Math.floor(memory / count / 1024 / 1024);
    for (let i = 0; i < count; i++)
      this.#start({ ...request, against: undefined }, megabytes, room, i, yields);
  }

  #start(
    request: IncidentRequest,
    megabytes: number,
    room: TemporaryRoom,
    number: number,
    yields: boolean,
  ): void {
    const leftovers = followThread();
    const start: ThreadStart = { request, leftovers: leftovers.notes, room: room.lend(number), yields };
    const worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: start,
      transferList: leftovers.notes.ports,
      // What it has to say of its end is of no interest to anybody.
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    const thread: Thread = { worker, parts: new Map() };
    this.#threads.add(thread);
    worker.on('message', (message: FromThread) => this.#take(thread, message));
    worker.on('error', () => this.#dismiss(thread));
    worker.on('exit', () => {
      leftovers.undo();
      room.takeBack(number);
      this.#dismiss(thread);
    });
  }

  #take(thread: Thread, message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        thread.facts = message.facts;
        break;
      case 'piece':
        thread.parts.get(message.number)?.pieces.push(message);
        break;
      case 'done': {
        const part = thread.parts.get(message.number);
        if (part) part.figures = message.figures;
        this.#partsMade++;
        for (const place of message.damagedPages) this.#damagedPages.add(place);
        break;
      }
    }
    this.#tellNews();
  }

  #dismiss(thread: Thread): void {
    if (!this.#threads.delete(thread)) return;
    for (const [number, part] of thread.parts) {
      if (part.figures) continue;
      this.#byPart.delete(number);
      this.#returned.push(number);
    }
    void thread.worker.terminate();
    this.#tellNews();
  }

  /** Pages on disk with a wrong checksum that threads met: files and block numbers. */
  get damagedPages(): Iterable<string> {
    return this.#damagedPages;
  }

  /** Threads that are there still, ready or not. */
  get size(): number {
    return this.#threads.size;
  }

  /** Threads that have read what there is to read, and wait for parts. */
  get readySize(): number {
    let count = 0;
    for (const { facts } of this.#threads) if (facts) count++;
    return count;
  }

  /** Parts that threads have made to their end. */
  get partsMade(): number {
    return this.#partsMade;
  }

  /** Lets all threads go: the parts they have not finished are given back. */
  lose(): void {
    for (const thread of this.#threads) this.#dismiss(thread);
  }

  /**
   * Lends `index` to those that have read what `facts` say, and lets those go that have read something else: the WAL has changed
   * meanwhile, or a temporary file could not be written.
   */
  agreeOn(facts: ReadingFacts, index: TransactionIndex): void {
    for (const thread of this.#threads) {
      const { facts: theirs, agrees } = thread;
      if (!theirs || agrees) continue;
      if (Object.entries(facts).some(([name, value]) => theirs[name as keyof ReadingFacts] !== value))
        this.#dismiss(thread);
      else {
        thread.agrees = true;
        post(thread, { kind: 'index', index: index.forOthers() });
      }
    }
  }

  /** Gives parts out as long as somebody is free for the next; `next` makes its order, or says that there is none. */
  give(order: ExportOrder, next: () => PartOrder | undefined): void {
    for (const thread of this.#threads) {
      if (!thread.agrees) continue;
      for (let busy = this.#making(thread); busy < PARTS_AT_ONCE; busy++) {
        const part = next();
        if (!part) return;
        if (thread.order !== order) post(thread, { kind: 'export', order });
        thread.order = order;
        thread.parts.set(part.number, { pieces: [] });
        this.#byPart.set(part.number, thread);
        post(thread, { kind: 'part', order: part });
      }
    }
  }

  #making(thread: Thread): number {
    let count = 0;
    for (const part of thread.parts.values()) if (!part.figures) count++;
    return count;
  }

  /** A part that a thread makes, or has made; undefined when none does. */
  part(number: number): GivenPart | undefined {
    return this.#byPart.get(number)?.parts.get(number);
  }

  /** A piece of a part was written, and is not looked at any more. */
  written(number: number, { bytes }: Piece): void {
    const thread = this.#byPart.get(number);
    const memory = bytes.buffer as ArrayBuffer;
    if (thread) post(thread, { kind: 'written', bytes: bytes.length, memory }, [memory]);
  }

  /** A part has been written to its end. */
  finished(number: number): void {
    this.#byPart.get(number)?.parts.delete(number);
    this.#byPart.delete(number);
  }

  /** Parts that nobody makes any more, each told once. */
  takeReturned(): number[] {
    return this.#returned.splice(0);
  }

  /** Resolves with the next thing that a thread says, or a moment later. */
  news(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, WAIT_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tellNews(): void {
    this.changes++;
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Ends all threads and removes what they have put on disk. */
  async close(): Promise<void> {
    const threads = [...this.#threads];
    this.#threads.clear();
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}

function post(thread: Thread, message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
  thread.worker.postMessage(message, transfer);
}
