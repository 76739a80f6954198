/** What is known of a transaction that has not ended yet: numbers only, merged into its parent's when it commits. */
import type { Lsn } from '../bytes/lsn.js';
import type { RelationDefinition } from '../catalog/model.js';
import type { ChunkOrder } from './chunk-order.js';
import type { LocalRelation } from './relations.js';

/** Rows changed in one relation file, while it was one relation's: a rewrite fills a file as a transient relation, and then it is the table's. */
export interface RelationCounts {
  relation: LocalRelation;
  /** What the catalog said of the file then; undefined while unknown. */
  definition: RelationDefinition | undefined;
  insert: number;
  update: number;
  delete: number;
  /** Updates and deletes among them of which it cannot be told which row they met. */
  unreadable: number;
  /** Updates among them that may have given their row another key. */
  moves: number;
  /** Updates and deletes among them whose old row is not known, or only its key. */
  partial: number;
}

const NOTHING_COUNTED = { insert: 0, update: 0, delete: 0, unreadable: 0, moves: 0, partial: 0 } as const;

/** One (sub)transaction in flight. Small ones come by the million, so whoever is done with one may give it back to begin another. */
export class OpenTransaction {
  xid: number;
  firstLsn: Lsn;
  walBytes = 0;
  changesCatalog = false;
  /** Logical messages it wrote: worth showing although no row changed. */
  messages = 0;
  /** It moved a sequence. */
  movesSequences = false;
  /** The database of those two, 0 without either. */
  databaseOid = 0;
  /** Its counters are the first so many; those behind are of transactions before. */
  countsUsed = 0;
  readonly #counts: RelationCounts[] = [];
  /** Tables that it truncated, as XLOG_HEAP_TRUNCATE says. */
  readonly truncated: RelationDefinition[] = [];
  /** It went on from a row that another lost transaction wrote. */
  buildsOnLost = false;
  /** It went on from a row of which that cannot be told. */
  buildsOnUnknown = false;
  /** Its rows have to be decoded before anything is said of them: some of their TOASTed values are broken. */
  toDecode = false;
  /** How the chunks of those follow each other; made with the first. */
  chunks: ChunkOrder | undefined;
  /** Where it wrote before the fork: relation, block, offset, one after the other. */
  #places: number[] | undefined;
  /** Tables whose files it cut off at the beginning: what a TRUNCATE does to a file of the transaction's own. */
  readonly emptied: RelationDefinition[] = [];
  #last: RelationCounts | undefined;
  /** Among all that are in flight, those that began before and after it. */
  older: OpenTransaction | undefined;
  younger: OpenTransaction | undefined;

  constructor(xid: number, firstLsn: Lsn) {
    this.xid = xid;
    this.firstLsn = firstLsn;
  }

  /** Forgets everything: another transaction has begun. */
  begin(xid: number, firstLsn: Lsn): void {
    this.xid = xid;
    this.firstLsn = firstLsn;
    this.walBytes = 0;
    this.changesCatalog = false;
    this.messages = 0;
    this.movesSequences = false;
    this.databaseOid = 0;
    this.buildsOnLost = false;
    this.buildsOnUnknown = false;
    this.toDecode = false;
    this.chunks = undefined;
    this.#places = undefined;
    this.#last = undefined;
    this.countsUsed = 0;
    // Setting a length costs more than all of this.
    if (this.truncated.length > 0) this.truncated.length = 0;
    if (this.emptied.length > 0) this.emptied.length = 0;
  }

