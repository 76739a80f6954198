/**
 * The WAL of one node, gathered from any number of directories (its pg_wal, archives) along its own timeline history.
 *
 * A segment in which the node changed timeline exists under both numbers. At promotion the server copies what comes
 * before the switch point into the child's file, so that file alone holds the whole stretch; its pages up to the switch
 * still carry the parent's number (xlog.c, XLogInitNewTimeline). The parent's file serves when the child's is lost, but
 * only up to the switch: behind it, it may hold what this node never saw.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ForkpointError } from '../bytes/errors.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { checkSegmentFile, type SegmentCheck } from './segment-file.js';
import { looksLikeSegmentName, parseSegmentFileName, segmentFileName, segmentStart } from './segment-name.js';
import type { MissingSegment, SegmentFile, WalSegments } from './segments.js';

/** One timeline of a node's path through WAL: it owns LSNs from `begin` up to, not including, `end`. */
export interface TimelineSpan {
  readonly timeline: number;
  readonly begin: Lsn;
  /** The switch point where the path leaves this timeline; Infinity for the last one. */
  readonly end: Lsn;
}

/** A position without a usable file, and what was found in its place. */
export interface UnusableSegment extends MissingSegment {
  readonly state: 'missing' | 'recycled' | 'foreign';
}

/** WalSegments that were gathered from directories. */
export interface WalPlaces extends WalSegments {
  /** The directories, in the order in which they are asked. */
  readonly places: readonly string[];
  /** The node's path, oldest timeline first. */
  readonly history: readonly TimelineSpan[];
  at(lsn: Lsn): SegmentFile | UnusableSegment;
  /** A gap of several segments is told by its first, however long it is. */
  list(): readonly (SegmentFile | UnusableSegment)[];
  /** First LSNs of the segments that any file's name stands for on this history, ascending, none of them opened. */
  namedPositions(): readonly Lsn[];
  /** First LSN of the last segment that has a usable file; undefined when there is none. */
  lastUsable(): Lsn | undefined;
}

/** What openWalSegments needs to know of the node. */
export interface WalPlacesOptions {
  /** Directories that hold segments. One that does not exist or may not be read is an error. */
  readonly places: readonly string[];
  /** Oldest timeline first; never empty. */
  readonly history: readonly TimelineSpan[];
  readonly segmentSize: number;
  readonly pageSize: number;
  readonly majorVersion: number;
  readonly systemIdentifier: string;
}

/** Lists a directory of WAL. Throws ForkpointError when it does not exist or may not be read. */
export function listWalDirectory(place: string): string[] {
  try {
    return readdirSync(place);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const what =
      code === 'ENOENT'
        ? 'the directory of WAL does not exist (or is a link to one that does not)'
        : code === 'EACCES' || code === 'EPERM'
          ? 'no permission to list the directory of WAL'
          : `cannot list the directory of WAL: ${error instanceof Error ? error.message : String(error)}`;
    const next =
      code === 'EACCES' || code === 'EPERM'
        ? 'run forkpoint as a user who may read it (postgres or root)'
        : 'name the place where its segments are with --old-wal or --new-wal';
    throw new ForkpointError({ what, where: place, next }, { cause: error });
  }
}

class GatheredSegments implements WalPlaces {
  readonly segmentSize: number;
  readonly pageSize: number;
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  readonly places: readonly string[];
  readonly history: readonly TimelineSpan[];
  /** Full paths by file name, `.partial` included, in the order of the places. */
  readonly #paths = new Map<string, string[]>();
  /** Names in places that look like a segment with a suffix (`.gz`, `.zst`): compressed archives. */
  readonly #suffixed = new Map<string, string>();
  readonly #checks = new Map<string, SegmentCheck>();
  #positions: Lsn[] | undefined;

  constructor(options: WalPlacesOptions) {
    this.segmentSize = options.segmentSize;
    this.pageSize = options.pageSize;
    this.majorVersion = options.majorVersion;
    this.systemIdentifier = options.systemIdentifier;
    this.places = options.places;
    this.history = options.history;
    for (const place of options.places) {
      for (const name of listWalDirectory(place)) {
        if (looksLikeSegmentName(name)) {
          const paths = this.#paths.get(name);
          if (paths) paths.push(join(place, name));
          else this.#paths.set(name, [join(place, name)]);
        } else if (/^[0-9A-F]{24}\.(?!partial|[0-9A-F]{8}\.backup)/.test(name)) {
          this.#suffixed.set(name.slice(0, 24), join(place, name));
        }
      }
    }
  }

  timelineAt(lsn: Lsn): number {
    return this.#spanAt(lsn).timeline;
  }

