/** Which lost transaction has a transaction id: found when somebody asks, nothing is kept for it but the children. */
import type { Lsn } from '../bytes/lsn.js';
import { xidPrecedes } from '../heap/tuple.js';
import type { TransactionIndex } from './transaction-index.js';

export class LostWriters {
  readonly #transactions: TransactionIndex;
  readonly #childrenOf: (commitLsn: Lsn) => readonly number[];
  /** Positions of transactions by the xids of their subtransactions; made when first needed. */
  #parents: Map<number, number> | undefined;
  /** No lost transaction has an xid before this one; undefined until first needed. */
  #oldest: number | undefined;

  /** `childrenOf` gives the subtransactions of the one that ended with the record there. */
  constructor(transactions: TransactionIndex, childrenOf: (commitLsn: Lsn) => readonly number[]) {
    this.#transactions = transactions;
    this.#childrenOf = childrenOf;
  }

  /** The lost transaction before `index` that has this xid, or a subtransaction that has, and wrote something around `near`. */
  find(xid: number, near: Lsn, index: number): number | undefined {
    if (index === 0 || xidPrecedes(xid, this.#oldestXid())) return undefined;
    const parent = this.#parentOf(xid);
    if (parent !== undefined) return parent < index ? parent : undefined;
    // Mostly it committed soon after it wrote. What is in doubt stands behind all others, and nobody goes on from that.
    const start = Math.min(this.#transactions.atOrAfter(near), index - 1);
    for (let up = start, down = start - 1; up < index || down >= 0; up++, down--) {
      if (up < index && this.#transactions.xid(up) === xid) return up;
      if (down >= 0 && this.#transactions.xid(down) === xid) return down;
    }
    return undefined;
  }

  #oldestXid(): number {
    if (this.#oldest === undefined) {
      let oldest = this.#transactions.xid(0);
      for (let at = 1; at < this.#transactions.length; at++) {
        const xid = this.#transactions.xid(at);
        if (xid !== 0 && (oldest === 0 || xidPrecedes(xid, oldest))) oldest = xid;
      }
      this.#oldest = oldest;
    }
    return this.#oldest;
  }

  #parentOf(xid: number): number | undefined {
    if (!this.#parents) {
      this.#parents = new Map();
      for (let at = 0; at < this.#transactions.length; at++) {
        if (!this.#transactions.hasChildren(at)) continue;
        for (const child of this.#childrenOf(this.#transactions.commitLsn(at))) this.#parents.set(child, at);
      }
    }
    return this.#parents.get(xid);
  }
}
