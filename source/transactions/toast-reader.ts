/**
 * TOASTed values put together from their chunks (detoast_external_attr() in access/common/detoast.c): from the WAL that was read,
 * else from wherever `fallback` knows (the TOAST table's file on disk).
 */
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { decompressVarlena, type ToastPointer } from '../bytes/varlena.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Oid, RelationLocator } from '../catalog/model.js';
import type { Moment } from '../catalog/moment.js';
import { WalReader } from '../wal/reader.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { Scan } from './scan.js';
import { readToastChunk } from './toast-chunk.js';
import { untoldFile } from './toast-chunks.js';

/** Another place to look for a value's chunks: their bytes joined, undefined when it has them not, or not all. */
export type ToastFallback = (pointer: ToastPointer, databaseOid: Oid, at: Moment) => Buffer | undefined;

/** Values kept, since an update's old and new row often share one. */
const KEPT_VALUES = 16;

/** A value's chunks follow each other, the next value may be anywhere. */
const WINDOW = 32 * 1024;
const WINDOWS = 32;

export class ToastReader {
  readonly #scan: Scan;
  readonly #catalog: Catalog;
  readonly #fallback: ToastFallback | undefined;
  readonly #kept = new Map<string, Buffer>();

  readonly #reader: WalReader;

  /** `blockSize` is BLCKSZ in bytes. */
  constructor(scan: Scan, catalog: Catalog, blockSize: number, fallback?: ToastFallback) {
    this.#scan = scan;
    this.#catalog = catalog;
    const { segments } = scan.reader;
    this.#reader = new WalReader(segments, { blockSize, windowBytes: WINDOW, windows: WINDOWS });
    this.#fallback = fallback;
  }

  /** Lets go of the open segment. */
  close(): void {
    this.#reader.closeFile();
  }

  /** The value for a pointer found in a row of this database that was written at this moment; undefined when its chunks are nowhere. Throws CorruptDatumError. */
  fetch(pointer: ToastPointer, databaseOid: Oid, at: Moment): Buffer | undefined {
    const key = `${pointer.toastRelationOid}:${pointer.valueId}:${pointer.externalSize}`;
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const external = this.#fromWal(pointer, databaseOid, at) ?? this.#fallback?.(pointer, databaseOid, at);
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

  /** The value may have been written when the catalog did not tell yet that this was its TOAST table. */
  #firstChunkOfUntold({ toastRelationOid, valueId }: ToastPointer, databaseOid: Oid, at: Moment) {
    const { toast, relations } = this.#scan;
    if (!toast.hasUntold) return undefined;
    const relation = this.#catalog.relationByOid(databaseOid, toastRelationOid, at);
    if (!relation) return undefined;
    for (const { number } of relations.met(databaseOid, relation)) {
      const first = toast.firstChunk(untoldFile(number), valueId, at.lsn);
      if (first !== undefined) return first;
    }
    return undefined;
  }

  /** Walks on from the first chunk, past what others wrote in between, until the value is whole. */
  #fromWal(pointer: ToastPointer, databaseOid: Oid, at: Moment): Buffer | undefined {
    const { toastRelationOid, valueId, externalSize } = pointer;
    const first =
      this.#scan.toast.firstChunk(toastRelationOid, valueId, at.lsn) ??
      this.#firstChunkOfUntold(pointer, databaseOid, at);
    if (first === undefined) return undefined;
    const reader = this.#reader;
    if (!reader.readAt(first)) return undefined;
    const { xid } = reader;
    const locator = {
      tablespaceOid: reader.blockTablespace[0],
      databaseOid: reader.blockDatabase[0],
      fileNode: reader.blockFileNode[0],
    };
    const chunks: Buffer[] = [];
    for (let size = 0; size < externalSize; ) {
      if (isInsertInto(reader, locator) && reader.xid === xid) {
        const chunk = readToastChunk(this.#scan.tuples.inserted(reader));
        if (chunk.valueId === valueId) {
          if (chunk.sequence !== chunks.length)
            throw new CorruptDatumError(`chunks of TOAST value ${valueId} are out of order`);
          size += chunk.data.length;
          chunks.push(Buffer.from(chunk.data));
        }
      }
      if (size < externalSize && (!reader.next() || reader.lsn >= at.lsn)) {
        throw new CorruptDatumError(
          `TOAST value ${valueId} has ${size} of its ${externalSize} bytes in the WAL`,
        );
      }
    }
    return Buffer.concat(chunks);
  }
}

/** A record that inserts a row into the relation. */
function isInsertInto(record: RecordCursor, locator: RelationLocator): boolean {
  return (
    record.rmid === ResourceManager.heap &&
    (record.info & HeapOperation.mask) === HeapOperation.insert &&
    record.blockFileNode[0] === locator.fileNode &&
    record.blockDatabase[0] === locator.databaseOid &&
    record.blockTablespace[0] === locator.tablespaceOid
  );
}
