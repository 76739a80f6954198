/**
 * Opens the two sides of an incident: a directory each, or a directory and a live server. Checks that they belong
 * together, finds the fork, and gathers each side's WAL. Milliseconds: no transaction is decoded here.
 */
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { refuseReadOnlyPlace } from '../bytes/read-only-place.js';
import { Gathering } from '../gather/gathering.js';
import { isServerUrl, withoutPassword } from '../server/connection.js';
import { LiveServer, type ServerFacts } from '../server/live-server.js';
import { abandonedWal } from '../timeline/abandoned-wal.js';
import { compareSides, swappedHint } from '../timeline/compare-sides.js';
import type { ControlFile } from '../timeline/control-file.js';
import { findFork } from '../timeline/fork.js';
import {
  findHistory,
  historyFromFork,
  historyWithoutParents,
  lastSharedEntry,
  type TimelineHistory,
} from '../timeline/history-file.js';
import { type DirectoryProbe, probeDataDirectory } from '../timeline/probe.js';
import { withCommonHistory } from '../wal/common-history.js';
import { openWalSegments } from '../wal/places.js';
import type { RemotePlace } from '../wal/remote-place.js';
import { historyFileName, segmentStart } from '../wal/segment-name.js';
import { WalSpool } from '../wal/spool.js';
import type { WalPlaces } from '../wal/wal-places.js';
import type { ForkPoint, IncidentOverview, IncidentRequest, SideOverview } from './model.js';
import { describeServer, describeSide, serverState, type WalFindings, walFindings } from './side-overview.js';
import { directoriesOf, fetchHistory, openRemotes, type SideRemotes } from './side-places.js';

/** How sides are opened. */
export interface SidesOptions {
  /** Ends what is being fetched meanwhile. */
  readonly stop?: AbortSignal;
  /** The directory for segments that are no files of their own anywhere, when another thread has to know it. */
  readonly spool?: string;
}

/** Both sides, opened. `server` is to be closed by the caller. */
export interface OpenedSides {
  readonly overview: IncidentOverview;
  /** The old primary's WAL along its own history; before the fork, what it lacks comes from the new side. */
  readonly oldSegments: WalPlaces;
  /** The new primary's, likewise; undefined for a live server without `--new-wal`. */
  readonly newSegments?: WalPlaces;
  readonly server?: LiveServer;
  /** The running new primary to ask for verdicts; closed by the caller too. */
  readonly against?: LiveServer;
  readonly oldProbe: DirectoryProbe;
  /** Undefined for a live server. */
  readonly newProbe?: DirectoryProbe;
  /** Undefined when the old side is a directory of WAL. */
  readonly oldControl?: ControlFile;
  readonly newControl?: ControlFile;
  /** Coverage and disagreements of each side, as of now. */
  readonly oldFindings: () => WalFindings;
  readonly newFindings: () => WalFindings | undefined;
  /** Places that have to be asked. To be closed by the caller. */
  readonly gathering: Gathering;
  /** Where packed segments are unpacked. To be closed by the caller. */
  readonly spool: WalSpool;
}

function openProbe(path: string, which: string): DirectoryProbe {
  const probe = probeDataDirectory(path);
  if (probe.ok) return probe;
  throw new ForkpointError({
    what: `${which}: ${probe.reason}`,
    where: probe.reason.includes(probe.path) ? undefined : probe.path,
    next: 'name another directory',
  });
}

/** A node's history as it was found, and, where it was not, as it is made up for. */
interface NodeHistory {
  readonly timeline: number;
  readonly history: TimelineHistory;
  /** Why it is not known, as a clause: `00000002.history was not found`. */
  readonly unknown?: string;
}

/** Finds a node's history. A broken file is an error, unless the fork is named by hand. */
function nodeHistory(timeline: number, places: readonly string[], fork: Lsn | undefined): NodeHistory {
  try {
    const { history, missing } = findHistory(timeline, places);
    return { timeline, history, unknown: missing && `${missing} was not found` };
  } catch (error) {
    if (fork === undefined || !(error instanceof ForkpointError)) throw error;
    const unknown = `${historyFileName(timeline)} is broken`;
    return { timeline, history: historyWithoutParents(timeline), unknown };
  }
}

/**
 * A history that is not known is the beginning of the other side's, if that one went through the same timeline; else it left the other
 * side's path where the fork was named by hand.
 */
