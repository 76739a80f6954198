/**
 * Whole tuples out of WAL: from the record that wrote them, from a full-page image, or, for an update that was stored as the
 * difference from the old row, from both.
 */
import type { Lsn } from '../bytes/lsn.js';
import { tupleAt } from '../heap/page.js';
import { Infomask2, TUPLE_HEADER_SIZE, tupleXmin } from '../heap/tuple.js';
import { hasPageImage, restorePageImage } from '../wal/full-page-image.js';
import {
  deleteOffset,
  insertedTuple,
  insertOffset,
  type LoggedTuple,
  multiInsertCount,
  multiInsertedTuples,
  multiInsertOffset,
  updatedTuple,
  updateNewOffset,
  updateOldBlockId,
  updateOldOffset,
} from '../wal/heap-record.js';
import { WalReader } from '../wal/reader.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { type TupleRemoval, tupleRemoval } from '../wal/tuple-removal.js';
import { FoundTuple } from './found-tuple.js';
import type { OldRowLog } from './old-row-log.js';
import type { PastTuples, TuplePlaceInRelation, TupleWriting } from './past-tuples.js';
import { RecentTuples } from './recent-tuples.js';
import { RestoredPages } from './restored-pages.js';
import { isReadable, readableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';

/** Why a tuple could not be had from WAL. Caught where rows are made; its sentence becomes the row's problem. */
export class TupleUnavailableError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'TupleUnavailableError';
  }
}

/** Bytes read at once: the next record asked for may be anywhere. */
const RANDOM_WINDOW = 8 * 1024;
/** Pieces kept: what was written a moment ago is mostly among the recent tuples, the rest far away. */
const RANDOM_WINDOWS = 256;
/** Updates that differ from updates that differ …: a chain longer than this means that the log runs in a circle. */
const LONGEST_CHAIN = 10_000_000;

/** What a page is held for. */
const OLD_ROW = 0;
const NEW_ROW = 1;
const INSERTED = 2;

export class TupleSource {
  readonly #reader: WalReader;
  readonly #version: RecordVersion;
  readonly #blockSize: number;
  readonly #oldRows: OldRowLog;
  readonly #past: PastTuples;
  #pages: RestoredPages;
  readonly #recent = new RecentTuples();
  readonly #old = new FoundTuple();
  readonly #new = new FoundTuple();
  readonly #other = new FoundTuple();

