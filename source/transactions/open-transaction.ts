/** What is known of a transaction that has not ended yet: numbers only, merged into its parent's when it commits. */
import type { Lsn } from '../bytes/lsn.js';
import type { RelationDefinition } from '../catalog/model.js';
import type { LocalRelation } from './relations.js';

/** Rows changed in one relation file. */
export interface RelationCounts {
  readonly relation: LocalRelation;
  insert: number;
  update: number;
  delete: number;
}

/** One (sub)transaction in flight. */
export class OpenTransaction {
  readonly xid: number;
  readonly firstLsn: Lsn;
  walBytes = 0;
  changesCatalog = false;
  /** It wrote a logical message or advanced a sequence: worth showing although no row changed. */
  hasOtherChanges = false;
  readonly counts: RelationCounts[] = [];
  readonly truncated: RelationDefinition[] = [];
  #last: RelationCounts | undefined;

  constructor(xid: number, firstLsn: Lsn) {
    this.xid = xid;
    this.firstLsn = firstLsn;
  }

  /** The counters of one relation. */
  of(relation: LocalRelation): RelationCounts {
    if (this.#last?.relation === relation) return this.#last;
    let found = this.counts.find((each) => each.relation === relation);
    if (!found) {
      found = { relation, insert: 0, update: 0, delete: 0 };
      this.counts.push(found);
    }
    this.#last = found;
    return found;
  }

  /** Takes over what a committed child did. */
  absorb(child: OpenTransaction): void {
    this.walBytes += child.walBytes;
    this.changesCatalog ||= child.changesCatalog;
    this.hasOtherChanges ||= child.hasOtherChanges;
    for (const theirs of child.counts) {
      const ours = this.of(theirs.relation);
      ours.insert += theirs.insert;
      ours.update += theirs.update;
      ours.delete += theirs.delete;
    }
    this.truncated.push(...child.truncated);
  }

  /** Anything an operator would want to see. */
  get hasChanges(): boolean {
    return (
      this.changesCatalog ||
      this.hasOtherChanges ||
      this.truncated.length > 0 ||
      this.counts.some((each) => each.insert > 0 || each.update > 0 || each.delete > 0)
    );
  }
}
