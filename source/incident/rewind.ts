/**
 * Can pg_rewind turn the old primary into a standby of the new one? Asks what pg_rewind itself asks (pg_rewind.c: sanityChecks,
 * findLastCheckpoint, extractPageMap), before it is run: it writes to the old data directory, and what was lost is gone with it.
 */
import { existsSync } from 'node:fs';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { shellWord } from '../bytes/shell-word.js';
import { readConfiguration } from '../gather/configuration.js';
import { withoutPassword } from '../server/connection.js';
import { findStartingPoint } from '../transactions/starting-point.js';
import { openWalSegments } from '../wal/places.js';
import { segmentStart } from '../wal/segment-name.js';
import type { OpenedSides } from './sides.js';

/** What is to be said about it. */
export interface RewindAssessment {
  /** `not needed`: the old side follows the new one as it is. */
  readonly verdict: 'possible' | 'not needed' | 'impossible';
  /** What is in the way, a sentence each. */
  readonly obstacles: readonly string[];
  /** What will happen, or should be known before. */
  readonly notes: readonly string[];
  /** The last checkpoint before the fork, on both sides: from there pg_rewind looks for what changed. */
  readonly checkpoint?: { readonly lsn: Lsn; readonly timeline: number };
  /** Segments that pg_rewind reads and the old side's pg_wal does not have. */
  readonly missingSegments: readonly string[];
  /** Commands for a POSIX shell, in order; none when it is impossible or not needed. */
  readonly commands: readonly string[];
}

/** The first major whose pg_rewind recovers a crashed target by itself, and can fetch WAL with its restore_command. */
const RECOVERS_ITSELF = 13;
/** The first one that accepts a standby as the source. */
const SOURCE_MAY_BE_STANDBY = 14;
/** The first one that knows a timeline before the first checkpoint on it. */
const KNOWS_NEW_TIMELINE = 16;

const CLEAN: readonly string[] = ['shut down', 'shut down in recovery'];

class Assessment {
  readonly obstacles: string[] = [];
  readonly notes: string[] = [];
  missingSegments: string[] = [];
  readonly #sides: OpenedSides;

  constructor(sides: OpenedSides) {
    this.#sides = sides;
  }

  /** The old data directory, which is to be rewound. */
  target(): void {
    const { oldControl, oldProbe } = this.#sides;
    if (!oldControl) {
      this.obstacles.push('Of the old primary there is only WAL: pg_rewind needs its data directory.');
      return;
    }
    if (oldControl.dataChecksumVersion === 0 && !oldControl.walLogHints) {
      this.obstacles.push(
        'The old primary had neither data checksums nor wal_log_hints = on: its pages may have changed without a trace in WAL, and pg_rewind refuses it.',
      );
    }
    if (oldProbe.running) {
      this.obstacles.push(
        `A server is running on the old data directory (process ${oldProbe.running.pid}): it has to be stopped.`,
      );
    }
    for (const { oid, path } of oldProbe.tablespaces.filter(({ broken }) => broken)) {
      this.obstacles.push(`Tablespace ${oid} of the old primary leads to ${path}, which is not there.`);
    }
    if (!CLEAN.includes(oldControl.state) && !oldProbe.running) {
      const how =
        oldControl.majorVersion >= RECOVERS_ITSELF
          ? 'pg_rewind first lets it recover in single-user mode (not with --no-ensure-shutdown)'
          : 'it first has to recover in single-user mode, which pg_rewind does by itself only since 13';
      this.notes.push(
        `The old primary was not shut down cleanly (${oldControl.state}): ${how}. That writes to its WAL, and may remove the very segments that hold what was lost and that pg_rewind needs.`,
      );
    }
  }

  /** The new primary, which is copied from. */
  source(): void {
    const { newControl, newProbe, server, overview } = this.#sides;
    const { timeline } = overview.fork;
    if (server) {
      const { facts } = server;
      if (facts.inRecovery && facts.majorVersion < SOURCE_MAY_BE_STANDBY) {
        this.obstacles.push(
          `The new side is a standby: pg_rewind ${facts.majorVersion} takes only a primary as its source.`,
        );
      }
      if (!facts.fullPageWrites) {
        this.obstacles.push('full_page_writes is off on the new primary: pg_rewind refuses it as a source.');
      }
      if (facts.majorVersion < KNOWS_NEW_TIMELINE && facts.checkpointTimeline === timeline) {
        this.obstacles.push(
          'The new primary has made no checkpoint since its promotion, so that pg_rewind would take it to be on the old timeline still: run CHECKPOINT there first.',
        );
      }
      this.notes.push(
        'The role needs to be a superuser, or (since 11) to have EXECUTE on pg_ls_dir, pg_stat_file and both pg_read_binary_file functions.',
      );
      return;
    }
    if (newProbe?.running) {
      this.obstacles.push(
        'A server is running on the new data directory: name it as postgres://… instead, which makes it --source-server, or stop it.',
      );
    } else if (newControl && !CLEAN.includes(newControl.state)) {
      this.obstacles.push(
        `The new primary's data directory was not shut down cleanly (${newControl.state}): start it and name it as postgres://…, or start and stop it.`,
      );
    } else if (!newControl) {
      this.obstacles.push(
        'Of the new primary there is only WAL: pg_rewind needs its data directory, or the running server.',
      );
    }
  }

