/**
 * The WAL of one node, gathered from any number of places (its pg_wal, archives, servers, a restore_command) along its own timeline
 * history.
 *
 * A segment in which the node changed timeline exists under both numbers. At promotion the server copies what comes
 * before the switch point into the child's file, so that file alone holds the whole stretch; its pages up to the switch
 * still carry the parent's number (xlog.c, XLogInitNewTimeline). The parent's file serves when the child's is lost, but
 * only up to the switch: behind it, it may hold what this node never saw.
 */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { type SegmentDisagreement, settle } from './disagreement.js';
import { FileChecks } from './file-checks.js';
import { filesBySegment, type PlacedFile } from './place-listing.js';
import type { RemotePlace } from './remote-place.js';
import { parseSegmentFileName, segmentFileName, segmentStart } from './segment-name.js';
import type { SegmentFile } from './segments.js';
import { WalSpool } from './spool.js';
import { spanAt, type TimelineSpan } from './timeline-span.js';
import { type Refusal, unusableSegment } from './unusable-segment.js';
import type { UnusableSegment, WalPlaces } from './wal-places.js';

/** What openWalSegments needs to know of the node. */
export interface WalPlacesOptions {
  /** Directories that hold segments. One that does not exist or may not be read is an error. */
  readonly places: readonly string[];
  /** Asked for what no directory has. */
  readonly remotes?: readonly RemotePlace[];
  /** Where packed segments are unpacked; a spool of its own when not given. */
  readonly spool?: WalSpool;
  /** Oldest timeline first; never empty. */
  readonly history: readonly TimelineSpan[];
  readonly segmentSize: number;
  readonly pageSize: number;
  readonly majorVersion: number;
  readonly systemIdentifier: string;
}

class GatheredSegments implements WalPlaces {
  readonly segmentSize: number;
  readonly pageSize: number;
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  readonly places: readonly string[];
  readonly history: readonly TimelineSpan[];
  readonly #remotes: readonly RemotePlace[];
  readonly #spool: WalSpool;
  /** Files by the name of their segment, `.partial` included, in the order of the places. */
  readonly #files: ReadonlyMap<string, readonly PlacedFile[]>;
  readonly #checks: FileChecks;
  /** The copy that is read of a segment, by the paths of its copies. */
  readonly #settled = new Map<string, SegmentFile>();
  readonly #disagreements: SegmentDisagreement[] = [];
  #positions: Lsn[] | undefined;
  #named = 0;