function completeHistory(
  own: NodeHistory,
  other: NodeHistory,
  fork: Lsn | undefined,
): { readonly history: TimelineHistory; readonly warnings: readonly string[] } {
  const { timeline, history, unknown } = own;
  if (unknown === undefined) return { history, warnings: [] };
  const at = other.history.findIndex((entry) => entry.timeline === timeline);
  if (at >= 0) {
    const last = { ...other.history[at], end: Number.POSITIVE_INFINITY, reason: '' };
    return {
      history: [...other.history.slice(0, at), last],
      warnings: [`${unknown}: the way to timeline ${timeline} is taken from the other side's history.`],
    };
  }
  if (fork !== undefined) {
    return {
      history: historyFromFork(timeline, other.history, fork),
      warnings: [`${unknown}: timeline ${timeline} is taken to begin at the fork named by hand.`],
    };
  }
  return { history, warnings: [`${unknown}: what came before timeline ${timeline} is unknown.`] };
}

/**
 * The timeline a directory of WAL stands for as the old side: an archive that both nodes wrote to holds the new primary's
 * timeline too, so it is the highest other one.
 */
function oldTimeline(probe: DirectoryProbe, newTimeline: number): number {
  if (probe.kind === 'data-directory') return probe.timeline;
  return probe.timelines.findLast((timeline) => timeline !== newTimeline) ?? probe.timeline;
}

function gather(
  like: Pick<DirectoryProbe, 'walSegmentSize' | 'walPageSize' | 'majorVersion' | 'systemIdentifier'>,
  places: readonly string[],
  history: TimelineHistory,
  spool: WalSpool,
  remotes: readonly RemotePlace[] = [],
): WalPlaces {
  return openWalSegments({
    places,
    remotes,
    spool,
    history,
    segmentSize: like.walSegmentSize,
    pageSize: like.walPageSize,
    majorVersion: like.majorVersion,
    systemIdentifier: like.systemIdentifier,
  });
}

function refuse(refusals: readonly string[], request: IncidentRequest): void {
  if (refusals.length === 0) return;
  throw new ForkpointError({
    what: refusals.join('; '),
    where: `${request.old} and ${withoutPassword(request.new)}`,
    next: 'name the crashed old primary and the promoted new primary of the same cluster',
  });
}

/** What stands on the new side: a directory or a server, in one form. */
interface NewSide {
  readonly probe?: DirectoryProbe;
  readonly server?: LiveServer;
  readonly state: string;
  readonly history: NodeHistory;
  readonly places: readonly string[];
}

async function openNewSide(request: IncidentRequest, old: DirectoryProbe): Promise<NewSide> {
  const extra = directoriesOf(request.newWal);
  if (isServerUrl(request.new)) {
    const server = await LiveServer.open(request.new);
    const { facts } = server;
    try {
      refuse(serverRefusals(old, facts), request);
      const { timeline, history, missingHistory: unknown } = facts;
      const copied = unknown === undefined ? undefined : nodeHistory(timeline, extra, request.fork);
      return {
        server,
        state: serverState(facts),
        history: copied && copied.unknown === undefined ? copied : { timeline, history, unknown },
        places: extra,
      };
    } catch (error) {
      await server.close();
      throw error;
    }
  }
  const probe = openProbe(request.new, 'new primary');
  const { refusals } = compareSides(old, probe);
  refuse(refusals, request);
  const places = [probe.walDirectory, ...extra];
  return { probe, state: probe.state, history: nodeHistory(probe.timeline, places, request.fork), places };
}

function serverRefusals(old: DirectoryProbe, facts: ServerFacts): string[] {
  const refusals: string[] = [];
  if (old.systemIdentifier !== facts.systemIdentifier) {
    refusals.push(
      `different clusters: the old primary's system identifier is ${old.systemIdentifier}, the server's is ${facts.systemIdentifier}`,
    );
  }
  if (old.majorVersion !== facts.majorVersion) {
    refusals.push(
      `different versions: the old primary is PostgreSQL ${old.majorVersion}, the server PostgreSQL ${facts.majorVersion}`,
    );
  }
  return refusals;
}

const STANDBY_STATES: readonly string[] = ['in archive recovery', 'shut down in recovery'];

