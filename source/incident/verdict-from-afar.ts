/** Verdicts of rows of which a transaction has so many that they are not compared again one by one for somebody who looks at them. */
import type { Change } from '../rows/row-change.js';
import type { RowVerdict, Verdict } from './model.js';

const CLEAN: RowVerdict = {
  verdict: 'clean',
  reason: 'nothing on the new primary is in the way of any row of this transaction',
};
const TOO_FAR_DOWN: RowVerdict = {
  verdict: 'pending',
  reason: 'this far down rows are not compared one by one: the verdict of the whole transaction counts them',
};

/**
 * What the verdict of its whole transaction says of a change: it is that of the worst row, so that all rows of one that is clean are
 * clean. Undefined where a verdict makes no sense.
 */
export function verdictFromAfar(change: Change, ofTransaction: Verdict): RowVerdict | undefined {
  if (change.kind === 'message' || change.kind === 'sequence') return undefined;
  const problem = change.kind === 'catalog' ? undefined : change.problem;
  if (problem !== undefined) return { verdict: 'unknown', reason: problem };
  return ofTransaction === 'clean' ? CLEAN : TOO_FAR_DOWN;
}
