/**
 * Transactions written down while WAL is read for the first time: when a row goes by, everything that it is written from is at hand.
 *
 * It is nothing but a store of what would be written later all the same. Whatever is out of the ordinary is left to be written then: a row
 * that does not lie in plain sight, a transaction with anything but rows, with subtransactions or over the fork, one too large. And what
 * was written as the catalog said at the time counts only if in the end the catalog still says the same of it.
 */
import type { Lsn } from '../bytes/lsn.js';
import { TextSink } from '../bytes/text-sink.js';
import type { Catalog } from '../catalog/catalog.js';
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
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { AheadWriter } from './ahead-writer.js';
import { CatalogUses } from './catalog-uses.js';
import { LocatedTables } from './located-tables.js';
import type { LocalRelation } from './relations.js';
import { RowsInPlace } from './rows-in-place.js';
import type { Scan } from './scan.js';
import type { ScanObserver } from './scan-observer.js';
import type { TransactionEntry } from './transaction-index.js';
import type { WrittenAhead, WrittenRun } from './written-ahead.js';

/** A transaction that writes more than this is written later, as are those that are under way beyond so many bytes of all. */
const LARGEST = 256 * 1024;
const MOST_UNDER_WAY = 8 * 1024 * 1024;
/** Room for a transaction at first, and what is not kept for the next one. */
const FIRST_ROOM = 2048;
const KEPT_ROOM = 32 * 1024;
/** When so many bytes were written for nothing, and half as many as for something, it does not pay. */
const MOST_WASTED = 2 * 1024 * 1024;
/** Transactions that have ended whose room is kept for others. */
const KEPT = 64;
/** Rows of a table none of which was ever changed are not kept beyond this: it is one that is only added to. */
const ADDED_ONLY = 4096;

/** What part of all lost WAL has to be written ahead for the rest to be written by the way. */
const MOST = 0.5;

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

export class RowsAhead implements ScanObserver {
  readonly #scan: Scan;
  readonly #lostFrom: Lsn;
  readonly #writer: AheadWriter;
  readonly #written: WrittenAhead;
  readonly #rows: RowsInPlace;
  readonly #tables: LocatedTables;
  readonly #uses: CatalogUses;
  readonly #byXid = new Map<number, UnderWay>();
  readonly #kept: UnderWay[] = [];
  #last: UnderWay | undefined;
  #bytesUnderWay = 0;
  /** Bytes written for something, and for nothing: of transactions that were aborted, or left in the middle. */
  #useful = 0;
  #wasted = 0;
  /** Nothing more is written. */
  #hasStopped = false;
  readonly #gaveUp: () => void;
  /** Bytes of WAL of all lost transactions, and of those among them that were written. */
  #lostBytes = 0;
  #writtenBytes = 0;
  /** Rows of each relation that went by; infinity once one was changed. */
  readonly #added: number[] = [];

  /** `gaveUp` is called when it turns out not to pay. */
  constructor(
    scan: Scan,
    catalog: Catalog,
    lostFrom: Lsn,
    writer: AheadWriter,
    written: WrittenAhead,
    gaveUp: () => void,
  ) {
    this.#scan = scan;
    this.#gaveUp = gaveUp;
    this.#lostFrom = lostFrom;
    this.#writer = writer;
    this.#written = written;
    this.#uses = new CatalogUses(catalog);
    this.#tables = new LocatedTables(catalog);
    // What is stored apart is put together later, when all of it is known.
    this.#rows = new RowsInPlace(scan, this.#tables, { fetch: () => undefined }, leftToOthers);
  }

