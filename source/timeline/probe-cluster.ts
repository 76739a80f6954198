/** A quick look at a data directory. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { openWalSegments } from '../wal/places.js';
import { looksLikeSegmentName } from '../wal/segment-name.js';
import { SUPPORTED_MAJORS, versionOfMajor } from '../wal/versions.js';
import { readControlFile } from './control-file.js';
import { readPostmaster } from './postmaster.js';
import { historyOrWarning, summarize, timelinesOf } from './probe-segments.js';
import type { DirectoryProbe, TablespaceLink } from './side-probe.js';

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function tablespaceLinks(dataDirectory: string): TablespaceLink[] {
  const directory = join(dataDirectory, 'pg_tblspc');
  if (!isDirectory(directory)) return [];
  const links: TablespaceLink[] = [];
  for (const name of readdirSync(directory)) {
    if (!/^\d+$/.test(name)) continue;
    const link = join(directory, name);
    let path = link;
    try {
      path = resolve(directory, readlinkSync(link));
    } catch {
      // allow_in_place_tablespaces (15): a directory, not a link.
    }
    links.push({ oid: Number(name), path, broken: !isDirectory(link) });
  }
  return links;
}

/** Looks at a data directory by its control file, history files and segments. Throws ForkpointError, and the file system's errors. */
export function probeCluster(path: string): DirectoryProbe {
  const versionText = readFileSync(join(path, 'PG_VERSION'), 'utf8').trim();
  const versionNumber = Number(versionText);
  if (!versionOfMajor(versionNumber)) {
    throw new ForkpointError({
      what: `unsupported version ${JSON.stringify(versionText.slice(0, 20))}: forkpoint reads PostgreSQL ${SUPPORTED_MAJORS}`,
      where: join(path, 'PG_VERSION'),
    });
  }
  const control = readControlFile(path);
  if (control.majorVersion !== versionNumber) {
    throw new ForkpointError({
      what: `PG_VERSION says ${versionNumber}, pg_control belongs to PostgreSQL ${control.majorVersion}`,
      where: path,
    });
  }
  const walDirectory = join(path, 'pg_wal');
  const names = readdirSync(walDirectory).filter(looksLikeSegmentName);
  // A promotion ends with a checkpoint of its own; until then only minRecoveryPointTLI knows the new timeline.
  const timeline = Math.max(control.checkpoint.timeline, control.minRecoveryPointTimeline);
  const warnings: string[] = [];
  const found = historyOrWarning(timeline, walDirectory, warnings);
  const segments = openWalSegments({
    places: [walDirectory],
    history: found.history,
    segmentSize: control.walSegmentSize,
    pageSize: control.walPageSize,
    majorVersion: control.majorVersion,
    systemIdentifier: control.systemIdentifier,
  });
  const tablespaces = tablespaceLinks(path);
  const running = readPostmaster(path);
  if (running) {
    warnings.push(
      `A server is running on it (process ${running.pid}): its files change while they are read, and its WAL may be recycled. Stop it, or copy it, before relying on the outcome.`,
    );
  }
  for (const tablespace of tablespaces) {
    if (tablespace.broken) {
      warnings.push(`Tablespace ${tablespace.oid} leads to ${tablespace.path}, which is not there.`);
    }
  }
  if (existsSync(join(path, 'backup_label'))) {
    warnings.push('It has a backup_label: a base backup that was never started.');
  }
  return {
    ok: true,
    path,
    kind: 'data-directory',
    majorVersion: control.majorVersion,
    systemIdentifier: control.systemIdentifier,
    state: control.state,
    timeline,
    timelines: timelinesOf(names),
    history: found.history,
    missingHistory: found.missing,
    checkpointLsn: control.checkpointLsn,
    redoLsn: control.checkpoint.redoLsn,
    checkpointTime: control.checkpoint.time,
    pageSize: control.pageSize,
    walPageSize: control.walPageSize,
    walSegmentSize: control.walSegmentSize,
    walLevel: control.walLevel,
    walDirectory,
    segments: summarize(
      names,
      control.walSegmentSize,
      segments.namedPositions(),
      segments.lastUsable(),
      (lsn) => segments.timelineAt(lsn),
    ),
    running,
    standby: ['standby.signal', 'recovery.signal', 'recovery.conf'].some((name) =>
      existsSync(join(path, name)),
    ),
    tablespaces,
    control,
    warnings,
  };
}
