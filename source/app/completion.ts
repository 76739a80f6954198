/** What Tab adds to a path. */

/** The longest beginning all candidates share; empty when there are none. */
export function commonBeginning(candidates: readonly string[]): string {
  let common = candidates[0] ?? '';
  for (const candidate of candidates) {
    while (!candidate.startsWith(common)) common = common.slice(0, -1);
  }
  return common;
}
