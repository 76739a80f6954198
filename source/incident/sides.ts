/**
 * Opens the two sides of an incident: a directory each, or a directory and a live server. Checks that they belong
 * together, finds the fork, and gathers each side's WAL. Milliseconds: no transaction is decoded here.
 */
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn } from '../bytes/lsn.js';
import { isServerUrl, withoutPassword } from '../server/connection.js';
import { LiveServer, type ServerFacts } from '../server/live-server.js';
import { compareSides, swappedHint } from '../timeline/compare-sides.js';
import type { ControlFile } from '../timeline/control-file.js';
import { findFork } from '../timeline/fork.js';
import { findHistory, lastSharedEntry, type TimelineHistory } from '../timeline/history-file.js';
import { type DirectoryProbe, probeDataDirectory } from '../timeline/probe.js';
import { withCommonHistory } from '../wal/common-history.js';
import { openWalSegments, type WalPlaces } from '../wal/places.js';
import type { ForkPoint, IncidentOverview, IncidentRequest, SideOverview } from './model.js';
import { describeServer, describeSide, serverState } from './side-overview.js';

/** Both sides, opened. `server` is to be closed by the caller. */
export interface OpenedSides {
  readonly overview: IncidentOverview;
  /** The old primary's WAL along its own history; before the fork, what it lacks comes from the new side. */
  readonly oldSegments: WalPlaces;
  /** The new primary's, likewise; undefined for a live server without `--new-wal`. */
  readonly newSegments?: WalPlaces;
  readonly server?: LiveServer;
  readonly oldProbe: DirectoryProbe;
  /** Undefined for a live server. */
  readonly newProbe?: DirectoryProbe;
  /** Undefined when the old side is a directory of WAL. */
  readonly oldControl?: ControlFile;
  readonly newControl?: ControlFile;
}

function openProbe(path: string, which: string): DirectoryProbe {
  const probe = probeDataDirectory(path);
  if (probe.ok) return probe;
  throw new ForkpointError({ what: `${which}: ${probe.reason}`, next: 'name another directory' });
}

/** A node's history and, when its file is nowhere, how it was made up for. */
interface CompletedHistory {
  readonly history: TimelineHistory;
  readonly warnings: readonly string[];
}

/** A history whose file is missing is the beginning of the other side's, if that one went through the same timeline. */
function completeHistory(
  timeline: number,
  history: TimelineHistory,
  missing: string | undefined,
  other: TimelineHistory,
): CompletedHistory {
  if (missing === undefined) return { history, warnings: [] };
  const at = other.findIndex((entry) => entry.timeline === timeline);
  if (at < 0)
    return {
      history,
      warnings: [`${missing} was not found: what came before timeline ${timeline} is unknown.`],
    };
  const last = { ...other[at], end: Number.POSITIVE_INFINITY, reason: '' };
  return {
    history: [...other.slice(0, at), last],
    warnings: [
      `${missing} was not found: the way to timeline ${timeline} is taken from the other side's history.`,
    ],
  };
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
): WalPlaces {
  return openWalSegments({
    places,
    history,
    segmentSize: like.walSegmentSize,
    pageSize: like.walPageSize,
    majorVersion: like.majorVersion,
    systemIdentifier: like.systemIdentifier,
  });
}

function refuse(refusals: readonly string[]): void {
  if (refusals.length === 0) return;
  throw new ForkpointError({
    what: refusals.join('; '),
    next: 'name the crashed old primary and the promoted new primary of the same cluster',
  });
}

/** What stands on the new side: a directory or a server, in one form. */
interface NewSide {
  readonly probe?: DirectoryProbe;
  readonly server?: LiveServer;
  readonly timeline: number;
  readonly state: string;
  readonly history: TimelineHistory;
  readonly missingHistory?: string;
  readonly places: readonly string[];
}

