/** Chunks of TOASTed values, noted while the one pass goes by. */
import type { HeaderlessTuple } from '../heap/deform.js';
import { TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import { insertedTuple } from '../wal/heap-record.js';
import type { WalReader } from '../wal/reader.js';
import { ChunkOrder } from './chunk-order.js';
import type { OpenTransaction } from './open-transaction.js';
import type { LocalRelation } from './relations.js';
import { isWholeChunk } from './toast-chunk.js';
import { type ToastChunks, untoldFile } from './toast-chunks.js';
import type { TupleSource } from './tuple-source.js';
import { TupleUnavailableError } from './tuple-unavailable.js';

export class ToastScan {
  readonly #reader: WalReader;
  readonly #tuples: TupleSource;
  readonly #chunks: ToastChunks;

  /** The record under `reader` is the one to look at; what is found goes into `chunks`. */
  constructor(reader: WalReader, tuples: TupleSource, chunks: ToastChunks) {
    this.#reader = reader;
    this.#tuples = tuples;
    this.#chunks = chunks;
  }

  /** The record inserts a chunk. */
  inserted(relation: LocalRelation, transaction: OpenTransaction): void {
    const reader = this.#reader;
    const oid = relation.definition?.oid;
    if (oid === undefined) return;
    const logged = insertedTuple(reader);
    if (logged !== undefined) {
      this.#note(relation, oid, reader.buffer, logged, transaction);
      return;
    }
    try {
      const tuple = this.#tuples.inserted(reader);
      this.#note(relation, oid, tuple.buffer, tuple, transaction);
    } catch (error) {
      // The value will be found incomplete when it is wanted, and said to be.
      if (!(error instanceof TupleUnavailableError)) throw error;
      transaction.toDecode = true;
    }
  }

  /** It inserts into a relation that is not known: should that turn out to be a TOAST table, its values will be looked for. */
  perhapsInserted(relation: LocalRelation): void {
    const reader = this.#reader;
    try {
      const { buffer, data, hoff, end } = this.#tuples.inserted(reader);
      const start = data + hoff - TUPLE_HEADER_SIZE;
      if (isWholeChunk(buffer, start, end))
        this.#chunks.add(untoldFile(relation.number), reader.lsn, buffer, start);
    } catch (error) {
      if (!(error instanceof TupleUnavailableError)) throw error;
    }
  }

  #note(
    relation: LocalRelation,
    oid: number,
    bytes: Buffer,
    { data, hoff, end }: HeaderlessTuple,
    transaction: OpenTransaction,
  ): void {
    const start = data + hoff - TUPLE_HEADER_SIZE;
    this.#chunks.add(oid, this.#reader.lsn, bytes, start);
    // CLUSTER and VACUUM FULL give the file to the TOAST table there was, whose OID is in the pointers; ALTER TABLE keeps the new one.
    if (relation.maybeTransient)
      this.#chunks.add(untoldFile(relation.number), this.#reader.lsn, bytes, start);
    transaction.chunks ??= new ChunkOrder();
    if (!transaction.chunks.follows(oid, bytes, start, end)) transaction.toDecode = true;
  }
}
