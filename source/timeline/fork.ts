/**
 * Where two nodes of one cluster parted.
 *
 * Histories are compared entry by entry, timeline and beginning, as pg_rewind's findCommonAncestorTimeline() does; the fork
 * is the earlier of the places where the two paths leave the last entry they share. Numbers alone prove little (two nodes
 * may promote to the same number, even at the same LSN), so the bytes around the fork are compared where both sides have
 * them, and what could not be verified is said.
 */
import { formatCount } from '../bytes/count.js';
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { readTimestamp, type TimestampMicros } from '../bytes/timestamp.js';
import { LONG_PAGE_HEADER_SIZE } from '../wal/page-header.js';
import { WalReader } from '../wal/reader.js';
import { ResourceManager, XlogOperation } from '../wal/resource-managers.js';
import { historyFileName } from '../wal/segment-name.js';
import type { WalPlaces } from '../wal/wal-places.js';
import type { ForkPoint } from './fork-point.js';
import { lastSharedEntry, type TimelineHistory } from './history-file.js';
import { compareStretch, findParting, foundAt, recordAround } from './wal-comparison.js';

/** One node as far as finding the fork needs it. */
export interface ForkSide {
  readonly history: TimelineHistory;
  /** Its WAL; undefined for a live server whose files are out of reach. */
  readonly segments?: WalPlaces;
}

/** What two histories say, before any WAL is read. */
export interface HistoryFork {
  /** The last timeline both share. */
  readonly timeline: number;
  /** Where that timeline began, on both. */
  readonly begin: Lsn;
  /** Where each path leaves it; Infinity for a node that is still on it. */
  readonly oldEnd: Lsn;
  readonly newEnd: Lsn;
  /** The earlier of the two; Infinity when both are still on it and histories cannot tell. */
  readonly lsn: Lsn;
}

/** Bytes before the fork that are compared. */
const VERIFIED_STRETCH = 256 * 1024;

const NAME_THE_FORK = 'name the fork by hand with --fork LSN if you know it';

/** Compares two histories. Throws ForkpointError when they share no timeline. */
export function forkOfHistories(old: TimelineHistory, fresh: TimelineHistory): HistoryFork {
  const last = lastSharedEntry(old, fresh);
  if (last < 0) {
    const path = (history: TimelineHistory): string => history.map((entry) => entry.timeline).join(' → ');
    throw new ForkpointError({
      what: `the histories share no timeline: the old primary's is ${path(old)}, the new one's ${path(fresh)}`,
      where: historyFileName(Math.max(old[0].timeline, fresh[0].timeline)),
      next: `put the missing history file into a directory named with --old-wal or --new-wal, or ${NAME_THE_FORK}`,
    });
  }
  const oldEnd = old[last].end;
  const newEnd = fresh[last].end;
  const { timeline, begin } = old[last];
  return { timeline, begin, oldEnd, newEnd, lsn: Math.min(oldEnd, newEnd) };
}

/** How the histories led to the fork, in a sentence. */
function explain(fork: HistoryFork, old: ForkSide, fresh: ForkSide): string {
  const { timeline, oldEnd, newEnd } = fork;
  const at = formatLsn(fork.lsn);
  const after = (history: TimelineHistory): number =>
    history[history.findIndex((entry) => entry.timeline === timeline) + 1]?.timeline ?? timeline;
  const newNext = after(fresh.history);
  const oldNext = after(old.history);
  const file = historyFileName(fresh.history[fresh.history.length - 1].timeline);
  if (oldEnd === Number.POSITIVE_INFINITY) {
    return `${file} of the new primary: it left timeline ${timeline} at ${at} for timeline ${newNext}; the old primary stayed on timeline ${timeline}.`;
  }
  if (newEnd === Number.POSITIVE_INFINITY) {
    return `The old primary left timeline ${timeline} at ${at} for timeline ${oldNext}; the new one is still on timeline ${timeline}.`;
  }
  const same = newNext === oldNext ? ', independently under the same number' : '';
  return `Both left timeline ${timeline}: the new primary at ${formatLsn(newEnd)} for timeline ${newNext}, the old one at ${formatLsn(oldEnd)} for timeline ${oldNext}${same}. They part at the earlier place, ${at}.`;
}