  /** WAL of the old side from the last common checkpoint to its end, in its own pg_wal: nowhere else does pg_rewind look. */
  wal(checkpoint: Lsn | undefined): void {
    const { oldProbe, oldControl, oldSegments, spool, overview } = this.#sides;
    if (!oldControl) return;
    const { segmentSize, history, pageSize, majorVersion, systemIdentifier } = oldSegments;
    const places = [oldProbe.walDirectory];
    const own = openWalSegments({
      places,
      spool,
      history,
      segmentSize,
      pageSize,
      majorVersion,
      systemIdentifier,
    });
    const last = Math.max(oldSegments.lastUsable() ?? 0, segmentStart(overview.fork.lsn, segmentSize));
    const from = segmentStart(checkpoint ?? overview.fork.lsn, segmentSize);
    for (let at = from; at <= last; at += segmentSize) {
      const found = own.look(at);
      if ('missing' in found) this.missingSegments.push(found.fileName);
    }
    if (checkpoint === undefined && !this.fetchesWal()) {
      this.obstacles.push(
        `There is no checkpoint before the fork ${formatLsn(overview.fork.lsn)} in the WAL at hand: pg_rewind could not begin anywhere.`,
      );
    }
    if (this.missingSegments.length === 0) return;
    const names = this.missingSegments.join(', ');
    if (this.fetchesWal()) {
      this.notes.push(
        `The old side's pg_wal lacks ${names}: pg_rewind fetches them with the restore_command of its configuration.`,
      );
    } else {
      this.obstacles.push(
        `The old side's pg_wal lacks ${names}, which pg_rewind reads, and it looks nowhere else: copy them there, or (since 13) set restore_command there.`,
      );
    }
  }

  /** Would -c / --restore-target-wal help? */
  fetchesWal(): boolean {
    const { oldProbe, oldControl } = this.#sides;
    if (!oldControl || oldControl.majorVersion < RECOVERS_ITSELF || this.missingSegments.length === 0)
      return false;
    return readConfiguration(oldProbe.path, oldControl.majorVersion).has('restore_command');
  }

  commands(): string[] {
    const { oldControl, overview, server } = this.#sides;
    const { path } = overview.old;
    const major = oldControl!.majorVersion;
    const commands: string[] = [];
    if (major < RECOVERS_ITSELF && !CLEAN.includes(oldControl!.state)) {
      commands.push(`${program('postgres', major)} --single -F -D ${shellWord(path)} template1 < /dev/null`);
    }
    const words = [program('pg_rewind', major), `--target-pgdata=${shellWord(path)}`];
    const source = overview.new.path;
    words.push(
      server
        ? `--source-server=${shellWord(withoutPassword(source))}`
        : `--source-pgdata=${shellWord(source)}`,
    );
    if (this.fetchesWal()) words.push('--restore-target-wal');
    words.push('--progress');
    commands.push(words.join(' '));
    return commands;
  }
}

/** Where a distribution puts a major's programs, when that is here; else its bare name. */
function program(name: string, major: number): string {
  const paths = [`/usr/lib/postgresql/${major}/bin/${name}`, `/usr/pgsql-${major}/bin/${name}`];
  return paths.find((path) => existsSync(path)) ?? name;
}

/** Assesses it for two opened sides. */
export function assessRewind(sides: OpenedSides): RewindAssessment {
  const { overview, oldSegments, oldControl, newControl } = sides;
  const { fork } = overview;
  if (!fork.diverged) {
    return {
      verdict: 'not needed',
      obstacles: [],
      notes: [
        'The old side has nothing that the new one has not: it can be started as its standby as it is.',
      ],
      missingSegments: [],
      commands: [],
    };
  }
  const blockSize = (oldControl ?? newControl)?.pageSize ?? 8192;
  const found = findStartingPoint(oldSegments, fork.lsn, blockSize)?.lastCheckpoint;
  const assessment = new Assessment(sides);
  assessment.target();
  assessment.source();
  assessment.wal(found?.lsn);
  const possible = assessment.obstacles.length === 0;
  return {
    verdict: possible ? 'possible' : 'impossible',
    obstacles: assessment.obstacles,
    notes: assessment.notes,
    checkpoint: found && { lsn: found.lsn, timeline: found.timeline },
    missingSegments: assessment.missingSegments,
    commands: possible ? assessment.commands() : [],
  };
}
