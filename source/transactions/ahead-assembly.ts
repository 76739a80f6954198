/**
 * Statements of many transactions as their rows go by: kept for each until it has committed, and let go when it was aborted.
 *
 * Whatever is out of the ordinary is left to be written later: a row that does not lie in plain sight, a transaction that wrote under two
 * states of the catalog, one too large.
 */
import { TextSink } from '../bytes/text-sink.js';
import type { RowChange } from '../rows/row-change.js';
import type { RowDecoder } from '../rows/row-decoder.js';
import {
  DeleteFlag,
  deleteFlags,
  deleteOffset,
  InsertFlag,
  insertFlags,
  insertOffset,
} from '../wal/heap-record.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import { AheadPieces } from './ahead-pieces.js';
import type { AheadResults, AheadRows, LostAhead } from './ahead-rows.js';
import type { AheadWriter } from './ahead-writer.js';
import type { LocatedTable } from './located-tables.js';
import { type RowSources, RowsInPlace } from './rows-in-place.js';

/** A transaction that writes more than this is written later, as are those that are under way beyond so many bytes of all. */
export const LARGEST = 256 * 1024;
const MOST_UNDER_WAY = 8 * 1024 * 1024;
/** Room for a transaction at first, and what is not kept for the next one. */
const FIRST_ROOM = 2048;
const KEPT_ROOM = 32 * 1024;
/** When so many bytes were written for nothing, and half as many as for something, it does not pay. */
const MOST_WASTED = 2 * 1024 * 1024;
/** Transactions that have ended whose room is kept for others. */
const KEPT = 64;
/** Bytes of rows that went by, kept for whoever goes on from them. */
const ROWS_AT_HAND = 24 * 1024 * 1024;

/** What one (sub)transaction has written so far. */
class UnderWay {
  xid = 0;
  readonly sink = new TextSink(FIRST_ROOM);
  statements = 0;
  /** The catalog's age by which it was written. */
  catalogAge = 0;
  /** It is to be written later. */
  isLeft = false;
  /** Where a tuple that is not confirmed so far begins to be written; -1: there is none. */
  speculativeAt = -1;
  speculativeBlock = 0;
  speculativeOffset = 0;
}

export class AheadAssembly implements AheadRows {
  readonly isFull = false;
  /** Nothing more is written. */
  hasStopped = false;
  readonly #sources: RowSources;
  readonly #writer: AheadWriter;
  readonly #results: AheadResults;
  readonly #pieces: AheadPieces;
  readonly #rows: RowsInPlace;
  /** Of the row that is looked at. */
  #table: LocatedTable | undefined;
  readonly #byXid = new Map<number, UnderWay>();
  readonly #kept: UnderWay[] = [];
  #last: UnderWay | undefined;
  #bytesUnderWay = 0;
  /** Bytes written for something, and for nothing: of transactions that were aborted, or left in the middle. */
  #useful = 0;
  #wasted = 0;

  constructor(sources: RowSources, writer: AheadWriter, results: AheadResults) {
    this.#sources = sources;
    this.#writer = writer;
    this.#results = results;
    this.#pieces = new AheadPieces(results);
    // What is stored apart is put together later, when all of it is known.
    this.#rows = new RowsInPlace(
      sources,
      { of: () => this.#table },
      { fetch: () => undefined },
      leftToOthers,
    );
    sources.tuples.keepAll(ROWS_AT_HAND);
  }

  row(
    record: RecordCursor,
    isWritten: boolean,
    isKept: boolean,
    table: LocatedTable | undefined,
    catalogAge: number,
  ): void {
    if (isWritten) {
      this.#table = table;
      this.#write(record, catalogAge);
    }
    if (isKept && !this.hasStopped) this.#sources.tuples.keepNew(record);
  }

  /** What rows of this (sub)transaction have made, so many statements, which somebody else has written: source[start, end). */
  add(xid: number, catalogAge: number, statements: number, source: Buffer, start: number, end: number): void {
    const own = this.#of(xid);
    if (!this.#goesOn(own, catalogAge)) return;
    if (own.speculativeAt >= 0) return this.#leave(own);
    own.sink.copy(source, start, end);
    this.#added(own, statements, end - start);
  }

  /** May more be written of it, as the catalog is at this age? */
  #goesOn(own: UnderWay, catalogAge: number): boolean {
    if (own.isLeft) return false;
    if (own.statements > 0 && own.catalogAge !== catalogAge) {
      this.#leave(own);
      return false;
    }
    own.catalogAge = catalogAge;
    return true;
  }

  #added(own: UnderWay, statements: number, bytes: number): void {
    own.statements += statements;
    this.#bytesUnderWay += bytes;
    if (own.sink.length > LARGEST || this.#bytesUnderWay > MOST_UNDER_WAY) this.#leave(own);
  }

