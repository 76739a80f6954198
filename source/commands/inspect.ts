/** `forkpoint inspect`: both sides, the fork, what is lost in numbers. */
import { formatLsn } from '../bytes/lsn.js';
import { formatTimestamp } from '../bytes/timestamp.js';
import { forkDiagram } from '../incident/diagram.js';
import type { IncidentOverview, LossFigures, SideOverview } from '../incident/model.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { type ReadIncident, sayWhereToLook, withIncident } from './reading.js';
import { StandardLines } from './standard-lines.js';

/** Columns when standard output is no terminal. */
const DEFAULT_WIDTH = 80;

function sideJson(side: SideOverview): object {
  return {
    path: side.path,
    kind: side.kind,
    version: side.majorVersion,
    systemIdentifier: side.systemIdentifier,
    state: side.state,
    running: side.running,
    timeline: side.timeline,
    history: side.history.map(({ timeline, lsn, reason }) => ({ timeline, lsn: formatLsn(lsn), reason })),
    checkpointLsn: formatLsn(side.checkpointLsn),
    checkpointTime: formatTimestamp(side.checkpointTime),
    endLsn: formatLsn(side.endLsn),
    endReason: side.endReason,
    walLevel: side.walLevel,
    walSegmentSize: side.walSegmentSize,
    blockSize: side.blockSize,
    segments: side.segments.map(({ fileName, timeline, startLsn, state, path }) => ({
      fileName,
      timeline,
      startLsn: formatLsn(startLsn),
      state,
      path,
    })),
    archive: side.archive,
    warnings: side.warnings,
  };
}

/** Which WAL is there, from where, where copies do not agree, and what the missing would give back. */
function coverageJson(overview: IncidentOverview): object {
  const of = (name: 'old' | 'new'): object => ({
    segments: overview[name].segments.map((segment) => ({
      ...segment,
      startLsn: formatLsn(segment.startLsn),
    })),
    missing: overview.gaps
      .filter((gap) => gap.side === name)
      .map(({ side: _, startLsn, ...gap }) => ({ ...gap, startLsn: formatLsn(startLsn) })),
    disagreements: overview[name].disagreements.map((each) => ({ ...each, lsn: formatLsn(each.lsn) })),
  });
  return { old: of('old'), new: of('new') };
}

function overviewJson(
  overview: IncidentOverview,
  loss: LossFigures,
  complete: boolean,
  temporaryBytes: number,
): object {
  const { fork, old } = overview;
  const time = (micros: number | undefined) => (micros === undefined ? undefined : formatTimestamp(micros));
  return {
    systemIdentifier: old.systemIdentifier,
    version: old.majorVersion,
    fork: {
      lsn: formatLsn(fork.lsn),
      timeline: fork.timeline,
      time: time(fork.time),
      diverged: fork.diverged,
      untold: fork.untold,
      lastCommonCheckpoint: fork.lastCommonCheckpoint && formatLsn(fork.lastCommonCheckpoint.lsn),
      evidence: fork.evidence,
    },
    old: sideJson(old),
    new: sideJson(overview.new),
    coverage: coverageJson(overview),
    lost: {
      transactions: loss.transactions,
      inserts: loss.inserts,
      updates: loss.updates,
      deletes: loss.deletes,
      truncates: loss.truncates,
      inDoubt: loss.inDoubt,
      messages: loss.messages,
      undecodable: loss.undecodable,
      tables: loss.tables,
      databases: loss.databases,
      walBytes: loss.walBytes,
      firstCommitTime: time(loss.firstCommitTime),
      lastCommitTime: time(loss.lastCommitTime),
    },
    complete,
    temporaryBytes,
    swapped: overview.swapped,
    warnings: overview.warnings,
  };
}

/** Runs the command. Throws ForkpointError. */
export function inspect(options: Arguments): Promise<ExitCode> {
  return withIncident(options, false, (read) => draw(options, read));
}

async function draw(options: Arguments, { incident, incomplete }: ReadIncident): Promise<ExitCode> {
  await incident.readNewSide();
  const overview = incident.overview();
  const { loss } = incident.progress();
  const lines = new StandardLines();
  if (options.json)
    lines.write(JSON.stringify(overviewJson(overview, loss, !incomplete, incident.temporaryBytes)));
  else
    for (const line of forkDiagram(overview, loss, process.stdout.columns || DEFAULT_WIDTH))
      lines.write(line);
  lines.end();
  sayWhereToLook(overview);
  return incomplete ? EXIT.incomplete : EXIT.done;
}