  /** The counters of one relation. */
  of(relation: LocalRelation): RelationCounts {
    const { definition } = relation;
    if (this.#last?.relation === relation && this.#last.definition?.oid === definition?.oid)
      return this.#last;
    this.#last = this.#find(relation, definition);
    return this.#last;
  }

  #find(relation: LocalRelation, definition: RelationDefinition | undefined): RelationCounts {
    for (let i = 0; i < this.countsUsed; i++) {
      const each = this.#counts[i];
      if (each.relation === relation && each.definition?.oid === definition?.oid) return each;
    }
    const used = this.countsUsed++;
    if (used === this.#counts.length) this.#counts.push({ relation, definition, ...NOTHING_COUNTED });
    const counts = this.#counts[used];
    counts.relation = relation;
    counts.definition = definition;
    counts.insert = 0;
    counts.update = 0;
    counts.delete = 0;
    counts.unreadable = 0;
    counts.moves = 0;
    counts.partial = 0;
    return counts;
  }

  /** What it did, by relation file. */
  get counts(): readonly RelationCounts[] {
    return this.#counts.slice(0, this.countsUsed);
  }

  /** The counters of the relation file that it wrote to as the (i + 1)th. They are others' once it is over. */
  countsAt(i: number): RelationCounts {
    return this.#counts[i];
  }

  /** It wrote a tuple there, before the fork. */
  notePlace(relation: number, block: number, offset: number): void {
    this.#places ??= [];
    this.#places.push(relation, block, offset);
  }

  /** Hands over the places noted, each once. */
  eachPlace(take: (relation: number, block: number, offset: number) => void): void {
    const places = this.#places ?? [];
    for (let i = 0; i < places.length; i += 3) take(places[i], places[i + 1], places[i + 2]);
    this.#places = undefined;
  }

  /** Takes over what a committed child did. */
  absorb(child: OpenTransaction): void {
    this.walBytes += child.walBytes;
    this.changesCatalog ||= child.changesCatalog;
    this.messages += child.messages;
    this.movesSequences ||= child.movesSequences;
    this.databaseOid ||= child.databaseOid;
    for (let i = 0; i < child.countsUsed; i++) {
      const theirs = child.countsAt(i);
      const ours = this.#find(theirs.relation, theirs.definition);
      ours.insert += theirs.insert;
      ours.update += theirs.update;
      ours.delete += theirs.delete;
      ours.unreadable += theirs.unreadable;
      ours.moves += theirs.moves;
      ours.partial += theirs.partial;
    }
    this.buildsOnLost ||= child.buildsOnLost;
    this.buildsOnUnknown ||= child.buildsOnUnknown;
    this.toDecode ||= child.toDecode;
    if (child.#places) this.#places = this.#places ? this.#places.concat(child.#places) : child.#places;
    this.truncated.push(...child.truncated);
    this.emptied.push(...child.emptied);
  }

  /** Anything an operator would want to see. */
  get hasChanges(): boolean {
    if (this.changesCatalog || this.messages > 0 || this.movesSequences || this.truncated.length > 0)
      return true;
    for (let i = 0; i < this.countsUsed; i++) {
      const each = this.#counts[i];
      if (each.insert > 0 || each.update > 0 || each.delete > 0) return true;
    }
    return false;
  }
}

/** Places for transactions by the last bits of their xid. A power of two. */
const PLACES = 256;
/** Transactions given back that are kept to begin others, and tables of each: those of one that wrote more are let go. */
const KEPT = 64;
const KEPT_TABLES = 16;

/** All that are in flight, by xid: top-level transactions and subtransactions alike. */
export class OpenTransactions {
  /** Those in flight together have xids close to each other: most have a place of their own. */
  readonly #places: (OpenTransaction | undefined)[] = Array.from({ length: PLACES }, () => undefined);
  /** Those whose place was taken. */
  readonly #others = new Map<number, OpenTransaction>();
  /** They hang together in the order in which they began. */
  #oldest: OpenTransaction | undefined;
  #youngest: OpenTransaction | undefined;
  readonly #kept: OpenTransaction[] = [];
  #last: OpenTransaction | undefined;

  /** The transaction with this xid, begun by the record at `lsn` when it was not known. */
  of(xid: number, lsn: Lsn): OpenTransaction {
    const last = this.#last;
    if (last !== undefined && last.xid === xid) return last;
    const found = this.#known(xid) ?? this.#add(xid, lsn);
    this.#last = found;
    return found;
  }

  /**
   * Takes a transaction, ended by the record at `lsn`, and its committed children out, as one. It is the caller's, who may give it back
   * (release).
   */
  take(xid: number, subxids: readonly number[], lsn: Lsn): OpenTransaction {
    this.#last = undefined;
    const top = this.#remove(xid) ?? this.#begin(xid, lsn);
    for (const each of subxids) {
      const child = this.#remove(each);
      if (child === undefined) continue;
      if (child.firstLsn < top.firstLsn) top.firstLsn = child.firstLsn;
      top.absorb(child);
      this.release(child);
    }
    return top;
  }

  /** Nobody will look at a transaction any more that was taken out. */
  release(transaction: OpenTransaction): void {
    if (this.#kept.length < KEPT && transaction.countsUsed <= KEPT_TABLES) this.#kept.push(transaction);
  }

  /** Is it (or that subtransaction) under way? */
  has(xid: number): boolean {
    return this.#known(xid) !== undefined;
  }

  /** All of them, in the order in which they began. */
  *all(): Generator<OpenTransaction> {
    for (let each = this.#oldest; each !== undefined; each = each.younger) yield each;
  }

  /** Where the first record of the oldest under way lies; infinity when there is none. */
  get oldestLsn(): Lsn {
    return this.#oldest?.firstLsn ?? Number.POSITIVE_INFINITY;
  }

  #known(xid: number): OpenTransaction | undefined {
    const found = this.#places[xid & (PLACES - 1)];
    if (found !== undefined && found.xid === xid) return found;
    return this.#others.size === 0 ? undefined : this.#others.get(xid);
  }

  #add(xid: number, lsn: Lsn): OpenTransaction {
    const transaction = this.#begin(xid, lsn);
    const place = xid & (PLACES - 1);
    if (this.#places[place] === undefined) this.#places[place] = transaction;
    else this.#others.set(xid, transaction);
    transaction.older = this.#youngest;
    if (this.#youngest === undefined) this.#oldest = transaction;
    else this.#youngest.younger = transaction;
    this.#youngest = transaction;
    return transaction;
  }

  #begin(xid: number, lsn: Lsn): OpenTransaction {
    const kept = this.#kept.pop();
    if (kept === undefined) return new OpenTransaction(xid, lsn);
    kept.begin(xid, lsn);
    return kept;
  }

  #remove(xid: number): OpenTransaction | undefined {
    const found = this.#known(xid);
    if (found === undefined) return undefined;
    const place = xid & (PLACES - 1);
    if (this.#places[place] === found) this.#places[place] = undefined;
    else this.#others.delete(xid);
    const { older, younger } = found;
    if (older === undefined) this.#oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    found.older = undefined;
    found.younger = undefined;
    return found;
  }

  /** Those with changes, oldest first. */
  xidsWithChanges(): number[] {
    return [...this.all()]
      .filter((transaction) => transaction.hasChanges)
      .sort((a, b) => a.firstLsn - b.firstLsn)
      .map(({ xid }) => xid);
  }

  /**
   * Those that changed the catalog. A relation file that no committed transaction knows can only belong to the one that is writing
   * into it, so seeing all of them together is as good as knowing which.
   */
  xidsChangingCatalog(): Set<number> {
    const xids = new Set<number>();
    for (const transaction of this.all()) if (transaction.changesCatalog) xids.add(transaction.xid);
    return xids;
  }
}
