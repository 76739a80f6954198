/** What goes between the thread that reads WAL and the one that writes rows ahead, besides what is in the ring. */
import type { MessagePort } from 'node:worker_threads';
import { LARGEST } from '../transactions/ahead-assembly.js';
import { PIECE } from '../transactions/ahead-pieces.js';
import type { PieceRun } from '../transactions/ahead-rows.js';
import type { LentRoom } from '../transactions/temporary-room.js';
import type { RingMemory } from './ahead-ring.js';
import type { ToldSegment, ToldWal } from './told-segments.js';
import type { ToldTable } from './told-tables.js';

/** What the thread begins with. */
export interface AheadStart {
  readonly ring: RingMemory;
  readonly pieces: SharedArrayBuffer;
  /** Both ways: ToAhead, FromAhead. */
  readonly port: MessagePort;
  readonly wal: ToldWal;
  /** BLCKSZ in bytes. */
  readonly blockSize: number;
  /** Its temporary file (TemporaryFile.lend), and what all of them may take. */
  readonly file: number | undefined;
  readonly room: LentRoom;
  readonly tempLimit: number | undefined;
}

/** Told in order: each has its message in the ring. Tables are numbered as they come. */
export type ToAhead =
  | { readonly kind: 'table'; readonly table: ToldTable }
  | { readonly kind: 'segment'; readonly segment: ToldSegment };

export type FromAhead =
  /** A piece of what was written lies in `pieces`, in the slot whose turn it is. */
  | {
      readonly kind: 'piece';
      readonly length: number;
      readonly runs: readonly PieceRun[];
      readonly walBytes: number;
      readonly isLast: boolean;
    }
  | { readonly kind: 'gave up' }
  /** All that was told is written. */
  | { readonly kind: 'done' };

/** Pieces that lie in shared memory at most, taken in turn, and the bytes of each: a piece, a transaction and its frame. */
export const SLOTS = 4;
export const SLOT_BYTES = PIECE + LARGEST + 64 * 1024;

/** Shared: for each slot whether it is taken, and behind them their bytes. */
export class PieceSlots {
  readonly #taken: Int32Array;
  readonly #slots: readonly Buffer[];

  constructor(memory: SharedArrayBuffer) {
    this.#taken = new Int32Array(memory, 0, SLOTS);
    this.#slots = Array.from({ length: SLOTS }, (_, slot) =>
      Buffer.from(memory, SLOTS * 4 + slot * SLOT_BYTES, SLOT_BYTES),
    );
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(SLOTS * 4 + SLOTS * SLOT_BYTES);
  }

  /** The `count`th piece of all, as it lies. */
  piece(count: number, length: number): Buffer {
    return this.#slots[count % SLOTS].subarray(0, length);
  }

  /** Puts the `count`th piece in, once its slot is free. */
  put(count: number, bytes: Buffer): void {
    const slot = count % SLOTS;
    while (Atomics.load(this.#taken, slot) === 1) Atomics.wait(this.#taken, slot, 1);
    this.#slots[slot].set(bytes);
    Atomics.store(this.#taken, slot, 1);
  }

  /** The `count`th piece is needed no more. */
  free(count: number): void {
    Atomics.store(this.#taken, count % SLOTS, 0);
    Atomics.notify(this.#taken, count % SLOTS);
  }
}
