/** WAL segments as one thread tells another of them while it reads them: the other reads only what the first has read before. */
import type { Lsn } from '../bytes/lsn.js';
import type { MissingSegment, SegmentFile, WalSegments } from '../wal/segments.js';

/** What is the same of all segments of a node. */
export type ToldWal = Pick<WalSegments, 'segmentSize' | 'pageSize' | 'majorVersion' | 'systemIdentifier'>;

/** A segment's file. Structured-cloneable. */
export type ToldSegment = Omit<SegmentFile, 'unpacked'>;

/**
 * The segment that holds `lsn`, to be told; undefined when its bytes are not sure to stay where they are, or to be all of one
 * timeline.
 */
export function tellSegment(segments: WalSegments, lsn: Lsn): ToldSegment | undefined {
  const found = segments.at(lsn);
  if ('missing' in found || found.unpacked !== undefined) return undefined;
  const { path, place, fileName, timeline, startLsn, length, partial } = found;
  if (segments.timelineAt(startLsn) !== timeline || segments.timelineAt(startLsn + length - 1) !== timeline)
    return undefined;
  return { path, place, fileName, timeline, startLsn, length, partial };
}

export class ToldSegments implements WalSegments {
  readonly segmentSize: number;
  readonly pageSize: number;
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  readonly #told = new Map<Lsn, ToldSegment>();

  constructor({ segmentSize, pageSize, majorVersion, systemIdentifier }: ToldWal) {
    this.segmentSize = segmentSize;
    this.pageSize = pageSize;
    this.majorVersion = majorVersion;
    this.systemIdentifier = systemIdentifier;
  }

  add(segment: ToldSegment): void {
    this.#told.set(segment.startLsn, segment);
  }

  at(lsn: Lsn): SegmentFile | MissingSegment {
    const startLsn = lsn - (lsn % this.segmentSize);
    const told = this.#told.get(startLsn);
    if (told !== undefined && lsn - startLsn < told.length) return told;
    return { fileName: '', timeline: 0, startLsn, missing: true, reason: 'it was not told' };
  }

  look(lsn: Lsn): SegmentFile | MissingSegment {
    return this.at(lsn);
  }

  waiting(): boolean {
    return false;
  }

  timelineAt(lsn: Lsn): number {
    return this.#told.get(lsn - (lsn % this.segmentSize))?.timeline ?? 0;
  }

  list(): readonly ToldSegment[] {
    return [...this.#told.values()];
  }
}