/** When the new primary began its timeline: XLOG_END_OF_RECOVERY's time, when that is the record at the fork. */
function promotionTime(segments: WalPlaces, lsn: Lsn): TimestampMicros | undefined {
  const reader = new WalReader(segments);
  try {
    if (!reader.readAt(lsn) || reader.rmid !== ResourceManager.xlog) return undefined;
    if ((reader.info & 0xf0) !== XlogOperation.endOfRecovery) return undefined;
    return readTimestamp(reader.view, reader.mainOffset);
  } finally {
    reader.closeFile();
  }
}

function positionsOnBoth(old: WalPlaces, fresh: WalPlaces): Lsn[] {
  const theirs = new Set(fresh.namedPositions());
  return old.namedPositions().filter((position) => theirs.has(position));
}

/** Both nodes are on the same timeline, begun at the same place: only their WAL can tell them apart. */
function forkOnSharedTimeline(found: HistoryFork, old: ForkSide, fresh: ForkSide): ForkPoint {
  const { timeline } = found;
  const cannotTell = (why: string): never => {
    throw new ForkpointError({
      what: `both sides are on timeline ${timeline} with the same history, and ${why}`,
      next: `add WAL of both sides from before they parted with --old-wal and --new-wal, or ${NAME_THE_FORK}`,
    });
  };
  if (!old.segments || !fresh.segments) {
    return cannotTell("without the new primary's WAL files nothing tells where they part");
  }
  const parting = findParting(old.segments, fresh.segments, positionsOnBoth(old.segments, fresh.segments));
  if (!parting) return cannotTell('no stretch of WAL that both still have is the same');
  const at = formatLsn(parting.lsn);
  const evidence = [
    `Both sides are on timeline ${timeline} with the same history; their WAL was compared record by record and is the same up to ${at}.`,
  ];
  if (parting.left === 'end') {
    evidence.push("The old primary's WAL ends there: the new side has everything it had.");
  } else if (parting.left !== 'record') {
    evidence.push(
      `The old primary's WAL is ${parting.left} there: whether anything was lost cannot be told.`,
    );
  } else if (parting.right === 'record') {
    evidence.push(`From there on it differs: both went on by themselves on timeline ${timeline}.`);
  } else {
    evidence.push(
      'The new side ends there and was not promoted: what the old one wrote since has not reached it. It has not forked yet: given that WAL (by streaming or from an archive) it loses nothing; promoted as it is, it forks here, and what is listed is lost.',
    );
  }
  return {
    lsn: parting.lsn,
    timeline,
    time: promotionTime(fresh.segments, parting.lsn),
    evidence,
    diverged: parting.left !== 'end',
  };
}

/** What the WAL before a fork that histories tell says to it. */
interface Verification {
  readonly lsn: Lsn;
  readonly evidence: readonly string[];
}

/** The bytes before the fork should be the same; when they are not, finds out why. */
function verifyBefore(lsn: Lsn, old: WalPlaces, fresh: WalPlaces): Verification {
  const stretch = compareStretch(old, fresh, Math.max(0, lsn - VERIFIED_STRETCH), lsn);
  const evidence: string[] = [];
  if (stretch.differsAt !== undefined) {
    const differsAt = formatLsn(stretch.differsAt);
    const parting = findParting(old, fresh, positionsOnBoth(old, fresh), lsn);
    if (!parting) {
      throw new ForkpointError({
        what: `WAL before the fork ${formatLsn(lsn)} differs between the sides (at ${differsAt}), as far back as both have it: they parted earlier than their histories say`,
        next: `add older WAL of both sides with --old-wal and --new-wal, or ${NAME_THE_FORK}`,
      });
    }
    const at = formatLsn(parting.lsn);
    if (parting.left === 'record' && parting.right === 'record') {
      evidence.push(
        `Their WAL parts before that already, at ${at}: both were promoted under the same number.`,
      );
      return { lsn: parting.lsn, evidence };
    }
    if (parting.left === 'record' && parting.right === 'end') {
      evidence.push(
        `The new side's WAL ends before that already, at ${at}: from there on the old one is alone.`,
      );
      return { lsn: parting.lsn, evidence };
    }
    const whose = parting.left === 'record' ? "new side's" : "old primary's";
    const state = parting.left === 'record' ? parting.right : parting.left;
    evidence.push(`The ${whose} WAL ${state === 'end' ? 'ends' : `is ${state}`} before the fork, at ${at}.`);
  } else if (stretch.compared > 0) {
    const bytes = formatCount(stretch.compared);
    evidence.push(
      `Verified: the ${bytes} bytes of WAL before it, from ${formatLsn(stretch.from)}, are the same on both sides.`,
    );
  }
  if (stretch.missing.length > 0) {
    evidence.push(`Not verified, for want of WAL before the fork: ${stretch.missing.join('; ')}.`);
  }
  return { lsn, evidence };
}

