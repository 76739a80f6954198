/**
 * Whole tuples out of WAL: from the record that wrote them, from a full-page image, or, for an update that was stored as the
 * difference from the old row, from both.
 */
import type { Lsn } from '../bytes/lsn.js';
import { tupleAt } from '../heap/page.js';
import { Infomask2, TUPLE_HEADER_SIZE } from '../heap/tuple.js';
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
  updateOldOffset,
} from '../wal/heap-record.js';
import { WalReader } from '../wal/reader.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { type RecordVersion, recordVersion } from '../wal/record-versions.js';
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { type TupleRemoval, tupleRemoval } from '../wal/tuple-removal.js';
import { KeptTuples } from './kept-tuples.js';
import type { OldRowLog } from './old-row-log.js';
import { isReadable, readableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './page-history.js';
import type { PastTuples, TuplePlaceInRelation, TupleWriting } from './past-tuples.js';

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
/** Of a chain of differences, one link in as many is kept. */
const KEPT_LINKS = 16;
/** Updates that differ from updates that differ …: a chain longer than this means that the log runs in a circle. */
const LONGEST_CHAIN = 10_000_000;

export class TupleSource {
  readonly #reader: WalReader;
  readonly #version: RecordVersion;
  readonly #blockSize: number;
  readonly #oldRows: OldRowLog;
  readonly #past: PastTuples;
  /** Restored pages by the LSN of the record that holds the image, the one not used for longest first. */
  readonly #pages = new Map<Lsn, RestoredPage[]>();
  #pageCount = 0;
  readonly #kept = new KeptTuples();

  constructor(segments: WalSegments, blockSize: number, oldRows: OldRowLog, past: PastTuples) {
    this.#past = past;
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
   * The tuple that `writer` (PageHistories.writerOf) put at `place` and `removal` took away. Throws TupleUnavailableError.
   */
  written(writer: number, place: TuplePlaceInRelation, removal: TupleRemoval): Buffer {
    const steps: Step[] = [];
    let at = writer;
    let where = place;
    let removed = removal;
    for (;;) {
      if (!isReadable(at)) return this.#fromPast(steps, at, where, removed);
      if (at < 0) return this.#applySteps(this.#imaged(-at, where), steps);
      const kept = this.#kept.of(at);
      if (kept) return this.#applySteps(kept, steps);
      const record = this.#read(at);
      const found = this.#logged(record, where);
      if (found === undefined) return this.#applySteps(this.#fromImage(record, where), steps);
      if (found.prefix === 0 && found.suffix === 0)
        return this.#applySteps(assemble(record.buffer, found), steps);
      if (steps.length > LONGEST_CHAIN)
        throw new TupleUnavailableError('its updates refer to each other in a circle');
      const writing = { endLsn: record.endLsn, xid: record.xid };
      steps.push({ lsn: at, place: where, writing, removed, difference: difference(record.buffer, found) });
      removed = tupleRemoval(record);
      where = { ...where, offset: updateOldOffset(record) };
      at = this.#oldRows.writerFor(record.lsn);
    }
  }

  /** `oldest` taken through the updates, the last of which is the first in `steps`. Some links of a long chain are kept: others begin there. */
  #applySteps(oldest: Buffer, steps: readonly Step[]): Buffer {
    let tuple = oldest;
    for (let i = steps.length - 1; i >= 0; i--) {
      tuple = applyDifference(tuple, steps[i].difference);
      if (i % KEPT_LINKS === 0) this.#kept.keep(steps[i].lsn, tuple);
    }
    return tuple;
  }

  /** The tuple in the image that the record at `lsn` holds. */
  #imaged(lsn: Lsn, place: TuplePlaceInRelation): Buffer {
    const page = this.#keptPage(lsn, place);
    return page === undefined ? this.#fromImage(this.#read(lsn), place) : tupleOnImage(page, place.offset);
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
   * which an update stored as a difference needs. Throws TupleUnavailableError.
   */
  newTuple(record: RecordCursor, offset: number, logged: LoggedTuple | undefined, oldWriter: number): Buffer {
    const place = placeIn(record, offset);
    if (logged === undefined) return this.#fromImage(record, place);
    if (logged.prefix === 0 && logged.suffix === 0) return assemble(record.buffer, logged);
    const step = difference(record.buffer, logged);
    const writing = { endLsn: record.endLsn, xid: record.xid };
    const old = { ...place, offset: updateOldOffset(record) };
    try {
      const tuple = applyDifference(this.written(oldWriter, old, tupleRemoval(record)), step);
      this.#kept.keep(record.lsn, tuple);
      return tuple;
    } catch (error) {
      if (!(error instanceof TupleUnavailableError)) throw error;
      const found = this.#past.find(place, writing, undefined);
      if (typeof found === 'string' || !fits(found, step)) throw error;
      return found;
    }
  }

  /**
   * The chain of differences in `steps` begins with a row that is not in this WAL: that row, or else a later one of the chain, may be on a disk.
   */
  #fromPast(steps: Step[], writer: number, place: TuplePlaceInRelation, removed: TupleRemoval): Buffer {
    const found = this.#past.find(place, this.#writing(writer), removed);
    if (typeof found !== 'string') return this.#applySteps(found, steps);
    for (let i = steps.length - 1; i >= 0; i--) {
      const step = steps[i];
      const later = this.#past.find(step.place, step.writing, step.removed);
      if (typeof later !== 'string' && fits(later, step.difference))
        return this.#applySteps(later, steps.slice(0, i));
    }
    throw new TupleUnavailableError(found);
  }

  /** The xid (a subtransaction's, maybe) that wrote the tuple which `writer` (PageHistories.writerOf) put at `place`. Throws TupleUnavailableError. */
  writerXid(writer: number, place: TuplePlaceInRelation): number {
    if (writer > 0) return this.#read(readableWriter(writer)).xid;
    return this.#imaged(-writer, place).readUInt32LE(0);
  }

  /** What is known of the record that wrote a tuple which cannot be read from it. */
  #writing(writer: number): TupleWriting | 'forgotten' | undefined {
    if (writer === WRITER_UNKNOWN) return undefined;
    if (writer === WRITER_FORGOTTEN) return 'forgotten';
    const record = this.#read(readableWriter(writer));
    return { endLsn: record.endLsn, xid: record.xid };
  }

  /** The tuple that the insert under `record` wrote. Throws TupleUnavailableError. */
  inserted(record: RecordCursor): Buffer {
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

/** One update of a chain, stored as the difference from the row before. */
interface Step {
  readonly lsn: Lsn;
  /** Where its new tuple came to stand, by which record, and what took it away. */
  readonly place: TuplePlaceInRelation;
  readonly writing: TupleWriting;
  readonly removed: TupleRemoval;
  readonly difference: Difference;
}

/** Is the tuple what its update's record says of it? */
function fits(tuple: Buffer, { header, prefix, suffix, middle }: Difference): boolean {
  const bitmapLength = header[22] - TUPLE_HEADER_SIZE;
  const values = tuple.subarray(header[22] + prefix, tuple.length - suffix);
  return (
    tuple[22] === header[22] &&
    tuple.length === TUPLE_HEADER_SIZE + middle.length + prefix + suffix &&
    (tuple.readUInt16LE(18) & Infomask2.attributeCountMask) ===
      (header.readUInt16LE(18) & Infomask2.attributeCountMask) &&
    tuple.subarray(TUPLE_HEADER_SIZE, tuple[22]).equals(middle.subarray(0, bitmapLength)) &&
    values.equals(middle.subarray(bitmapLength))
  );
}

/** A place on the page of the record's first block. */
function placeIn(record: RecordCursor, offset: number): TuplePlaceInRelation {
  return {
    tablespaceOid: record.blockTablespace[0],
    databaseOid: record.blockDatabase[0],
    fileNode: record.blockFileNode[0],
    block: record.blockNumber[0],
    offset,
  };
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
