/**
 * Where a side's WAL is looked for: its own pg_wal, the places the operator named (directories and servers), and a restore_command, if
 * the operator gave one or agreed to the one in the side's configuration.
 */
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { readConfiguration } from '../gather/configuration.js';
import type { FetchingPlace } from '../gather/fetching-place.js';
import type { Gathering } from '../gather/gathering.js';
import { PeerServer, type WantedNode } from '../gather/peer-server.js';
import { configuredArchive, RestoreCommandSource } from '../gather/restore-command.js';
import { isServerUrl } from '../server/connection.js';
import { probeDataDirectory } from '../timeline/probe.js';
import type { DirectoryProbe } from '../timeline/side-probe.js';
import { isDataDirectory, listWalDirectory } from '../wal/place-listing.js';
import { historyFileName } from '../wal/segment-name.js';
import type { WalSpool } from '../wal/spool.js';
import type { IncidentRequest, SideArchive } from './model.js';

/** Places of one side that have to be asked. */
export interface SideRemotes {
  readonly remotes: readonly FetchingPlace[];
  /** What its own configuration says of an archive. */
  readonly archive: SideArchive | undefined;
}

/** The named places that are directories. */
export function directoriesOf(places: readonly string[] | undefined): string[] {
  return (places ?? []).filter((place) => !isServerUrl(place));
}

/** Refuses a data directory of another cluster as a place. Throws ForkpointError. */
export function checkPlace(place: string, node: Pick<WantedNode, 'systemIdentifier'>): void {
  if (!isDataDirectory(listWalDirectory(place))) return;
  const probe = probeDataDirectory(place);
  if (!probe.ok || probe.systemIdentifier === node.systemIdentifier) return;
  throw new ForkpointError({
    what: `this data directory is of another cluster: its system identifier is ${probe.systemIdentifier}, expected ${node.systemIdentifier}`,
    where: place,
    next: 'name a node of the same cluster, or an archive of its WAL',
  });
}

function archiveOf(probe: DirectoryProbe | undefined, request: IncidentRequest): SideArchive | undefined {
  if (probe?.kind !== 'data-directory') return undefined;
  const { restoreCommand, directory } = configuredArchive(readConfiguration(probe.path, probe.majorVersion));
  if (!restoreCommand && !directory) return undefined;
  return {
    restoreCommand: restoreCommand && {
      command: restoreCommand.value,
      where: restoreCommand.where,
      used: request.restoreCommand === undefined && request.runRestoreCommand === true,
    },
    directory,
  };
}

/**
 * Opens the places of a side that have to be asked: servers at once (they must be the right cluster), a restore_command only when it is
 * needed. Throws ForkpointError.
 */
export async function openRemotes(
  request: IncidentRequest,
  places: readonly string[] | undefined,
  probe: DirectoryProbe | undefined,
  node: WantedNode,
  gathering: Gathering,
  spool: WalSpool,
): Promise<SideRemotes> {
  for (const place of directoriesOf(places)) checkPlace(place, node);
  const remotes: FetchingPlace[] = [];
  for (const url of (places ?? []).filter(isServerUrl)) {
    remotes.push(gathering.add(await PeerServer.open(url, node, spool)));
  }
  const archive = archiveOf(probe, request);
  const found = archive?.restoreCommand;
  const command = request.restoreCommand ?? (found?.used ? found.command : undefined);
  if (command !== undefined) {
    remotes.push(gathering.add(new RestoreCommandSource(command, spool, request.restoreTimeout)));
  }
  return { remotes, archive };
}

/** Asks the places for a timeline's history file. The directory that it lies in then; undefined when none has it. */
export async function fetchHistory(
  timeline: number,
  remotes: readonly FetchingPlace[],
  spool: WalSpool,
): Promise<string | undefined> {
  const fileName = historyFileName(timeline);
  for (const remote of remotes) {
    remote.want({ fileName, timeline, startLsn: 0 });
    await remote.fetchWanted();
    const answer = remote.answer(fileName);
    if (!answer || 'reason' in answer) continue;
    const directory = spool.newPath('history');
    mkdirSync(directory, { mode: 0o700 });
    copyFileSync(answer.path, join(directory, fileName));
    return directory;
  }
  return undefined;
}
