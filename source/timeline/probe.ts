/**
 * A quick look at one directory: is it a side of an incident, and which? Reads the control file, history files and the
 * names of WAL segments (opening only the last few); no record of WAL is decoded. Nothing is written or locked.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ForkpointError, whatAndWhere } from '../bytes/errors.js';
import type { Lsn } from '../bytes/lsn.js';
import type { TimestampMicros } from '../bytes/timestamp.js';
import { type ListedFile, listSegmentFiles } from '../wal/place-listing.js';
import { openWalSegments } from '../wal/places.js';
import { readFirstPage } from '../wal/segment-file.js';
import {
  isValidSegmentSize,
  looksLikeSegmentName,
  parseSegmentFileName,
  segmentFileName,
} from '../wal/segment-name.js';
import { SUPPORTED_MAJORS, versionOfMajor } from '../wal/versions.js';
import { type ControlFile, readControlFile, type WalLevel } from './control-file.js';
import { type FoundHistory, findHistory, historyWithoutParents } from './history-file.js';
import { readPostmaster } from './postmaster.js';

/** The segments a directory holds, by their names. */
export interface SegmentsSummary {
  /** File name of the first, and of the last that is not recycled; undefined when there is none. */
  readonly first?: string;
  readonly last?: string;
  /** How many from the first to the last, and the bytes they take. */
  readonly count: number;
  readonly bytes: number;
  /** Files behind the last one: recycled or pre-allocated, future names without contents. */
  readonly recycled: number;
  /** Names that end in `.partial`. */
  readonly partial: number;
}

/** A place outside of the data directory that holds tables. */
export interface TablespaceLink {
  readonly oid: number;
  /** Where pg_tblspc's link leads. */
  readonly path: string;
  /** It leads nowhere on this machine. */
  readonly broken: boolean;
}

/** A directory that can be a side. */
export interface DirectoryProbe {
  readonly ok: true;
  /** Absolute. */
  readonly path: string;
  readonly kind: 'data-directory' | 'wal-directory';
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  /** DBState in pg_controldata's words; `WAL only` for a directory of WAL. */
  readonly state: string;
  /** The timeline it is on; of a directory of WAL, the highest there. */
  readonly timeline: number;
  /** Timelines that its segments' names carry, ascending. */
  readonly timelines: readonly number[];
  readonly history: FoundHistory['history'];
  /** The history file that should be there and is not. */
  readonly missingHistory?: string;
  /** 0 when unknown (a directory of WAL), as the three below. */
  readonly checkpointLsn: Lsn;
  readonly redoLsn: Lsn;
  readonly checkpointTime: TimestampMicros;
  /** BLCKSZ, in bytes. */
  readonly pageSize: number;
  /** XLOG_BLCKSZ, in bytes. */
  readonly walPageSize: number;
  /** In bytes. */
  readonly walSegmentSize: number;
  readonly walLevel: WalLevel | 'unknown';
  /** Where its own WAL is: pg_wal, or the directory itself. */
  readonly walDirectory: string;
  readonly segments: SegmentsSummary;
  /** A live process named by postmaster.pid, and the port it listens on. */
  readonly running?: { readonly pid: number; readonly port?: number };
  /** It has standby.signal, recovery.signal or recovery.conf: started, it would be a standby. */
  readonly standby: boolean;
  readonly tablespaces: readonly TablespaceLink[];
  /** The control file; undefined for a directory of WAL. */
  readonly control?: ControlFile;
  readonly warnings: readonly string[];
}

/** A directory that cannot be a side. */
export interface RefusedProbe {
  readonly ok: false;
  readonly path: string;
  /** One sentence. */
  readonly reason: string;
  /** It is a directory whose contents may be listed. */
  readonly browsable: boolean;
}