  constructor(options: WalPlacesOptions) {
    this.segmentSize = options.segmentSize;
    this.pageSize = options.pageSize;
    this.majorVersion = options.majorVersion;
    this.systemIdentifier = options.systemIdentifier;
    this.#remotes = options.remotes ?? [];
    this.#spool = options.spool ?? new WalSpool();
    const { majorVersion, systemIdentifier, segmentSize, pageSize } = options;
    this.#checks = new FileChecks({ majorVersion, systemIdentifier, segmentSize, pageSize }, this.#spool);
    this.places = [...options.places, ...this.#remotes.map((remote) => remote.label)];
    this.history = options.history;
    this.#files = filesBySegment(options.places);
  }

  timelineAt(lsn: Lsn): number {
    return spanAt(this.history, lsn).timeline;
  }

  at(lsn: Lsn): SegmentFile | UnusableSegment {
    return this.#find(lsn, true, true);
  }

  atHand(lsn: Lsn): SegmentFile | UnusableSegment {
    return this.#find(lsn, true, false);
  }

  look(lsn: Lsn): SegmentFile | UnusableSegment {
    return this.#find(lsn, false, false);
  }

  waiting(): boolean {
    return this.#remotes.some((remote) => remote.waiting);
  }

  disagreements(): readonly SegmentDisagreement[] {
    return this.#disagreements;
  }

  namedPositions(): readonly Lsn[] {
    const remoteNames = this.#remotes.flatMap((remote) => remote.names());
    if (this.#positions && this.#named === remoteNames.length) return this.#positions;
    const byTimeline = new Map(this.history.map((span) => [span.timeline, span]));
    const positions = new Set<Lsn>();
    for (const name of [...this.#files.keys(), ...remoteNames]) {
      const parsed = parseSegmentFileName(name, this.segmentSize);
      const span = parsed && byTimeline.get(parsed.timeline);
      if (!span) continue;
      if (parsed.startLsn < span.end && parsed.startLsn + this.segmentSize > span.begin) {
        positions.add(parsed.startLsn);
      }
    }
    this.#named = remoteNames.length;
    this.#positions = [...positions].sort((a, b) => a - b);
    return this.#positions;
  }

  lastUsable(): Lsn | undefined {
    return this.namedPositions().findLast((position) => !('missing' in this.look(position)));
  }

  list(): readonly (SegmentFile | UnusableSegment)[] {
    const last = this.lastUsable() ?? -1;
    const found: (SegmentFile | UnusableSegment)[] = [];
    let expected: Lsn | undefined;
    for (const position of this.namedPositions()) {
      if (position > last) break;
      if (expected !== undefined && position > expected) {
        const more = (position - expected) / this.segmentSize - 1;
        const gap = this.look(expected);
        if ('missing' in gap && more > 0) {
          found.push({ ...gap, reason: `${gap.reason}; nor are the ${more} segments after it` });
        } else found.push(gap);
      }
      found.push(this.look(position));
      expected = position + this.segmentSize;
    }
    return found;
  }

  /**
   * The file for a segment, by what first pages say (`whole` false), or unpacked and compared with its other copies; with `ask`, remote
   * places are asked for what no directory has.
   */
  #find(lsn: Lsn, whole: boolean, ask: boolean): SegmentFile | UnusableSegment {
    const startLsn = segmentStart(lsn, this.segmentSize);
    const endLsn = startLsn + this.segmentSize;
    const spans = this.history.filter((span) => span.begin < endLsn && span.end > startLsn);
    const refusals: Refusal[] = [];
    let pending = false;
    for (const remote of [false, true]) {
      for (let index = spans.length - 1; index >= 0 && spans[index].end > lsn; index--) {
        const { timeline, end } = spans[index];
        const fileName = segmentFileName(timeline, startLsn, this.segmentSize);
        // A file that is not the last timeline's is this node's own only up to the page of the switch point.
        const own = end >= endLsn ? this.segmentSize : end - startLsn;
        const stretch: Stretch = {
          lsn,
          startLsn,
          timeline,
          timelines: spans.slice(0, index + 1).map((earlier) => earlier.timeline),
          ownBytes: own - (own % this.pageSize),
        };
        if (remote) {
          const answer = this.#fetched(fileName, stretch, ask, refusals);
          if (answer === 'pending') pending = true;
          else if (answer) return answer;
          continue;
        }
        const found = this.#copies(fileName, stretch, whole, refusals);
        if (found.length === 0) continue;
        if (found.length === 1) return found[0];
        return whole ? this.#settle(found) : (this.#settled.get(copiesKey(found)) ?? longest(found));
      }
    }
    return { ...this.#whyUnusable(lsn, startLsn, refusals), ...(pending ? { pending } : {}) };
  }

  /** Usable files of that name in directories, in their order: whole ones first. */
  #copies(fileName: string, stretch: Stretch, whole: boolean, refusals: Refusal[]): SegmentFile[] {
    const found: SegmentFile[] = [];
    for (const name of [fileName, `${fileName}.partial`]) {
      for (const { path, place } of this.#files.get(name) ?? []) {
        const file = this.#use({ path, shown: path, place, fileName: name }, stretch, whole, refusals);
        if (file) found.push(file);
      }
    }
    return found;
  }

  #fetched(
    fileName: string,
    stretch: Stretch,
    ask: boolean,
    refusals: Refusal[],
  ): SegmentFile | 'pending' | undefined {
    let pending = false;
    for (const remote of this.#remotes) {
      const partial = `${fileName}.partial`;
      for (const name of remote.names().includes(partial) ? [fileName, partial] : [fileName]) {
        const answer = remote.answer(name);
        if (answer === undefined) {
          if (!ask) {
            pending = true;
            continue;
          }
          // One place is asked after the other.
          remote.want({ fileName: name, timeline: stretch.timeline, startLsn: stretch.startLsn });
          return 'pending';
        }
        if ('reason' in answer) continue;
        const { path } = answer;
        const found = { path, shown: `${remote.label}: ${name}`, place: remote.label, fileName: name };
        const file = this.#use(found, stretch, true, refusals);
        if (file) return file;
      }
    }
    return pending ? 'pending' : undefined;
  }

  /** Checks one file; undefined, with a refusal noted, when it cannot be read at the wanted place. */
  #use(
    { path, shown, place, fileName }: FoundFile,
    stretch: Stretch,
    whole: boolean,
    refusals: Refusal[],
  ): SegmentFile | undefined {
    const { lsn, startLsn, timeline, timelines, ownBytes } = stretch;
    const check = whole
      ? this.#checks.unpacked(path, startLsn, timelines)
      : this.#checks.check(path, startLsn, timelines);
    if (!check.usable) {
      refusals.push({ path: shown, check });
      return undefined;
    }
    const length = Math.min(check.length, ownBytes);
    if (lsn - startLsn >= length) {
      const reason = `readable only up to ${formatLsn(startLsn + length)}`;
      refusals.push({ path: shown, check: { usable: false, kind: 'truncated', reason } });
      return undefined;
    }
    const { compression } = check;
    const unpacked = compression && (() => this.#spool.unpack(path, compression, this.segmentSize).path);
    return {
      path: shown,
      place,
      fileName,
      timeline,
      startLsn,
      length,
      partial: fileName.endsWith('.partial'),
      unpacked: unpacked ?? (shown === path ? undefined : () => path),
    };
  }

  /** Which of several copies is read: compared once. */
  #settle(found: readonly SegmentFile[]): SegmentFile {
    const key = copiesKey(found);
    const known = this.#settled.get(key);
    if (known) return known;
    let [taken] = found;
    for (const other of found.slice(1)) {
      const settled = settle(taken, other, this);
      taken = settled.taken;
      if (settled.disagreement) this.#disagreements.push(settled.disagreement);
    }
    this.#settled.set(key, taken);
    return taken;
  }