/** Checks a fork in both sides' WAL, as far as they have it. */
function verify(
  found: { lsn: Lsn; timeline: number },
  first: string,
  old: ForkSide,
  fresh: ForkSide,
): ForkPoint {
  const evidence = [first];
  let { lsn } = found;
  if (old.segments && fresh.segments) {
    const before = verifyBefore(lsn, old.segments, fresh.segments);
    evidence.push(...before.evidence);
    lsn = before.lsn;
  } else {
    const whose = old.segments ? 'new' : 'old';
    evidence.push(
      `Not verified in WAL: of the ${whose} side no WAL files are at hand, so it rests on the history alone; name a directory that has them with --${whose}-wal.`,
    );
  }
  let diverged = true;
  if (old.segments) {
    const there = foundAt(old.segments, lsn);
    if (there === 'end') {
      diverged = false;
      evidence.push(
        "The old primary's WAL holds no record from the fork on: the new primary has everything it had.",
      );
    } else if (there !== 'record') {
      evidence.push(`The old primary's WAL is ${there} at the fork: what it wrote there cannot be told.`);
    } else if (fresh.segments) {
      const { differsAt } = compareStretch(old.segments, fresh.segments, lsn, lsn + old.segments.pageSize);
      if (differsAt !== undefined) evidence.push('Verified: from the fork on the two differ.');
    }
  }
  const time = fresh.segments && promotionTime(fresh.segments, lsn);
  return { lsn, timeline: found.timeline, time, evidence, diverged };
}

/** Throws ForkpointError when the WAL at hand proves that the two do not part at `named`. */
function checkNamed(named: Lsn, old: ForkSide, fresh: ForkSide): void {
  const refuse = (why: string, next: string): never => {
    throw new ForkpointError({ what: `the fork cannot be at ${formatLsn(named)}: ${why}`, next });
  };
  const around = old.segments && recordAround(old.segments, named);
  if (around) {
    const { from, to } = around;
    const ends = [from, to].filter((lsn) => lsn !== undefined).map((lsn) => `--fork ${formatLsn(lsn)}`);
    refuse(
      `that is inside a record of the old primary's WAL, which ends at ${formatLsn(to)}`,
      `name the place between two records, such as ${ends.join(' or ')}`,
    );
  }
  if (!old.segments || !fresh.segments) return;
  const both = positionsOnBoth(old.segments, fresh.segments);
  const parting = findParting(old.segments, fresh.segments, both);
  // Only where both go on, each with records of its own, is it certain.
  if (parting?.left !== 'record' || parting.right !== 'record' || samePlace(parting.lsn, named, old.segments))
    return;
  const at = formatLsn(parting.lsn);
  refuse(
    parting.lsn < named
      ? `the WAL of the two sides differs from ${at} on already`
      : `the WAL of the two sides is the same up to ${at}`,
    `use --fork ${at}, or check that --old-wal and --new-wal name WAL of the right nodes`,
  );
}

/** Are these the same place in WAL? The first record of a page may be told by the page's beginning. */
function samePlace(left: Lsn, right: Lsn, { pageSize }: WalPlaces): boolean {
  const normal = (lsn: Lsn): Lsn => (lsn % pageSize <= LONG_PAGE_HEADER_SIZE ? lsn - (lsn % pageSize) : lsn);
  return normal(left) === normal(right);
}

/**
 * Finds the fork of two nodes. Throws ForkpointError when neither histories nor WAL can tell.
 * `named` is the fork given by hand: it is believed unless the WAL proves it wrong.
 */
export function findFork(old: ForkSide, fresh: ForkSide, named?: Lsn): ForkPoint {
  if (named !== undefined) {
    checkNamed(named, old, fresh);
    const entry = old.history.find(({ end }) => named <= end) ?? old.history[old.history.length - 1];
    return verify(
      { lsn: named, timeline: entry.timeline },
      `The fork ${formatLsn(named)} was named by hand.`,
      old,
      fresh,
    );
  }
  const found = forkOfHistories(old.history, fresh.history);
  if (found.lsn === Number.POSITIVE_INFINITY) return forkOnSharedTimeline(found, old, fresh);
  return verify(found, explain(found, old, fresh), old, fresh);
}