export type DataDirectoryProbe = DirectoryProbe | RefusedProbe;

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** A sentence for what the file system said of `path`. */
function fileProblem(error: unknown, path: string): string {
  if (error instanceof ForkpointError) return whatAndWhere(error.complaint);
  switch (errorCode(error)) {
    case 'ENOENT':
      return `${path} does not exist`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to read ${path}: run forkpoint as the user who owns it (postgres) or as root`;
    case 'ENOTDIR':
      return `${path} is not in a directory`;
    default:
      return `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Data directories among a directory's children, for a hint: Debian's `15/main`, Red Hat's `data`. */
function dataDirectoriesInside(path: string, names: readonly string[]): string[] {
  return names.filter((name) => existsSync(join(path, name, 'PG_VERSION'))).slice(0, 3);
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

function summarize(
  names: readonly string[],
  segmentSize: number,
  namedPositions: readonly Lsn[],
  lastUsable: Lsn | undefined,
  timelineAt: (lsn: Lsn) => number,
): SegmentsSummary {
  const partial = names.filter((name) => name.endsWith('.partial')).length;
  const used = namedPositions.filter((position) => lastUsable !== undefined && position <= lastUsable);
  if (used.length === 0) return { count: 0, bytes: 0, recycled: namedPositions.length, partial };
  const nameAt = (position: Lsn): string =>
    segmentFileName(timelineAt(position + segmentSize - 1), position, segmentSize);
  return {
    first: nameAt(used[0]),
    last: nameAt(used[used.length - 1]),
    count: used.length,
    bytes: used.length * segmentSize,
    recycled: namedPositions.length - used.length,
    partial,
  };
}

function timelinesOf(names: readonly string[]): number[] {
  const timelines = new Set(names.map((name) => Number.parseInt(name.slice(0, 8), 16)));
  return [...timelines].sort((a, b) => a - b);
}

/** A broken history file stands in the way of finding the fork, not of looking at the directory: it becomes a warning. */
function historyOrWarning(timeline: number, place: string, warnings: string[]): FoundHistory {
  try {
    return findHistory(timeline, [place]);
  } catch (error) {
    if (!(error instanceof ForkpointError)) throw error;
    warnings.push(whatAndWhere(error.complaint));
    return { history: historyWithoutParents(timeline) };
  }
}

function probeWalDirectory(path: string, files: readonly ListedFile[]): DataDirectoryProbe {
  const names = files.map(({ segment }) => segment);
  const refuse = (reason: string): RefusedProbe => ({ ok: false, path, reason, browsable: true });
  // The newest names may be recycled or zeros: the first that is WAL tells what the directory is.
  const sorted = [...files].sort((a, b) => (a.segment < b.segment ? 1 : -1));
  let problem = '';
  for (const { segment: name, path: file } of sorted) {
    const page = readFirstPage(file);
    if ('kind' in page) {
      problem ||= `${name}: ${page.reason}`;
      if (page.kind === 'unreadable') return refuse(`cannot read ${file}: ${page.reason}`);
      continue;
    }
    if (!isValidSegmentSize(page.segmentSize)) {
      problem ||= `${name}: its segment size ${page.segmentSize} is not one`;
      continue;
    }
    const genuine = parseSegmentFileName(name, page.segmentSize);
    if (!genuine || genuine.startLsn !== page.address) continue;
    const timelines = timelinesOf(names);
    const timeline = timelines[timelines.length - 1];
    const warnings: string[] = [];
    const found = historyOrWarning(timeline, path, warnings);
    const segments = openWalSegments({
      places: [path],
      history: found.history,
      segmentSize: page.segmentSize,
      pageSize: page.pageSize,
      majorVersion: page.majorVersion,
      systemIdentifier: page.systemIdentifier,
    });
    const parent = dirname(path);
    if (basename(path) === 'pg_wal' && existsSync(join(parent, 'PG_VERSION'))) {
      warnings.push(
        `This is the pg_wal of the data directory ${parent}: name that one to have its catalog too.`,
      );
    }
    return {
      ok: true,
      path,
      kind: 'wal-directory',
      majorVersion: page.majorVersion,
      systemIdentifier: page.systemIdentifier,
      state: 'WAL only',
      timeline,
      timelines,
      history: found.history,
      missingHistory: found.missing,
      checkpointLsn: 0,
      redoLsn: 0,
      checkpointTime: 0,
      pageSize: 0,
      walPageSize: page.pageSize,
      walSegmentSize: page.segmentSize,
      walLevel: 'unknown',
      walDirectory: path,
      segments: summarize(names, page.segmentSize, segments.namedPositions(), segments.lastUsable(), (lsn) =>
        segments.timelineAt(lsn),
      ),
      standby: false,
      tablespaces: [],
      warnings,
    };
  }
  return refuse(`the files in ${path} are named like WAL segments, but none is one: ${problem}`);
}

function probeCluster(path: string): DirectoryProbe {
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

/** Looks at one directory. Never throws: whatever stands in the way is the reason of a refusal. */
export function probeDataDirectory(given: string): DataDirectoryProbe {
  const path = resolve(given);
  let names: string[];
  try {
    if (!statSync(path).isDirectory()) {
      return { ok: false, path, reason: `${path} is a file, not a directory`, browsable: false };
    }
    names = readdirSync(path);
  } catch (error) {
    return { ok: false, path, reason: fileProblem(error, path), browsable: false };
  }
  const refuse = (reason: string): RefusedProbe => ({ ok: false, path, reason, browsable: true });
  try {
    if (names.includes('PG_VERSION')) {
      for (const needed of ['global', 'pg_wal']) {
        if (
          !names.includes(needed) &&
          versionOfMajor(Number(readFileSync(join(path, 'PG_VERSION'), 'utf8')))
        ) {
          return refuse(`not a complete data directory: ${needed} is missing`);
        }
      }
      return probeCluster(path);
    }
    const files = listSegmentFiles(path);
    if (files.length > 0) return probeWalDirectory(path, files);
  } catch (error) {
    const where = error instanceof Error && 'path' in error ? String(error.path) : path;
    return refuse(fileProblem(error, where));
  }
  const inside = dataDirectoriesInside(path, names);
  const hint = inside.length > 0 ? `; look at ${inside.map((name) => join(path, name)).join(', ')}` : '';
  return refuse(`not a data directory: it has neither PG_VERSION nor WAL segments${hint}`);
}
