/** Tuples out of full-page images: a page is restored once and kept while there is room, and each of its tuples is read where it lies. */
import type { Lsn } from '../bytes/lsn.js';
import { TUPLE_LENGTH_SHIFT, TUPLE_START_MASK, tuplePointer } from '../heap/page.js';
import { TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import { hasPageImage, restorePageImage } from '../wal/full-page-image.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import type { RecordVersion } from '../wal/record-versions.js';
import type { FoundTuple } from './found-tuple.js';
import type { TuplePlaceInRelation } from './past-tuples.js';
import { RestoredPages } from './restored-pages.js';
import { TupleUnavailableError } from './tuple-unavailable.js';

export class ImagedTuples {
  readonly #version: RecordVersion;
  readonly #blockSize: number;
  #pages: RestoredPages;

  /** `blockSize`: BLCKSZ in bytes. */
  constructor(version: RecordVersion, blockSize: number) {
    this.#version = version;
    this.#blockSize = blockSize;
    this.#pages = new RestoredPages(blockSize);
  }

  /** Lets go of all pages. */
  forget(): void {
    this.#pages = new RestoredPages(this.#blockSize);
  }

  /** What was found for `purpose`, a small number, is not looked at any more. */
  release(purpose: number): void {
    this.#pages.hold(purpose, undefined);
  }

  /** Does the record have an image of its block `id`, a page of a relation's main fork? */
  isIn(record: RecordCursor, id: number): boolean {
    return record.blockFork[id] === 0 && hasPageImage(record, id, this.#version);
  }

  /**
   * The tuple at line pointer `offset` of a page of the record under `record`, that of its block `id`. Stays as it is until another one is found
   * for the same purpose. Throws TupleUnavailableError.
   */
  ofBlock(record: RecordCursor, id: number, offset: number, purpose: number, into: FoundTuple): FoundTuple {
    const page =
      this.#pages.of(
        record.lsn,
        record.blockTablespace[id],
        record.blockDatabase[id],
        record.blockFileNode[id],
        record.blockNumber[id],
      ) ?? this.#restore(record, id);
    return this.#on(page, offset, purpose, into);
  }

  /** As ofBlock(), of the block that `place` is on. */
  of(record: RecordCursor, place: TuplePlaceInRelation, purpose: number, into: FoundTuple): FoundTuple {
    for (let id = 0; id < record.blockCount; id++) {
      if (
        record.blockInUse[id] === 0 ||
        record.blockNumber[id] !== place.block ||
        record.blockFileNode[id] !== place.fileNode ||
        record.blockDatabase[id] !== place.databaseOid ||
        record.blockTablespace[id] !== place.tablespaceOid ||
        !this.isIn(record, id)
      )
        continue;
      return this.ofBlock(record, id, place.offset, purpose, into);
    }
    throw new TupleUnavailableError(
      'the record that should hold it has neither the tuple nor an image of its page',
    );
  }

  /** The same for the record at `lsn`, where its page is still kept; undefined when it is not. */
  kept(lsn: Lsn, place: TuplePlaceInRelation, purpose: number, into: FoundTuple): FoundTuple | undefined {
    const { tablespaceOid, databaseOid, fileNode, block, offset } = place;
    return this.keptAt(lsn, tablespaceOid, databaseOid, fileNode, block, offset, purpose, into);
  }

  /** As kept(), of a place that nobody made an object of. */
  keptAt(
    lsn: Lsn,
    tablespace: number,
    database: number,
    file: number,
    block: number,
    offset: number,
    purpose: number,
    into: FoundTuple,
  ): FoundTuple | undefined {
    const page = this.#pages.of(lsn, tablespace, database, file, block);
    return page && this.#on(page, offset, purpose, into);
  }

  #restore(record: RecordCursor, id: number): Buffer {
    const relation = {
      tablespaceOid: record.blockTablespace[id],
      databaseOid: record.blockDatabase[id],
      fileNode: record.blockFileNode[id],
    };
    return this.#pages.add(record.lsn, relation, record.blockNumber[id], (target) => {
      restorePageImage(record, id, this.#version, this.#blockSize, target);
    });
  }

  /** The tuple at a line pointer of a restored page, which is held. */
  #on(page: Buffer, offset: number, purpose: number, into: FoundTuple): FoundTuple {
    const pointer = tuplePointer(page, offset);
    const length = pointer >>> TUPLE_LENGTH_SHIFT;
    if (length < TUPLE_HEADER_SIZE)
      throw new TupleUnavailableError(`line pointer ${offset} of its page's image holds no tuple`);
    this.#pages.hold(purpose, page);
    return into.setWhole(page, pointer & TUPLE_START_MASK, length);
  }
}
