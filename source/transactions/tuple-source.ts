/**
 * Whole tuples out of WAL: from the record that wrote them, from a full-page image, or, for an update that was stored as the
 * difference from the old row, from both.
 */
import type { Lsn } from '../bytes/lsn.js';
import { TUPLE_HEADER_SIZE, tupleXmin } from '../heap/tuple.js';
import {
  deleteOffset,
  insertedTuple,
  insertOffset,
  type LoggedTuple,
  updatedTuple,
  updateNewOffset,
  updateOldBlockId,
  updateOldOffset,
} from '../wal/heap-record.js';
import { WalReader } from '../wal/reader.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { recordVersion } from '../wal/record-versions.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { WalSegments } from '../wal/segments.js';
import { type TupleRemoval, tupleRemoval } from '../wal/tuple-removal.js';
import { FoundTuple } from './found-tuple.js';
import { ImagedTuples } from './imaged-tuples.js';
import { loggedTupleAt } from './logged-tuple-at.js';
import type { OldRowLog } from './old-row-log.js';
import type { PastTuples, TuplePlaceInRelation, TupleWriting } from './past-tuples.js';
import { RecentTuples } from './recent-tuples.js';
import type { TemporaryFile } from './temporary-file.js';
import { applyDifference, differenceOf, fits, lengthAfter, type Step } from './tuple-difference.js';
import { oldPlace, placeIn } from './tuple-place.js';
import { TupleUnavailableError } from './tuple-unavailable.js';
import { isReadable, readableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';
import { TuplesAtHand } from './tuples-at-hand.js';

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
  readonly #oldRows: OldRowLog;
  readonly #past: Pick<PastTuples, 'find'>;
  readonly #file: TemporaryFile;
  readonly #images: ImagedTuples;
  #recent: RecentTuples | TuplesAtHand;
  /** Nobody knows so far which tuples will be wanted. */
  #keepsAll = false;
  readonly #old = new FoundTuple();
  readonly #new = new FoundTuple();
  readonly #other = new FoundTuple();
  /** The record that old() found the row for, while that is sure to lie there still; else 0. */
  #oldOf: Lsn = 0;
  /** A new tuple that nobody will ask for as an old one. */
  #unwanted = Buffer.alloc(0);

  /** `file` takes tuples that are wanted later than memory can hold them. */
  constructor(
    segments: WalSegments,
    blockSize: number,
    oldRows: OldRowLog,
    past: Pick<PastTuples, 'find'>,
    file: TemporaryFile,
  ) {
    this.#past = past;
    this.#reader = new WalReader(segments, {
      blockSize,
      windowBytes: RANDOM_WINDOW,
      windows: RANDOM_WINDOWS,
    });
    this.#images = new ImagedTuples(recordVersion(segments.majorVersion), blockSize);
    this.#file = file;
    this.#recent = new RecentTuples(file);
    this.#oldRows = oldRows;
  }

  /**
   * Keeps the tuples that pass, up to so many bytes of them, for whoever wants old rows before it is known which will be wanted.
   */
  keepAll(bytes: number): void {
    this.#oldOf = 0;
    this.#keepsAll = true;
    this.#recent = new TuplesAtHand(bytes);
  }

  /** Lets go of them: what passes from now on is kept when it is known to be wanted. */
  keepWanted(): void {
    this.#oldOf = 0;
    this.#keepsAll = false;
    this.#recent = new RecentTuples(this.#file);
  }

  /** Lets go of what was kept because it might be wanted again: for now it is not. */
  forgetKept(): void {
    this.#oldOf = 0;
    this.#images.forget();
    this.#reader.closeFile();
  }

  /** Lets go of the open segment. */
  close(): void {
    this.#reader.closeFile();
  }

  /** A record goes by: when its new row will be wanted as somebody's old one, its bytes are kept a while. */
  pass(record: RecordCursor): void {
    if (record.rmid === ResourceManager.heap && this.#oldRows.isWanted(record.lsn)) this.keepNew(record);
  }

  /** A record of the heap goes by: the bytes of its new row, if it has one, are kept a while. */
  keepNew(record: RecordCursor): void {
    const operation = record.info & HeapOperation.mask;
    const isInsert = operation === HeapOperation.insert;
    if (!isInsert && operation !== HeapOperation.update && operation !== HeapOperation.hotUpdate) return;
    const logged = isInsert ? insertedTuple(record) : updatedTuple(record);
    if (logged === undefined || logged.prefix > 0 || logged.suffix > 0) return;
    const offset = isInsert ? insertOffset(record) : updateNewOffset(record);
    this.#oldOf = 0;
    this.#recent.keep(record.lsn, offset, record.buffer, logged);
  }

  /**
   * The row that the update or delete under `record` met, which `writer` (OldRowLog.writerFor) had put there. Stays as it is until the next
   * one is asked for. Throws TupleUnavailableError.
   */
  old(record: RecordCursor, writer: number): FoundTuple {
    this.#oldOf = 0;
    const found = this.#findOld(record, writer, this.#old);
    this.#oldOf = record.lsn;
    return found;
  }

  #findOld(record: RecordCursor, writer: number, into: FoundTuple): FoundTuple {
    const isDelete = (record.info & HeapOperation.mask) === HeapOperation.delete;
    const offset = isDelete ? deleteOffset(record) : updateOldOffset(record);
    if (this.#recent.take(writer, offset, into)) return into;
    this.#images.release(OLD_ROW);
    if (writer < 0) {
      const id = isDelete ? 0 : updateOldBlockId(record);
      // Where the page's first change since a checkpoint is this very one, its image is at hand.
      if (-writer === record.lsn && this.#images.isIn(record, id))
        return this.#images.ofBlock(record, id, offset, OLD_ROW, into);
      const kept = this.#images.keptAt(
        -writer,
        record.blockTablespace[id],
        record.blockDatabase[id],
        record.blockFileNode[id],
        record.blockNumber[id],
        offset,
        OLD_ROW,
        into,
      );
      if (kept !== undefined) return kept;
    }
    return this.#written(writer, oldPlace(record), tupleRemoval(record), OLD_ROW, into);
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
      const found = loggedTupleAt(record, where.offset);
      if (found === undefined)
        return this.#applySteps(this.#images.of(record, where, purpose, into), steps, into);
      if (found.prefix === 0 && found.suffix === 0) {
        into.setLogged(record.buffer, found);
        return this.#applySteps(into, steps, into);
      }
      if (steps.length > LONGEST_CHAIN)
        throw new TupleUnavailableError('its updates refer to each other in a circle');
      const writing = { endLsn: record.endLsn, xid: record.xid };
      steps.push({ lsn: at, place: where, writing, removed, ...differenceOf(record.buffer, found) });
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

  /** The new tuple of the update at `lsn`, which `logged` (in `bytes`) has as the difference from `old`. It is kept when it will be wanted. */
  #apply(
    old: FoundTuple,
    lsn: Lsn,
    offset: number,
    bytes: Buffer,
    logged: LoggedTuple,
    into: FoundTuple,
  ): FoundTuple {
    const { infomask2, infomask, hoff } = logged;
    const length = lengthAfter(old, logged);
    if (length < 0)
      throw new TupleUnavailableError('an update shares more bytes with its old row than that has');
    const isWanted = this.#keepsAll || this.#oldRows.isWanted(lsn);
    const start = isWanted ? this.#recent.add(lsn, offset, infomask2, infomask, hoff, length) : -1;
    const target = start < 0 ? this.#roomBeside(old, length) : this.#recent.buffer;
    const at = Math.max(start, 0);
    applyDifference(old, bytes, logged, target, at);
    return into.setLogged(target, { infomask2, infomask, hoff, data: at, end: at + length });
  }

  /** Room for a tuple that is not kept; `old` stays. */
  #roomBeside(old: FoundTuple, length: number): Buffer {
    if (this.#unwanted.length < length || old.buffer === this.#unwanted)
      this.#unwanted = Buffer.allocUnsafeSlow(length * 2);
    return this.#unwanted;
  }

  /** The tuple in the image that the record at `lsn` holds. */
  #imaged(lsn: Lsn, place: TuplePlaceInRelation, purpose: number, into: FoundTuple): FoundTuple {
    return (
      this.#images.kept(lsn, place, purpose, into) ?? this.#images.of(this.#read(lsn), place, purpose, into)
    );
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
    const hasOld = this.#oldOf === record.lsn;
    this.#oldOf = 0;
    this.#images.release(NEW_ROW);
    if (logged === undefined) return this.#images.of(record, placeIn(record, offset), NEW_ROW, into);
    if (logged.prefix === 0 && logged.suffix === 0) return into.setLogged(record.buffer, logged);
    try {
      const old = hasOld ? this.#old : this.#oldForNew(record, oldWriter, into);
      return this.#apply(old, record.lsn, offset, record.buffer, logged, into);
    } catch (error) {
      if (!(error instanceof TupleUnavailableError)) throw error;
      const writing = { endLsn: record.endLsn, xid: record.xid };
      const found = this.#past.find(placeIn(record, offset), writing, undefined);
      if (typeof found === 'string' || !fits(found, record.buffer, logged)) throw error;
      return into.setWhole(found, 0, found.length);
    }
  }

  /** The row that an update met whose old row nobody has asked for. */
  #oldForNew(record: RecordCursor, writer: number, into: FoundTuple): FoundTuple {
    const offset = updateOldOffset(record);
    if (this.#recent.find(writer, offset, into)) return into;
    return this.#written(writer, placeIn(record, offset), tupleRemoval(record), NEW_ROW, into);
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
    return this.#images.of(record, placeIn(record, insertOffset(record)), INSERTED, this.#other);
  }

  #read(lsn: Lsn): RecordCursor {
    this.#oldOf = 0;
    if (!this.#reader.readAt(lsn)) {
      throw new TupleUnavailableError(`the record that wrote it cannot be read: ${this.#reader.end?.reason}`);
    }
    return this.#reader;
  }
}
