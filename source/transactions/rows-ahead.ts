/**
 * Transactions written down while WAL is read for the first time: when a row goes by, everything that it is written from is at hand.
 *
 * It is nothing but a store of what would be written later all the same. Whatever is out of the ordinary is left to be written then: a row
 * that does not lie in plain sight, a transaction with anything but rows, with subtransactions or over the fork, one too large. And what
 * was written as the catalog said at the time counts only if in the end the catalog still says the same of it.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { Catalog } from '../catalog/catalog.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import { Heap2Operation, HeapOperation, ResourceManager } from '../wal/resource-managers.js';
import type { AheadResults, AheadRows, PieceRun } from './ahead-rows.js';
import { CatalogUses } from './catalog-uses.js';
import { type LocatedTable, LocatedTables } from './located-tables.js';
import type { LocalRelation } from './relations.js';
import type { Scan } from './scan.js';
import type { ScanObserver } from './scan-observer.js';
import type { TransactionEntry } from './transaction-index.js';
import { WRITER_UNKNOWN } from './tuple-writer.js';
import type { WrittenAhead, WrittenRun } from './written-ahead.js';

/** Rows of a table none of which was ever changed are not kept beyond this: it is one that is only added to. */
const ADDED_ONLY = 4096;

/** When so many bytes of records go by whose transactions are too long for it, and fewer of others, it does not pay. */
const MOST_PASSED_OVER = 64 * 1024 * 1024;

/** What part of all lost WAL has to be written ahead for the rest to be written by the way. */
const MOST = 0.5;

export class RowsAhead implements ScanObserver {
  readonly #scan: Scan;
  readonly #lostFrom: Lsn;
  readonly #written: WrittenAhead;
  readonly #tables: LocatedTables;
  readonly #uses: CatalogUses;
  readonly #rows: AheadRows;
  /** Bytes of WAL of all lost transactions, and of those among them that were written. */
  #lostBytes = 0;
  #writtenBytes = 0;
  /** Bytes of records of transactions that are written later, seen since they were known to be. */
  #passedOver = 0;
  /** To be called once, when it turns out not to pay. */
  #gaveUp: (() => void) | undefined;
  /** Rows of each relation that went by; infinity once one was changed. */
  readonly #added: number[] = [];
  readonly #databases: string[] = [];

