/**
 * Every transaction found, as an index of numbers into WAL: under forty bytes each, in commit order.
 *
 * What many transactions have in common (database, tables, numbers of rows by operation: their shape) is kept once.
 */
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import type { RecordedOrigin } from '../wal/transaction-record.js';
import type { TableCounts, TransactionState, TransactionSummary } from './transaction.js';

/** What a transaction did, without saying which one did it. */
export interface TransactionShape {
  readonly database: string;
  readonly tables: readonly TableCounts[];
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  readonly truncates: number;
  readonly messages: number;
  readonly movesSequences: boolean;
  readonly undecodable: number;
  /** Some of its relations were not known when it was made: the number by which it is made again (Shapes.again). */
  readonly unsettled?: number;
}

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

const CHUNK = 16 * 1024;
const PREPARED = 1;
const STRADDLES = 2;
const CATALOG = 4;
const BEGINNING_MISSING = 8;
const MESSAGE = 16;
const REPLICATED = 32;
const PREPARED_BEFORE_FORK = 64;
const BUILDS_ON_LOST = 128;
const BUILDS_ON_UNKNOWN = 256;
const HAS_CHILDREN = 512;
const TO_DECODE = 1024;
/** All that a summary says beyond numbers and the shape. */
const UNUSUAL =
  PREPARED | STRADDLES | CATALOG | BEGINNING_MISSING | MESSAGE | REPLICATED | PREPARED_BEFORE_FORK;
/** Stands for a number that a column of 32 bits does not hold. */
const FAR = 0xffff_ffff;

/** Numbers of CHUNK transactions. */
export interface Columns {
  readonly xid: Uint32Array;
  /** How far before the commit record the first one begins, in units of eight bytes; FAR where it does not fit. */
  readonly firstDistance: Uint32Array;
  readonly commitLsn: Float64Array;
  readonly endDistance: Uint32Array;
  readonly time: Float64Array;
  /** FAR where they do not fit. */
  readonly walBytes: Uint32Array;
  readonly shape: Uint32Array;
  readonly flags: Uint16Array;
  /** Made when the first of the chunk comes from elsewhere. */
  origins?: { readonly id: Uint16Array; readonly lsn: Float64Array; readonly time: Float64Array };
}

/** In memory that other threads can look at. */
function createColumns(): Columns {
  return {
    xid: sharedWords(),
    firstDistance: sharedWords(),
    commitLsn: sharedNumbers(),
    endDistance: sharedWords(),
    time: sharedNumbers(),
    walBytes: sharedWords(),
    shape: sharedWords(),
    flags: new Uint16Array(new SharedArrayBuffer(2 * CHUNK)),
  };
}

function sharedWords(): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(4 * CHUNK));
}