  constructor(segments: WalSegments, blockSize: number, oldRows: OldRowLog, past: PastTuples) {
    this.#past = past;
    this.#reader = new WalReader(segments, {
      blockSize,
      windowBytes: RANDOM_WINDOW,
      windows: RANDOM_WINDOWS,
    });
    this.#version = recordVersion(segments.majorVersion);
    this.#blockSize = blockSize;
    this.#pages = new RestoredPages(blockSize);
    this.#oldRows = oldRows;
  }

  /** Lets go of what was kept because it might be wanted again: for now it is not. */
  forgetKept(): void {
    this.#pages = new RestoredPages(this.#blockSize);
    this.#reader.closeFile();
  }

  /** Lets go of the open segment. */
  close(): void {
    this.#reader.closeFile();
  }

  /** A record goes by: when its new row will be wanted as somebody's old one, its bytes are kept a while. */
  pass(record: RecordCursor): void {
    if (record.rmid !== ResourceManager.heap || !this.#oldRows.isWanted(record.lsn)) return;
    const operation = record.info & HeapOperation.mask;
    const isInsert = operation === HeapOperation.insert;
    if (!isInsert && operation !== HeapOperation.update && operation !== HeapOperation.hotUpdate) return;
    const logged = isInsert ? insertedTuple(record) : updatedTuple(record);
    if (logged === undefined || logged.prefix > 0 || logged.suffix > 0) return;
    const offset = isInsert ? insertOffset(record) : updateNewOffset(record);
    this.#recent.keep(record.lsn, offset, record.buffer, logged);
  }

  /**
   * The row that the update or delete under `record` met, which `writer` (OldRowLog.writerFor) had put there. Stays as it is until the next
   * one is asked for. Throws TupleUnavailableError.
   */
  old(record: RecordCursor, writer: number): FoundTuple {
    const old = this.#old;
    const isDelete = (record.info & HeapOperation.mask) === HeapOperation.delete;
    const offset = isDelete ? deleteOffset(record) : updateOldOffset(record);
    if (this.#recent.take(writer, offset, old)) return old;
    this.#pages.hold(OLD_ROW, undefined);
    if (writer < 0) {
      const blockId = isDelete ? 0 : updateOldBlockId(record);
      const page = this.#pages.of(
        -writer,
        record.blockTablespace[blockId],
        record.blockDatabase[blockId],
        record.blockFileNode[blockId],
        record.blockNumber[blockId],
      );
      if (page !== undefined) return this.#onImage(page, offset, OLD_ROW, old);
    }
    return this.#written(writer, oldPlace(record), tupleRemoval(record), OLD_ROW, old);
  }

  /** The tuple that `writer` (PageHistories.writerOf) put at `place` and `removal` took away. */
  #written(
    writer: number,
    place: TuplePlaceInRelation,
    removal: TupleRemoval,
    purpose: number,
    into: FoundTuple,
  ): FoundTuple {
    const steps: Step[] = [];
    let at = writer;
    let where = place;
    let removed = removal;
    for (;;) {
      if (!isReadable(at)) return this.#fromPast(steps, at, where, removed, into);
      if (at < 0) return this.#applySteps(this.#imaged(-at, where, purpose, into), steps, into);
      if (this.#recent.find(at, where.offset, into)) return this.#applySteps(into, steps, into);
      const record = this.#read(at);
      const found = this.#logged(record, where);
      if (found === undefined)
        return this.#applySteps(this.#fromImage(record, where, purpose, into), steps, into);
      if (found.prefix === 0 && found.suffix === 0) {
        into.setLogged(record.buffer, found);
        if (steps.length > 0) return this.#applySteps(into, steps, into);
        // The reader goes elsewhere, and the new row may be told as the difference from this one.
        this.#recent.keep(at, where.offset, record.buffer, found);
        return into;
      }
      if (steps.length > LONGEST_CHAIN)
        throw new TupleUnavailableError('its updates refer to each other in a circle');
      const writing = { endLsn: record.endLsn, xid: record.xid };
      steps.push({ lsn: at, place: where, writing, removed, ...difference(record.buffer, found) });
      removed = tupleRemoval(record);
      where = { ...where, offset: updateOldOffset(record) };
      at = this.#oldRows.writerFor(record.lsn);
    }
  }

  /** `oldest` taken through the updates, the last of which is the first in `steps`; each link of the chain is kept: others begin there. */
  #applySteps(oldest: FoundTuple, steps: readonly Step[], into: FoundTuple): FoundTuple {
    let tuple = oldest;
    for (let i = steps.length - 1; i >= 0; i--) {
      const { lsn, place, bytes, logged } = steps[i];
      tuple = this.#apply(tuple, lsn, place.offset, bytes, logged, into);
    }
    return tuple;
  }

  /**
   * The new tuple of the update at `lsn`, which `logged` (in `bytes`) has as the difference from `old`: bitmap and padding from the record,
   * then the old row's prefix, the record's middle, the old row's suffix (heap_xlog_update()). It is kept.
   */
  #apply(
    old: FoundTuple,
    lsn: Lsn,
    offset: number,
    bytes: Buffer,
    logged: LoggedTuple,
    into: FoundTuple,
  ): FoundTuple {
    const { infomask2, infomask, hoff, data, end, prefix, suffix } = logged;
    const bitmapLength = hoff - TUPLE_HEADER_SIZE;
    const oldData = old.data + old.hoff - TUPLE_HEADER_SIZE;
    if (
      bitmapLength < 0 ||
      bitmapLength > end - data ||
      oldData + prefix > old.end ||
      old.end - suffix < oldData
    ) {
      throw new TupleUnavailableError('an update shares more bytes with its old row than that has');
    }
    const length = end - data + prefix + suffix;
    const source = old.buffer;
    const oldEnd = old.end;
    const start = this.#recent.add(lsn, offset, infomask2, infomask, hoff, length);
    const target = start < 0 ? Buffer.allocUnsafe(length) : this.#recent.buffer;
    let at = Math.max(start, 0);
    into.setLogged(target, { infomask2, infomask, hoff, data: at, end: at + length });
    at = copyBytes(target, at, bytes, data, data + bitmapLength);
    at = copyBytes(target, at, source, oldData, oldData + prefix);
    at = copyBytes(target, at, bytes, data + bitmapLength, end);
    copyBytes(target, at, source, oldEnd - suffix, oldEnd);
    return into;
  }

  /** The tuple in the image that the record at `lsn` holds. */
  #imaged(lsn: Lsn, place: TuplePlaceInRelation, purpose: number, into: FoundTuple): FoundTuple {
    const page = this.#keptPage(lsn, place);
    return page === undefined
      ? this.#fromImage(this.#read(lsn), place, purpose, into)
      : this.#onImage(page, place.offset, purpose, into);
  }

  /** Can written() give it? Costs a look at a page or two where WAL does not hold the row's past, nothing where it does. */
  isReadable(writer: number, place: TuplePlaceInRelation, removal: TupleRemoval): boolean {
    if (isReadable(writer)) return true;
    return typeof this.#past.find(place, this.#writing(writer), removal) !== 'string';
  }

  /** The new tuple of the update under `record`, which is stored as the difference from a row that cannot be read: does a disk have it? */
  isOnDisk(record: RecordCursor): boolean {
    const writing = { endLsn: record.endLsn, xid: record.xid };
    return typeof this.#past.find(placeIn(record, updateNewOffset(record)), writing, undefined) !== 'string';
  }

  /**
   * The new tuple that the record under `record` wrote at `offset` of its block 0; `oldWriter` is where its old row was written,
   * which an update stored as a difference needs. Stays as it is until the next one is asked for, or the record is left; what old() gave stays.
   * Throws TupleUnavailableError.
   */
  newTuple(
    record: RecordCursor,
    offset: number,
    logged: LoggedTuple | undefined,
    oldWriter: number,
  ): FoundTuple {
    const into = this.#new;
    this.#pages.hold(NEW_ROW, undefined);
    if (logged === undefined) return this.#fromImage(record, placeIn(record, offset), NEW_ROW, into);
    if (logged.prefix === 0 && logged.suffix === 0) return into.setLogged(record.buffer, logged);
    const oldOffset = updateOldOffset(record);
    try {
      if (!this.#recent.find(oldWriter, oldOffset, into))
        this.#written(oldWriter, placeIn(record, oldOffset), tupleRemoval(record), NEW_ROW, into);
      return this.#apply(into, record.lsn, offset, record.buffer, logged, into);
    } catch (error) {
      if (!(error instanceof TupleUnavailableError)) throw error;
      const writing = { endLsn: record.endLsn, xid: record.xid };
      const found = this.#past.find(placeIn(record, offset), writing, undefined);
      if (typeof found === 'string' || !fits(found, record.buffer, logged)) throw error;
      return into.setWhole(found, 0, found.length);
    }
  }

  /**
   * The chain of differences in `steps` begins with a row that is not in this WAL: that row, or else a later one of the chain, may be on a disk.
   */
  #fromPast(
    steps: Step[],
    writer: number,
    place: TuplePlaceInRelation,
    removed: TupleRemoval,
    into: FoundTuple,
  ): FoundTuple {
    const found = this.#past.find(place, this.#writing(writer), removed);
    if (typeof found !== 'string')
      return this.#applySteps(into.setWhole(found, 0, found.length), steps, into);
    for (let i = steps.length - 1; i >= 0; i--) {
      const step = steps[i];
      const later = this.#past.find(step.place, step.writing, step.removed);
      if (typeof later !== 'string' && fits(later, step.bytes, step.logged))
        return this.#applySteps(into.setWhole(later, 0, later.length), steps.slice(0, i), into);
    }
    throw new TupleUnavailableError(found);
  }

  /** The xid (a subtransaction's, maybe) that wrote the tuple which `writer` (PageHistories.writerOf) put at `place`. Throws TupleUnavailableError. */
  writerXid(writer: number, place: TuplePlaceInRelation): number {
    if (writer > 0) return this.#read(readableWriter(writer)).xid;
    const { buffer, data } = this.#imaged(-writer, place, NEW_ROW, this.#other);
    return tupleXmin(buffer, data - TUPLE_HEADER_SIZE);
  }

  /** What is known of the record that wrote a tuple which cannot be read from it. */
  #writing(writer: number): TupleWriting | 'forgotten' | undefined {
    if (writer === WRITER_UNKNOWN) return undefined;
    if (writer === WRITER_FORGOTTEN) return 'forgotten';
    const record = this.#read(readableWriter(writer));
    return { endLsn: record.endLsn, xid: record.xid };
  }

  /** The tuple that the insert under `record` wrote. Stays as it is until the next one is asked for. Throws TupleUnavailableError. */
  inserted(record: RecordCursor): FoundTuple {
    const logged = insertedTuple(record);
    if (logged !== undefined) return this.#other.setLogged(record.buffer, logged);
    return this.#fromImage(record, placeIn(record, insertOffset(record)), INSERTED, this.#other);
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

  #fromImage(
    record: RecordCursor,
    where: TuplePlaceInRelation,
    purpose: number,
    into: FoundTuple,
  ): FoundTuple {
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
      const page =
        this.#keptPage(record.lsn, where) ??
        this.#pages.add(record.lsn, where, where.block, (target) =>
          restorePageImage(record, id, this.#version, this.#blockSize, target),
        );
      return this.#onImage(page, where.offset, purpose, into);
    }
    throw new TupleUnavailableError(
      'the record that should hold it has neither the tuple nor an image of its page',
    );
  }

  /** The tuple at a line pointer of a restored page, which is held. */
  #onImage(page: Buffer, offset: number, purpose: number, into: FoundTuple): FoundTuple {
    const tuple = tupleAt(page, offset);
    if (tuple === undefined || tuple.length < TUPLE_HEADER_SIZE)
      throw new TupleUnavailableError(`line pointer ${offset} of its page's image holds no tuple`);
    this.#pages.hold(purpose, page);
    return into.setWhole(page, tuple.start, tuple.length);
  }

  /** The page of `where` as the record at `lsn` has it, when it was restored before and is still kept. */
  #keptPage(lsn: Lsn, where: TuplePlaceInRelation): Buffer | undefined {
    return this.#pages.of(lsn, where.tablespaceOid, where.databaseOid, where.fileNode, where.block);
  }
}