async function openNewSide(request: IncidentRequest, old: DirectoryProbe): Promise<NewSide> {
  const extra = request.newWal ?? [];
  if (isServerUrl(request.new)) {
    const server = await LiveServer.open(request.new);
    const { facts } = server;
    try {
      refuse(serverRefusals(old, facts));
      const fromPlaces = facts.missingHistory === undefined ? undefined : findHistory(facts.timeline, extra);
      const found = fromPlaces?.path !== undefined;
      return {
        server,
        timeline: facts.timeline,
        state: serverState(facts),
        history: found ? fromPlaces.history : facts.history,
        missingHistory: found ? undefined : facts.missingHistory,
        places: extra,
      };
    } catch (error) {
      await server.close();
      throw error;
    }
  }
  const probe = openProbe(request.new, 'new primary');
  const { refusals } = compareSides(old, probe);
  refuse(refusals);
  const places = [probe.walDirectory, ...extra];
  const found = findHistory(probe.timeline, places);
  return {
    probe,
    timeline: probe.timeline,
    state: probe.state,
    history: found.history,
    missingHistory: found.missing,
    places,
  };
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

function crossWarnings(
  fork: ForkPoint,
  fresh: NewSide,
  newHistory: TimelineHistory,
  oldHistory: TimelineHistory,
): string[] {
  const standby = fresh.state === 'in archive recovery' || fresh.state === 'shut down in recovery';
  const shared = lastSharedEntry(oldHistory, newHistory);
  if (standby && shared === newHistory.length - 1) {
    return [
      `The new side is a standby that was not promoted (${fresh.state}); it parts from the old one at ${formatLsn(fork.lsn)}.`,
    ];
  }
  return [];
}

/**
 * Opens both sides and finds the fork. Throws ForkpointError when a side cannot be read, the two do not belong together, or
 * nothing tells where they parted.
 */
export async function openSides(request: IncidentRequest): Promise<OpenedSides> {
  if (isServerUrl(request.old)) {
    throw new ForkpointError({
      what: 'the old primary is read from its files: a server cannot stand for it',
      where: withoutPassword(request.old),
      next: 'name its data directory, or a directory that holds its WAL',
    });
  }
  const oldProbe = openProbe(request.old, 'old primary');
  const fresh = await openNewSide(request, oldProbe);
  try {
    const timeline = oldTimeline(oldProbe, fresh.timeline);
    const oldPlaces = [oldProbe.walDirectory, ...(request.oldWal ?? [])];
    const oldFound = findHistory(timeline, oldPlaces);
    const old = completeHistory(timeline, oldFound.history, oldFound.missing, fresh.history);
    const newer = completeHistory(fresh.timeline, fresh.history, fresh.missingHistory, oldFound.history);

    const oldWal = gather(oldProbe, oldPlaces, old.history);
    const newWal = fresh.places.length > 0 ? gather(oldProbe, fresh.places, newer.history) : undefined;
    const fork = findFork(
      { history: old.history, segments: oldWal },
      { history: newer.history, segments: newWal },
      request.fork,
    );
    const oldSegments = newWal ? withCommonHistory(oldWal, newWal, fork.lsn) : oldWal;
    const newSegments = newWal && withCommonHistory(newWal, oldWal, fork.lsn);

    const through = fork.lsn;
    const from = oldProbe.redoLsn > 0 ? Math.min(oldProbe.redoLsn, through) : through;
    const newSideWal = newWal && newSegments && { own: newWal, completed: newSegments };
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
    return {
      overview: {
        old: describeSide(
          oldProbe,
          { own: oldWal, completed: oldSegments },
          old.history,
          { from, through },
          old.warnings,
        ),
        new: describeNew(),
        fork,
        swapped: swappedHint(
          { kind: oldProbe.kind, state: oldProbe.state, timeline, history: old.history },
          { kind: 'data-directory', state: fresh.state, timeline: fresh.timeline, history: newer.history },
        ),
        warnings: crossWarnings(fork, fresh, newer.history, old.history),
      },
      oldSegments,
      newSegments,
      server: fresh.server,
      oldProbe,
      newProbe: fresh.probe,
      oldControl: oldProbe.control,
      newControl: fresh.probe?.control,
    };
  } catch (error) {
    await fresh.server?.close();
    throw error;
  }
}
