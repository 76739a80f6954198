/** The numbers of an index of transactions, in columns of memory that other threads can look at. */
import type { RecordedOrigin } from '../wal/transaction-record.js';

/** How many transactions a chunk of columns holds. */
export const CHUNK = 16 * 1024;

/** Stands for a number that a column of 32 bits does not hold. */
export const FAR = 0xffff_ffff;

/** Numbers of CHUNK transactions. */
export interface Columns {
  readonly xid: Uint32Array;
  /** How far before the commit record the first one begins, in units of eight bytes; FAR where it does not fit. */
  readonly firstDistance: Uint32Array;
  readonly commitLsn: Float64Array;
  readonly endDistance: Uint32Array;
  readonly time: Float64Array;
  /** FAR where they do not fit. */
  readonly walBytes: Uint32Array;
  /** The number that TransactionShapes gives. */
  readonly shape: Uint32Array;
  /** Bits of TransactionFlag. */
  readonly flags: Uint16Array;
  /** Made when the first of the chunk comes from elsewhere. */
  origins?: { readonly id: Uint16Array; readonly lsn: Float64Array; readonly time: Float64Array };
}

/** Columns for the next CHUNK transactions. */
export function createColumns(): Columns {
  return {
    xid: sharedWords(),
    firstDistance: sharedWords(),
    commitLsn: sharedNumbers(),
    endDistance: sharedWords(),
    time: sharedNumbers(),
    walBytes: sharedWords(),
    shape: sharedWords(),
    flags: sharedHalves(),
  };
}

/** Notes where a transaction comes from that was replicated. */
export function setOrigin(columns: Columns, at: number, { id, lsn, time }: RecordedOrigin): void {
  columns.origins ??= { id: sharedHalves(), lsn: sharedNumbers(), time: sharedNumbers() };
  columns.origins.id[at] = id;
  columns.origins.lsn[at] = lsn;
  columns.origins.time[at] = time;
}

/** What setOrigin() noted. */
export function originAt({ origins }: Columns, at: number): RecordedOrigin | undefined {
  return origins && { id: origins.id[at], lsn: origins.lsn[at], time: origins.time[at] };
}

function sharedHalves(): Uint16Array {
  return new Uint16Array(new SharedArrayBuffer(2 * CHUNK));
}

function sharedWords(): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(4 * CHUNK));
}

function sharedNumbers(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * CHUNK));
}
