/** The new side, a directory or a running server, and the server that verdicts may be asked of: do they belong to the old side? */
import { ForkpointError } from '../bytes/errors.js';
import { isServerUrl, withoutPassword } from '../server/connection.js';
import { LiveServer, type ServerFacts } from '../server/live-server.js';
import { compareSides } from '../timeline/compare-sides.js';
import { probeDataDirectory } from '../timeline/probe.js';
import type { DirectoryProbe } from '../timeline/side-probe.js';
import type { IncidentRequest } from './model.js';
import { type NodeHistory, nodeHistory } from './node-history.js';
import { serverState } from './side-overview.js';
import { directoriesOf } from './side-places.js';

/** Looks at a directory that is to be a side, `which` one. Throws ForkpointError when it cannot be. */
export function openProbe(path: string, which: string): DirectoryProbe {
  const probe = probeDataDirectory(path);
  if (probe.ok) return probe;
  throw new ForkpointError({
    what: `${which}: ${probe.reason}`,
    where: probe.reason.includes(probe.path) ? undefined : probe.path,
    next: 'name another directory',
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
export interface NewSide {
  readonly probe?: DirectoryProbe;
  readonly server?: LiveServer;
  readonly state: string;
  readonly history: NodeHistory;
  readonly places: readonly string[];
}

/** Opens it. Throws ForkpointError when it does not belong to the old one. */
export async function openNewSide(request: IncidentRequest, old: DirectoryProbe): Promise<NewSide> {
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

/**
 * Connects to the running new primary that verdicts are asked of. Throws ForkpointError unless it is the primary that the new side
 * became: same cluster, taking writes, on the new side's timeline or one that came of it.
 */
export async function openAgainst(url: string, old: DirectoryProbe, fresh: NodeHistory): Promise<LiveServer> {
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
