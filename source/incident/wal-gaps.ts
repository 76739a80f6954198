/** WAL that is missing, by the names of its files, and what having it would give back. */

import { formatCount } from '../bytes/count.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { segmentFileName, segmentStart } from '../wal/segment-name.js';
import type { WalEnd } from '../wal/wal-end.js';
import type { WalPlaces } from '../wal/wal-places.js';
import { plural } from './figures.js';
import type { LossFigures, WalGap } from './model.js';

/** What is known of a side when its gaps are told. */
export interface GapFacts {
  readonly side: WalGap['side'];
  readonly segments: WalPlaces;
  /** Where reading began; undefined when it could not. */
  readonly startLsn: Lsn | undefined;
  /** Something lost may have begun before that. */
  readonly shortfall: boolean;
  /** Where reading stopped, once it has. */
  readonly end: WalEnd | undefined;
  /** It is known to have written at least up to here. */
  readonly written: Lsn;
  /** Where its own part begins. */
  readonly forkLsn: Lsn;
  /** Of the old side: what was lost, as far as it was read. */
  readonly loss?: LossFigures;
  /** Lost transactions whose beginning is not in the WAL. */
  readonly begunBefore?: number;
  /** What does not fit into memory was not kept: old rows are not known for that reason as well. */
  readonly forgetful?: boolean;
  /** Transactions with changes that were not ended where reading stopped. */
  readonly unfinished?: readonly number[];
}

/** Transactions that are named one by one. */
const NAMED = 5;

function nameAt(segments: WalPlaces, lsn: Lsn): string {
  return segmentFileName(
    segments.timelineAt(lsn),
    segmentStart(lsn, segments.segmentSize),
    segments.segmentSize,
  );
}

function isMissing(segments: WalPlaces, lsn: Lsn): boolean {
  return 'missing' in segments.look(lsn);
}

/** The missing segments from the one of `from` on: as far as the next usable one, or `until`. */
function run(segments: WalPlaces, from: Lsn, until: Lsn): { first: Lsn; last: Lsn; behind: number } {
  const { segmentSize } = segments;
  const first = segmentStart(from, segmentSize);
  const usable = segments
    .namedPositions()
    .filter((position) => position > first && !isMissing(segments, position));
  const next = usable[0] ?? Math.max(first + segmentSize, segmentStart(until, segmentSize) + segmentSize);
  return { first, last: next - segmentSize, behind: usable.length };
}

function gap(
  facts: GapFacts,
  state: WalGap['state'],
  { first, last }: { first: Lsn; last: Lsn },
  givesBack: readonly string[],
): WalGap {
  const { segments, side } = facts;
  const { segmentSize } = segments;
  return {
    side,
    state,
    first: nameAt(segments, first),
    last: nameAt(segments, last),
    count: (last - first) / segmentSize + 1,
    startLsn: first,
    givesBack,
  };
}

/** What lies before the beginning of reading. */
function before(facts: GapFacts): WalGap[] {
  const { segments, startLsn, shortfall, loss, begunBefore = 0, forgetful } = facts;
  if (startLsn === undefined || facts.side === 'new') return [];
  // More WAL is no help against a full disk: nothing is promised then.
  const unread = forgetful ? 0 : (loss?.undecodable ?? 0) - begunBefore;
  if (!shortfall && unread <= 0) return [];
  const last = segmentStart(startLsn, segments.segmentSize) - segments.segmentSize;
  if (last < 0 || !isMissing(segments, last)) return [];
  const givesBack: string[] = [];
  if (begunBefore > 0)
    givesBack.push(`the beginning of ${plural(begunBefore, 'lost transaction')} that began before it`);
  if (unread > 0)
    givesBack.push(`up to ${plural(unread, 'row change')} that cannot be decoded for want of an old row`);
  if (givesBack.length === 0) givesBack.push('certainty that no lost transaction began before it');
  return [gap(facts, 'before', { first: last, last }, givesBack)];
}

/** What reading stopped at. */
function at(facts: GapFacts): WalGap[] {
  const { side, segments, end, written, startLsn, forkLsn } = facts;
  const { segmentSize } = segments;
  if (startLsn === undefined) {
    if (!isMissing(segments, forkLsn)) return [];
    const missing = run(segments, forkLsn, written);
    return [
      gap(facts, 'missing', missing, [`everything it wrote from the fork at ${formatLsn(forkLsn)} on`]),
    ];
  }
  if (!end) return [];
  const after = formatLsn(end.lsn);
  if (end.kind === 'damaged') {
    const first = segmentStart(end.lsn, segmentSize);
    return [gap(facts, 'damaged', { first, last: first }, whatFollows(facts, after, 0))];
  }
  // A record that begins in one segment may go on in the next.
  let from = end.lsn;
  if (!isMissing(segments, from)) from = segmentStart(from, segmentSize) + segmentSize;
  if (!isMissing(segments, from)) return [];
  if (end.kind === 'end' && (side === 'new' || written <= from)) return [];
  const missing = run(segments, from, written);
  return [gap(facts, 'missing', missing, whatFollows(facts, after, missing.behind))];
}

function whatFollows(facts: GapFacts, after: string, behind: number): string[] {
  const { side, unfinished = [] } = facts;
  if (side === 'new') return [`verdicts on what it wrote after ${after}: they are unknown`];
  const givesBack = [`every transaction that it committed after ${after}`];
  if (unfinished.length > 0) {
    const named = unfinished.slice(0, NAMED).join(', ');
    const more = unfinished.length > NAMED ? ` and ${formatCount(unfinished.length - NAMED)} more` : '';
    const ends =
      unfinished.length === 1 ? 'the end of xid' : `the ends of ${unfinished.length} transactions, xid`;
    givesBack.push(`${ends} ${named}${more}: begun and not ended where it stops`);
  }
  if (behind > 0)
    givesBack.push(`${plural(behind, 'segment')} behind it, which ${behind === 1 ? 'is' : 'are'} there`);
  return givesBack;
}

/** Every gap that keeps something from being told, in the order of WAL. */
export function walGaps(facts: GapFacts): WalGap[] {
  return [...before(facts), ...at(facts)];
}

/** `00000001000000000000000A to 00000001000000000000000C (3 segments)`. */
export function gapName({ first, last, count, state }: WalGap): string {
  if (state === 'before') return `${first} and what is before it`;
  if (state === 'damaged') return `a sound copy of ${first}`;
  return count === 1 ? first : `${first} to ${last} (${formatCount(count)} segments)`;
}
