/**
 * Whole tuples out of WAL: from the record that wrote them, from a full-page image, or, for an update that was stored as the
 * difference from the old row, from both.
 */
import type { Lsn } from '../bytes/lsn.js';
import { tupleAt } from '../heap/page.js';
import { TUPLE_HEADER_SIZE } from '../heap/tuple.js';
import { hasPageImage, restorePageImage } from '../wal/full-page-image.js';
import {
  insertedTuple,
  insertOffset,
  type LoggedTuple,
  multiInsertCount,
  multiInsertedTuples,
  multiInsertOffset,
  updatedTuple,
  updateNewOffset,
} from '../wal/heap-record.js';
import { WalReader } from '../wal/reader.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import type { OldRowLog } from './old-row-log.js';

/** A tuple's place in its relation file. */
export interface TuplePlaceInRelation {
  readonly tablespaceOid: number;
  readonly databaseOid: number;
  readonly fileNode: number;
  readonly block: number;
  readonly offset: number;
}

/** Why a tuple could not be had from WAL. Caught where rows are made; its sentence becomes the row's problem. */
export class TupleUnavailableError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'TupleUnavailableError';
  }
}

/** Bytes read at once: a record and its image seldom take more, and the next one asked for may be anywhere. */
const RANDOM_WINDOW = 16 * 1024;
/** Pieces kept: rows changed often are found where they were written a moment ago, others far away. */
const RANDOM_WINDOWS = 512;
/** Bytes of restored pages kept: after a checkpoint the first change of every row on a page finds its old row in the same image. */
const PAGE_CACHE_BYTES = 24 * 1024 * 1024;
/** Updates that differ from updates that differ …: a chain longer than this means that the log runs in a circle. */
const LONGEST_CHAIN = 10_000_000;

export class TupleSource {
  readonly #reader: WalReader;
  readonly #version: RecordVersion;
  readonly #blockSize: number;
  readonly #oldRows: OldRowLog;
  /** Restored pages by the LSN of the record that holds the image, the one not used for longest first. */
  readonly #pages = new Map<Lsn, RestoredPage[]>();
  #pageCount = 0;

