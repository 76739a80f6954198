/** One side of an incident as faces show it: who it is, where it went, which of its WAL is there. */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import type { ServerFacts } from '../server/live-server.js';
import type { TimelineHistory } from '../timeline/history-file.js';
import type { DirectoryProbe } from '../timeline/side-probe.js';
import { segmentStart } from '../wal/segment-name.js';
import type { MissingSegment, SegmentFile } from '../wal/segments.js';
import type { WalPlaces } from '../wal/wal-places.js';
import type {
  SegmentCoverage,
  SegmentDisagreement,
  SideArchive,
  SideOverview,
  TimelineSwitch,
} from './model.js';

/** Segments that are named one by one as missing before the first that is there. */
const NAMED_MISSING = 64;

function switchesOf(history: TimelineHistory): TimelineSwitch[] {
  return history.slice(0, -1).map(({ timeline, end, reason }) => ({ timeline, lsn: end, reason }));
}

function coverageOf(segment: SegmentFile | MissingSegment, segmentSize: number): SegmentCoverage {
  const { fileName, timeline, startLsn } = segment;
  if ('missing' in segment) {
    const state = 'state' in segment ? (segment.state as SegmentCoverage['state']) : 'missing';
    return { fileName, timeline, startLsn, state, reason: segment.reason };
  }
  const state = segment.partial || segment.length < segmentSize ? 'partial' : 'present';
  return { fileName, timeline, startLsn, state, path: segment.path, place: segment.place };
}

/** One side's WAL: what it has itself, and with what the other side can lend from before the fork. */
export interface SideWal {
  readonly own: WalPlaces;
  readonly completed: WalPlaces;
  readonly archive?: SideArchive;
}

/** The stretch of WAL that is needed of a side for certain: its segments are named even when there is no trace of them. */
export interface NeededWal {
  readonly from: Lsn;
  readonly through: Lsn;
}

/** Every segment of a side, the gaps included, and whatever of the needed stretch lies before or behind. */
function coverage({ own, completed }: SideWal, needed: NeededWal): SegmentCoverage[] {
  const { segmentSize } = own;
  const found = (from: Lsn, until: Lsn): SegmentCoverage[] => {
    const segments: SegmentCoverage[] = [];
    for (let at = from; at < until && segments.length < NAMED_MISSING; at += segmentSize) {
      segments.push(coverageOf(completed.look(at), segmentSize));
    }
    return segments;
  };
  const from = segmentStart(needed.from, segmentSize);
  const listed = own.list();
  if (listed.length === 0) return found(from, needed.through + 1);
  const there = listed.map((segment) => {
    const wanted = 'missing' in segment && segment.startLsn >= from;
    return coverageOf(wanted ? completed.look(segment.startLsn) : segment, segmentSize);
  });
  const end = listed[listed.length - 1].startLsn + segmentSize;
  return [...found(from, listed[0].startLsn), ...there, ...found(end, needed.through + 1)];
}

/** What reading has found out about a side's WAL by now. */
export interface WalFindings {
  readonly segments: readonly SegmentCoverage[];
  readonly disagreements: readonly SegmentDisagreement[];
}

/** Coverage of a side, and where its places do not agree, as of now. */
export function walFindings(wal: SideWal, needed: NeededWal): WalFindings {
  return { segments: coverage(wal, needed), disagreements: wal.completed.disagreements() };
}

/** Two copies that are not the same, in a sentence. */
export function disagreementText({ fileName, lsn, kind, taken, other, reason }: SegmentDisagreement): string {
  const what =
    kind === 'conflict' ? `two places do not agree about ${fileName}` : `copies of ${fileName} differ`;
  return `${what}: ${taken} and ${other} differ from ${formatLsn(lsn)} on; ${taken} is read: ${reason}`;
}

/** One side that is a directory. `history` is the completed one. */
export function describeSide(
  probe: DirectoryProbe,
  wal: SideWal,
  history: TimelineHistory,
  needed: NeededWal,
  moreWarnings: readonly string[] = [],
): SideOverview {
  const warnings = [...probe.warnings, ...moreWarnings];
  if (probe.walLevel === 'minimal') {
    warnings.push('wal_level is minimal: changes may have bypassed WAL, and such rows are in no WAL at all.');
  }
  if (probe.control && !probe.control.checkpoint.fullPageWrites) {
    warnings.push('full_page_writes is off: old rows cannot be rebuilt from the images of their pages.');
  }
  return {
    path: probe.path,
    kind: probe.kind,
    majorVersion: probe.majorVersion,
    systemIdentifier: probe.systemIdentifier,
    state: probe.state,
    timeline: history[history.length - 1].timeline,
    history: switchesOf(history),
    checkpointLsn: probe.checkpointLsn,
    redoLsn: probe.redoLsn,
    checkpointTime: probe.checkpointTime,
    endLsn: 0,
    endReason: '',
    ...walFindings(wal, needed),
    archive: wal.archive,
    walLevel: probe.walLevel,
    walSegmentSize: probe.walSegmentSize,
    blockSize: probe.pageSize,
    running: probe.running !== undefined,
    warnings,
  };
}

/** DBState in pg_controldata's words, as far as a running server tells. */
export function serverState(facts: ServerFacts): string {
  return facts.inRecovery ? 'in archive recovery' : 'in production';
}

/** A side that is a live server. */
export function describeServer(
  facts: ServerFacts,
  history: TimelineHistory,
  wal: SideWal | undefined,
  fork: Lsn,
  warnings: readonly string[],
): SideOverview {
  return {
    path: facts.url,
    kind: 'server',
    majorVersion: facts.majorVersion,
    systemIdentifier: facts.systemIdentifier,
    state: serverState(facts),
    timeline: facts.timeline,
    history: switchesOf(history),
    checkpointLsn: facts.checkpointLsn,
    redoLsn: facts.redoLsn,
    checkpointTime: facts.checkpointTime,
    endLsn: facts.currentLsn,
    endReason: 'the server is running',
    segments: wal ? coverage(wal, { from: fork, through: fork }) : [],
    disagreements: wal?.completed.disagreements() ?? [],
    walLevel: facts.walLevel,
    walSegmentSize: facts.walSegmentSize,
    blockSize: facts.pageSize,
    running: true,
    warnings,
  };
}
