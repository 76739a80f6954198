/**
 * Every transaction found, as an index of numbers into WAL: under forty bytes each, in commit order.
 * What many of them have in common is kept once (TransactionShapes).
 */
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { RecordedOrigin } from '../wal/transaction-record.js';
import type { TransactionState, TransactionSummary } from './transaction.js';
import { CHUNK, type Columns, createColumns, FAR, originAt, setOrigin } from './transaction-columns.js';
import { flagsOf, TransactionFlag, UNUSUAL_FLAGS } from './transaction-flags.js';
import { type TransactionShape, TransactionShapes } from './transaction-shapes.js';

/** One transaction to be added. */
export interface TransactionEntry {
  readonly xid: number;
  readonly firstLsn: Lsn;
  readonly commitLsn: Lsn;
  readonly commitEndLsn: Lsn;
  readonly commitTime: TimestampMicros;
  readonly walBytes: number;
  readonly state: TransactionState;
  readonly origin?: RecordedOrigin;
  readonly preparedBeforeFork?: boolean;
  readonly straddlesFork: boolean;
  readonly beginningMissing: boolean;
  readonly changesCatalog: boolean;
  /** It committed with subtransactions. */
  readonly hasChildren?: boolean;
  /** Its rows have to be decoded before anything is said of them. */
  readonly toDecode?: boolean;
  /** Did it go on from rows of other lost transactions, as far as that can be told without decoding? */
  readonly buildsOn?: { readonly buildsOnLost: boolean; readonly buildsOnUnknown: boolean };
  readonly gid?: string;
  readonly shape: TransactionShape;
}

/** A number that depends on all that were put in, and on their order. */
function mix(hash: number, value: number): number {
  return Math.imul(hash ^ (value >>> 0) ^ Math.imul(value / 2 ** 32, 0x9e3779b1), 0x01000193) + 1;
}

/** An index as it is lent to other threads: its numbers are not copied. */
export interface LentIndex {
  readonly length: number;
  readonly chunks: readonly Columns[];
  readonly shapes: readonly TransactionShape[];
  readonly gids: ReadonlyMap<number, string>;
  readonly farFirst: ReadonlyMap<number, Lsn>;
  readonly farBytes: ReadonlyMap<number, number>;
}

export class TransactionIndex {
  #chunks: Columns[] = [];
  readonly #shapes = new TransactionShapes();
  #gids = new Map<number, string>();
  /** What does not fit into columns, by index. */
  #farFirst = new Map<number, Lsn>();
  #farBytes = new Map<number, number>();
  #length = 0;
  #reshaped = 0;
  /** The numbers are somebody else's, who finds the same transactions. */
  readonly #isLent: boolean;
  #fingerprint = 0;

  /** `isLent`: what is added is only counted; lend() brings the rest. */
  constructor(isLent = false) {
    this.#isLent = isLent;
  }

  /** Who finds the same transactions has the same number, who finds others very likely another. */
  get fingerprint(): number {
    return this.#fingerprint;
  }

  /** This index for other threads. To be asked for when nothing will be added any more. */
  forOthers(): LentIndex {
    return {
      length: this.#length,
      chunks: this.#chunks,
      shapes: this.#shapes.all(),
      gids: this.#gids,
      farFirst: this.#farFirst,
      farBytes: this.#farBytes,
    };
  }

