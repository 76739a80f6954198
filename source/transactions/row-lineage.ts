/**
 * Whose rows do lost transactions go on from? While the one pass goes by, each transaction is told when it updates or deletes a row that
 * another lost transaction has written, so that nobody need decode rows and compare their keys for that.
 *
 * A row is updated or deleted only where it was left by a transaction that had committed before (its commit record lies before), or by
 * the very transaction that does it, a subtransaction of it or the one above: these are still under way.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { RecordCursor } from '../wal/record-cursor.js';
import type { OpenTransaction, OpenTransactions } from './open-transaction.js';
import type { LocalRelation } from './relations.js';
import { oldPlace } from './tuple-place.js';
import type { TupleSource } from './tuple-source.js';
import { TupleUnavailableError } from './tuple-unavailable.js';
import { readableWriter, WRITER_FORGOTTEN, WRITER_UNKNOWN } from './tuple-writer.js';
import { WrittenPlaces } from './written-places.js';

/** Writers remembered with their xid: most rows that a transaction wrote itself it wrote a moment ago. A power of two. */
const RECENT = 64 * 1024;
/** Places written before the fork by transactions under way that are kept until it is known which of them the fork cuts off. */
const MOST_EARLY = 3_000_000;
/** Updates kept of which it cannot be told without decoding them whether they changed a key. */
const MOST_DOUBTFUL = 512 * 1024;

/** What lost transactions did to the rows of one relation file, together. */
export interface RowFacts {
  inserts: number;
  updates: number;
  deletes: number;
  /** Updates that may have given a row another key. */
  moves: number;
  /** Updates and deletes whose old row is not known, or only its key. */
  partial: number;
}

export class RowLineage {
  readonly #lostFrom: Lsn;
  readonly #transactions: OpenTransactions;
  readonly #tuples: TupleSource;
  /** Where lost transactions wrote, be it that they committed or not. */
  readonly #places = new WrittenPlaces();
  readonly #recentLsns = new Float64Array(RECENT);
  readonly #recentXids = new Uint32Array(RECENT);
  readonly #facts = new Map<LocalRelation, RowFacts>();
  readonly #factsByNumber: (RowFacts | undefined)[] = [];
  #doubtfulLsns = new Float64Array(256);
  #doubtfulRelations = new Uint32Array(256);
  #doubtfulCount = 0;
  #doubtfulLost = false;
  #early = 0;
  /** Of the last checkpoint; infinity when nothing can be told by it. */
  #redo = 0;
  /** Nothing lost was written before this LSN. */
  firstLostLsn: Lsn;
  /** Cleared when something was too much to remember: then nothing can be said of anybody. */
  certain = true;

  /** Transactions that commit after `lostFrom` are lost. */
  constructor(lostFrom: Lsn, transactions: OpenTransactions, tuples: TupleSource) {
    this.#lostFrom = lostFrom;
    this.firstLostLsn = lostFrom;
    this.#transactions = transactions;
    this.#tuples = tuples;
  }

