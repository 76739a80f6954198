/**
 * Where TOASTed values begin in WAL: for each value that was written, the record with its first chunk. The others follow it there.
 *
 * A chunk is a row (chunk_id oid, chunk_seq int4, chunk_data bytea) of the TOAST relation, and its first attributes stand at the very
 * beginning of its data, so they can be read without deforming it. Sixteen bytes a value; what is beyond one run in memory is sorted and
 * goes to the temporary file. When that is full, what was not written is forgotten.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { TemporaryFile } from './temporary-file.js';
import { CHUNK_DATA, chunkSequence, chunkValueId } from './toast-chunk.js';

const RUN = 32 * 1024;
/** Entries between two of which the first is kept in memory. */
const BLOCK = 256;
const ENTRY_BYTES = 16;

/** What stands for a TOAST relation's OID while nobody knows it: the number of its file (LocalRelation.number). */
export function untoldFile(relationNumber: number): number {
  return -relationNumber;
}

/** Entries in order of their key and, for one key, of LSN. */
interface SortedRun {
  readonly position: number;
  readonly length: number;
  readonly firstLsn: Lsn;
  /** The key of every BLOCKth entry. */
  readonly keys: Float64Array;
}

const TWO_TO_32 = 0x1_0000_0000;

export class ToastChunks {
  readonly #file: TemporaryFile;
  /** The run being filled: key, LSN, key, LSN … in LSN order, and the latest entry of each key. */
  #tail = new Float64Array(RUN * 2);
  #tailLength = 0;
  readonly #latest = new Map<number, number>();
  /** For each entry of the tail the one before it of the same key, or -1. */
  readonly #previous = new Int32Array(RUN);
  readonly #runs: SortedRun[] = [];
  /** TOAST relations numbered as they are met: a key of OID and value id would not fit into a number. */
  readonly #numbers = new Map<number, number>();

  /** There are chunks of relations that the catalog did not tell. */
  hasUntold = false;

  constructor(file: TemporaryFile) {
    this.#file = file;
  }

  /**
   * Notes the chunk that the record at `lsn` wrote into a TOAST relation, whose values begin at `start` of `bytes`. Of a relation that the
   * catalog does not tell, the file stands for the OID: untoldFile().
   */
  add(toastRelationOid: number, lsn: Lsn, bytes: Buffer, start: number): void {
    // Later chunks are found from the first.
    if (start + CHUNK_DATA > bytes.length || chunkSequence(bytes, start) !== 0) return;
    if (this.#tailLength === RUN) this.#spill();
    let number = this.#numbers.get(toastRelationOid);
    if (number === undefined) {
      this.hasUntold ||= toastRelationOid < 0;
      number = this.#numbers.size;
      this.#numbers.set(toastRelationOid, number);
    }
    const key = number * TWO_TO_32 + chunkValueId(bytes, start);
    const at = this.#tailLength++;
    this.#tail[at * 2] = key;
    this.#tail[at * 2 + 1] = lsn;
    this.#previous[at] = this.#latest.get(key) ?? -1;
    this.#latest.set(key, at);
  }

  /** The latest record before `before` that wrote a value's first chunk; undefined when this WAL has none. */
  firstChunk(toastRelationOid: number, valueId: number, before: Lsn): Lsn | undefined {
    const number = this.#numbers.get(toastRelationOid);
    if (number === undefined) return undefined;
    const key = number * TWO_TO_32 + valueId;
    for (let at = this.#latest.get(key) ?? -1; at >= 0; at = this.#previous[at]) {
      if (this.#tail[at * 2 + 1] < before) return this.#tail[at * 2 + 1];
    }
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      if (this.#runs[i].firstLsn >= before) continue;
      const found = this.#inRun(this.#runs[i], key, before);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #inRun({ keys, length, position }: SortedRun, key: number, before: Lsn): Lsn | undefined {
    // The last block that begins below the key, or with it: entries of one key may go on into those behind.
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[middle] < key) low = middle + 1;
      else high = middle;
    }
    let found: Lsn | undefined;
    for (let block = Math.max(0, low - 1); block < keys.length && keys[block] <= key; block++) {
      const count = Math.min(BLOCK, length - block * BLOCK);
      const entries = new Float64Array(count * 2);
      this.#file.read(position + block * BLOCK * ENTRY_BYTES, new Uint8Array(entries.buffer));
      for (let i = 0; i < count; i++) {
        if (entries[i * 2] === key && entries[i * 2 + 1] < before) found = entries[i * 2 + 1];
      }
    }
    return found;
  }

  #spill(): void {
    const tail = this.#tail;
    const order = Uint32Array.from({ length: RUN }, (_, i) => i);
    order.sort((a, b) => tail[a * 2] - tail[b * 2] || a - b);
    const sorted = new Float64Array(RUN * 2);
    const keys = new Float64Array(RUN / BLOCK);
    for (let i = 0; i < RUN; i++) {
      sorted[i * 2] = tail[order[i] * 2];
      sorted[i * 2 + 1] = tail[order[i] * 2 + 1];
      if (i % BLOCK === 0) keys[i / BLOCK] = sorted[i * 2];
    }
    const position = this.#file.append(new Uint8Array(sorted.buffer));
    if (position !== undefined) this.#runs.push({ position, length: RUN, firstLsn: tail[1], keys });
    this.#tailLength = 0;
    this.#latest.clear();
  }
}
