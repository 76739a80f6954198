/** What is known of a transaction that has not ended yet: numbers only, merged into its parent's when it commits. */
import type { Lsn } from '../bytes/lsn.js';
import type { RelationDefinition } from '../catalog/model.js';
import type { LocalRelation } from './relations.js';

/** Rows changed in one relation file, while it was one relation's: a rewrite fills a file as a transient relation, and then it is the table's. */
export interface RelationCounts {
  readonly relation: LocalRelation;
  /** What the catalog said of the file then; undefined while unknown. */
  readonly definition: RelationDefinition | undefined;
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

/** One (sub)transaction in flight. */
export class OpenTransaction {
  readonly xid: number;
  readonly firstLsn: Lsn;
  walBytes = 0;
  changesCatalog = false;
  /** Logical messages it wrote: worth showing although no row changed. */
  messages = 0;
  /** It moved a sequence. */
  movesSequences = false;
  /** The database of those two, 0 without either. */
  databaseOid = 0;
  readonly counts: RelationCounts[] = [];
  /** Tables that it truncated, as XLOG_HEAP_TRUNCATE says. */
  readonly truncated: RelationDefinition[] = [];
  /** It went on from a row that another lost transaction wrote. */
  buildsOnLost = false;
  /** It went on from a row of which that cannot be told. */
  buildsOnUnknown = false;
  /** Where it wrote before the fork: relation, block, offset, one after the other. */
  #places: number[] | undefined;
  /** Tables whose files it cut off at the beginning: what a TRUNCATE does to a file of the transaction's own. */
  readonly emptied: RelationDefinition[] = [];
  #last: RelationCounts | undefined;

  constructor(xid: number, firstLsn: Lsn) {
    this.xid = xid;
    this.firstLsn = firstLsn;
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
    let found = this.counts.find(
      (each) => each.relation === relation && each.definition?.oid === definition?.oid,
    );
    if (!found) {
      found = { relation, definition, insert: 0, update: 0, delete: 0, unreadable: 0, moves: 0, partial: 0 };
      this.counts.push(found);
    }
    return found;
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
    for (const theirs of child.counts) {
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
    if (child.#places) this.#places = this.#places ? this.#places.concat(child.#places) : child.#places;
    this.truncated.push(...child.truncated);
    this.emptied.push(...child.emptied);
  }

  /** Anything an operator would want to see. */
  get hasChanges(): boolean {
    return (
      this.changesCatalog ||
      this.messages > 0 ||
      this.movesSequences ||
      this.truncated.length > 0 ||
      this.counts.some((each) => each.insert > 0 || each.update > 0 || each.delete > 0)
    );
  }
}

/** All that are in flight, by xid: top-level transactions and subtransactions alike. */
export class OpenTransactions {
  readonly #byXid = new Map<number, OpenTransaction>();
  #last: OpenTransaction | undefined;
  /** Where the first record of the oldest lies; undefined when it has to be looked for. */
  #oldestLsn: Lsn | undefined;

  /** The transaction with this xid, begun by the record at `lsn` when it was not known. */
  of(xid: number, lsn: Lsn): OpenTransaction {
    const last = this.#last;
    if (last !== undefined && last.xid === xid) return last;
    let found = this.#byXid.get(xid);
    if (!found) {
      found = new OpenTransaction(xid, lsn);
      if (this.#byXid.size === 0) this.#oldestLsn = lsn;
      this.#byXid.set(xid, found);
    }
    this.#last = found;
    return found;
  }

  /** Takes a transaction, ended by the record at `lsn`, and its committed children out, as one. */
  take(xid: number, subxids: readonly number[], lsn: Lsn): OpenTransaction {
    this.#last = undefined;
    this.#oldestLsn = undefined;
    const members: OpenTransaction[] = [];
    let first = lsn;
    for (const each of [xid, ...subxids]) {
      const found = this.#byXid.get(each);
      if (!found) continue;
      this.#byXid.delete(each);
      members.push(found);
      if (found.firstLsn < first) first = found.firstLsn;
    }
    const whole = new OpenTransaction(xid, first);
    for (const member of members) whole.absorb(member);
    return whole;
  }

  /** Is it (or that subtransaction) under way? */
  has(xid: number): boolean {
    return this.#byXid.has(xid);
  }

  /** All of them. */
  all(): Iterable<OpenTransaction> {
    return this.#byXid.values();
  }

  /** Where the first record of the oldest under way lies; infinity when there is none. */
  get oldestLsn(): Lsn {
    if (this.#oldestLsn === undefined) {
      // They stand in the order in which they began.
      const [oldest] = this.#byXid.values();
      this.#oldestLsn = oldest?.firstLsn ?? Number.POSITIVE_INFINITY;
    }
    return this.#oldestLsn;
  }

  /** Those with changes, oldest first. */
  xidsWithChanges(): number[] {
    return [...this.#byXid.values()]
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
    for (const transaction of this.#byXid.values()) if (transaction.changesCatalog) xids.add(transaction.xid);
    return xids;
  }
}