  heapRecord(record: RecordCursor): void {
    const { xid } = record;
    if (xid === 0 || this.#hasStopped) return;
    const operation = record.info & HeapOperation.mask;
    if (record.rmid === ResourceManager.heap2) {
      if ((record.info & Heap2Operation.mask) !== Heap2Operation.multiInsert) return;
    } else if (operation === HeapOperation.lock || operation === HeapOperation.inplace) return;
    if (record.blockCount === 0) {
      this.#of(xid).isLeft = true;
      return;
    }
    const relation = this.#scan.relations.at(
      record.blockTablespace[0],
      record.blockDatabase[0],
      record.blockFileNode[0],
    );
    if (relation.role !== 'table') {
      // What it takes for no table now it may know better later.
      if (relation.role === 'unknown' || relation.definition?.kind === 'r') this.#of(xid).isLeft = true;
      return;
    }
    if (record.lsn >= this.#lostFrom) this.#row(record, operation);
    this.#keep(record, relation, operation);
  }

  #row(record: RecordCursor, operation: number): void {
    const own = this.#of(record.xid);
    if (own.isLeft) return;
    const { catalogAge } = this.#scan;
    if (own.statements > 0 && own.catalogAge !== catalogAge) return this.#leave(own);
    own.catalogAge = catalogAge;
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
    this.#tables.age = catalogAge;
    const isWritten = this.#rows.visit(record, undefined, writer, false);
    const table = this.#tables.last;
    if (!isWritten || writer.isRefused || !table || !this.#uses.note(catalogAge, record.lsn, table)) {
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
    own.statements += writer.statements - statements;
    this.#bytesUnderWay += sink.length - before;
    if (sink.length > LARGEST || this.#bytesUnderWay > MOST_UNDER_WAY) this.#leave(own);
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

  /** A row that may be another change's old one is kept a while. */
  #keep(record: RecordCursor, { number }: LocalRelation, operation: number): void {
    if (record.rmid !== ResourceManager.heap) return;
    if (operation === HeapOperation.insert) {
      const added = (this.#added[number] ?? 0) + 1;
      this.#added[number] = added;
      if (added > ADDED_ONLY && added !== Number.POSITIVE_INFINITY) return;
    } else if (operation === HeapOperation.confirm) return;
    else this.#added[number] = Number.POSITIVE_INFINITY;
    this.#scan.tuples.keepNew(record);
  }

  lost(entry: TransactionEntry, number: number): void {
    this.#lostBytes += entry.walBytes;
    const own = this.#byXid.get(entry.xid);
    if (own === undefined || own.isLeft || own.speculativeAt >= 0 || !isPlain(entry)) return;
    const { inserts, updates, deletes } = entry.shape;
    if (own.statements !== inserts + updates + deletes) return;
    const { length } = own.sink;
    this.#writtenBytes += entry.walBytes;
    this.#written.add(entry, number, own.catalogAge, own.statements, own.sink, this.#writer);
    this.#useful += length;
    this.#wasted -= length;
  }

  /** Was the greater part of what is lost written? To be asked when nothing more is read. */
  get wroteMost(): boolean {
    return this.#writtenBytes > MOST * this.#lostBytes;
  }

  /** What was written and still holds, in commit order; to be asked when nothing more is read. */
  *runs(): Generator<WrittenRun> {
    for (const run of this.#written.runs) if (this.#uses.hold(run.catalogAge)) yield run;
  }

  /** The bytes of a run, valid until others are asked for; undefined when they are not there any more. */
  bytesOf(run: WrittenRun): Buffer | undefined {
    return this.#written.bytesOf(run);
  }

  ended(xid: number, subxids: readonly number[]): void {
    this.#end(xid);
    for (const each of subxids) this.#end(each);
  }

  #end(xid: number): void {
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
    if (sink.bytes.length > KEPT_ROOM) sink.bytes = Buffer.allocUnsafeSlow(FIRST_ROOM);
    if (this.#written.isFull) this.#stop();
    else if (this.#wasted > MOST_WASTED + this.#useful / 2) {
      this.#stop();
      this.#gaveUp();
    }
  }

  /** It does not pay, or there is no room for more. */
  #stop(): void {
    this.#hasStopped = true;
    this.#byXid.clear();
    this.#kept.length = 0;
    this.#last = undefined;
    this.#scan.tuples.keepWanted();
  }

  finished(): void {
    this.#stop();
  }

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
function leftToOthers(record: RecordCursor, decoder: RowDecoder): RowChange {
  const { lsn, xid } = record;
  return { kind: 'row', operation: 'insert', lsn, xid, table: decoder.table, problem: 'to be decoded later' };
}

/** Is it told by its rows alone, and headed as most are? */
function isPlain({
  state,
  origin,
  gid,
  preparedBeforeFork,
  straddlesFork,
  beginningMissing,
  changesCatalog,
  hasChildren,
  shape,
}: TransactionEntry): boolean {
  return (
    state === 'committed' &&
    origin === undefined &&
    gid === undefined &&
    !preparedBeforeFork &&
    !straddlesFork &&
    !beginningMissing &&
    !changesCatalog &&
    !hasChildren &&
    shape.truncates === 0 &&
    shape.messages === 0 &&
    !shape.movesSequences &&
    shape.unsettled === undefined
  );
}
