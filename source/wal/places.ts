/**
 * The WAL of one node, gathered from any number of places (its pg_wal, archives, servers, a restore_command) along its own timeline
 * history.
 *
 * A segment in which the node changed timeline exists under both numbers. At promotion the server copies what comes
 * before the switch point into the child's file, so that file alone holds the whole stretch; its pages up to the switch
 * still carry the parent's number (xlog.c, XLogInitNewTimeline). The parent's file serves when the child's is lost, but
 * only up to the switch: behind it, it may hold what this node never saw.
 */
import { realpathSync } from 'node:fs';
import { CorruptDatumError } from '../bytes/corrupt-datum.js';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import { type SegmentDisagreement, settle } from './disagreement.js';
import { type ListedFile, listSegmentFiles } from './place-listing.js';
import { checkSegmentFile, type SegmentCheck } from './segment-file.js';
import { parseSegmentFileName, segmentFileName, segmentStart } from './segment-name.js';
import type { MissingSegment, SegmentFile, WalSegments } from './segments.js';
import { WalSpool } from './spool.js';

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

/** What a place that has to be asked said of one file. */
export type RemoteAnswer =
  | { readonly path: string }
  /** It does not have it: a sentence. */
  | { readonly reason: string };

/** A place that has to be asked for each file, and whose answer takes a while: a server, a restore_command. */
export interface RemotePlace {
  /** How the operator knows it. */
  readonly label: string;
  /** What it said of the segment of this name; undefined when it was not asked. */
  answer(fileName: string): RemoteAnswer | undefined;
  /** Notes that the segment is wanted. */
  want(wanted: WantedSegment): void;
  /** Something is wanted that it was not asked for yet. */
  readonly waiting: boolean;
  /** Names of segments that it is known to have. */
  names(): readonly string[];
}

/** A segment that a remote place is to be asked for. */
export interface WantedSegment {
  readonly fileName: string;
  readonly timeline: number;
  readonly startLsn: Lsn;
}

/** WalSegments that were gathered from places. */
export interface WalPlaces extends WalSegments {
  /** The places, in the order in which they are asked, as the operator knows them. */
  readonly places: readonly string[];
  /** The node's path, oldest timeline first. */
  readonly history: readonly TimelineSpan[];
  at(lsn: Lsn): SegmentFile | UnusableSegment;
  look(lsn: Lsn): SegmentFile | UnusableSegment;
  /** As at(), out of files that are there: no place is asked. */
  atHand(lsn: Lsn): SegmentFile | UnusableSegment;
  /** A gap of several segments is told by its first, however long it is. */
  list(): readonly (SegmentFile | UnusableSegment)[];
  /** First LSNs of the segments that any file's name stands for on this history, ascending, none of them opened. */
  namedPositions(): readonly Lsn[];
  /** First LSN of the last segment that has a usable file; undefined when there is none. */
  lastUsable(): Lsn | undefined;
  /** Copies of segments that did not agree, among those that were read. */
  disagreements(): readonly SegmentDisagreement[];
}

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

interface PlacedFile extends ListedFile {
  readonly place: string;
}

interface Refusal {
  readonly path: string;
  readonly check: SegmentCheck & { usable: false };
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
  readonly #files = new Map<string, PlacedFile[]>();
  /** What first pages said, and, for packed files, what unpacking said. */
  readonly #checks = new Map<string, SegmentCheck>();
  readonly #unpackings = new Map<string, SegmentCheck>();
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
    this.places = [...options.places, ...this.#remotes.map((remote) => remote.label)];
    this.history = options.history;
    const listed = new Set<string>();
    for (const place of options.places) {
      const files = listSegmentFiles(place);
      // One directory under two names holds no second copies.
      const real = realpathSync(place);
      if (listed.has(real)) continue;
      listed.add(real);
      for (const file of files) {
        const known = this.#files.get(file.segment);
        if (known) known.push({ ...file, place });
        else this.#files.set(file.segment, [{ ...file, place }]);
      }
    }
  }

  timelineAt(lsn: Lsn): number {
    return this.#spanAt(lsn).timeline;
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
    return { ...this.#unusable(lsn, startLsn, refusals), ...(pending ? { pending } : {}) };
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
    const check = whole ? this.#unpack(path, startLsn, timelines) : this.#check(path, startLsn, timelines);
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

  /** As #check, and of a packed file how much it really holds. */
  #unpack(path: string, startLsn: Lsn, timelines: readonly number[]): SegmentCheck {
    const check = this.#check(path, startLsn, timelines);
    if (!check.usable || check.compression === undefined) return check;
    let unpacked = this.#unpackings.get(path);
    if (!unpacked) {
      unpacked = this.#unpacking(path, check.compression);
      this.#unpackings.set(path, unpacked);
    }
    return unpacked;
  }

  #unpacking(
    path: string,
    compression: NonNullable<(SegmentCheck & { usable: true })['compression']>,
  ): SegmentCheck {
    try {
      const { bytes } = this.#spool.unpack(path, compression, this.segmentSize);
      const length = bytes - (bytes % this.pageSize);
      if (length > 0) return { usable: true, length, compression };
      return { usable: false, kind: 'truncated', reason: `truncated: it unpacks to ${bytes} bytes` };
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      // A full disk is not the segment's fault.
      const kind = error instanceof CorruptDatumError ? 'damaged' : 'unreadable';
      return { usable: false, kind, reason: `cannot be unpacked: ${what}` };
    }
  }

  #unusable(lsn: Lsn, startLsn: Lsn, refusals: readonly Refusal[]): UnusableSegment {
    const timeline = this.timelineAt(lsn);
    const fileName = segmentFileName(timeline, startLsn, this.segmentSize);
    const missing = { fileName, timeline, startLsn, missing: true as const };
    const said = this.#remotes.flatMap((remote) => {
      const answer = remote.answer(fileName);
      return answer && 'reason' in answer ? [`${remote.label}: ${answer.reason}`] : [];
    });
    if (refusals.length > 0) {
      const state = refusals.some(({ check }) => check.kind === 'foreign')
        ? 'foreign'
        : refusals.some(({ check }) => check.kind === 'recycled')
          ? 'recycled'
          : 'missing';
      const reasons = refusals.map(({ path, check }) => `${check.reason} (${path})`);
      const broken = refusals.some(({ check }) => check.kind !== 'recycled' && check.kind !== 'zeros');
      return { ...missing, reason: [...reasons, ...said].join('; '), state, broken };
    }
    const directories = this.places.slice(0, this.places.length - this.#remotes.length);
    const absent = directories.length > 0 ? [`not found in ${directories.join(', ')}`] : [];
    return {
      ...missing,
      reason: [...absent, ...said].join('; ') || 'there is no place to look for it',
      state: 'missing',
    };
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
