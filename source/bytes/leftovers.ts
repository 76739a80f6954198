/**
 * What must not outlive the process, however it ends: half-written files, temporary directories, commands that it started. Whoever makes
 * one holds it from then on until it is gone, or is to stay.
 *
 * A worker thread is ended without any handler of its own being run. So it notes what it holds in a port, and who ends the thread, or
 * the process, sees to it. A thread that holds nothing need not even be waited for: behind a shut gate it comes to hold nothing more.
 */
import { rmSync } from 'node:fs';
import { isMainThread, MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** A file or directory with all that is in it, or a process group. */
export type Leftover = { readonly path: string } | { readonly processGroup: number };

/** What goes through a thread's port: that something, or a thread of its own, is held under a number, or is not any more. */
interface Note {
  readonly id: number;
  readonly leftover?: Leftover;
  readonly thread?: { readonly port: MessagePort; readonly gate: SharedArrayBuffer };
}

/** What a thread's gate is: nobody passes, the thread is passing, it is shut for ever, or nobody hears signals yet. */
const FREE = 0;
const PASSING = 1;
const SHUT = 2;
const EARLY = 3;
/** Most milliseconds that a thread may take to pass: it makes one file or starts one command there. */
const PASSAGE = 20;

const held = new Map<number, Leftover>();
const followed = new Set<Followed>();
let count = 0;
let onFirst: (() => void) | undefined;
let notes: LeftoverNotes | undefined;
let isEarly = false;

process.on('exit', () => {
  for (const thread of followed) thread.undo();
  undo(held.values());
});

/**
 * Has `callback` called as soon as there is something to see to, here or in another thread, or at once when there is. Until then the
 * process may be ended in any way.
 */
export function whenHolding(callback: () => void): void {
  isEarly = false;
  for (const thread of followed) thread.admit();
  if (held.size > 0 || followed.size > 0) return callback();
  onFirst = callback;
}

/** Threads that are started from now on come to hold nothing before whenHolding() is called: until then signals end the process as they like. */
export function holdNothingYet(): void {
  isEarly = true;
}

function holding(): void {
  const callback = onFirst;
  onFirst = undefined;
  callback?.();
}

/**
 * Sees to it that this does not outlive the process; to be called before it is made. Returns the way to let go of it: it is gone, or is
 * to stay.
 */
export function hold(leftover: Leftover): () => void {
  return holdMade(
    () => leftover,
    (each) => each,
  ).letGo;
}

/** The same for what is known only once it is made. What `make` throws, it throws; `leftoverOf` tells undefined when nothing was made. */
export function holdMade<Made>(
  make: () => Made,
  leftoverOf: (made: Made) => Leftover | undefined,
): { readonly made: Made; letGo(): void } {
  holding();
  const id = ++count;
  pass();
  try {
    const made = make();
    const leftover = leftoverOf(made);
    if (leftover) {
      held.set(id, leftover);
      note({ id, leftover });
    }
    return {
      made,
      letGo() {
        if (held.delete(id)) note({ id });
      },
    };
  } finally {
    passed();
  }
}

function note(each: Note): void {
  for (const port of notes?.ports ?? []) port.postMessage(each, each.thread && [each.thread.port]);
}

/** A thread waits here until signals are heard, and for its end once the gate is shut. */
function pass(): void {
  if (!notes) return;
  const gate = new Int32Array(notes.gate);
  for (;;) {
    const found = Atomics.compareExchange(gate, 0, FREE, PASSING);
    if (found === FREE) return;
    Atomics.wait(gate, 0, found);
  }
}

function passed(): void {
  if (!notes) return;
  const gate = new Int32Array(notes.gate);
  Atomics.compareExchange(gate, 0, PASSING, FREE);
  Atomics.notify(gate, 0);
}

/** From now on the thread comes to hold nothing more. */
function shut(buffer: SharedArrayBuffer): void {
  const gate = new Int32Array(buffer);
  const until = performance.now() + PASSAGE;
  while (Atomics.compareExchange(gate, 0, FREE, SHUT) === PASSING) {
    const patience = until - performance.now();
    if (patience <= 0) break;
    Atomics.wait(gate, 0, PASSING, patience);
  }
  Atomics.store(gate, 0, SHUT);
}

/** A name that nothing has: who holds what he makes must know its name before. What must be his own is to be made exclusively all the same. */
export function newName(prefix: string): string {
  const half = () => Math.trunc(Math.random() * 2 ** 32).toString(16);
  return `${prefix}${process.pid}-${half()}${half()}`;
}

function undo(leftovers: Iterable<Leftover>): void {
  // First of all who might write yet.
  for (const leftover of [...leftovers].sort((a, b) => Number('path' in a) - Number('path' in b))) {
    try {
      if ('path' in leftover) rmSync(leftover.path, { recursive: true, force: true });
      else process.kill(-leftover.processGroup, 'SIGKILL');
    } catch {
      // It has ended, or is out of reach: there is nobody left to be told.
    }
  }
}

/** What a thread is given to tell of what it holds. */
export interface LeftoverNotes {
  /** To the thread that started it, and to the one that follows that one. To be transferred. */
  readonly ports: MessagePort[];
  readonly gate: SharedArrayBuffer;
}

/** A worker thread that may hold something. */
export interface FollowedThread {
  /** For the thread: goes to `noteLeftovers` there. */
  readonly notes: LeftoverNotes;
  /** The thread has ended: what it held and did not let go of is removed. */
  undo(): void;
}

/** What a thread holds, and the threads that it has started. */
class Followed {
  readonly #port: MessagePort;
  readonly #gate: SharedArrayBuffer;
  readonly #leftovers = new Map<number, Leftover>();
  readonly #threads = new Map<number, Followed>();

  constructor(port: MessagePort, gate: SharedArrayBuffer) {
    this.#port = port;
    this.#gate = gate;
  }

  #listen(): void {
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      const { id, leftover, thread } = next.message as Note;
      if (leftover) this.#leftovers.set(id, leftover);
      else if (thread) this.#threads.set(id, new Followed(thread.port, thread.gate));
      else if (!this.#leftovers.delete(id)) this.#threads.delete(id);
    }
  }

  /** Signals are heard. */
  admit(): void {
    const gate = new Int32Array(this.#gate);
    if (Atomics.compareExchange(gate, 0, EARLY, FREE) === EARLY) Atomics.notify(gate, 0);
  }

  /** From now on it comes to hold nothing more. */
  shut(): void {
    shut(this.#gate);
    this.#listen();
    for (const thread of this.#threads.values()) thread.shut();
  }

  holdsAnything(): boolean {
    this.#listen();
    return this.#leftovers.size > 0 || [...this.#threads.values()].some((thread) => thread.holdsAnything());
  }

  undo(): void {
    this.#listen();
    this.#port.close();
    undo(this.#leftovers.values());
    for (const thread of this.#threads.values()) thread.undo();
  }
}

/** Follows what a thread holds, from before it is started. Where a thread starts it, so does who follows that one. */
export function followThread(): FollowedThread {
  holding();
  const { port1, port2 } = new MessageChannel();
  const gate = new SharedArrayBuffer(4);
  if (isEarly) new Int32Array(gate)[0] = EARLY;
  const thread = new Followed(port1, gate);
  followed.add(thread);
  const id = ++count;
  const above = notes && new MessageChannel();
  if (above) {
    pass();
    note({ id, thread: { port: above.port1, gate } });
    passed();
  }
  return {
    notes: { ports: above ? [port2, above.port2] : [port2], gate },
    undo() {
      if (!followed.delete(thread)) return;
      thread.undo();
      if (above) note({ id });
    },
  };
}

/** Called by a worker thread before it does anything: what it holds is noted there from now on. */
export function noteLeftovers(to: LeftoverNotes): void {
  if (isMainThread) throw new Error('the main thread sees to what it holds itself');
  notes = to;
  for (const port of to.ports) port.unref();
}

/**
 * Removes what is held, here and by threads, after which the process may be ended in any way: no thread comes to hold anything more. One
 * that holds something already, and has been told to end, is waited for, `patience` milliseconds at most.
 */
export async function removeLeftovers(patience: number): Promise<void> {
  for (const thread of followed) thread.shut();
  const until = performance.now() + patience;
  while ([...followed].some((thread) => thread.holdsAnything()) && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 1));
  for (const thread of followed) thread.undo();
  undo(held.values());
  held.clear();
}