  #whyUnusable(lsn: Lsn, startLsn: Lsn, refusals: readonly Refusal[]): UnusableSegment {
    const timeline = this.timelineAt(lsn);
    const fileName = segmentFileName(timeline, startLsn, this.segmentSize);
    const said = this.#remotes.flatMap((remote) => {
      const answer = remote.answer(fileName);
      return answer && 'reason' in answer ? [`${remote.label}: ${answer.reason}`] : [];
    });
    const directories = this.places.slice(0, this.places.length - this.#remotes.length);
    return unusableSegment({ fileName, timeline, startLsn }, refusals, directories, said);
  }
}

/** A file that may be a segment. */
interface FoundFile {
  readonly path: string;
  /** What people know it as: of a fetched one, the place and the name. */
  readonly shown: string;
  readonly place: string;
  readonly fileName: string;
}

/** What is asked of a segment's file. */
interface Stretch {
  /** The place that is to be read. */
  readonly lsn: Lsn;
  readonly startLsn: Lsn;
  readonly timeline: number;
  /** Timelines that its first page may carry. */
  readonly timelines: readonly number[];
  /** Bytes of it that are this node's own: whole pages. */
  readonly ownBytes: number;
}

function copiesKey(copies: readonly SegmentFile[]): string {
  return copies.map((file) => file.path).join('\n');
}

function longest(found: readonly SegmentFile[]): SegmentFile {
  return found.reduce((best, file) => (file.length > best.length ? file : best));
}

/**
 * Opens one node's WAL: lists the places at once, opens files only when asked for them. Throws ForkpointError when a place
 * cannot be listed.
 */
export function openWalSegments(options: WalPlacesOptions): WalPlaces {
  return new GatheredSegments(options);
}