  /** The record at `lsn` wrote a tuple at (block, offset). */
  wrote(
    transaction: OpenTransaction,
    relation: LocalRelation,
    block: number,
    offset: number,
    lsn: Lsn,
  ): void {
    if (lsn < this.#lostFrom) {
      if (++this.#early > MOST_EARLY) this.certain = false;
      else transaction.notePlace(relation.number, block, offset);
      return;
    }
    this.#places.add(relation.number, block, offset);
    const slot = (lsn / 8) & (RECENT - 1);
    this.#recentLsns[slot] = lsn;
    this.#recentXids[slot] = transaction.xid;
  }

  /** The fork is reached: what transactions now under way have written so far is lost with the rest of them. */
  cross(): void {
    for (const transaction of this.#transactions.all()) this.keepEarly(transaction);
  }

  /** What this one wrote before the fork is lost with it. */
  keepEarly(transaction: OpenTransaction): void {
    transaction.eachPlace((relation, block, offset) => this.#places.add(relation, block, offset));
  }

  /** A checkpoint's redo pointer: from there on every page's first change carries its image. */
  checkpoint(redo: Lsn): void {
    this.#redo = redo;
  }

  /** Pages that were touched since then are not all known any more. */
  pagesForgotten(): void {
    this.#redo = Number.POSITIVE_INFINITY;
  }

  /**
   * The update or delete under `record` meets the row at (block, offset), which `writer` (see PageHistories.writerOf) put there: was that
   * another lost transaction? `record` is that record.
   */
  met(
    transaction: OpenTransaction,
    relation: LocalRelation,
    block: number,
    offset: number,
    writer: number,
    record: RecordCursor,
  ): boolean {
    const { lsn } = record;
    // Whoever wrote what was met before the fork had committed before the fork.
    if (lsn < this.#lostFrom || writer === WRITER_UNKNOWN) return false;
    const at = readableWriter(writer);
    const written = this.#places.has(relation.number, block, offset);
    if (written === false) return false;
    if (written === undefined || writer === WRITER_FORGOTTEN) {
      // Of a writer before the fork it is not known whether the fork cut it off.
      if (writer > 0 && writer !== WRITER_FORGOTTEN && at >= this.#lostFrom)
        return this.#isForeign(transaction, writer, at, record);
      transaction.buildsOnUnknown = true;
      return false;
    }
    // Only the image in this very record has it: nothing has touched the page since the last checkpoint's redo pointer.
    return this.#isForeign(transaction, writer, writer < 0 && at === lsn ? this.#redo : at, record);
  }

  /** A row of the lost part was met: was it another's? What wrote it lies at `at` or before. */
  #isForeign(transaction: OpenTransaction, writer: number, at: Lsn, record: RecordCursor): boolean {
    if (at >= this.#transactions.oldestLsn) {
      const slot = (at / 8) & (RECENT - 1);
      const xid =
        writer > 0 && this.#recentLsns[slot] === at ? this.#recentXids[slot] : this.#xidOf(writer, record);
      if (xid === undefined) transaction.buildsOnUnknown = true;
      if (xid === undefined || this.#transactions.has(xid)) return false;
    }
    transaction.buildsOnLost = true;
    return true;
  }

  #xidOf(writer: number, record: RecordCursor): number | undefined {
    try {
      return this.#tuples.writerXid(writer, oldPlace(record));
    } catch (error) {
      if (error instanceof TupleUnavailableError) return undefined;
      throw error;
    }
  }

  /** The update at `lsn` may have given its row another key: only decoding it tells. */
  noteDoubtful(relation: LocalRelation, lsn: Lsn): void {
    if (this.#doubtfulCount >= MOST_DOUBTFUL) {
      this.#doubtfulLost = true;
      return;
    }
    if (this.#doubtfulCount === this.#doubtfulLsns.length) {
      const lsns = new Float64Array(this.#doubtfulCount * 2);
      lsns.set(this.#doubtfulLsns);
      const relations = new Uint32Array(this.#doubtfulCount * 2);
      relations.set(this.#doubtfulRelations);
      this.#doubtfulLsns = lsns;
      this.#doubtfulRelations = relations;
    }
    this.#doubtfulLsns[this.#doubtfulCount] = lsn;
    this.#doubtfulRelations[this.#doubtfulCount++] = relation.number;
  }

  /** A lost transaction has come to its end, whole. */
  lost(transaction: OpenTransaction): void {
    if (transaction.firstLsn < this.firstLostLsn) this.firstLostLsn = transaction.firstLsn;
    for (let i = 0; i < transaction.countsUsed; i++) {
      const each = transaction.countsAt(i);
      const facts = this.#factsByNumber[each.relation.number] ?? this.#addFacts(each.relation);
      facts.inserts += each.insert;
      facts.updates += each.update;
      facts.deletes += each.delete;
      facts.moves += each.moves;
      facts.partial += each.partial;
    }
  }

  #addFacts(relation: LocalRelation): RowFacts {
    const facts = { inserts: 0, updates: 0, deletes: 0, moves: 0, partial: 0 };
    this.#facts.set(relation, facts);
    this.#factsByNumber[relation.number] = facts;
    return facts;
  }

  /** What lost transactions did, by relation file. */
  get facts(): ReadonlyMap<LocalRelation, RowFacts> {
    return this.#facts;
  }

  /** Where the relation's updates are that may have changed a key, aborted ones among them; undefined when they were too many to remember. */
  doubtful(relation: LocalRelation): Lsn[] | undefined {
    if (this.#doubtfulLost) return undefined;
    const lsns: Lsn[] = [];
    for (let i = 0; i < this.#doubtfulCount; i++)
      if (this.#doubtfulRelations[i] === relation.number) lsns.push(this.#doubtfulLsns[i]);
    return lsns;
  }
}
