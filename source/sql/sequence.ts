/** A sequence's position. */
import { qualifiedName } from '../bytes/identifiers.js';
import { quoteLiteral } from '../bytes/string-literal.js';
import type { SequenceChange } from '../rows/row-change.js';
import type { SequenceAtEnd } from '../transactions/lost-besides.js';
import { comment } from './comments.js';
import { regclassText } from './identifiers.js';
import type { Tally } from './tally.js';

/** What tells a sequence of one database from another. */
export function sequenceKey({ schema, name }: Pick<SequenceChange, 'schema' | 'name'>): string {
  return JSON.stringify([schema, name]);
}

/**
 * Moves the sequence to where the old primary had it, unless it is further already in the direction it counts: the new primary has
 * handed out values since. One that came round (CYCLE) or was set back looks further, and stays where it is.
 */
export function sequenceStatement(change: SequenceChange): string {
  const name = qualifiedName(change.schema, change.name);
  const regclass = `${quoteLiteral(regclassText(change.schema, change.name))}::regclass`;
  // Row comparison: of equal values, the one that was handed out is further. No value is negated: the least bigint has no opposite.
  const upwards = `(s.last_value, s.is_called) < (${change.lastValue}, ${change.isCalled})`;
  const downwards = `(${change.lastValue}, s.is_called) < (s.last_value, ${change.isCalled})`;
  const behind = `CASE WHEN d.seqincrement > 0 THEN ${upwards} ELSE ${downwards} END`;
  return `SELECT pg_catalog.setval(${regclass}, ${change.lastValue}, ${change.isCalled}) FROM ${name} AS s, pg_catalog.pg_sequence AS d WHERE d.seqrelid = ${regclass} AND ${behind}`;
}

/**
 * The lines that follow the transactions: sequences which somebody moved further than any of those did. Without `ddl` those made in the lost
 * part are not there, and others have the names they had at the fork.
 */
export function* sequenceLines(
  sequences: readonly SequenceAtEnd[],
  ddl: boolean,
  tally: Tally,
): Generator<string> {
  const further = sequences
    .filter(({ change }) => tally.sequences.get(sequenceKey(change)) !== change.lsn)
    .flatMap(({ change, before }) => (ddl ? [change] : before ? [{ ...change, ...before }] : []));
  if (further.length === 0) return;
  yield comment(
    'Sequences, to where they stood at the end: what rolled back, or was still running at the crash, took numbers too.',
  );
  for (const change of further) {
    tally.statements++;
    yield `${sequenceStatement(change)};`;
  }
  yield '';
}
