/** Which lost transactions the operator has chosen: one bit each, so that marking a million costs 125 kB. */

/** First and last index of a run of marked transactions, both included. */
export type MarkedRange = readonly [first: number, last: number];

/** A set of transactions by index (position in commit order). */
export class MarkSet {
  #bits = new Uint8Array(1024);
  #count = 0;

  /** How many are marked. */
  get count(): number {
    return this.#count;
  }

  has(index: number): boolean {
    return ((this.#bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Marks one. */
  add(index: number): void {
    this.#reserve(index);
    if (this.has(index)) return;
    this.#bits[index >> 3] |= 1 << (index & 7);
    this.#count++;
  }

  /** Takes the mark from one. */
  remove(index: number): void {
    if (!this.has(index)) return;
    this.#bits[index >> 3] &= ~(1 << (index & 7));
    this.#count--;
  }

  /** Takes every mark away. */
  clear(): void {
    this.#bits.fill(0);
    this.#count = 0;
  }

  /** Marked indexes, ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (let byte = 0; byte < this.#bits.length; byte++) {
      const bits = this.#bits[byte];
      if (bits === 0) continue;
      for (let bit = 0; bit < 8; bit++) if (bits & (1 << bit)) yield byte * 8 + bit;
    }
  }

  /** The same as runs: how a session file keeps them. */
  ranges(): MarkedRange[] {
    const ranges: [number, number][] = [];
    for (const index of this) {
      const last = ranges.at(-1);
      if (last && last[1] === index - 1) last[1] = index;
      else ranges.push([index, index]);
    }
    return ranges;
  }

  #reserve(index: number): void {
    const needed = (index >> 3) + 1;
    if (needed <= this.#bits.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bits.length * 2));
    larger.set(this.#bits);
    this.#bits = larger;
  }
}
