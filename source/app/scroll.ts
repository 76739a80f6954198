/** Finding out that a part of the screen moved up or down, so that the terminal can be told to move it instead of being sent it again. */

/** Rows `first` to `last` (both included, from 0) move up by `by` rows; down where `by` is negative. */
export interface Scroll {
  readonly first: number;
  readonly last: number;
  readonly by: number;
}

/** Fewer lines are sent again as cheaply as they are moved. */
const WORTH_IT = 4;
/** As far as is looked: a step, some steps that came together; a whole page has nothing to keep. */
const FARTHEST = 8;

/** The largest part of the screen that stands in `after` as it did in `before`, but rows higher or lower; undefined where there is none. */
export function findScroll(before: readonly string[], after: readonly string[]): Scroll | undefined {
  let best: Scroll | undefined;
  let most = WORTH_IT - 1;
  for (let by = -FARTHEST; by <= FARTHEST; by++) {
    if (by === 0) continue;
    let first = -1;
    let last = -1;
    let same = 0;
    for (let row = Math.max(0, -by); row < Math.min(after.length, before.length - by); row++) {
      if (after[row] === '' || after[row] === after[row + by] || before[row] === after[row]) continue;
      if (before[row + by] !== after[row]) continue;
      if (first < 0) first = row;
      last = row;
      same++;
    }
    if (same <= most) continue;
    most = same;
    best = { first: Math.min(first, first + by), last: Math.max(last, last + by), by };
  }
  return best;
}

/** The sequence that scrolls so (DECSTBM, then SU or SD), with the margins as they were after it. The rows that come free are blank. */
export function scrollSequence({ first, last, by }: Scroll): string {
  return `\x1b[${first + 1};${last + 1}r\x1b[${Math.abs(by)}${by > 0 ? 'S' : 'T'}\x1b[r`;
}

/** What stands on the screen after that scroll. */
export function scrolled(before: readonly string[], { first, last, by }: Scroll): string[] {
  return before.map((line, row) => {
    if (row < first || row > last) return line;
    const from = row + by;
    return from < first || from > last ? '' : before[from];
  });
}