  constructor(segments: WalSegments, blockSize: number, oldRows: OldRowLog) {
    this.#reader = new WalReader(segments, {
      blockSize,
      windowBytes: RANDOM_WINDOW,
      windows: RANDOM_WINDOWS,
    });
    this.#version = recordVersion(segments.majorVersion);
    this.#blockSize = blockSize;
    this.#oldRows = oldRows;
  }

  /** Lets go of the open segment. */
  close(): void {
    this.#reader.closeFile();
  }

  /**
   * The tuple that `writer` (PageHistories.writerOf) put at `place`. Throws TupleUnavailableError.
   */
  written(writer: number, place: TuplePlaceInRelation): Buffer {
    const differences: { prefix: number; suffix: number; header: Buffer; middle: Buffer }[] = [];
    let at = writer;
    let where = place;
    let tuple: Buffer | undefined;
    while (tuple === undefined) {
      if (at === 0) throw new TupleUnavailableError("its page's past is not in the WAL that is there");
      if (at < 0) {
        const page = this.#keptPage(-at, where);
        tuple =
          page === undefined ? this.#fromImage(this.#read(-at), where) : tupleOnImage(page, where.offset);
        break;
      }
      const record = this.#read(at);
      const found = this.#logged(record, where);
      if (found === undefined) {
        tuple = this.#fromImage(record, where);
      } else if (found.prefix === 0 && found.suffix === 0) {
        tuple = assemble(record.buffer, found);
      } else {
        if (differences.length > LONGEST_CHAIN)
          throw new TupleUnavailableError('its updates refer to each other in a circle');
        differences.push(difference(record.buffer, found));
        const oldOffset = record.view.getUint16(record.mainOffset + 4, true);
        where = { ...where, offset: oldOffset };
        at = this.#oldRows.writerFor(record.lsn);
      }
    }
    for (let i = differences.length - 1; i >= 0; i--) tuple = applyDifference(tuple, differences[i]);
    return tuple;
  }

  /**
   * The new tuple that the record under `record` wrote at `offset` of its block 0; `oldWriter` is where its old row was written,
   * which an update stored as a difference needs. Throws TupleUnavailableError.
   */
  newTuple(record: RecordCursor, offset: number, logged: LoggedTuple | undefined, oldWriter: number): Buffer {
    const place = {
      tablespaceOid: record.blockTablespace[0],
      databaseOid: record.blockDatabase[0],
      fileNode: record.blockFileNode[0],
      block: record.blockNumber[0],
      offset,
    };
    if (logged === undefined) return this.#fromImage(record, place);
    if (logged.prefix === 0 && logged.suffix === 0) return assemble(record.buffer, logged);
    const step = difference(record.buffer, logged);
    const oldOffset = record.view.getUint16(record.mainOffset + 4, true);
    return applyDifference(this.written(oldWriter, { ...place, offset: oldOffset }), step);
  }

  /** The tuple that the insert record at `lsn` wrote. Throws TupleUnavailableError. */
  insertedAt(lsn: Lsn): Buffer {
    const record = this.#read(lsn);
    return this.newTuple(record, insertOffset(record), insertedTuple(record), 0);
  }

  #read(lsn: Lsn): RecordCursor {
    if (!this.#reader.readAt(lsn)) {
      throw new TupleUnavailableError(`the record that wrote it cannot be read: ${this.#reader.end?.reason}`);
    }
    return this.#reader;
  }

  /** The tuple at `where` as the record itself logged it; undefined when only its image has it. */
  #logged(record: RecordCursor, where: TuplePlaceInRelation): LoggedTuple | undefined {
    if (
      record.rmid === ResourceManager.heap2 &&
      (record.info & Heap2Operation.mask) === Heap2Operation.multiInsert
    ) {
      const tuples = multiInsertedTuples(record);
      const count = multiInsertCount(record);
      for (let i = 0; tuples !== undefined && i < count; i++) {
        if (multiInsertOffset(record, i) === where.offset) return tuples[i];
      }
      return undefined;
    }
    if (record.rmid !== ResourceManager.heap) return undefined;
    const operation = record.info & HeapOperation.mask;
    if (operation === HeapOperation.insert) {
      return insertOffset(record) === where.offset ? insertedTuple(record) : undefined;
    }
    if (operation === HeapOperation.update || operation === HeapOperation.hotUpdate) {
      return updateNewOffset(record) === where.offset ? updatedTuple(record) : undefined;
    }
    return undefined;
  }

  #fromImage(record: RecordCursor, where: TuplePlaceInRelation): Buffer {
    for (let id = 0; id < record.blockCount; id++) {
      if (
        record.blockInUse[id] === 0 ||
        record.blockNumber[id] !== where.block ||
        record.blockFileNode[id] !== where.fileNode ||
        record.blockFork[id] !== 0 ||
        record.blockDatabase[id] !== where.databaseOid ||
        record.blockTablespace[id] !== where.tablespaceOid ||
        !hasPageImage(record, id, this.#version)
      )
        continue;
      const page = this.#keptPage(record.lsn, where) ?? this.#restore(record, id, where);
      return tupleOnImage(page, where.offset);
    }
    throw new TupleUnavailableError(
      'the record that should hold it has neither the tuple nor an image of its page',
    );
  }

  /** The page of `where` as the record at `lsn` has it, when it was restored before and is still kept. */
  #keptPage(lsn: Lsn, where: TuplePlaceInRelation): Buffer | undefined {
    const ofRecord = this.#pages.get(lsn);
    if (ofRecord === undefined) return undefined;
    for (const { place, page } of ofRecord) {
      if (
        place.block === where.block &&
        place.fileNode === where.fileNode &&
        place.databaseOid === where.databaseOid &&
        place.tablespaceOid === where.tablespaceOid
      ) {
        this.#pages.delete(lsn);
        this.#pages.set(lsn, ofRecord);
        return page;
      }
    }
    return undefined;
  }

  #restore(record: RecordCursor, id: number, place: TuplePlaceInRelation): Buffer {
    let target: Buffer | undefined;
    while (this.#pageCount * this.#blockSize >= PAGE_CACHE_BYTES) {
      const [[oldest, dropped]] = this.#pages;
      this.#pages.delete(oldest);
      this.#pageCount -= dropped.length;
      target = dropped[0].page;
    }
    const page = restorePageImage(record, id, this.#version, this.#blockSize, target);
    const ofRecord = this.#pages.get(record.lsn);
    if (ofRecord) ofRecord.push({ place, page });
    else this.#pages.set(record.lsn, [{ place, page }]);
    this.#pageCount++;
    return page;
  }
}