  #write(record: RecordCursor, catalogAge: number): void {
    const own = this.#of(record.xid);
    if (!this.#goesOn(own, catalogAge)) return;
    const operation = record.info & HeapOperation.mask;
    if (record.rmid === ResourceManager.heap) {
      if (operation === HeapOperation.confirm) {
        own.speculativeAt = -1;
        return;
      }
      if (operation === HeapOperation.delete && (deleteFlags(record) & DeleteFlag.isSuper) !== 0)
        return this.#takeBack(record, own);
      // Nothing comes between the two in any version: else the order in which they count would have to be found.
      if (own.speculativeAt >= 0) return this.#leave(own);
    }
    const writer = this.#writer;
    const { sink } = own;
    const before = sink.length;
    const statements = writer.statements;
    writer.sink = sink;
    if (!this.#rows.visit(record, undefined, writer, false) || writer.isRefused) {
      writer.isRefused = false;
      return this.#leave(own);
    }
    if (
      record.rmid === ResourceManager.heap &&
      operation === HeapOperation.insert &&
      (insertFlags(record) & InsertFlag.speculative) !== 0
    ) {
      own.speculativeAt = before;
      own.speculativeBlock = record.blockNumber[0];
      own.speculativeOffset = insertOffset(record);
    }
    this.#added(own, writer.statements - statements, sink.length - before);
  }

  /** The tuple that ON CONFLICT put there was never to be seen. */
  #takeBack(record: RecordCursor, own: UnderWay): void {
    if (
      own.speculativeAt < 0 ||
      own.speculativeBlock !== record.blockNumber[0] ||
      own.speculativeOffset !== deleteOffset(record)
    )
      return this.#leave(own);
    this.#bytesUnderWay -= own.sink.length - own.speculativeAt;
    own.sink.length = own.speculativeAt;
    own.speculativeAt = -1;
    own.statements--;
  }

  leave(xid: number): void {
    this.#leave(this.#of(xid));
  }

  isLeft(xid: number): boolean {
    return this.#of(xid).isLeft;
  }

  lost(transaction: LostAhead, number: number, database: number, statements: number): void {
    const own = this.#byXid.get(transaction.xid);
    if (own === undefined || own.isLeft || own.speculativeAt >= 0 || own.statements !== statements) return;
    const { length } = own.sink;
    this.#pieces.add(transaction, number, database, own.catalogAge, statements, own.sink, this.#writer);
    this.#useful += length;
    this.#wasted -= length;
  }

  ended(xid: number): void {
    const own = this.#byXid.get(xid);
    if (own === undefined) return;
    this.#byXid.delete(xid);
    if (this.#last === own) this.#last = undefined;
    this.#discard(own);
    if (this.#kept.length < KEPT) this.#kept.push(own);
  }

  /** What it has written so far is not needed here any more. */
  #discard({ sink }: UnderWay): void {
    this.#bytesUnderWay -= sink.length;
    this.#wasted += sink.length;
    sink.length = 0;
    if (sink.bytes.length > KEPT_ROOM) sink.restart(FIRST_ROOM);
    if (this.#pieces.isFull) this.#stop();
    else if (this.#wasted > MOST_WASTED + this.#useful / 2) {
      this.finish();
      this.#results.gaveUp();
    }
  }

  /** It does not pay, or there is no room for more, or there is no more. */
  #stop(): void {
    this.hasStopped = true;
    this.#byXid.clear();
    this.#kept.length = 0;
    this.#last = undefined;
    this.#sources.tuples.keepWanted();
  }

  finish(): void {
    if (this.hasStopped) return;
    this.#pieces.finish();
    this.#stop();
  }

  isBehind(): boolean {
    return false;
  }

  close(): void {}

  #of(xid: number): UnderWay {
    const last = this.#last;
    if (last !== undefined && last.xid === xid) return last;
    let own = this.#byXid.get(xid);
    if (own === undefined) {
      own = this.#kept.pop() ?? new UnderWay();
      own.xid = xid;
      own.sink.length = 0;
      own.statements = 0;
      own.isLeft = false;
      own.speculativeAt = -1;
      this.#byXid.set(xid, own);
    }
    this.#last = own;
    return own;
  }

  /** It will be written later. */
  #leave(own: UnderWay): void {
    own.isLeft = true;
    this.#discard(own);
  }
}

/** What has to be decoded is not written ahead: nobody looks at this. */
export function leftToOthers(record: RecordCursor, decoder: RowDecoder): RowChange {
  const { lsn, xid } = record;
  return { kind: 'row', operation: 'insert', lsn, xid, table: decoder.table, problem: 'to be decoded later' };
}
