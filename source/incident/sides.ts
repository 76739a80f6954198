/**
 * Opens the two sides of an incident: a directory each, or a directory and a live server. Checks that they belong
 * together, finds the fork, and gathers each side's WAL. Milliseconds: no transaction is decoded here.
 */
import { ForkpointError } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import { refuseReadOnlyPlace } from '../bytes/read-only-place.js';
import { Gathering } from '../gather/gathering.js';
import { isServerUrl, withoutPassword } from '../server/connection.js';
import type { LiveServer } from '../server/live-server.js';
import { swappedHint } from '../timeline/compare-sides.js';
import type { ControlFile } from '../timeline/control-file.js';
import { findFork } from '../timeline/fork.js';
import type { DirectoryProbe } from '../timeline/side-probe.js';
import { withCommonHistory } from '../wal/common-history.js';
import { segmentStart } from '../wal/segment-name.js';
import { WalSpool } from '../wal/spool.js';
import type { WalPlaces } from '../wal/wal-places.js';
import type { ForkPoint, IncidentOverview, IncidentRequest, SideOverview } from './model.js';
import { openAgainst, openNewSide, openProbe } from './new-side.js';
import { completeHistory, type NodeHistory, nodeHistory, oldTimeline } from './node-history.js';
import { describeServer, describeSide, type WalFindings, walFindings } from './side-overview.js';
import { directoriesOf, fetchHistory, openRemotes, type SideRemotes } from './side-places.js';
import { crossWarnings, gather, whyUntold } from './side-wal.js';

/** How sides are opened. */
export interface SidesOptions {
  /** Ends what is being fetched meanwhile. */
  readonly stop?: AbortSignal;
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
export async function openSides(request: IncidentRequest, { stop }: SidesOptions = {}): Promise<OpenedSides> {
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
  const spool = new WalSpool(request.tempDir);
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