  /** Takes another thread's index, of the same transactions: its own from now on. */
  lend({ length, chunks, shapes, gids, farFirst, farBytes }: LentIndex): void {
    this.#chunks = [...chunks];
    this.#shapes.lend(shapes);
    this.#gids = new Map(gids);
    this.#farFirst = new Map(farFirst);
    this.#farBytes = new Map(farBytes);
    this.#length = length;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds a transaction at the end. */
  append(entry: TransactionEntry): void {
    const flags = flagsOf(entry);
    this.#fingerprint = mix(mix(mix(this.#fingerprint, entry.xid), entry.commitLsn), entry.firstLsn + flags);
    if (this.#isLent) {
      this.#length++;
      return;
    }
    const at = this.#length % CHUNK;
    if (at === 0) this.#chunks.push(createColumns());
    const columns = this.#chunks[this.#chunks.length - 1];
    columns.xid[at] = entry.xid;
    const distance = (entry.commitLsn - entry.firstLsn) / 8;
    const isNear = Number.isInteger(distance) && distance >= 0 && distance < FAR;
    columns.firstDistance[at] = isNear ? distance : FAR;
    if (!isNear) this.#farFirst.set(this.#length, entry.firstLsn);
    columns.commitLsn[at] = entry.commitLsn;
    columns.endDistance[at] = entry.commitEndLsn - entry.commitLsn;
    columns.time[at] = entry.commitTime;
    columns.walBytes[at] = Math.min(entry.walBytes, FAR);
    if (entry.walBytes >= FAR) this.#farBytes.set(this.#length, entry.walBytes);
    columns.shape[at] = this.#shapes.numberOf(entry.shape);
    columns.flags[at] = flags;
    if (entry.origin) setOrigin(columns, at, entry.origin);
    if (entry.gid !== undefined) this.#gids.set(this.#length, entry.gid);
    this.#length++;
  }

  /** How many transactions were given another shape than they came with: what was told of them before was not the last word. */
  get reshaped(): number {
    return this.#reshaped;
  }

  /**
   * Has the shapes made again in which a relation was not known. `again` gives a shape for the transaction whose commit record begins at
   * an LSN. Whose shape changed is to be decoded: what the scan saw it did not know to be rows of that table.
   */
  reshape(again: (unsettled: number, commitLsn: Lsn) => TransactionShape): void {
    if (!this.#shapes.areUnsettled) return;
    for (let index = 0; index < this.#length; index++) {
      const columns = this.#columns(index);
      const at = index % CHUNK;
      const before = columns.shape[at];
      const { unsettled } = this.#shapes.at(before);
      if (unsettled === undefined) continue;
      columns.shape[at] = this.#shapes.numberOf(again(unsettled, columns.commitLsn[at]));
      if (columns.shape[at] === before) continue;
      columns.flags[at] |= TransactionFlag.toDecode;
      this.#reshaped++;
    }
  }

  /** The transaction at `index` as an object. Throws RangeError outside [0, length). */
  summary(index: number): TransactionSummary {
    const columns = this.#columns(index);
    const at = index % CHUNK;
    const shape = this.#shapes.at(columns.shape[at]);
    const flags = columns.flags[at];
    return {
      index,
      xid: columns.xid[at],
      gid: this.#gids.get(index),
      state: this.state(index),
      origin: flags & TransactionFlag.replicated ? originAt(columns, at) : undefined,
      firstLsn: this.firstLsn(index),
      commitLsn: columns.commitLsn[at],
      commitEndLsn: columns.commitLsn[at] + columns.endDistance[at],
      commitTime: columns.time[at],
      preparedBeforeFork: (flags & TransactionFlag.preparedBeforeFork) !== 0 || undefined,
      straddlesFork: (flags & TransactionFlag.straddlesFork) !== 0,
      changesCatalog: (flags & TransactionFlag.changesCatalog) !== 0,
      walBytes: this.walBytes(index),
      database: shape.database,
      tables: shape.tables,
      inserts: shape.inserts,
      updates: shape.updates,
      deletes: shape.deletes,
      truncates: shape.truncates,
      messages: shape.messages,
      movesSequences: shape.movesSequences,
      beginningMissing: (flags & TransactionFlag.beginningMissing) !== 0,
      undecodable: this.undecodable(index),
    };
  }

  /** Is all that is to be told of it its shape, its xid, its commit, and how much WAL it takes? */
  isPlain(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & UNUSUAL_FLAGS) === 0 && !this.#gids.has(index);
  }

  state(index: number): TransactionState {
    const flags = this.#columns(index).flags[index % CHUNK];
    return flags & TransactionFlag.prepared
      ? 'prepared'
      : flags & TransactionFlag.message
        ? 'message'
        : 'committed';
  }

  /** Changes that cannot be decoded: what is not there is one thing more. */
  undecodable(index: number): number {
    return this.#shapes.at(this.shapeNumber(index)).undecodable + (this.beginningMissing(index) ? 1 : 0);
  }

  /** How many different shapes there are. */
  get shapeCount(): number {
    return this.#shapes.length;
  }

  /** What many transactions did, by the number that shapeNumber() gives. */
  shape(number: number): TransactionShape {
    return this.#shapes.at(number);
  }

  shapeNumber(index: number): number {
    return this.#columns(index).shape[index % CHUNK];
  }

  /** It went on from a row that another lost transaction wrote; undefined when that cannot be told without decoding. */
  buildsOnLost(index: number): boolean | undefined {
    const flags = this.#columns(index).flags[index % CHUNK];
    return flags & TransactionFlag.buildsOnUnknown ? undefined : (flags & TransactionFlag.buildsOnLost) !== 0;
  }

  /** The scan saw that it cannot tell what its rows are: they have to be decoded before anything is said of them. */
  isToDecode(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & TransactionFlag.toDecode) !== 0;
  }

  /** It is neither in doubt nor a message that was sent at once. */
  isCommitted(index: number): boolean {
    return (
      (this.#columns(index).flags[index % CHUNK] & (TransactionFlag.prepared | TransactionFlag.message)) === 0
    );
  }

  /** It changed the system catalogs. */
  changesCatalog(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & TransactionFlag.changesCatalog) !== 0;
  }

  /** It began before the WAL that is there. */
  beginningMissing(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & TransactionFlag.beginningMissing) !== 0;
  }

  /** It committed with subtransactions. */
  hasChildren(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & TransactionFlag.hasChildren) !== 0;
  }

  xid(index: number): number {
    return this.#columns(index).xid[index % CHUNK];
  }

  /** Where the transaction's commit (or prepare) record begins. */
  commitLsn(index: number): Lsn {
    return this.#columns(index).commitLsn[index % CHUNK];
  }

  /** Where that record ends. */
  commitEndLsn(index: number): Lsn {
    return this.commitLsn(index) + this.#columns(index).endDistance[index % CHUNK];
  }

  commitTime(index: number): TimestampMicros {
    return this.#columns(index).time[index % CHUNK];
  }

  /** Where its first record begins. */
  firstLsn(index: number): Lsn {
    const columns = this.#columns(index);
    const distance = columns.firstDistance[index % CHUNK];
    if (distance === FAR) return this.#farFirst.get(index) ?? 0;
    return columns.commitLsn[index % CHUNK] - distance * 8;
  }

  /** Bytes of WAL its records take. */
  walBytes(index: number): number {
    const bytes = this.#columns(index).walBytes[index % CHUNK];
    return bytes === FAR ? (this.#farBytes.get(index) ?? 0) : bytes;
  }

  /** The first transaction whose commit record begins at or after `lsn`; length when there is none. */
  atOrAfter(lsn: Lsn): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.commitLsn(middle) < lsn) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #columns(index: number): Columns {
    if (index < 0 || index >= this.#length)
      throw new RangeError(`no transaction ${index} among ${this.#length}`);
    return this.#chunks[(index / CHUNK) | 0];
  }
}