  at(lsn: Lsn): SegmentFile | UnusableSegment {
    const startLsn = segmentStart(lsn, this.segmentSize);
    const endLsn = startLsn + this.segmentSize;
    const spans = this.history.filter((span) => span.begin < endLsn && span.end > startLsn);
    const refusals: { path: string; check: SegmentCheck & { usable: false } }[] = [];
    for (let index = spans.length - 1; index >= 0 && spans[index].end > lsn; index--) {
      const span = spans[index];
      const fileName = segmentFileName(span.timeline, startLsn, this.segmentSize);
      const timelines = spans.slice(0, index + 1).map((earlier) => earlier.timeline);
      // A file that is not the last timeline's is this node's own only up to the page of the switch point.
      const ownBytes = span.end >= endLsn ? this.segmentSize : span.end - startLsn;
      let best: SegmentFile | undefined;
      for (const name of [fileName, `${fileName}.partial`]) {
        for (const path of this.#paths.get(name) ?? []) {
          const check = this.#check(path, startLsn, timelines);
          if (!check.usable) {
            refusals.push({ path, check });
            continue;
          }
          const length = Math.min(check.length, ownBytes - (ownBytes % this.pageSize));
          if (lsn - startLsn >= length) {
            const reason = `readable only up to ${formatLsn(startLsn + length)}`;
            refusals.push({ path, check: { usable: false, kind: 'truncated', reason } });
            continue;
          }
          if (best && best.length >= length) continue;
          best = {
            path,
            fileName: name,
            timeline: span.timeline,
            startLsn,
            length,
            partial: name !== fileName,
          };
        }
      }
      if (best) return best;
    }
    return this.#unusable(lsn, startLsn, refusals);
  }

  namedPositions(): readonly Lsn[] {
    if (this.#positions) return this.#positions;
    const byTimeline = new Map(this.history.map((span) => [span.timeline, span]));
    const positions = new Set<Lsn>();
    for (const name of this.#paths.keys()) {
      const parsed = parseSegmentFileName(name, this.segmentSize);
      const span = parsed && byTimeline.get(parsed.timeline);
      if (!span) continue;
      if (parsed.startLsn < span.end && parsed.startLsn + this.segmentSize > span.begin) {
        positions.add(parsed.startLsn);
      }
    }
    this.#positions = [...positions].sort((a, b) => a - b);
    return this.#positions;
  }

  lastUsable(): Lsn | undefined {
    return this.namedPositions().findLast((position) => !('missing' in this.at(position)));
  }

  list(): readonly (SegmentFile | UnusableSegment)[] {
    const last = this.lastUsable() ?? -1;
    const found: (SegmentFile | UnusableSegment)[] = [];
    let expected: Lsn | undefined;
    for (const position of this.namedPositions()) {
      if (position > last) break;
      if (expected !== undefined && position > expected) {
        const more = (position - expected) / this.segmentSize - 1;
        const gap = this.at(expected);
        if ('missing' in gap && more > 0) {
          found.push({ ...gap, reason: `${gap.reason}; nor are the ${more} segments after it` });
        } else found.push(gap);
      }
      found.push(this.at(position));
      expected = position + this.segmentSize;
    }
    return found;
  }

  #spanAt(lsn: Lsn): TimelineSpan {
    return this.history.find((span) => lsn < span.end) ?? this.history[this.history.length - 1];
  }

  #check(path: string, startLsn: Lsn, timelines: readonly number[]): SegmentCheck {
    let check = this.#checks.get(path);
    if (!check) {
      check = checkSegmentFile(path, {
        startLsn,
        timelines,
        majorVersion: this.majorVersion,
        systemIdentifier: this.systemIdentifier,
        segmentSize: this.segmentSize,
        pageSize: this.pageSize,
      });
      this.#checks.set(path, check);
    }
    return check;
  }

  #unusable(
    lsn: Lsn,
    startLsn: Lsn,
    refusals: readonly { path: string; check: SegmentCheck & { usable: false } }[],
  ): UnusableSegment {
    const timeline = this.timelineAt(lsn);
    const fileName = segmentFileName(timeline, startLsn, this.segmentSize);
    const missing = { fileName, timeline, startLsn, missing: true as const };
    if (refusals.length > 0) {
      const state = refusals.some(({ check }) => check.kind === 'foreign')
        ? 'foreign'
        : refusals.some(({ check }) => check.kind === 'recycled')
          ? 'recycled'
          : 'missing';
      const reason = refusals.map(({ path, check }) => `${check.reason} (${path})`).join('; ');
      const broken = refusals.some(({ check }) => check.kind !== 'recycled' && check.kind !== 'zeros');
      return { ...missing, reason, state, broken };
    }
    const compressed = this.#suffixed.get(fileName);
    const reason = compressed
      ? `only ${compressed} is there, compressed: decompress it into a directory and name that one`
      : `not found in ${this.places.join(', ')}`;
    return { ...missing, reason, state: 'missing' };
  }
}

/**
 * Opens one node's WAL: lists the places at once, opens files only when asked for them. Throws ForkpointError when a place
 * cannot be listed.
 */
export function openWalSegments(options: WalPlacesOptions): WalPlaces {
  return new GatheredSegments(options);
}