/** An update's new tuple as its record has it, in bytes of its own. */
interface Difference {
  /** What the record holds: null bitmap and padding up to t_hoff, then the columns' bytes between prefix and suffix. */
  readonly bytes: Buffer;
  /** Offsets are in `bytes`. */
  readonly logged: LoggedTuple;
}

/** One update of a chain, stored as the difference from the row before. */
interface Step extends Difference {
  readonly lsn: Lsn;
  /** Where its new tuple came to stand, by which record, and what took it away. */
  readonly place: TuplePlaceInRelation;
  readonly writing: TupleWriting;
  readonly removed: TupleRemoval;
}

function difference(buffer: Buffer, logged: LoggedTuple): Difference {
  const bytes = Buffer.from(buffer.subarray(logged.data, logged.end));
  return { bytes, logged: { ...logged, data: 0, end: bytes.length } };
}

/** Is the whole tuple what its update's record says of it? */
function fits(
  tuple: Buffer,
  bytes: Buffer,
  { infomask2, hoff, data, end, prefix, suffix }: LoggedTuple,
): boolean {
  const afterBitmap = data + hoff - TUPLE_HEADER_SIZE;
  return (
    tuple[22] === hoff &&
    tuple.length === TUPLE_HEADER_SIZE + end - data + prefix + suffix &&
    (tuple.readUInt16LE(18) & Infomask2.attributeCountMask) === (infomask2 & Infomask2.attributeCountMask) &&
    tuple.subarray(TUPLE_HEADER_SIZE, hoff).equals(bytes.subarray(data, afterBitmap)) &&
    tuple.subarray(hoff + prefix, tuple.length - suffix).equals(bytes.subarray(afterBitmap, end))
  );
}

/** Where the row lay that the update or delete under `record` met. */
export function oldPlace(record: RecordCursor): TuplePlaceInRelation {
  if ((record.info & HeapOperation.mask) === HeapOperation.delete)
    return placeIn(record, deleteOffset(record));
  return placeIn(record, updateOldOffset(record), updateOldBlockId(record));
}

/** A place on the page of one of the record's blocks, the first when not said. */
function placeIn(record: RecordCursor, offset: number, blockId = 0): TuplePlaceInRelation {
  return {
    tablespaceOid: record.blockTablespace[blockId],
    databaseOid: record.blockDatabase[blockId],
    fileNode: record.blockFileNode[blockId],
    block: record.blockNumber[blockId],
    offset,
  };
}

/** Copies up to this size are done byte by byte: calling into the engine costs more. */
const SHORT_COPY = 64;

function copyBytes(target: Buffer, at: number, source: Buffer, start: number, end: number): number {
  if (end - start > SHORT_COPY) source.copy(target, at, start, end);
  else for (let from = start, to = at; from < end; from++, to++) target[to] = source[from];
  return at + end - start;
}
