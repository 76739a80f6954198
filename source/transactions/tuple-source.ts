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
const RANDOM_WINDOWS = 256;
/** Restored pages kept, since neighbours are asked for one after the other. */
const PAGE_CACHE = 64;
/** Updates that differ from updates that differ …: a chain longer than this means that the log runs in a circle. */
const LONGEST_CHAIN = 10_000_000;

export class TupleSource {
  readonly #reader: WalReader;
  readonly #version: RecordVersion;
  readonly #blockSize: number;
  readonly #oldRows: OldRowLog;
  readonly #pages = new Map<string, Buffer>();

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
      const record = this.#read(Math.abs(at));
      if (at < 0) {
        tuple = this.#fromImage(record, where);
        break;
      }
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
      const page = this.#page(record, id);
      const tuple = tupleAt(page, where.offset);
      if (tuple === undefined)
        throw new TupleUnavailableError(`line pointer ${where.offset} of its page's image holds no tuple`);
      return Buffer.from(page.subarray(tuple.start, tuple.start + tuple.length));
    }
    throw new TupleUnavailableError(
      'the record that should hold it has neither the tuple nor an image of its page',
    );
  }

  #page(record: RecordCursor, id: number): Buffer {
    const key = `${record.lsn}:${id}`;
    const known = this.#pages.get(key);
    if (known) return known;
    const page = restorePageImage(record, id, this.#version, this.#blockSize);
    if (this.#pages.size >= PAGE_CACHE) this.#pages.delete(this.#pages.keys().next().value as string);
    this.#pages.set(key, page);
    return page;
  }
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