function crossWarnings(
  fork: ForkPoint,
  fresh: NewSide,
  newHistory: TimelineHistory,
  oldHistory: TimelineHistory,
): string[] {
  const standby = STANDBY_STATES.includes(fresh.state);
  const shared = lastSharedEntry(oldHistory, newHistory);
  if (standby && shared === newHistory.length - 1) {
    return [
      `The new side is a standby that was not promoted (${fresh.state}); it parts from the old one at ${formatLsn(fork.lsn)}.`,
    ];
  }
  return [];
}

/**
 * Connects to the running new primary that verdicts are asked of. Throws ForkpointError unless it is the primary that the new side
 * became: same cluster, taking writes, on the new side's timeline or one that came of it.
 */
async function openAgainst(url: string, old: DirectoryProbe, fresh: NodeHistory): Promise<LiveServer> {
  const server = await LiveServer.open(url);
  const { facts } = server;
  const refusals = serverRefusals(old, facts);
  if (facts.inRecovery)
    refusals.push('the server is a standby: it can tell nothing of what is to be written');
  const path = facts.history.map(({ timeline }) => timeline);
  if (refusals.length === 0 && !path.includes(fresh.timeline)) {
    const why = facts.missingHistory === undefined ? '' : ` (${facts.missingHistory})`;
    refusals.push(
      `the server is on timeline ${facts.timeline}, which did not come of the new primary's timeline ${fresh.timeline}${why}`,
    );
  }
  if (refusals.length === 0) return server;
  await server.close();
  throw new ForkpointError({
    what: refusals.join('; '),
    where: facts.url,
    next: 'name the running new primary of this cluster with --against',
  });
}

/** When the fork is not found: is it for want of a history? */
function withReasons(histories: readonly NodeHistory[], find: () => ForkPoint): ForkPoint {
  try {
    return find();
  } catch (error) {
    const unknown = histories.map((each) => each.unknown).filter((reason) => reason !== undefined);
    if (!(error instanceof ForkpointError) || unknown.length === 0) throw error;
    throw new ForkpointError({
      ...error.complaint,
      what: `${error.complaint.what}; ${unknown.join('; ')}`,
    });
  }
}

/**
 * Why an old side whose history goes on in the new one's may have lost something all the same: it was made a standby of the new
 * primary, and what it wrote by itself was thrown away with its own timeline.
 */
function whyUntold(
  probe: DirectoryProbe,
  history: TimelineHistory,
  places: readonly string[],
  spool: WalSpool,
): string | undefined {
  if (history.length === 1) return undefined;
  const left = history[history.length - 2];
  const abandoned = abandonedWal(history, (path) => gather(probe, places, path, spool));
  const on = `The old side follows the new primary's history, which left timeline ${left.timeline} at ${formatLsn(left.end)}`;
  if (abandoned) {
    const { timeline, end, path } = abandoned;
    return `${on}, but there is WAL of timeline ${timeline} from behind ${formatLsn(end)} (${path}): a node wrote on there, and was rewound since. Name the directory of that file as OLD to read it.`;
  }
  if (!probe.standby && !STANDBY_STATES.includes(probe.state)) return undefined;
  return `${on}; it is a standby on timeline ${probe.timeline} now. If it was the old primary, it has been rewound or rebuilt: what it had written by itself is no longer in this directory. Look for an archive, or a copy made before.`;
}

/** Has everything from `from` to the segment of `through` asked for at once: reading begins there. */
async function fetchStretch(
  segments: WalPlaces,
  from: Lsn,
  through: Lsn,
  gathering: Gathering,
): Promise<void> {
  const { segmentSize } = segments;
  await gathering.settled(() => {
    for (let at = segmentStart(from, segmentSize); at <= through; at += segmentSize) segments.at(at);
  });
}

/**
 * Opens both sides and finds the fork. Throws ForkpointError when a side cannot be read, the two do not belong together, or
 * nothing tells where they parted.
 */