  /** `rowsTo` makes what takes the rows, and is told who hears of what is made of them; `gaveUp` is called when it turns out not to pay. */
  constructor(
    scan: Scan,
    catalog: Catalog,
    lostFrom: Lsn,
    written: WrittenAhead,
    rowsTo: (results: AheadResults) => AheadRows,
    gaveUp: () => void,
  ) {
    this.#gaveUp = gaveUp;
    this.#scan = scan;
    this.#lostFrom = lostFrom;
    this.#written = written;
    this.#uses = new CatalogUses(catalog);
    this.#tables = new LocatedTables(catalog);
    this.#rows = rowsTo({
      piece: (bytes, runs, walBytes, isLast) => this.#piece(bytes, runs, walBytes, isLast),
      gaveUp: () => this.#giveUp(),
    });
  }

  #giveUp(): void {
    this.#gaveUp?.();
    this.#gaveUp = undefined;
  }

  get isFull(): boolean {
    return this.#rows.isFull;
  }

  heapRecord(record: RecordCursor): void {
    const { xid } = record;
    const rows = this.#rows;
    if (xid === 0 || rows.hasStopped) return;
    const operation = record.info & HeapOperation.mask;
    if (record.rmid === ResourceManager.heap2) {
      if ((record.info & Heap2Operation.mask) !== Heap2Operation.multiInsert) return;
    } else if (operation === HeapOperation.lock || operation === HeapOperation.inplace) return;
    if (record.blockCount === 0) return rows.leave(xid);
    const relation = this.#scan.relations.at(
      record.blockTablespace[0],
      record.blockDatabase[0],
      record.blockFileNode[0],
    );
    if (relation.role !== 'table') {
      // What it takes for no table now it may know better later.
      if (relation.role === 'unknown' || relation.definition?.kind === 'r') rows.leave(xid);
      return;
    }
    const { catalogAge } = this.#scan;
    let table: LocatedTable | undefined;
    if (record.lsn >= this.#lostFrom) {
      if (rows.isLeft(xid)) return this.#passOver(record, relation, operation);
      table = this.#tableOf(record, catalogAge);
      if (table === undefined) rows.leave(xid);
    }
    this.#tell(record, table, this.#isKept(record, relation, operation), operation);
  }

  /** A row that is written later; when there are few others, nothing more is written ahead. */
  #passOver(record: RecordCursor, relation: LocalRelation, operation: number): void {
    this.#passedOver += record.totalLength;
    if (this.#passedOver > MOST_PASSED_OVER && this.#passedOver > this.#writtenBytes) {
      this.#rows.finish();
      this.#giveUp();
    } else this.#tell(record, undefined, this.#isKept(record, relation, operation), operation);
  }

  #tell(record: RecordCursor, table: LocatedTable | undefined, isKept: boolean, operation: number): void {
    if (table === undefined && !isKept) return;
    const isChange =
      record.rmid === ResourceManager.heap &&
      operation !== HeapOperation.insert &&
      operation !== HeapOperation.confirm;
    const writer = isChange ? this.#scan.oldRows.writerFor(record.lsn) : WRITER_UNKNOWN;
    this.#rows.row(record, table !== undefined, isKept, table, this.#scan.catalogAge, writer);
  }

  /** The table that the record is of, noted to have been made use of; undefined where that cannot be done. */
  #tableOf(record: RecordCursor, catalogAge: number): LocatedTable | undefined {
    const { lsn } = record;
    this.#tables.age = catalogAge;
    const table = this.#tables.again(record) ?? this.#tables.of(record, { lsn });
    if (table === undefined || table === 'no table') return undefined;
    return this.#uses.note(catalogAge, lsn, table) ? table : undefined;
  }

  /** A row that may be another change's old one is kept a while. */
  #isKept(record: RecordCursor, { number }: LocalRelation, operation: number): boolean {
    if (record.rmid !== ResourceManager.heap || operation === HeapOperation.confirm) return false;
    if (operation !== HeapOperation.insert) {
      this.#added[number] = Number.POSITIVE_INFINITY;
      return true;
    }
    const added = (this.#added[number] ?? 0) + 1;
    this.#added[number] = added;
    return added <= ADDED_ONLY || added === Number.POSITIVE_INFINITY;
  }

  lost(entry: TransactionEntry, number: number): void {
    this.#lostBytes += entry.walBytes;
    if (this.#rows.hasStopped || !isPlain(entry)) return;
    const { database, inserts, updates, deletes } = entry.shape;
    this.#rows.lost(entry, number, this.#databaseNumber(database), inserts + updates + deletes);
  }

  #databaseNumber(name: string): number {
    const known = this.#databases.indexOf(name);
    return known >= 0 ? known : this.#databases.push(name) - 1;
  }

  #piece(bytes: Buffer, runs: readonly PieceRun[], walBytes: number, isLast: boolean): boolean {
    if (!this.#written.add(bytes, runs, this.#databases, isLast)) return false;
    this.#writtenBytes += walBytes;
    return true;
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
    if (this.#rows.hasStopped) return;
    this.#rows.ended(xid);
    for (const each of subxids) this.#rows.ended(each);
  }

  finished(): void {
    this.#rows.finish();
  }

  /** Waits, no longer than so many milliseconds, for what is still being written. True when there is more to wait for. */
  isBehind(milliseconds: number): boolean {
    return this.#rows.isBehind(milliseconds);
  }

  /** Lets go of everything. */
  close(): void {
    this.#rows.close();
  }
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
