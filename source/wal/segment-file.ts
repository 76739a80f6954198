/**
 * What a file named like a segment really holds. A name proves nothing: a recycled segment has a future name and old
 * contents, a pre-allocated one is zeros, an archive may hold another cluster's. Only the first page tells.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { formatLsn, type Lsn } from '../bytes/lsn.js';
import {
  ALL_PAGE_FLAGS,
  LONG_HEADER,
  LONG_PAGE_HEADER_SIZE,
  longHeaderPageSize,
  longHeaderSegmentSize,
  longHeaderSystemIdentifier,
  pageFlags,
  pageMagic,
  pageTimeline,
} from './page-header.js';
import { versionOfPageMagic } from './versions.js';

/** The first page's header of a WAL file. */
export interface FirstPage {
  /** Bytes in the file. */
  readonly fileLength: number;
  /** Major version by xlp_magic. */
  readonly majorVersion: number;
  readonly timeline: number;
  /** xlp_pageaddr; NaN beyond 2^53. */
  readonly address: Lsn;
  /** Decimal text. */
  readonly systemIdentifier: string;
  /** In bytes. */
  readonly segmentSize: number;
  /** XLOG_BLCKSZ, in bytes. */
  readonly pageSize: number;
}

/** Why a file is not a WAL segment at all. */
export interface NotASegment {
  readonly kind: 'truncated' | 'zeros' | 'foreign' | 'unreadable';
  /** One sentence, with what was found. */
  readonly reason: string;
}

/** Reads a file's first page header. Never throws: a file that cannot be read says why. */
export function readFirstPage(path: string): FirstPage | NotASegment {
  const header = Buffer.alloc(LONG_PAGE_HEADER_SIZE);
  let fileLength: number;
  let have: number;
  try {
    const file = openSync(path, 'r');
    try {
      fileLength = fstatSync(file).size;
      have = readSync(file, header, 0, header.length, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { kind: 'unreadable', reason: error instanceof Error ? error.message : String(error) };
  }
  if (have < header.length) {
    return { kind: 'truncated', reason: `truncated: the file has ${fileLength} bytes` };
  }
  if (header.every((byte) => byte === 0)) {
    return { kind: 'zeros', reason: 'pre-allocated and never written: it begins with zeros' };
  }
  const view = new DataView(header.buffer, header.byteOffset, header.length);
  const magic = pageMagic(view, 0);
  const version = versionOfPageMagic(magic);
  if (!version) {
    const found = magic.toString(16).toUpperCase().padStart(4, '0');
    return { kind: 'foreign', reason: `invalid magic number ${found}: not WAL of a version known here` };
  }
  const flags = pageFlags(view, 0);
  if ((flags & LONG_HEADER) === 0 || (flags & ~ALL_PAGE_FLAGS) !== 0) {
    const found = flags.toString(16).toUpperCase().padStart(4, '0');
    return { kind: 'foreign', reason: `invalid info bits ${found} on its first page` };
  }
  const address = view.getUint32(12, true) * 0x1_0000_0000 + view.getUint32(8, true);
  return {
    fileLength,
    majorVersion: version.major,
    timeline: pageTimeline(view, 0),
    address: Number.isSafeInteger(address) ? address : Number.NaN,
    systemIdentifier: longHeaderSystemIdentifier(view, 0),
    segmentSize: longHeaderSegmentSize(view, 0),
    pageSize: longHeaderPageSize(view, 0),
  };
}

/** What the segment must be to be used. */
export interface ExpectedSegment {
  readonly startLsn: Lsn;
  /** Timelines that its first page may carry. */
  readonly timelines: readonly number[];
  readonly majorVersion: number;
  readonly systemIdentifier: string;
  readonly segmentSize: number;
  readonly pageSize: number;
}

/** The outcome of a check: how much may be read, or why nothing. */
export type SegmentCheck =
  | { readonly usable: true /** Bytes that may be read: whole pages. */; readonly length: number }
  | {
      readonly usable: false;
      readonly kind: NotASegment['kind'] | 'recycled';
      /** One sentence, with the value found and the value expected. */
      readonly reason: string;
    };

/** Checks that the file at `path` is the expected segment, by its first page. Never throws. */
export function checkSegmentFile(path: string, expected: ExpectedSegment): SegmentCheck {
  const page = readFirstPage(path);
  if ('kind' in page) return { usable: false, ...page };
  const refuse = (kind: 'foreign' | 'recycled' | 'truncated', reason: string): SegmentCheck => ({
    usable: false,
    kind,
    reason,
  });
  if (page.systemIdentifier !== expected.systemIdentifier) {
    return refuse(
      'foreign',
      `WAL file is from different database system: its system identifier is ${page.systemIdentifier}, expected ${expected.systemIdentifier}`,
    );
  }
  if (page.majorVersion !== expected.majorVersion) {
    return refuse('foreign', `written by PostgreSQL ${page.majorVersion}, expected ${expected.majorVersion}`);
  }
  if (page.segmentSize !== expected.segmentSize || page.pageSize !== expected.pageSize) {
    return refuse(
      'foreign',
      `incorrect segment size or XLOG_BLCKSZ in page header: ${page.segmentSize} and ${page.pageSize}, expected ${expected.segmentSize} and ${expected.pageSize}`,
    );
  }
  if (page.address > expected.startLsn) {
    // A recycled segment holds the past under a future name, never the other way round.
    return refuse(
      'foreign',
      `misplaced: its pages carry address ${formatLsn(page.address)}, expected ${formatLsn(expected.startLsn)}`,
    );
  }
  if (page.address !== expected.startLsn) {
    const found = Number.isNaN(page.address) ? 'beyond 2^53' : formatLsn(page.address);
    return refuse(
      'recycled',
      `recycled: its pages carry address ${found}, expected ${formatLsn(expected.startLsn)}`,
    );
  }
  if (!expected.timelines.includes(page.timeline)) {
    return refuse(
      'foreign',
      `unexpected timeline ID ${page.timeline} on its first page, expected ${expected.timelines.join(' or ')}`,
    );
  }
  const readable = Math.min(page.fileLength, expected.segmentSize);
  const length = readable - (readable % expected.pageSize);
  if (length === 0) return refuse('truncated', `truncated: the file has ${page.fileLength} bytes`);
  return { usable: true, length };
}