export async function openSides(
  request: IncidentRequest,
  { stop, spool: spoolPath }: SidesOptions = {},
): Promise<OpenedSides> {
  if (isServerUrl(request.old)) {
    throw new ForkpointError({
      what: 'the old primary is read from its files: a server cannot stand for it',
      where: withoutPassword(request.old),
      next: 'name its data directory, or a directory that holds its WAL',
    });
  }
  if (request.tempDir !== undefined) refuseReadOnlyPlace(request.tempDir);
  const oldProbe = openProbe(request.old, 'old primary');
  const fresh = await openNewSide(request, oldProbe);
  const spool = new WalSpool(request.tempDir, spoolPath);
  const gathering = new Gathering();
  stop?.addEventListener('abort', () => gathering.close(), { once: true });
  try {
    const node = { ...oldProbe, segmentSize: oldProbe.walSegmentSize };
    const oldRemotes = await openRemotes(request, request.oldWal, oldProbe, node, gathering, spool);
    const newRemotes = await openRemotes(request, request.newWal, fresh.probe, node, gathering, spool);
    const timeline = oldTimeline(oldProbe, fresh.history.timeline);
    const oldPlaces = [oldProbe.walDirectory, ...directoriesOf(request.oldWal)];
    const asked = async (known: NodeHistory, { remotes }: SideRemotes): Promise<NodeHistory> => {
      if (known.unknown === undefined) return known;
      const directory = await fetchHistory(known.timeline, remotes, spool);
      return directory === undefined ? known : nodeHistory(known.timeline, [directory], request.fork);
    };
    const oldHistory = await asked(nodeHistory(timeline, oldPlaces, request.fork), oldRemotes);
    const newHistory = await asked(fresh.history, newRemotes);
    const old = completeHistory(oldHistory, newHistory, request.fork);
    const newer = completeHistory(newHistory, oldHistory, request.fork);

    const oldWal = gather(oldProbe, oldPlaces, old.history, spool, oldRemotes.remotes);
    const newWal =
      fresh.places.length > 0 || (request.newWal ?? []).length > 0
        ? gather(oldProbe, fresh.places, newer.history, spool, newRemotes.remotes)
        : undefined;
    const found = await gathering.settled(() =>
      withReasons([oldHistory, newHistory], () =>
        findFork(
          { history: old.history, segments: oldWal },
          { history: newer.history, segments: newWal },
          request.fork,
        ),
      ),
    );
    const fork = found.diverged
      ? found
      : { ...found, untold: whyUntold(oldProbe, old.history, oldPlaces, spool) };
    const oldSegments = newWal ? withCommonHistory(oldWal, newWal, fork.lsn, spool) : oldWal;
    const newSegments = newWal && withCommonHistory(newWal, oldWal, fork.lsn, spool);

    const through = fork.lsn;
    const from = oldProbe.redoLsn > 0 ? Math.min(oldProbe.redoLsn, through) : through;
    const newSideWal = newWal &&
      newSegments && { own: newWal, completed: newSegments, archive: newRemotes.archive };
    const describeNew = (): SideOverview => {
      if (fresh.server) {
        return describeServer(fresh.server.facts, newer.history, newSideWal, fork.lsn, newer.warnings);
      }
      return describeSide(
        fresh.probe!,
        newSideWal!,
        newer.history,
        { from: through, through },
        newer.warnings,
      );
    };
    if (found.diverged) await fetchStretch(oldSegments, from, through, gathering);
    const oldSideWal = { own: oldWal, completed: oldSegments, archive: oldRemotes.archive };
    const oldNeeded = { from, through };
    const overview: IncidentOverview = {
      old: describeSide(oldProbe, oldSideWal, old.history, oldNeeded, old.warnings),
      new: describeNew(),
      fork,
      gaps: [],
      swapped: swappedHint(
        { kind: oldProbe.kind, state: oldProbe.state, timeline, history: old.history },
        {
          kind: 'data-directory',
          state: fresh.state,
          timeline: newHistory.timeline,
          history: newer.history,
        },
      ),
      warnings: [
        ...crossWarnings(fork, fresh, newer.history, old.history),
        ...(fork.untold === undefined ? [] : [fork.untold]),
      ],
    };
    const against =
      request.against === undefined ? undefined : await openAgainst(request.against, oldProbe, fresh.history);
    return {
      overview,
      oldSegments,
      newSegments,
      server: fresh.server,
      against,
      oldProbe,
      newProbe: fresh.probe,
      oldControl: oldProbe.control,
      newControl: fresh.probe?.control,
      oldFindings: () => walFindings(oldSideWal, oldNeeded),
      newFindings: () => newSideWal && walFindings(newSideWal, { from: through, through }),
      gathering,
      spool,
    };
  } catch (error) {
    gathering.close();
    spool.close();
    await fresh.server?.close();
    throw error;
  }
}