/** A page out of an image, and which page of which relation it is. */
interface RestoredPage {
  readonly place: TuplePlaceInRelation;
  readonly page: Buffer;
}

/** The tuple at a line pointer of a restored page, in bytes of its own. Throws TupleUnavailableError. */
function tupleOnImage(page: Buffer, offset: number): Buffer {
  const tuple = tupleAt(page, offset);
  if (tuple === undefined)
    throw new TupleUnavailableError(`line pointer ${offset} of its page's image holds no tuple`);
  return Buffer.from(page.subarray(tuple.start, tuple.start + tuple.length));
}

/** A tuple as it lies on a page, out of an xl_heap_header and the data behind it. Transaction fields stay zero: WAL carries them elsewhere. */
export function assemble(buffer: Buffer, logged: LoggedTuple): Buffer {
  const tuple = Buffer.allocUnsafe(TUPLE_HEADER_SIZE + logged.end - logged.data);
  writeHeader(tuple, logged);
  buffer.copy(tuple, TUPLE_HEADER_SIZE, logged.data, logged.end);
  return tuple;
}

function writeHeader(tuple: Buffer, logged: Pick<LoggedTuple, 'infomask' | 'infomask2' | 'hoff'>): void {
  tuple.fill(0, 0, 18);
  tuple.writeUInt16LE(logged.infomask2, 18);
  tuple.writeUInt16LE(logged.infomask, 20);
  tuple[22] = logged.hoff;
}

interface Difference {
  readonly prefix: number;
  readonly suffix: number;
  readonly header: Buffer;
  /** What the record holds: null bitmap and padding up to t_hoff, then the columns' bytes between prefix and suffix. */
  readonly middle: Buffer;
}

function difference(buffer: Buffer, logged: LoggedTuple): Difference {
  const header = Buffer.allocUnsafe(TUPLE_HEADER_SIZE);
  writeHeader(header, logged);
  return {
    prefix: logged.prefix,
    suffix: logged.suffix,
    header,
    middle: Buffer.from(buffer.subarray(logged.data, logged.end)),
  };
}

/** heap_xlog_update(): bitmap and padding from the record, then the old row's prefix, the record's middle, the old row's suffix. */
function applyDifference(old: Buffer, step: Difference): Buffer {
  const bitmapLength = step.header[22] - TUPLE_HEADER_SIZE;
  const oldData = old[22];
  if (
    bitmapLength < 0 ||
    bitmapLength > step.middle.length ||
    oldData + step.prefix > old.length ||
    old.length - step.suffix < oldData
  ) {
    throw new TupleUnavailableError('an update shares more bytes with its old row than that has');
  }
  return Buffer.concat([
    step.header,
    step.middle.subarray(0, bitmapLength),
    old.subarray(oldData, oldData + step.prefix),
    step.middle.subarray(bitmapLength),
    old.subarray(old.length - step.suffix),
  ]);
}
