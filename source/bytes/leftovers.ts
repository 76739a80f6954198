/**
 * What must not outlive the process, however it ends: half-written files, temporary directories, commands that it started. Whoever makes
 * one holds it from then on until it is gone, or is to stay.
 *
 * A worker thread is ended without any handler of its own being run. So it notes what it holds in a port, and who ends the thread, or
 * the process, sees to it.
 */
import { rmSync } from 'node:fs';
import { isMainThread, MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** A file or directory with all that is in it, or a process group. */
export type Leftover = { readonly path: string } | { readonly processGroup: number };

/** What goes through a thread's port: that something is held under a number, or is not any more. */
interface Note {
  readonly id: number;
  readonly leftover?: Leftover;
}

const held = new Map<number, Leftover>();
const followed = new Set<FollowedThread>();
let count = 0;
let onFirst: (() => void) | undefined;
let notes: MessagePort | undefined;

process.on('exit', () => {
  for (const thread of followed) thread.undo();
  undo(held.values());
});

/**
 * Has `callback` called as soon as there is something to see to, here or in another thread, or at once when there is. Until then the
 * process may be ended in any way.
 */
export function whenHolding(callback: () => void): void {
  if (held.size > 0 || followed.size > 0) return callback();
  onFirst = callback;
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
  holding();
  const id = ++count;
  const note = (each: Note): void => notes?.postMessage(each);
  held.set(id, leftover);
  note({ id, leftover });
  return () => {
    if (held.delete(id)) note({ id });
  };
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

/** A worker thread that may hold something. */
export interface FollowedThread {
  /** For the thread: goes to `noteLeftovers` there. To be transferred. */
  readonly port: MessagePort;
  /** The thread has ended: what it held and did not let go of is removed. */
  undo(): void;
}

/** Follows what a thread holds, from before it is started. */
export function followThread(): FollowedThread {
  const { port1, port2 } = new MessageChannel();
  const thread: FollowedThread = {
    port: port2,
    undo() {
      if (!followed.delete(thread)) return;
      const theirs = new Map<number, Leftover>();
      for (let next = receiveMessageOnPort(port1); next; next = receiveMessageOnPort(port1)) {
        const { id, leftover } = next.message as Note;
        if (leftover) theirs.set(id, leftover);
        else theirs.delete(id);
      }
      port1.close();
      undo(theirs.values());
    },
  };
  holding();
  followed.add(thread);
  return thread;
}

/** Called by a worker thread before it does anything: from now on `port` hears of what it holds. */
export function noteLeftovers(port: MessagePort): void {
  if (isMainThread) throw new Error('the main thread sees to what it holds itself');
  notes = port;
  port.unref();
}
