/** Is this the WAL page it should be? The checks of XLogReaderValidatePageHeader() (xlogreader.c), in its words. */
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import {
  ALL_PAGE_FLAGS,
  LONG_HEADER,
  longHeaderPageSize,
  longHeaderSegmentSize,
  longHeaderSystemIdentifier,
  pageAddress,
  pageFlags,
  pageMagic,
  pageTimeline,
} from './page-header.js';
import type { SegmentFile, WalSegments } from './segments.js';
import { versionOfMajor } from './versions.js';

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

/**
 * Checks the header at `offset` of `view`, which should be that of the page at `page` in `segment`. `latestTimeline` is the timeline
 * of the page read before (0: none). Returns a complaint, undefined when the page may be used.
 */
export function checkPageHeader(
  view: DataView,
  offset: number,
  page: Lsn,
  segments: WalSegments,
  segment: SegmentFile,
  latestTimeline: number,
): string | undefined {
  const where = () => `in log segment ${segment.fileName}, offset ${page - segment.startLsn}`;
  const magic = pageMagic(view, offset);
  if (magic !== versionOfMajor(segments.majorVersion)?.walPageMagic) {
    return `invalid magic number ${hex(magic, 4)} ${where()}`;
  }
  const flags = pageFlags(view, offset);
  if ((flags & ~ALL_PAGE_FLAGS) !== 0) return `invalid info bits ${hex(flags, 4)} ${where()}`;
  if ((flags & LONG_HEADER) !== 0) {
    const systemIdentifier = longHeaderSystemIdentifier(view, offset);
    if (systemIdentifier !== segments.systemIdentifier) {
      return `WAL file is from different database system: WAL file database system identifier is ${systemIdentifier}, pg_control database system identifier is ${segments.systemIdentifier} ${where()}`;
    }
    if (longHeaderSegmentSize(view, offset) !== segments.segmentSize) {
      return `WAL file is from different database system: incorrect segment size in page header ${where()}`;
    }
    if (longHeaderPageSize(view, offset) !== segments.pageSize) {
      return `WAL file is from different database system: incorrect XLOG_BLCKSZ in page header ${where()}`;
    }
  } else if (page === segment.startLsn) {
    return `invalid info bits ${hex(flags, 4)} ${where()}`;
  }
  if (pageAddress(view, offset) !== page) {
    const high = view.getUint32(offset + 12, true);
    const low = view.getUint32(offset + 8, true);
    return `unexpected pageaddr ${hex(high, 1)}/${hex(low, 1)} (expected ${formatLsn(page)}) ${where()}`;
  }
  const timeline = pageTimeline(view, offset);
  if (timeline > segment.timeline || timeline < latestTimeline) {
    return `out-of-sequence timeline ID ${timeline} (after ${latestTimeline || segment.timeline}) ${where()}`;
  }
  // Stricter than the server: a promotion copies pages below the switch point as they are, every other is of the file's own timeline.
  const expected = segments.timelineAt(page);
  if (timeline !== expected) return `unexpected timeline ID ${timeline} (should be ${expected}) ${where()}`;
  return undefined;
}
