/**
 * TOASTed values put together from their chunks (detoast_external_attr() in access/common/detoast.c): from the WAL that was read,
 * else from wherever `fallback` knows (the TOAST table's file on disk).
 */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import type { Lsn } from '../bytes/lsn.js';
import { decompressVarlena, type ToastPointer } from '../bytes/varlena.js';
import type { Moment } from '../catalog/catalog.js';
import type { Oid } from '../catalog/model.js';
import type { Scan } from './scan.js';
import { readToastChunk } from './toast-chunk.js';

/** Another place to look for a value's chunks: their bytes joined, undefined when it has them not, or not all. */
export type ToastFallback = (pointer: ToastPointer, databaseOid: Oid, at: Moment) => Buffer | undefined;

/** Values kept, since an update's old and new row often share one. */
const KEPT_VALUES = 16;

export class ToastReader {
  readonly #scan: Scan;
  readonly #fallback: ToastFallback | undefined;
  readonly #kept = new Map<string, Buffer>();

  constructor(scan: Scan, fallback?: ToastFallback) {
    this.#scan = scan;
    this.#fallback = fallback;
  }

  /** The value for a pointer found in a row of this database that was written at this moment; undefined when its chunks are nowhere. Throws CorruptDatumError. */
  fetch(pointer: ToastPointer, databaseOid: Oid, at: Moment): Buffer | undefined {
    const key = `${pointer.toastRelationOid}:${pointer.valueId}:${pointer.externalSize}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const external = this.#fromWal(pointer, at.lsn) ?? this.#fallback?.(pointer, databaseOid, at);
    if (external === undefined) return undefined;
    const value =
      pointer.compression === undefined ? external : decompressVarlena(external, 0, external.length);
    if (value.length !== pointer.rawSize) {
      throw new CorruptDatumError(
        `TOAST value ${pointer.valueId} is ${value.length} bytes long, its pointer says ${pointer.rawSize}`,
      );
    }
    if (this.#kept.size >= KEPT_VALUES) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(key, value);
    return value;
  }

  /** Walks back from the newest chunk written before the row until the value is whole. */
  #fromWal(pointer: ToastPointer, lsn: Lsn): Buffer | undefined {
    const lsns = this.#scan.toast.of(pointer.toastRelationOid, pointer.valueId);
    if (lsns === undefined) return undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    let previous = -1;
    for (let i = lsns.length - 1; i >= 0 && size < pointer.externalSize; i--) {
      if (lsns[i] >= lsn) continue;
      const chunk = readToastChunk(this.#scan.tuples.insertedAt(lsns[i]));
      if (chunk.valueId !== pointer.valueId || (previous >= 0 && chunk.sequence !== previous - 1)) {
        throw new CorruptDatumError(`chunks of TOAST value ${pointer.valueId} are out of order`);
      }
      previous = chunk.sequence;
      size += chunk.data.length;
      chunks.push(chunk.data);
    }
    if (size === 0) return undefined;
    if (size !== pointer.externalSize || previous !== 0) {
      throw new CorruptDatumError(
        `TOAST value ${pointer.valueId} has ${size} of its ${pointer.externalSize} bytes in the WAL`,
      );
    }
    return Buffer.concat(chunks.reverse());
  }
}
