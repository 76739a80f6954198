/** A sequence's position. */
import type { SequenceChange } from '../rows/row-change.js';
import { qualifiedName, regclassText } from './identifiers.js';
import { quoteLiteral } from './literals.js';

/**
 * Moves the sequence to where the old primary had it, unless it is further already (in the direction it counts): the
 * new primary has handed out values since.
 */
export function sequenceStatement(change: SequenceChange): string {
  const name = qualifiedName(change.schema, change.name);
  const regclass = `${quoteLiteral(regclassText(change.schema, change.name))}::regclass`;
  const here = '(s.last_value, s.is_called)';
  const there = `(${change.lastValue}, ${change.isCalled})`;
  const behind = `CASE WHEN d.seqincrement > 0 THEN ${here} < ${there} ELSE (-s.last_value, s.is_called) < (-(${change.lastValue}), ${change.isCalled}) END`;
  return `SELECT pg_catalog.setval(${regclass}, ${change.lastValue}, ${change.isCalled}) FROM ${name} AS s, pg_catalog.pg_sequence AS d WHERE d.seqrelid = ${regclass} AND ${behind}`;
}