function sharedNumbers(): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * CHUNK));
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
  #shapes: TransactionShape[] = [];
  readonly #shapeNumbers = new Map<string, number>();
  /** The same, by the very object: most transactions come with one that was seen before. */
  readonly #numberOfShape = new WeakMap<TransactionShape, number>();
  #lastShape: TransactionShape | undefined;
  #lastNumber = 0;
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
      shapes: this.#shapes,
      gids: this.#gids,
      farFirst: this.#farFirst,
      farBytes: this.#farBytes,
    };
  }

  /** Takes another thread's index, of the same transactions: its own from now on. */
  lend({ length, chunks, shapes, gids, farFirst, farBytes }: LentIndex): void {
    this.#chunks = [...chunks];
    this.#shapes = [...shapes];
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
    const flags =
      (entry.state === 'prepared' ? PREPARED : 0) |
      (entry.state === 'message' ? MESSAGE : 0) |
      (entry.origin ? REPLICATED : 0) |
      (entry.preparedBeforeFork ? PREPARED_BEFORE_FORK : 0) |
      (entry.straddlesFork ? STRADDLES : 0) |
      (entry.changesCatalog ? CATALOG : 0) |
      (entry.buildsOn?.buildsOnLost ? BUILDS_ON_LOST : 0) |
      (entry.hasChildren ? HAS_CHILDREN : 0) |
      (entry.toDecode ? TO_DECODE : 0) |
      (entry.buildsOn?.buildsOnUnknown ? BUILDS_ON_UNKNOWN : 0) |
      (entry.beginningMissing ? BEGINNING_MISSING : 0);
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
    columns.shape[at] = this.#shapeNumber(entry.shape);
    columns.flags[at] = flags;
    if (entry.origin) {
      columns.origins ??= {
        id: new Uint16Array(new SharedArrayBuffer(2 * CHUNK)),
        lsn: sharedNumbers(),
        time: sharedNumbers(),
      };
      columns.origins.id[at] = entry.origin.id;
      columns.origins.lsn[at] = entry.origin.lsn;
      columns.origins.time[at] = entry.origin.time;
    }
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
    if (this.#shapes.every(({ unsettled }) => unsettled === undefined)) return;
    for (let index = 0; index < this.#length; index++) {
      const columns = this.#columns(index);
      const at = index % CHUNK;
      const before = columns.shape[at];
      const { unsettled } = this.#shapes[before];
      if (unsettled === undefined) continue;
      columns.shape[at] = this.#shapeNumber(again(unsettled, columns.commitLsn[at]));
      if (columns.shape[at] === before) continue;
      columns.flags[at] |= TO_DECODE;
      this.#reshaped++;
    }
  }

  /** The transaction at `index` as an object. Throws RangeError outside [0, length). */
  summary(index: number): TransactionSummary {
    const columns = this.#columns(index);
    const at = index % CHUNK;
    const shape = this.#shapes[columns.shape[at]];
    const flags = columns.flags[at];
    return {
      index,
      xid: columns.xid[at],
      gid: this.#gids.get(index),
      state: this.state(index),
      origin: flags & REPLICATED ? originAt(columns, at) : undefined,
      firstLsn: this.firstLsn(index),
      commitLsn: columns.commitLsn[at],
      commitEndLsn: columns.commitLsn[at] + columns.endDistance[at],
      commitTime: columns.time[at],
      preparedBeforeFork: (flags & PREPARED_BEFORE_FORK) !== 0 || undefined,
      straddlesFork: (flags & STRADDLES) !== 0,
      changesCatalog: (flags & CATALOG) !== 0,
      walBytes: this.walBytes(index),
      database: shape.database,
      tables: shape.tables,
      inserts: shape.inserts,
      updates: shape.updates,
      deletes: shape.deletes,
      truncates: shape.truncates,
      messages: shape.messages,
      movesSequences: shape.movesSequences,
      beginningMissing: (flags & BEGINNING_MISSING) !== 0,
      undecodable: this.undecodable(index),
    };
  }

  /** Is all that is to be told of it its shape, its xid, its commit, and how much WAL it takes? */
  isPlain(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & UNUSUAL) === 0 && !this.#gids.has(index);
  }

  state(index: number): TransactionState {
    const flags = this.#columns(index).flags[index % CHUNK];
    return flags & PREPARED ? 'prepared' : flags & MESSAGE ? 'message' : 'committed';
  }

  /** Changes that cannot be decoded: what is not there is one thing more. */
  undecodable(index: number): number {
    return this.#shapes[this.shapeNumber(index)].undecodable + (this.beginningMissing(index) ? 1 : 0);
  }

  /** How many different shapes there are. */
  get shapeCount(): number {
    return this.#shapes.length;
  }

  /** What many transactions did, by the number that shapeNumber() gives. */
  shape(number: number): TransactionShape {
    return this.#shapes[number];
  }

  shapeNumber(index: number): number {
    return this.#columns(index).shape[index % CHUNK];
  }

  /** It went on from a row that another lost transaction wrote; undefined when that cannot be told without decoding. */
  buildsOnLost(index: number): boolean | undefined {
    const flags = this.#columns(index).flags[index % CHUNK];
    return flags & BUILDS_ON_UNKNOWN ? undefined : (flags & BUILDS_ON_LOST) !== 0;
  }

  /** The scan saw that it cannot tell what its rows are: they have to be decoded before anything is said of them. */
  isToDecode(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & TO_DECODE) !== 0;
  }

  /** It is neither in doubt nor a message that was sent at once. */
  isCommitted(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & (PREPARED | MESSAGE)) === 0;
  }

  /** It changed the system catalogs. */
  changesCatalog(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & CATALOG) !== 0;
  }

  /** It began before the WAL that is there. */
  beginningMissing(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & BEGINNING_MISSING) !== 0;
  }

  /** It committed with subtransactions. */
  hasChildren(index: number): boolean {
    return (this.#columns(index).flags[index % CHUNK] & HAS_CHILDREN) !== 0;
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

  #shapeNumber(shape: TransactionShape): number {
    if (shape !== this.#lastShape) {
      this.#lastNumber = this.#findShape(shape);
      this.#lastShape = shape;
    }
    return this.#lastNumber;
  }

  #findShape(shape: TransactionShape): number {
    const known = this.#numberOfShape.get(shape);
    if (known !== undefined) return known;
    let key = `${shape.database}\u0000${shape.undecodable} ${shape.messages} ${shape.movesSequences} ${shape.unsettled}`;
    for (const { schema, table, insert, update, delete: deleted, truncate } of shape.tables) {
      key += `\u0000${schema}\u0000${table}\u0000${insert},${update},${deleted},${truncate}`;
    }
    let number = this.#shapeNumbers.get(key);
    if (number === undefined) {
      number = this.#shapes.length;
      this.#shapes.push(shape);
      this.#shapeNumbers.set(key, number);
    }
    this.#numberOfShape.set(shape, number);
    return number;
  }
}

function originAt({ origins }: Columns, at: number): RecordedOrigin | undefined {
  return origins && { id: origins.id[at], lsn: origins.lsn[at], time: origins.time[at] };
}
